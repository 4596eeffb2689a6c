"""A counting, fault-injecting proxy between the function and DynamoDB."""

import contextlib
import http.client
import json
import socket
import struct
import threading
import time
import zlib
from dataclasses import dataclass

from servers import Handler, Server

JSON = {"Content-Type": "application/x-amz-json-1.0"}


@dataclass(frozen=True)
class Call:
    """One request as it came over the wire."""

    operation: str
    body: dict

    def keys(self) -> list[tuple[str, str]]:
        """The (table, key) pairs of a BatchGetItem."""
        return [(table, value["S"]) for table, part in self.body["RequestItems"].items()
                for key in part["Keys"] for value in key.values()]


class Gathering:
    """Holds back all answers until a number of different requests have arrived, so all of them are in flight at once."""

    def __init__(self, requests: int):
        self.requests, self.arrived, self.complete = requests, set(), threading.Event()

    def hold(self, call: Call):
        # The SDK may repeat a request that is held for too long. It counts once.
        self.arrived.add(frozenset(call.keys()))
        if len(self.arrived) >= self.requests:
            self.complete.set()
        self.complete.wait(10)


class Proxy:
    def __init__(self, upstream: str):
        self.upstream = upstream.removeprefix("http://")
        self.calls: list[Call] = []
        self.fault, self.skip, self.times = None, 0, None
        self.refused: tuple[str, str] | None = None
        self.lifted = threading.Event()
        self.gathered: Gathering | None = None
        self.connections: set[socket.socket] = set()
        self.server = Server(type("ProxyHandler", (_Handler,), {"proxy": self})).start()
        self.url = f"http://127.0.0.1:{self.server.port}"

    @contextlib.contextmanager
    def watch(self):
        """Yields a list that holds, once the block is left, the calls that were made inside it."""
        seen: list[Call] = []
        begin = len(self.calls)
        yield seen
        seen += self.calls[begin:]

    @contextlib.contextmanager
    def failing(self, fault: str, skip: int = 0, times: int | None = None):
        """Injects a fault into every call inside the block, after `skip` good ones and at most `times` times."""
        assert callable(getattr(_Handler, f"fault_{fault}")), fault
        self.lifted.clear()
        self.fault, self.skip, self.times = fault, skip, times
        try:
            yield
        finally:
            self.fault = None
            self.lifted.set()

    @contextlib.contextmanager
    def refusing(self, access_key: str, error: str):
        """Answers calls that are signed with these credentials with this error, inside the block."""
        self.refused = (f"Credential={access_key}/", error)
        try:
            yield
        finally:
            self.refused = None

    @contextlib.contextmanager
    def gathering(self, requests: int):
        """Yields a `Gathering` that holds back the answers to the requests inside the block."""
        self.gathered = Gathering(requests)
        try:
            with self.failing("gathered"):
                yield self.gathered
        finally:
            self.gathered.complete.set()

    def due_fault(self) -> str | None:
        if self.fault and self.skip > 0:
            self.skip -= 1
            return None
        if self.fault and self.times is not None:
            self.times -= 1
            return self.fault if self.times >= 0 else None
        return self.fault

    def end_connections(self):
        """Ends all open connections, as a server does with idle ones."""
        for connection in list(self.connections):
            connection.shutdown(socket.SHUT_RDWR)
        while self.connections:
            time.sleep(0.001)

    def close(self):
        self.lifted.set()
        self.server.close()


