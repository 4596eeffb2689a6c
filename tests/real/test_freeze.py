"""Freeze and thaw: while the process is stopped, its connections die. The next requests are answered, in time.

Each function is really stopped (SIGSTOP) and continued (SIGCONT), as Lambda's environments are. Between the function and what
it is connected with is a line that ends connections in each way in which they end. Several connections come from requests
at once, as an environment of a managed instance serves them, and from a batch, whose keys need several reads.
"""

import json
import signal
import time

import pytest

import events
from concurrent_runtime import ConcurrentFunction
from key_host import KeyHost
from lambda_runtime import Function
from line import DEATHS, Line
from settings import KEYS, RFC9068, settings
from tokens import claims, make_key, mint
from verdicts import assert_active, assert_inactive

# Common gateways give up after two seconds; the function answers before that.
IN_TIME = 1.8
# If a peer has not answered for this long, a silent connection costs only a short try.
PAUSE = 5.1


@pytest.fixture
def line(proxy):
    line = Line(proxy.server.port)
    yield line
    line.close()


@pytest.fixture
def one(line):
    """A function that gets one event at a time, and so has one connection."""
    with Function(settings(line.url)) as function:
        yield function


def several(line, at_once: int) -> ConcurrentFunction:
    return ConcurrentFunction(settings(line.url, AWS_LAMBDA_MAX_CONCURRENCY=str(at_once)), at_once)


def tokens(items):
    """A token in each form, and one that is revoked."""
    revoked = claims(RFC9068)
    items.mark(f"jti#{RFC9068}#{revoked['jti']}")
    return [(mint(KEYS["ES256"], claims(RFC9068)), assert_active), (items.opaque(), assert_active),
            (mint(KEYS["ES256"], revoked), assert_inactive)]


@pytest.mark.parametrize("death", DEATHS)
def test_g08_the_request_after_a_thaw_is_right_for_one_connection(one, line, caller, items, death):
    for token, check in tokens(items):
        check(one.introspect(token, caller))
        # The harness has stopped the process by now.
        assert line.end_connections(death) == 1
        for number in range(3):
            answer = one.introspect(token, caller)
            check(answer)
            assert answer.seconds < IN_TIME, (death, number)


@pytest.mark.parametrize("death", DEATHS)
def test_g08_the_request_after_a_thaw_is_right_for_the_connections_of_a_batch(one, line, caller, death):
    batch = json.dumps({"tokens": [mint(KEYS["ES256"], claims(RFC9068, sid=f"s-{n}")) for n in range(50)]})

    def ask():
        return one.introspect(None, caller, path="/token/introspect/batch", body=batch,
                              headers={"content-type": "application/json"})

    assert ask().status == 200
    assert line.end_connections(death) > 2, "a batch of this size needs several reads at once"
    answer = ask()
    assert answer.status == 200 and answer.seconds < IN_TIME
    assert [result["active"] for result in answer.json["results"]] == [True] * 50


def burst(function, proxy, events):
    """Sends all of the events at once. DynamoDB answers none of them before all have arrived."""
    function.wait_until_all_ask()
    with proxy.gathering(len(events)) as gathering:
        answers = [function.answer_to(identifier) for identifier in [function.offer(event) for event in events]]
        assert gathering.complete.is_set()
    return answers


@pytest.mark.parametrize("death", DEATHS)
@pytest.mark.parametrize("at_once", [8, 16])
def test_g08_each_request_of_a_burst_after_a_thaw_is_right(line, proxy, caller, death, at_once):
    def question():
        return events.introspection(mint(KEYS["ES256"], claims(RFC9068)), caller)

    with several(line, at_once) as function:
        for _ in range(2):
            for answer in burst(function, proxy, [question() for _ in range(at_once)]):
                assert_active(answer)
            function.process.send_signal(signal.SIGSTOP)
            assert line.end_connections(death) >= at_once
            function.process.send_signal(signal.SIGCONT)
            offered = [function.offer(question()) for _ in range(at_once)]
            for identifier in offered:
                answer = function.answer_to(identifier)
                assert_active(answer)
                assert answer.seconds < IN_TIME, death


@pytest.mark.parametrize("death", DEATHS)
def test_g08_one_request_after_a_thaw_is_right_although_many_connections_died(line, proxy, caller, death):
    token = mint(KEYS["ES256"], claims(RFC9068))
    question = events.introspection(token, caller)
    with several(line, 16) as function:
        burst(function, proxy, [events.introspection(mint(KEYS["ES256"], claims(RFC9068)), caller) for _ in range(16)])
        function.process.send_signal(signal.SIGSTOP)
        assert line.end_connections(death) >= 16
        function.process.send_signal(signal.SIGCONT)
        # One at a time, as many as there were connections: none finds a dead one that is left.
        for number in range(16):
            answer = function.invoke(question)
            assert_active(answer)
            assert answer.seconds < IN_TIME, (death, number)


def test_g08_after_a_long_freeze_a_silent_connection_costs_a_short_try(one, line, caller):
    token = mint(KEYS["ES256"], claims(RFC9068))
    assert_active(one.introspect(token, caller))
    assert line.end_connections("silent") == 1
    time.sleep(PAUSE)
    answer = one.introspect(token, caller)
    assert_active(answer)
    # A try that is not short takes 600 ms.
    assert answer.seconds < 0.55


def test_a22_after_a_thaw_with_little_time_a_silent_connection_is_503_in_time_and_then_right(one, line, caller):
    token = mint(KEYS["ES256"], claims(RFC9068))
    assert_active(one.introspect(token, caller))
    line.end_connections("silent")
    answer = one.introspect(token, caller, seconds=0.5)
    assert answer.status in (200, 503) and answer.seconds < 0.5
    assert_active(one.introspect(token, caller, seconds=0.5))


def test_h13_no_connection_to_a_key_host_outlives_its_fetch(proxy, items, caller):
    keys = [make_key("ES256"), make_key("ES256")]
    issuer = f"https://{keys[0].kid}.example.com"
    with KeyHost(None, [keys[0].jwk()]) as host:
        host.mode, line = "kept", Line(host.port)
        trusted = [{"issuer": issuer, "profile": "rfc9068", "jwks_uri": f"{line.url}/jwks.json"}]
        with Function(settings(proxy.url, trusted)) as function:
            assert_active(function.introspect(mint(keys[0], claims(issuer)), caller))
            assert len(host.requests) == 1 and line.end_connections("closed") == 0
            host.keys = [key.jwk() for key in keys]
            # A set that is less than a second old is not fetched again.
            time.sleep(1.1)
            answer = function.introspect(mint(keys[1], claims(issuer)), caller)
            assert_active(answer)
            assert answer.seconds < IN_TIME
            assert len(host.requests) == 2
        line.close()
        items.written += [("oauth-introspection-state", f"{kind}#{issuer}") for kind in ("jwks", "fetch")]
