"""One small loopback HTTP server, on which the Runtime API, the proxy and the key host are built.

It differs from the standard library's in two points that matter here. Each answer leaves in one write without
Nagle's delay, because forty milliseconds a message would drown what the suite measures. And it can be closed at
once, although handlers may be hanging on purpose.
"""

import http.server
import threading


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, *arguments):
        """Stays silent: the suite says itself what went wrong, and a test log full of requests would hide it."""

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
        lines.append(f"Content-Length: {len(body) if promised is None else promised}")
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
        """A peer that goes away in the middle is part of several tests, and no news."""

    def start(self):
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        return self

    def close(self):
        self.closing.set()
        self.shutdown()
        self.server_close()
