// Node's http server, answering with how it read each request. Prints its port.
import http from "node:http";

const server = http.createServer({ maxHeaderSize: 131072, requireHostHeader: false }, (request, response) => {
	const parts = [];
	request.on("data", (part) => parts.push(part));
	request.on("end", () => {
		const said = JSON.stringify({ method: request.method, target: request.url, body: Buffer.concat(parts).toString("hex") });
		response.writeHead(200, { "content-length": Buffer.byteLength(said), connection: "close" });
		response.end(said);
	});
});
server.listen(0, "127.0.0.1", () => console.log(server.address().port));
process.on("SIGTERM", () => process.exit(0));
