"""The function stays within 64 MB while hostile requests come; tests/soak sends more of them."""

import json

import pytest

import events
import hostile
from concurrent_runtime import ConcurrentFunction
from items import STATE
from key_host import KeyHost
from settings import KEYS, RFC9068, settings
from tokens import claims, key_set, make_key, mint
from verdicts import assert_active, assert_error, assert_inactive, assert_unavailable

REQUESTS = 600
# Lambda passes on events of up to 6 MiB. What is not the body fits into 8 KiB.
LARGEST_BODY = 6 * 1024 * 1024 - 8 * 1024
MEDIA_TYPES = {
    "/token/introspect": events.FORM, "/token/introspect/batch": "application/json", "/token/revoke": events.FORM,
    "/global-token-revocation": "application/json", "/logout/backchannel": events.FORM, "/events": "application/secevent+jwt",
}
# A quotation mark takes two bytes of the event, and three bytes take four of base64.
LARGE_BODIES = {
    "long": "token=" + "x" * (LARGEST_BODY - 6),
    "escaped": '"' * (LARGEST_BODY // 2),
    "base64": b"token=" + b"x" * (LARGEST_BODY // 4 * 3 - 6),
    "many values": f'{{"tokens":[{"0," * (LARGEST_BODY // 2 - 10)}0]}}',
}
# One invocation for each issuer, all at once, so that all fetches are in memory together.
ISSUERS = 32


def assert_within_limit(function, limit=hostile.LIMIT_KB):
    peak = hostile.memory(function, "VmHWM")
    print(f"\nat most {peak} KB")
    assert peak < limit


def test_b19_hostile_requests_fit_into_64_mb(start, proxy, caller):
    with start() as function:
        for number in range(REQUESTS):
            hostile.attack(function, caller, KEYS["ES256"], RFC9068, number)
        assert_within_limit(function)
        assert_inactive(function.introspect("unknown", caller))
    proxy.calls.clear()


def test_b19_bodies_as_large_as_lambda_passes_on_fit_into_64_mb(start, caller):
    issuers = [{"issuer": RFC9068, "profile": "rfc9068", "jwks": key_set(*KEYS.values()), "logout_audiences": ["here"],
                "event_audiences": ["here"]}]
    with start(issuers, GLOBAL_REVOCATION_ISSUERS=RFC9068) as function:
        for path, media_type in MEDIA_TYPES.items():
            for body in LARGE_BODIES.values():
                headers = {"content-type": media_type, "authorization": caller.basic()}
                event = events.http_api(path=path, headers=headers, body=body, encoded=isinstance(body, bytes))
                assert 0.99 * LARGEST_BODY < len(json.dumps(event)) < 6 * 1024 * 1024
                assert_error(function.invoke(event), 413, "invalid_request")
        assert_within_limit(function)
        assert_inactive(function.introspect("unknown", caller))


def introspect_batch(function, caller, tokens):
    headers = {"authorization": caller.basic(), "content-type": "application/json"}
    return function.invoke(events.http_api(path=f"{events.INTROSPECT}/batch", body=json.dumps({"tokens": tokens}),
                                           headers=headers))


# The largest answers that Lambda returns, and those that are a little larger: see test_opaque.py.
@pytest.mark.parametrize("claim, fit, too_many", [("x" * 300_000, 20, 21), ('"' * 150_000, 10, 11)], ids=["plain", "escaped"])
def test_b19_batches_with_the_largest_answers_fit_into_64_mb(start, caller, items, claim, fit, too_many):
    tokens = [items.opaque(claims={"large": claim}) for _ in range(too_many)]
    with start() as function:
        for _ in range(3):
            assert introspect_batch(function, caller, tokens[:fit]).status == 200
            assert_error(introspect_batch(function, caller, tokens), 413, "invalid_request")
        assert_within_limit(function)
        assert_active(function.introspect(tokens[0], caller))


def test_b19_a_batch_of_the_largest_records_fits_into_the_memory_of_the_template(start, caller, items):
    # An item of DynamoDB has at most 400 KB, and a batch at most 50 tokens. No client can write such records. All are in memory
    # before the size of the answer is known, which takes more than 64 MB; the template has 256 MB.
    tokens = [items.opaque(claims={"large": "x" * 390_000}) for _ in range(50)]
    with start() as function:
        for _ in range(3):
            answer = introspect_batch(function, caller, tokens)
            # On a busy machine, the store may be too slow for so much.
            assert_unavailable(answer) if answer.status == 503 else assert_error(answer, 413, "invalid_request")
        assert_active(function.introspect(tokens[0], caller))
        assert_within_limit(function, 160 * 1024)


@pytest.mark.parametrize("mode", ["huge", "endless", "ok"])
def test_key_hosts_with_answers_that_are_too_large_fit_into_64_mb(proxy, items, caller, mode):
    key = make_key("ES256")
    issuers = [f"https://{key.kid}-{number}.example.com" for number in range(ISSUERS)]
    items.written += [(STATE, f"{kind}#{issuer}") for kind in ("jwks", "fetch") for issuer in issuers]
    with KeyHost(None, [key.jwk()]) as host:
        host.mode = mode
        if mode == "ok":
            # Just below the limit of the size, with many more keys than are used.
            host.keys = [key.named(f"key-{number}").jwk() for number in range(250_000 // len(json.dumps(key.jwk())))]
        trusted = [{"issuer": issuer, "profile": "rfc9068", "jwks_uri": host.url} for issuer in issuers]
        variables = settings(proxy.url, trusted, AWS_LAMBDA_MAX_CONCURRENCY=str(ISSUERS))
        with ConcurrentFunction(variables, ISSUERS) as function:
            for number in range(3):
                tokens = [mint(key.named(f"unknown-{number}"), claims(issuer)) for issuer in issuers]
                offered = [function.offer(events.introspection(token, caller)) for token in tokens]
                for identifier in offered:
                    assert_unavailable(function.answer_to(identifier))
            # After a failure, no request tries again for 30 s.
            assert len(host.requests) == ISSUERS if mode != "ok" else len(host.requests) >= ISSUERS
            assert_within_limit(function)
            assert_inactive(function.invoke(events.introspection("unknown", caller)))
    proxy.calls.clear()
