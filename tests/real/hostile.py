"""Requests that try to take memory: each as large as one can be, under ever new names."""

import json
import pathlib
import random

import events
from items import Caller
from tokens import claims, forged, mint, mint_raw

LIMIT_KB = 64 * 1024
# What a token may contain in its header and its payload together, so that it is not longer than 16 KiB.
CONTENT = 11_500
BATCH = 50


def token(key, issuer: str, number: int) -> str:
    """One token of many kinds. The function accepts none of them, and parses all except those beyond a limit."""

    def forged_with(members: str) -> str:
        return forged(mint_raw(key, f"{json.dumps(claims(issuer))[:-1]},{members}}}".encode()))

    def nested(depth: int) -> str:
        count = CONTENT // (2 * depth + 1)
        return f'"x":[{",".join(["[" * depth + "]" * depth] * count)}]'

    kinds = [
        # Beyond the limit of the body, of an opaque token, of a JWT, and of the depth.
        lambda: "x" * 65_536,
        lambda: "x" * 40_000,
        lambda: mint(key, claims(issuer, sub="x" * 30_000)),
        lambda: forged_with(nested(5_000)),
        # Just below the limits.
        lambda: "x" * 16_384,
        lambda: "." * 16_384,
        lambda: forged(mint(key, claims(issuer, sub="x" * CONTENT))),
        lambda: forged(mint(key, claims(issuer, aud=[str(n) for n in range(CONTENT // 7)]))),
        lambda: forged_with(nested(120)),
        lambda: forged_with(",".join(f'"{n}":{n}' for n in range(CONTENT // 12))),
        lambda: mint(key, claims(issuer), kid="x" * CONTENT),
        # Ever new names.
        lambda: mint(key, claims(issuer), kid=f"unknown-{number}"),
        lambda: forged(mint(key, claims(issuer, jti=f"new-{number}"))),
        lambda: f"opaque-{number}",
    ]
    return kinds[number % len(kinds)]()


def attack(function, caller, key, issuer: str, number: int):
    """Sends one request, now and then with many tokens, and checks that it got nothing."""
    # Guesses under ever new names count, but only so many are kept. 5 has no common factor with the number of kinds.
    sender = Caller(f"guess-{number}-{random.random()}", "x" * 40) if number % 5 == 0 else caller
    source = f"203.0.113.{number % 250}"
    if number % 23 == 0:
        batch = json.dumps({"tokens": [token(key, issuer, number + more) for more in range(BATCH)]})
        answer = function.introspect(None, sender, path=f"{events.INTROSPECT}/batch", body=batch, source=source,
                                     headers={"content-type": "application/json"})
    else:
        answer = function.introspect(token(key, issuer, number), sender, source=source)
    assert answer.status in (200, 401, 413, 429), answer.raw
    if answer.status == 200:
        inactive = {"active": False}
        assert answer.json == inactive or answer.json == {"results": [inactive] * BATCH}, answer.raw


def memory(function, name: str = "VmRSS") -> int:
    """In KB."""
    status = pathlib.Path(f"/proc/{function.process.pid}/status").read_text()
    return int(status.split(f"{name}:")[1].split()[0])
