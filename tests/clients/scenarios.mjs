// What both Node scripts share: run every scenario against a base URL and print {name: result} as one JSON object.

// The result, or what an application can tell about the error.
export async function attempt(call) {
	try {
		return await call();
	} catch (error) {
		const headers = {};
		for (const name of ["content-type", "retry-after", "retry-after-ms", "x-should-retry", "x-request-id", "request-id"])
			headers[name] = error.headers?.get?.(name) ?? null;
		return { error: error.constructor.name, status: error.status ?? null, message: error.status ? error.message : null, headers };
	}
}

// Every event of a stream and how it ended.
export async function events(call) {
	const seen = [];
	const end = await attempt(async () => {
		for await (const event of await call()) seen.push(event);
		return null;
	});
	return { seen, end };
}

export async function main(scenarios) {
	const [url, ...wanted] = process.argv.slice(2);
	const results = {};
	for (const [name, run] of Object.entries(scenarios))
		if (wanted.length === 0 || wanted.includes(name)) results[name] = (await run(url)) ?? null;
	process.stdout.write(JSON.stringify(results) + "\n");
}
