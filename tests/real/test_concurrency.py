"""Several invocations at once in one environment, as on Lambda Managed Instances."""

import json
import secrets
import signal

import pytest

import events
from concurrent_runtime import ConcurrentFunction
from settings import KEYS, OWN, RFC9068, settings
from tokens import claims, forged, mint
from verdicts import assert_active, assert_inactive, assert_refused, assert_unavailable

VARIABLE = "AWS_LAMBDA_MAX_CONCURRENCY"


@pytest.fixture
def start_concurrent(proxy):
    """Starts a function whose environment gets that many invocations at once."""
    started = []

    def start(at_once: int, **changes) -> ConcurrentFunction:
        environment = settings(proxy.url, **{VARIABLE: str(at_once), **changes})
        started.append(ConcurrentFunction(environment, at_once if VARIABLE not in changes else 1))
        return started[-1]

    yield start
    for function in started:
        function.stop()


class Case:
    """An event, the answer that belongs to it, and the audit record that belongs to it."""

    def __init__(self, event, check, outcome, caller, reason=None, issuer=RFC9068):
        self.event, self.check = event, check
        self.record = {"outcome": outcome, "caller": caller, "reason": reason, "issuer": issuer}


def shows(**members):
    """The answer has these members, which no other answer has."""
    def check(answer):
        shown = assert_active(answer)
        assert {name: shown.get(name) for name in members} == members, answer.raw
    return check


def jwt(algorithm="ES256", **changes):
    payload = claims(RFC9068, **changes)
    return payload, mint(KEYS[algorithm], payload)


def active(items, caller):
    payload, token = jwt("RS256")
    return Case(events.introspection(token, caller), shows(sub=payload["sub"], jti=payload["jti"]), "active", caller.id)


def active_for_a_caller_of_its_own(items, caller):
    own = items.caller(introspection={"scopes": ["read"]})
    payload, token = jwt()
    event = events.introspection(token, own, make=events.rest_api)
    return Case(event, shows(sub=payload["sub"], scope="read"), "active", own.id)


def active_and_opaque(items, caller):
    subject = f"subject-{secrets.token_hex(8)}"
    event = events.introspection(items.opaque(sub=subject), caller, post=True, make=events.load_balancer)
    return Case(event, shows(sub=subject), "active", caller.id, issuer=OWN)


def revoked(items, caller):
    payload, token = jwt()
    items.mark(f"jti#{RFC9068}#{payload['jti']}")
    return Case(events.introspection(token, caller), assert_inactive, "inactive", caller.id, "revoked_token")


def forged_signature(items, caller):
    _, token = jwt()
    return Case(events.introspection(forged(token), caller), assert_inactive, "inactive", caller.id, "bad_signature")


def garbage(items, caller):
    event = events.introspection(f"garbage-{secrets.token_hex(8)}", caller)
    return Case(event, assert_inactive, "inactive", caller.id, "unknown_token", None)


def wrong_secret(items, caller):
    (_, token), other = jwt(), items.caller()
    event = events.introspection(token, other.with_secret("wrong"))
    return Case(event, assert_refused, "refused", other.id, "wrong_secret")


def corrupt_record(items, caller):
    """It leaves a further line, which names the client in a span of its request."""
    corrupt = items.caller(disabled="no")
    _, token = jwt()
    return Case(events.introspection(token, corrupt), assert_refused, "refused", corrupt.id, "corrupt_client_record")


KINDS = [active, active_for_a_caller_of_its_own, active_and_opaque, revoked, forged_signature, garbage, wrong_secret,
         corrupt_record]


def lines(function) -> list[dict]:
    return [json.loads(line) for line in function.output().splitlines()]


def offer_at_once(function, proxy, cases) -> dict[str, Case]:
    """Offers all events, while DynamoDB answers none of them before all have arrived. Returns the cases by request id."""
    function.wait_until_all_ask()
    with proxy.gathering(len(cases)) as gathering:
        offered = {function.offer(case.event): case for case in cases}
        for identifier in offered:
            function.answer_to(identifier)
        assert gathering.complete.is_set(), f"only {len(gathering.arrived)} were in flight at the same time"
    return offered


def check_round(function, proxy, make):
    """Checks that each answer and each log line belongs to its own request, if all are served at once.

    A machine that is busy with other work may be too slow for the function's time limits. Then some answers are 503, and
    the round is repeated with new events; every other answer must be right all the same."""
    for _ in range(5):
        seen = len(lines(function))
        offered = offer_at_once(function, proxy, make())
        slow = {identifier for identifier in offered if function.answer_to(identifier).status == 503}
        for identifier in offered.keys() - slow:
            offered[identifier].check(function.answer_to(identifier))
        if not slow:
            return check_log(lines(function)[seen:], offered)
    raise AssertionError("some answers are 503 in every round")


def check_log(logged, offered):
    records = {line["request_id"]: line for line in logged if line["target"] == "audit"}
    assert records.keys() == offered.keys() and len(logged) >= len(records)
    for identifier, case in offered.items():
        record = records[identifier]
        assert {name: record.get(name) for name in case.record} == case.record, record
    assert len({record["token"] for record in records.values()}) == len(offered)
    corrupt = {line["span"]["request_id"]: line["client_id"] for line in logged if line.get("event") == "corrupt_item"}
    assert corrupt == {identifier: case.record["caller"] for identifier, case in offered.items()
                       if case.record["reason"] == "corrupt_client_record"}


