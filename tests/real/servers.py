"""A small loopback HTTP server, the base of the Runtime API, the proxy and the key host.

It differs from the standard library's server in two points. It sends each answer in one write without Nagle's delay,
because forty milliseconds for each message would distort what the suite measures. And it can be closed at once, although
handlers may hang on purpose.
"""

import http.server
import threading


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, *arguments):
        """Logs nothing: a log full of requests would hide the suite's own messages."""

    def body(self) -> bytes:
        """Reads the request's body, whether it was sent with a length or in chunks."""
        if "chunked" not in self.headers.get("Transfer-Encoding", ""):
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        chunks = []
        while size := int(self.rfile.readline().split(b";")[0], 16):
            chunks.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(chunks)

    def answer(self, status: int, body: bytes = b"", headers: dict | None = None, promised: int | None = None):
        """Sends an answer; a `promised` length above the real one imitates a connection that breaks off."""
        lines = [f"HTTP/1.1 {status} {self.responses.get(status, ('',))[0]}"]
        lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
        length = len(body) if promised is None else promised
        lines.append(f"Content-Length: {length}")
        if any(line.lower() == "connection: close" for line in lines):
            self.close_connection = True
        self.wfile.write("\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body)


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    # Handlers may hang on purpose, so closing the server does not wait for them.
    block_on_close = False
    request_queue_size = 64

    def __init__(self, handler, port: int = 0):
        super().__init__(("127.0.0.1", port), handler)
        self.port = self.server_address[1]
        self.closing = threading.Event()

    def handle_error(self, request, client_address):
        """Several tests close connections on purpose, so this is not an error."""

    def start(self):
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        return self

    def close(self):
        self.closing.set()
        self.shutdown()
        self.server_close()
