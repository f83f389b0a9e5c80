"""Python's http.server, answering with how it read each request. Prints its port."""

from __future__ import annotations

import http.server
import json


class Handler(http.server.BaseHTTPRequestHandler):
    """Answers every method, whatever its name."""

    protocol_version = "HTTP/1.1"

    def __getattr__(self, name: str):
        if name.startswith("do_"):
            return self.answer
        raise AttributeError(name)

    def answer(self) -> None:
        """What was read, as JSON; then the connection is closed."""
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        said = json.dumps({"method": self.command, "target": self.path, "body": body.hex()}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(said)))
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(said)
        self.close_connection = True

    def log_message(self, *_arguments) -> None:
        """Says nothing."""


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
print(server.server_address[1], flush=True)
server.serve_forever()
