// Scenarios for the official OpenAI SDK for Node: node openai.mjs BASE_URL [SCENARIO…]
import OpenAI from "openai";
import { attempt, events, main } from "./scenarios.mjs";

const say = [{ role: "user", content: "Describe a green hill in the rain – briefly, s'il vous plaît. 😀" }];
const tools = ["find_hill", "find_rain"].map((name) => ({
	type: "function",
	function: { name, description: "Finds it.", parameters: { type: "object", properties: { name: { type: "string" } } } },
}));
const flat = tools.map((tool) => ({ type: "function", strict: false, ...tool.function }));
const client = (url, apiKey = "test-key") => new OpenAI({ baseURL: url + "/v1", apiKey });
const chat = (url, model = "standin-large", more = {}) =>
	attempt(() => client(url).chat.completions.create({ model, messages: say, ...more }));
const chunks = (url, model = "standin-large", more = {}) =>
	events(() => client(url).chat.completions.create({ model, messages: say, stream: true, ...more }));

const scenarios = {
	chat: (url) => chat(url),
	chat_tools: (url) => chat(url, "standin-large", { tools }),
	chat_stream: (url) => chunks(url, "standin-large", { stream_options: { include_usage: true } }),
	chat_stream_whole: (url) =>
		attempt(() => client(url).chat.completions.stream({ model: "standin-large", messages: say, tools }).finalChatCompletion()),
	completions: (url) => attempt(() => client(url).completions.create({ model: "standin-small", prompt: "a hill" })),
	embeddings: (url) => attempt(() => client(url).embeddings.create({ model: "text-embedding-standin", input: ["a hill", "rain"] })),
	responses: (url) => attempt(() => client(url).responses.create({ model: "standin-large", input: "A green hill?", store: false })),
	responses_stream: (url) =>
		events(() => client(url).responses.create({ model: "standin-large", input: "A green hill?", stream: true, store: false })),
	responses_tools: (url) =>
		attempt(() => client(url).responses.stream({ model: "standin-large", input: "A green hill?", tools: flat, store: false }).finalResponse()),
	models: (url) => attempt(async () => (await client(url).models.list()).data),
	model: (url) => attempt(() => client(url).models.retrieve("standin-small")),
	model_missing: (url) => attempt(() => client(url).models.retrieve("no-such-model")),
	wrong_key: (url) => attempt(() => client(url, "bad-key").chat.completions.create({ model: "standin-large", messages: say })),
};
for (const model of ["error-400", "error-404", "error-429", "error-500", "error-529", "noretry-500", "flaky-429-1", "html-502", "gzip-answer",
	"blank-lines", "chunked-answer", "trailers", "until-close", "early-hints", "reset-mid-stream"])
	scenarios[model.replaceAll("-", "_")] = (url) => chat(url, model);
for (const model of ["crlf-stream", "comment-stream", "split-stream", "error-mid-stream", "cut-mid-stream", "reset-mid-stream"])
	scenarios["stream_" + model.replaceAll("-", "_")] = (url) => chunks(url, model);

await main(scenarios);
