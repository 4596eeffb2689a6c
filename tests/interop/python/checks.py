"""Checks with the output that `run` counts: `ok …` or `not ok …`, one line each."""

import json
import os
import sys
import traceback
from collections.abc import Callable

ENV = os.environ
METADATA = json.loads(ENV["METADATA"])
DEMO = ("orders-api", "dF2kQ9sLm4Xv7RbT1yHc8NwZ3pJg6EaU5oKi0VxB2nM")

_checks: list[tuple[str, Callable[[], None], str | None]] = []


def check(sentence: str, needs: tuple[str, str] | None = None):
    """Registers a check. `needs` is a member of the metadata and the value that it has to list."""
    missing = needs[1] if needs and needs[1] not in METADATA.get(needs[0], []) else None

    def register(function: Callable[[], None]) -> Callable[[], None]:
        _checks.append((sentence, function, missing))
        return function

    return register


def main() -> None:
    failed = False
    for sentence, function, missing in _checks:
        if missing:
            print(f"ok - {sentence} # SKIP not advertised: {missing}")
            continue
        try:
            function()
            print(f"ok - {sentence}")
        except Exception:  # Any exception of a client is a failure of this check only.
            failed = True
            print(f"not ok - {sentence}\n{traceback.format_exc()}")
    sys.exit(failed)