@pytest.mark.parametrize("hot", ["0", "5"])
@pytest.mark.parametrize("at_once", [8, 64])
def test_a01_events_are_served_at_once_and_each_gets_its_own_answer(start_concurrent, proxy, items, caller, at_once, hot):
    function = start_concurrent(at_once, HOT_RECORD_SECONDS=hot)
    for round in range(3):
        check_round(function, proxy, lambda: [KINDS[number % len(KINDS)](items, caller) for number in range(at_once)])
        if round == 1:
            # The third round meets a pool full of connections that the server has closed.
            proxy.end_connections()


@pytest.mark.parametrize("hot", ["0", "5"])
def test_g03_mark_counts_for_all_that_are_asked_after_it(start_concurrent, items, caller, hot):
    function = start_concurrent(8, HOT_RECORD_SECONDS=hot)
    payload, token = jwt()
    event = events.introspection(token, caller)
    for identifier in [function.offer(event) for _ in range(32)]:
        assert_active(function.answer_to(identifier))
    items.mark(f"jti#{RFC9068}#{payload['jti']}")
    for identifier in [function.offer(event) for _ in range(32)]:
        assert_inactive(function.answer_to(identifier))


def test_o09_events_that_fail_do_not_disturb_those_in_flight(start_concurrent, proxy, items, caller):
    """While six requests are held, an unreadable event, a HEAD and a refusal are answered by the other two workers."""
    function = start_concurrent(8)
    cases = [KINDS[number](items, caller) for number in range(6)]
    with proxy.gathering(len(cases) + 1) as gathering:
        held = {function.offer(case.event): case for case in cases}
        unreadable = [function.offer(event) for event in (None, {"Records": []}, "text")]
        for identifier in unreadable:
            answer = function.answer_to(identifier, 1)
            assert (answer.status, answer.json["error"]) == (500, "server_error")
            assert identifier in answer.json["error_description"]
        head = function.answer_to(function.offer(
            events.http_api(method="HEAD", path="/.well-known/oauth-authorization-server")), 1)
        assert (head.status, head.body) == (200, "")
        no_credentials = function.answer_to(function.offer(events.introspection("token")), 1)
        assert_refused(no_credentials)
        assert not gathering.complete.is_set() and not held.keys() & function.answered.keys()
        last = active(items, caller)
        held[function.offer(last.event)] = last
        for identifier, case in held.items():
            case.check(function.answer_to(identifier))
    faults = [line["request_id"] for line in lines(function) if line.get("event") == "unreadable_event"]
    assert sorted(faults) == sorted(unreadable)


def test_a22_each_invocation_has_its_own_deadline(start_concurrent, proxy, items, caller):
    function = start_concurrent(8)
    _, token = jwt()
    event = events.introspection(token, caller)
    with proxy.failing("hang"):
        short = [function.offer(event, seconds=1) for _ in range(4)]
        long = [function.offer(event) for _ in range(4)]
        for identifier in short:
            assert_unavailable(function.answer_to(identifier), within=1.0)
        for identifier in long:
            answer = function.answer_to(identifier)
            assert_unavailable(answer)
            assert answer.seconds > 1.0, "it was cut off at the deadline of another one"
    for identifier in [function.offer(event) for _ in range(16)]:
        assert_active(function.answer_to(identifier))


def test_worker_whose_answer_is_not_accepted_goes_on(start_concurrent, items, caller):
    function = start_concurrent(2)
    _, token = jwt()
    for _ in range(4):
        identifier = function.offer(events.introspection(token, caller))
        function.undeliverable.add(identifier)
        assert_active(function.answer_to(identifier))
        function.wait_until_all_ask()
    assert [line["level"] for line in lines(function) if line.get("event") == "answer_not_delivered"] == ["ERROR"] * 4
    assert_active(function.introspect(token, caller))


@pytest.mark.parametrize("value", ["1", "0", "", "many", "-1", "4294967296", None])
def test_any_other_value_means_one_at_a_time(start_concurrent, proxy, items, caller, value):
    function = start_concurrent(1, **{VARIABLE: value})
    cases = [active(items, caller), revoked(items, caller)]
    with proxy.gathering(2) as gathering:
        first, second = [function.offer(case.event) for case in cases]
        assert function.answered == {} and function.waiting.qsize() <= 2
        # The second event is not asked for while the first one is held.
        assert not gathering.complete.wait(0.3) and second not in function.delivered
        gathering.complete.set()
        for identifier, case in zip((first, second), cases):
            case.check(function.answer_to(identifier))
    warned = [line for line in lines(function) if line.get("event") == "max_concurrency_unreadable"]
    assert [line["variable"] for line in warned] == ([VARIABLE] if value not in ("1", "", None) else [])


def test_termination_loses_no_line_of_an_answered_request(start_concurrent, items, caller):
    function = start_concurrent(64)
    _, token = jwt()
    offered = [function.offer(events.introspection(token, caller)) for _ in range(256)]
    for identifier in offered:
        assert_active(function.answer_to(identifier))
    function.process.send_signal(signal.SIGTERM)
    assert function.process.wait(2) == -signal.SIGTERM
    assert sorted(line["request_id"] for line in lines(function) if line["target"] == "audit") == sorted(offered)
