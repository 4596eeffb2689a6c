"""The Lambda Runtime API of a managed instance: several invocations at once, and no freezing between them."""

import queue
import threading
import time
import uuid

import leaks
from lambda_runtime import Answer, Function, RuntimeApi


class _ConcurrentApi(RuntimeApi):
    function: "ConcurrentFunction"

    def do_GET(self):
        assert self.path == "/2018-06-01/runtime/invocation/next", self.path
        function = self.function
        with function.lock:
            function.asking += 1
        function.idle.set()
        while not self.server.closing.is_set():
            try:
                identifier, event, deadline = function.waiting.get(timeout=0.2)
            except queue.Empty:
                continue
            with function.lock:
                function.asking -= 1
                function.delivered[identifier] = time.monotonic()
            return self.deliver(identifier, event, deadline)

    def do_POST(self):
        identifier, kind = self.path.split("/")[-2:]
        body, function = self.body(), self.function
        with function.lock:
            answer = (kind, body, time.monotonic() - function.delivered[identifier])
            function.answered.setdefault(identifier, []).append(answer)
        if identifier in function.undeliverable:
            self.close_connection = True
        else:
            self.answer(202, b'{"status":"OK"}', {"Content-Type": "application/json"})


class ConcurrentFunction(Function):
    """A function that gets events as fast as it asks for them."""

    api = _ConcurrentApi

    def __init__(self, settings: dict[str, str], at_once: int):
        self.lock, self.asking, self.at_once = threading.Lock(), 0, at_once
        self.delivered, self.answered, self.undeliverable = {}, {}, set()
        super().__init__(settings)
        self.wait_until_all_ask()

    def wait_until_all_ask(self):
        """Waits until every worker asks for an event, so that as many events are delivered at once."""
        self._wait_for(lambda: self.asking == self.at_once, 10, f"{self.asking} workers ask for an event")

    def offer(self, event, seconds: float = 10) -> str:
        """Passes an event to the function and returns the id of its request."""
        identifier = str(uuid.uuid4())
        self.secrets |= leaks.secrets(event)
        self.waiting.put((identifier, event, time.time() + seconds))
        return identifier

    def answer_to(self, identifier: str, seconds: float = 10) -> Answer:
        """The one answer to that request."""
        self._wait_for(lambda: identifier in self.answered, seconds, f"no answer to {identifier}")
        [(kind, raw, taken)] = self.answered[identifier]
        assert kind == "response", f"the function failed the invocation instead of answering it: {raw!r}"
        return Answer(raw, taken)

    def invoke(self, event, seconds: float = 10) -> Answer:
        return self.answer_to(self.offer(event, seconds), seconds)

    def _freeze(self):
        """An environment on a managed instance is never frozen."""