class _Handler(Handler):
    proxy: Proxy
    upstream: http.client.HTTPConnection | None = None

    def do_POST(self):
        raw = self.body()
        call = Call(self.headers.get("X-Amz-Target", "?").rsplit(".", 1)[-1], json.loads(raw))
        self.proxy.calls.append(call)
        fault, refused = self.proxy.due_fault(), self.proxy.refused
        if refused and refused[0] in self.headers.get("Authorization", ""):
            self.error(400, f"com.amazon.coral.service#{refused[1]}")
        elif fault:
            getattr(self, f"fault_{fault}")(raw, call)
        else:
            self.answer(*self.forward(raw))

    def forward(self, raw: bytes):
        if self.upstream is None:
            self.upstream = http.client.HTTPConnection(self.proxy.upstream)
            self.upstream.connect()
            self.upstream.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        passed = {name: value for name, value in self.headers.items() if name.lower() not in ("host", "content-length")}
        self.upstream.request("POST", "/", raw, passed)
        response = self.upstream.getresponse()
        body = response.read()
        kept = {name: value for name, value in response.getheaders() if name.lower().startswith(("x-amz", "content-t"))}
        return response.status, body, kept

    def setup(self):
        super().setup()
        self.proxy.connections.add(self.connection)

    def finish(self):
        self.proxy.connections.discard(self.connection)
        if self.upstream:
            self.upstream.close()
        super().finish()

    def error(self, status: int, kind: str):
        self.answer(status, json.dumps({"__type": kind, "message": "made by the suite"}).encode(), JSON)

    def fault_server_error(self, raw, call):
        self.error(500, "com.amazonaws.dynamodb.v20120810#InternalServerError")

    def fault_gateway_error(self, raw, call):
        """The answer of a load balancer in between, which is not even JSON."""
        self.answer(502, b"<html>Bad Gateway</html>", {"Content-Type": "text/html"})

    def fault_throttling(self, raw, call):
        self.error(400, "com.amazon.coral.availability#ThrottlingException")

    def fault_throughput_exceeded(self, raw, call):
        self.error(400, "com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException")

    def fault_access_denied(self, raw, call):
        self.error(400, "com.amazon.coral.service#AccessDeniedException")

    def fault_table_missing(self, raw, call):
        self.error(400, "com.amazonaws.dynamodb.v20120810#ResourceNotFoundException")

    def fault_gathered(self, raw, call):
        self.proxy.gathered.hold(call)
        self.answer(*self.forward(raw))

    def fault_hang(self, raw, call):
        self.proxy.lifted.wait(30)
        self.close_connection = True

    def fault_stall(self, raw, call):
        """The headers arrive, and nothing of the body."""
        status, body, _ = self.forward(raw)
        self.answer(status, b"", JSON, promised=len(body))
        self.fault_hang(raw, call)

    def fault_drip(self, raw, call):
        """The right answer, but so slowly that a time limit for each byte is never reached."""
        status, body, _ = self.forward(raw)
        self.answer(status, b"", {**JSON, "Connection": "close"}, promised=len(body))
        for byte in body:
            self.wfile.write(bytes([byte]))
            if self.proxy.lifted.wait(0.1):
                break

    def fault_reset(self, raw, call):
        # A zero linger time makes the kernel send RST instead of FIN.
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()
        self.close_connection = True

    def fault_truncated(self, raw, call):
        """Half of the JSON, with a length that matches the half."""
        status, body, _ = self.forward(raw)
        self.answer(status, body[: len(body) // 2], JSON)

    def fault_broken_off(self, raw, call):
        """Half of the JSON, then the connection ends."""
        status, body, _ = self.forward(raw)
        self.answer(status, body[: len(body) // 2], {**JSON, "Connection": "close"}, promised=len(body))

    def fault_empty(self, raw, call):
        """All of the JSON was lost. An SDK may read an empty body as an empty object, and then every mark as absent."""
        self.answer(200, b"", JSON)

    def fault_corrupted(self, raw, call):
        """The items were lost on the way, and the checksum is that of the whole answer."""
        status, body, headers = self.forward(raw)
        answer = json.loads(body)
        answer["Responses"] = {table: [] for table in answer["Responses"]}
        kept = {name: value for name, value in headers.items() if name.lower() != "x-amz-crc32"}
        # Indented, so that it also differs from an answer that had no items.
        self.answer(status, json.dumps(answer, indent=1).encode(), {**kept, "x-amz-crc32": str(zlib.crc32(body))})

    def fault_unprocessed(self, raw, call):
        self.answer(200, json.dumps({"Responses": {}, "UnprocessedKeys": call.body["RequestItems"]}).encode(), JSON)

    def fault_marks_unprocessed(self, raw, call):
        """The caller's record arrives and the tokens table does not: a mark that was not read is not absent."""
        status, body, _ = self.forward(raw)
        answer = json.loads(body)
        held = {table: part for table, part in call.body["RequestItems"].items() if "token" in table}
        for table in held:
            answer["Responses"].pop(table, None)
        self.answer(status, json.dumps({**answer, "UnprocessedKeys": held}).encode(), JSON)
