"""The store fails: the answer is "don't know" in time, and the next request is not affected."""

import socket

import pytest

from settings import KEYS, RFC9068
from tokens import claims, mint
from verdicts import assert_active, assert_inactive, assert_refused, assert_unavailable

FAULTS = [
    "server_error", "gateway_error", "throttling", "throughput_exceeded", "access_denied", "table_missing", "hang", "stall",
    "drip", "reset", "truncated", "broken_off", "empty", "corrupted", "unprocessed", "marks_unprocessed",
]
# The function would wait for these, or try again, until the invocation ends, so they show that it knows its deadline.
ENDLESS = ["hang", "stall", "drip", "unprocessed", "throttling"]


@pytest.mark.parametrize("fault", FAULTS)
def test_g08_a22_fault_is_503_in_time_and_has_no_effect_afterwards(function, proxy, caller, token, fault):
    with proxy.failing(fault):
        for asked in (token, "unknown"):
            assert_unavailable(function.introspect(asked, caller))
    assert_active(function.introspect(token, caller))
    assert_inactive(function.introspect("unknown", caller))


@pytest.mark.parametrize("fault", FAULTS)
def test_g08_fault_of_the_second_read_of_an_opaque_token(function, proxy, caller, items, fault):
    known = items.opaque()
    for asked in (known, "unknown"):
        with proxy.failing(fault, skip=1):
            answer = function.introspect(asked, caller)
        assert_unavailable(answer)
    assert_active(function.introspect(known, caller))


@pytest.mark.parametrize("fault", ENDLESS)
def test_a22_invocation_with_less_time_left_is_answered_sooner(function, proxy, caller, token, fault):
    with proxy.failing(fault):
        assert_unavailable(function.introspect(token, caller, seconds=1), within=1.0)
    assert_active(function.introspect(token, caller, seconds=1))


@pytest.mark.parametrize("fault", ["server_error", "throttling", "hang", "drip", "unprocessed"])
def test_fault_hides_whether_the_credentials_are_correct(function, proxy, caller, items, token, fault):
    # The secret could not be checked either, so a wrong secret gets the same answer as the correct one.
    with proxy.failing(fault):
        assert_unavailable(function.introspect(token, caller.with_secret("wrong")))
        assert_unavailable(function.introspect(token, items.caller(introspection={"allowed": False})))
    assert_refused(function.introspect(token, caller.with_secret("wrong")))


@pytest.mark.parametrize("fault", ["unprocessed", "marks_unprocessed"])
def test_keys_left_out_once_are_requested_again(function, proxy, caller, items, fault):
    revoked = claims(RFC9068)
    items.mark(f"jti#{RFC9068}#{revoked['jti']}")
    for payload, check in ((claims(RFC9068), assert_active), (revoked, assert_inactive)):
        with proxy.failing(fault, times=1), proxy.watch() as calls:
            check(function.introspect(mint(KEYS["ES256"], payload), caller))
        assert len(calls) == 2


@pytest.mark.parametrize("fault", ["throttling", "server_error", "reset", "truncated"])
def test_passing_fault_may_be_retried_but_gives_no_wrong_verdict(function, proxy, caller, items, fault):
    revoked = claims(RFC9068)
    items.mark(f"jti#{RFC9068}#{revoked['jti']}")
    for payload, check in ((claims(RFC9068), assert_active), (revoked, assert_inactive)):
        with proxy.failing(fault, times=1):
            answer = function.introspect(mint(KEYS["ES256"], payload), caller)
        assert_unavailable(answer) if answer.status == 503 else check(answer)


def test_connection_that_ended_while_the_environment_was_frozen(function, proxy, caller, token):
    # An idle connection ends at some time while the function is frozen; the next request must not be a 503 for it.
    for _ in range(5):
        assert_active(function.introspect(token, caller))
        proxy.end_connections()
        assert_active(function.introspect(token, caller))


def test_retry_of_unprocessed_keys_requests_only_the_missing_ones(function, proxy, caller, token):
    with proxy.failing("marks_unprocessed", times=1), proxy.watch() as calls:
        assert_active(function.introspect(token, caller))
    first, second = calls
    assert set(second.keys()) < set(first.keys())
    assert all(part.get("ConsistentRead") is True for part in second.body["RequestItems"].values())


def test_requests_without_a_read_are_not_affected(function, proxy, caller, token):
    with proxy.failing("hang"):
        assert_refused(function.introspect(token))
        assert function.introspect(None, caller).status == 400


@pytest.mark.parametrize("fault", ["hang", "reset", "server_error", "access_denied"])
def test_start_while_the_store_is_failing(start, proxy, caller, token, fault):
    with proxy.failing(fault):
        with start() as function:
            assert_unavailable(function.introspect(token, caller))
            proxy.fault = None
            proxy.lifted.set()
            assert_active(function.introspect(token, caller))


def test_store_that_refuses_connections(start, caller):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with start(endpoint=f"http://127.0.0.1:{port}") as function:
        for _ in range(2):
            assert_unavailable(function.introspect(mint(KEYS["ES256"], claims(RFC9068)), caller))
