"""The Lambda Runtime API, and the function's release binary as a child process.

One process serves many invocations, one at a time, as in an execution environment. Like one, it is frozen
between them, so that work which continues after an answer does not finish unnoticed.
"""

import ctypes
import json
import os
import pathlib
import queue
import signal
import subprocess
import tempfile
import threading
import time
import uuid
from dataclasses import dataclass

import events
import leaks
from servers import Handler, Server

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
BINARY = pathlib.Path(os.environ.get("FUNCTION_BINARY", REPOSITORY / "target/release/token-introspection"))
ARN = "arn:aws:lambda:eu-west-1:123456789012:function:token-introspection"


@dataclass(frozen=True)
class Answer:
    """The function's answer to the gateway: the JSON exactly as posted, and its parts."""

    raw: bytes
    seconds: float

    @property
    def gateway(self) -> dict:
        return json.loads(self.raw)

    @property
    def status(self) -> int:
        return self.gateway["statusCode"]

    @property
    def headers(self) -> dict[str, str]:
        """All headers by lower-case name; repeated ones are joined, as a gateway does."""
        found = {name.lower(): value for name, value in (self.gateway.get("headers") or {}).items()}
        for name, values in (self.gateway.get("multiValueHeaders") or {}).items():
            found[name.lower()] = ", ".join(values)
        return found

    @property
    def body(self) -> str:
        assert not self.gateway.get("isBase64Encoded"), "an answer of text must not be base64-encoded"
        return self.gateway.get("body") or ""

    @property
    def json(self):
        return json.loads(self.body)


class RuntimeApi(Handler):
    function: "Function"

    def do_GET(self):
        assert self.path == "/2018-06-01/runtime/invocation/next", self.path
        self.function.idle.set()
        while not self.server.closing.is_set():
            try:
                event, deadline = self.function.waiting.get(timeout=0.2)
            except queue.Empty:
                continue
            self.function.idle.clear()
            return self.deliver(str(uuid.uuid4()), event, deadline)

    def deliver(self, identifier: str, event, deadline: float):
        self.answer(200, json.dumps(event).encode(), {
            "Content-Type": "application/json",
            "Lambda-Runtime-Aws-Request-Id": identifier,
            "Lambda-Runtime-Deadline-Ms": str(int(deadline * 1000)),
            "Lambda-Runtime-Invoked-Function-Arn": ARN,
            "Lambda-Runtime-Trace-Id": "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700;Parent=9a9197af755a6419;Sampled=0",
        })

    def do_POST(self):
        body, end = self.body(), time.monotonic()
        self.answer(202, b'{"status":"OK"}', {"Content-Type": "application/json"})
        self.function.answers.put((self.path.rsplit("/", 1)[-1], body, end))


class Function:
    """A running function. `Function(settings)` starts the process and returns once it asks for its first event."""

    api = RuntimeApi

    def __init__(self, settings: dict[str, str], wait: bool = True):
        self.waiting, self.answers, self.idle = queue.Queue(), queue.Queue(), threading.Event()
        self.server = Server(type("RuntimeApi", (self.api,), {"function": self})).start()
        self.log, self.checked, self.secrets, self.earlier_secrets = tempfile.TemporaryFile(), 0, set(), set()
        self.process = subprocess.Popen(
            [str(BINARY)], env=self._environment(settings), stdin=subprocess.DEVNULL,
            stdout=self.log, stderr=subprocess.STDOUT, preexec_fn=end_with_parent,
        )
        if wait:
            self._wait_for(self.idle.is_set, 10, "the init phase did not end")
            self._freeze()

    def _environment(self, settings):
        # The function gets no variable of the suite's own environment: a proxy or profile would change the run.
        return {
            "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{self.server.port}",
            "AWS_LAMBDA_FUNCTION_NAME": "token-introspection",
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "256",
            "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
            "AWS_LAMBDA_LOG_GROUP_NAME": "/aws/lambda/token-introspection",
            "AWS_LAMBDA_LOG_STREAM_NAME": "2026/01/01/[$LATEST]0",
            "AWS_REGION": "eu-west-1",
            "AWS_ACCESS_KEY_ID": "suite",
            "AWS_SECRET_ACCESS_KEY": "suite",
            "AWS_EC2_METADATA_DISABLED": "true",
            **settings,
        }

    def invoke(self, event: dict, seconds: float = 10) -> Answer:
        """Passes one event to the function and returns its answer; `seconds` is the time that the invocation has left."""
        return self._deliver(event, time.time() + seconds, seconds)

    def invoke_until(self, event: dict, deadline: float) -> Answer:
        """The same with this deadline, in seconds since the epoch, whether or not it is still to come."""
        return self._deliver(event, deadline, 5)

    def _deliver(self, event: dict, deadline: float, patience: float) -> Answer:
        assert self.process.poll() is None, f"the function has ended: {self.output()}"
        self.secrets |= leaks.secrets(event)
        self.process.send_signal(signal.SIGCONT)
        start = time.monotonic()
        self.waiting.put((event, deadline))
        self._wait_for(lambda: not self.answers.empty(), patience, "no answer before the invocation's deadline")
        kind, raw, end = self.answers.get()
        assert kind == "response", f"the function failed the invocation instead of answering it: {raw!r}"
        self._wait_for(self.idle.is_set, 2, "the function does not ask for the next event")
        self._freeze()
        return Answer(raw, end - start)

    def introspect(self, token, caller=None, *, seconds: float = 10, **event) -> Answer:
        return self.invoke(events.introspection(token, caller, **event), seconds)

    def output(self) -> str:
        """Everything that the process has written to its standard output and error so far."""
        return self._written(0).decode(errors="replace")

    def check_log(self):
        """Searches the lines since the last check for the secrets since the check before it: a line may come late."""
        new = self._written(self.checked)
        lines = new[:new.rfind(b"\n") + 1]
        leaks.assert_absent(self.secrets | self.earlier_secrets, lines.decode(errors="replace"))
        self.checked += len(lines)
        self.earlier_secrets, self.secrets = self.secrets, set()

    def _written(self, start: int) -> bytes:
        parts = []
        # The process writes at the file's offset, so the offset must not move. One read returns at most 2 GB.
        while part := os.pread(self.log.fileno(), 1 << 28, start):
            parts.append(part)
            start += len(part)
        return b"".join(parts)

    def stop(self):
        self.process.kill()
        self.process.wait()
        self.server.close()
        try:
            self.check_log()
        finally:
            self.log.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def _freeze(self):
        self.process.send_signal(signal.SIGSTOP)

    def _wait_for(self, condition, seconds, complaint):
        end = time.monotonic() + seconds
        pause = 0.0002
        while not condition():
            if self.process.poll() is not None:
                raise AssertionError(f"the function ended with {self.process.returncode}: {self.output()[-3000:]}")
            if time.monotonic() > end:
                # Lambda, too, ends an environment that outlives its time.
                self.process.kill()
                raise AssertionError(f"{complaint}: {self.output()[-3000:]}")
            time.sleep(pause)
            pause = min(pause * 1.2, 0.01)


def end_with_parent():
    """A frozen process would outlive a suite that is killed, so the kernel ends it together with us (PR_SET_PDEATHSIG)."""
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)
