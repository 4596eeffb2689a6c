"""Requests that try to take memory: each as large as one can be, under ever new names."""

import pathlib
import random

from items import Caller
from tokens import claims, encode, mint, mint_raw

LIMIT_KB = 64 * 1024


def token(key, issuer: str, number: int) -> str:
    """One token of many kinds."""
    large = "x" * 40_000
    deep = "[" * 12_000 + "]" * 12_000
    kinds = [
        large,
        mint(key, claims(issuer, sub=large)),
        mint(key, claims(issuer, aud=[str(n) for n in range(5_000)])),
        mint_raw(key, b'{"iss":"%s","x":%s}' % (issuer.encode(), deep.encode())),
        mint(key, claims(issuer), kid=f"unknown-{number}"),
        mint(key, claims(issuer, jti=f"new-{number}"))[:-8] + "AAAAAAAA",
        f"{encode(large[:20_000].encode())}.{encode(b'{}')}.x",
        "." * 40_000,
        f"opaque-{number}",
    ]
    return kinds[number % len(kinds)]


def attack(function, caller, key, issuer: str, number: int):
    """Sends one request, and checks that it got nothing."""
    # Guesses under ever new names count, but only so many are kept.
    sender = caller if number % 3 else Caller(f"guess-{number}-{random.random()}", "x" * 40)
    answer = function.introspect(token(key, issuer, number), sender, source=f"203.0.113.{number % 250}")
    assert answer.status in (200, 401, 413, 429, 503), answer.raw
    assert answer.status != 200 or answer.body == '{"active":false}', answer.raw


def memory(function, name: str = "VmRSS") -> int:
    """In KB."""
    status = pathlib.Path(f"/proc/{function.process.pid}/status").read_text()
    return int(status.split(f"{name}:")[1].split()[0])
