// Scenarios for the official Anthropic SDK for Node: node anthropic.mjs BASE_URL [SCENARIO…]
import Anthropic from "@anthropic-ai/sdk";
import { attempt, events, main } from "./scenarios.mjs";

const messages = [{ role: "user", content: "Describe a green hill in the rain – briefly, s'il vous plaît. 😀" }];
const tools = ["find_hill", "find_rain"].map((name) => ({
	name, description: "Finds it.", input_schema: { type: "object", properties: { name: { type: "string" } } },
}));
const client = (url, apiKey = "test-key") => new Anthropic({ baseURL: url, apiKey });
const message = (url, model = "claude-standin", more = {}) =>
	attempt(() => client(url).messages.create({ model, max_tokens: 200, messages, ...more }));
const stream = (url, model = "claude-standin", more = {}) =>
	events(() => client(url).messages.create({ model, max_tokens: 200, messages, stream: true, ...more }));

const scenarios = {
	message: (url) => message(url, "claude-standin", { system: "Be brief." }),
	message_tools: (url) => message(url, "claude-standin", { tools }),
	message_thinking: (url) => message(url, "claude-standin", { thinking: { type: "enabled", budget_tokens: 1024 } }),
	message_stream: (url) => stream(url),
	message_stream_whole: (url) =>
		attempt(() => client(url).messages.stream({ model: "claude-standin", max_tokens: 200, messages, tools }).finalMessage()),
	count_tokens: (url) => attempt(() => client(url).messages.countTokens({ model: "claude-standin", messages })),
	models: (url) => attempt(async () => (await client(url).models.list()).data),
	model_missing: (url) => attempt(() => client(url).models.retrieve("no-such-model")),
	wrong_key: (url) => attempt(() => client(url, "bad-key").messages.create({ model: "claude-standin", max_tokens: 5, messages })),
};
for (const model of ["error-400", "error-404", "error-429", "error-500", "error-529", "noretry-500", "flaky-529-1", "html-502", "gzip-answer",
	"chunked-answer", "early-hints", "reset-mid-stream"])
	scenarios[model.replaceAll("-", "_")] = (url) => message(url, model);
for (const model of ["crlf-stream", "comment-stream", "split-stream", "error-mid-stream", "cut-mid-stream", "reset-mid-stream"])
	scenarios["stream_" + model.replaceAll("-", "_")] = (url) => stream(url, model);

await main(scenarios);
