"""An endpoint that answers as a test wants, to see what the programs of the pages make of it."""

import http.server
import json
import threading
import time

ACTIVE = {"active": True, "client_id": "web-app", "sub": "alice", "scope": "orders:read", "exp": 4102444800}
# Longer than the time limit of each program.
TOO_LONG = 6

# What says nothing about a token: status, headers and body.
NO_VERDICT = {
    "a time-out": None,
    "a wrong secret": (401, {}, {"error": "invalid_client"}),
    "a caller that is not allowed": (403, {}, {"error": "unauthorized_client"}),
    "a wrong URL": (404, {}, {"error": "not_found"}),
    "too many requests": (429, {}, {"error": "invalid_client"}),
    "a defect": (500, {}, {"error": "server_error"}),
    "an outage": (503, {"Retry-After": "1"}, {"error": "temporarily_unavailable"}),
    "a gateway's 500 with a verdict": (500, {}, ACTIVE),
    "another status with a verdict": (202, {}, ACTIVE),
    "a redirect": (302, {"Location": "/active"}, {}),
    "a page": (200, {"Content-Type": "text/html"}, "<html>Sign in</html>"),
    "no object": (200, {}, [ACTIVE]),
    "no member": (200, {}, {"sub": "alice"}),
    "a member of another type": (200, {}, {**ACTIVE, "active": "true"}),
    "null": (200, {}, None),
}


class Endpoint:
    def __init__(self):
        # The bodies of the requests are kept.
        self.answer, self.forms = (200, {}, ACTIVE), []
        handler = type("Handler", (_Handler,), {"endpoint": self})
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/"
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


class _Handler(http.server.BaseHTTPRequestHandler):
    endpoint: Endpoint

    def log_message(self, *arguments):
        """Logs nothing."""

    def do_POST(self):
        self.endpoint.forms.append(self.rfile.read(int(self.headers.get("Content-Length", 0))))
        if self.endpoint.answer is None:
            time.sleep(TOO_LONG)
            return
        status, headers, document = self.endpoint.answer
        body = (document if isinstance(document, str) else json.dumps(document)).encode()
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", "Content-Length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        """Only a program that follows a redirect comes here, and gets a verdict that it must not believe."""
        self.endpoint.answer = (200, {}, ACTIVE)
        self.do_POST()
