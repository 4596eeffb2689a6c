"""CloudWatch Logs, as far as the pages ask it: the lines of the function, for `aws logs filter-log-events`."""

import http.server
import json
import threading
import time


class CloudWatchLogs:
    """Answers with the lines of `log`, which another thread may extend."""

    def __init__(self, log: list[str]):
        handler = type("Handler", (_Handler,), {"log": log})
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"

    def close(self):
        self.server.shutdown()
        self.server.server_close()


class _Handler(http.server.BaseHTTPRequestHandler):
    log: list[str]

    def log_message(self, *arguments):
        """Logs nothing: the output of a page is compared."""

    def do_POST(self):
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        asked = self.headers["X-Amz-Target"], request.get("filterPattern")
        known = asked == ("Logs_20140328.FilterLogEvents", '{ $.target = "audit" }')
        lines = [line.strip() for line in list(self.log) if '"target":"audit"' in line]
        events = [{"logStreamName": "2026/11/27/[1]0", "timestamp": int(time.time() * 1000), "message": line,
                   "ingestionTime": int(time.time() * 1000), "eventId": str(number)} for number, line in enumerate(lines)]
        answer = {"events": events, "searchedLogStreams": []} if known else {"__type": "InvalidParameterException"}
        body = json.dumps(answer).encode()
        self.send_response(200 if known else 400)
        self.send_header("Content-Type", "application/x-amz-json-1.1")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
