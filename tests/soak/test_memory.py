"""The function stays within 64 MB while hostile requests come."""

import random

from conftest import ISSUER
from items import Caller
from tokens import claims, encode, mint, mint_raw
from verdicts import assert_inactive

LIMIT_KB = 64 * 1024


def hostile(key, number: int) -> str:
    """One token of many kinds, each as large as a request can be."""
    large = "x" * 40_000
    deep = "[" * 12_000 + "]" * 12_000
    kinds = [
        large,
        mint(key, claims(ISSUER, sub=large)),
        mint(key, claims(ISSUER, aud=[str(n) for n in range(5_000)])),
        mint_raw(key, b'{"iss":"%s","x":%s}' % (ISSUER.encode(), deep.encode())),
        mint(key, claims(ISSUER), kid=f"unknown-{number}"),
        mint(key, claims(ISSUER, jti=f"new-{number}"))[:-8] + "AAAAAAAA",
        f"{encode(large[:20_000].encode())}.{encode(b'{}')}.x",
        "." * 40_000,
        f"opaque-{number}",
    ]
    return kinds[number % len(kinds)]


def test_b19_hostile_requests_take_no_memory_that_stays(deployment, items):
    caller, key = items.caller(), deployment.keys[0]
    settled = 0
    for number in range(4_000):
        # Guesses under ever new names count, but only so many are kept.
        sender = caller if number % 3 else Caller(f"guess-{number}-{random.random()}", "x" * 40)
        answer = deployment.function.introspect(hostile(key, number), sender, source=f"203.0.113.{number % 250}")
        assert answer.status in (200, 401, 413, 429, 503), answer.raw
        assert answer.status != 200 or answer.body == '{"active":false}', answer.raw
        deployment.proxy.calls.clear()
        if number == 1_000:
            settled = deployment.memory()
    peak = deployment.memory("VmHWM")
    print(f"\nat most {peak} KB, at last {deployment.memory()} KB, after 4,000 hostile requests")
    assert peak < LIMIT_KB
    assert deployment.memory() < settled * 1.2 + 1024
    assert_inactive(deployment.function.introspect("unknown", caller))
