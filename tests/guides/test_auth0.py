"""The handler of auth0.md, which people copy: only Auth0 reaches it, and it ends what the log says and nothing else."""

import base64
import datetime
import json
import time
from decimal import Decimal

import pytest

import pages
import permissions
from set_up.auth0 import ISSUER, SESSIONS, USER

PAGE = pages.FOLDER / "auth0.md"
TOKEN = "0123456789abcdef0123456789abcdef"
SUBJECT = f"sub#{ISSUER}#{USER}"
LOGOUT = {"type": "slo", "user_id": USER, "details": {"session_id": SESSIONS[0]}}


@pytest.fixture
def logs(world, program):
    return program(PAGE, "logs.py", AUTH0_ISSUER=ISSUER, AUTH0_LOG_TOKEN=TOKEN)


def deliver(logs, *events, token=TOKEN, header="authorization"):
    body = json.dumps([{"log_id": str(number), "data": event} for number, event in enumerate(events)])
    return logs.handler({"headers": {header: token}, "body": body}, None)["statusCode"]


def now():
    return int(time.time())


def at(seconds):
    moment = datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.123Z")


def test_a_log_out_ends_its_session_only(world, logs):
    assert deliver(logs, LOGOUT) == 204
    assert world.marks() == {f"sid#{ISSUER}#{SESSIONS[0]}": {"reason": "Auth0: slo"}}


@pytest.mark.parametrize("kind", ["scp", "sdu"])
def test_an_event_of_a_user_ends_all_until_then(world, logs, kind):
    happened = now() - 100
    assert deliver(logs, {"type": kind, "user_id": USER, "date": at(happened)}) == 204
    assert world.marks() == {SUBJECT: {"not_before": happened + 10, "reason": f"Auth0: {kind}"}}


@pytest.mark.parametrize("date", [None, "", "yesterday", 5, at(now() + 86_400)])
def test_a_time_that_cannot_be_is_now(world, logs, date):
    assert deliver(logs, {"type": "scp", "user_id": USER, "date": date}) == 204
    assert abs(world.marks()[SUBJECT]["not_before"] - now() - 10) <= 20


def test_a_delivery_may_have_several_events_and_other_ones(world, logs, capsys):
    others = [{"type": "s", "user_id": USER}, {"type": "sapi"}, {}, {"type": ["slo"]}, {"type": "slo", "details": "?"}]
    assert deliver(logs, *others, LOGOUT, {"type": "scp", "user_id": USER}, header="Authorization") == 204
    assert len(world.marks()) == 2
    assert json.loads(capsys.readouterr().out) == {"event": "auth0_logs", "logs": 7, "ended": 2}


WITHOUT_AN_IDENTIFIER = [
    {"type": "slo"}, {"type": "slo", "details": {"session_id": ""}}, {"type": "slo", "details": {"session_id": 5}},
    {"type": "slo", "details": {"session_id": "x" * 257}}, {"type": "slo", "details": None, "user_id": USER},
    {"type": "scp"}, {"type": "scp", "user_id": ""}, {"type": "sdu", "user_id": {"S": USER}},
]


@pytest.mark.parametrize("event", WITHOUT_AN_IDENTIFIER)
def test_an_event_without_an_identifier_ends_nothing(world, logs, event):
    assert deliver(logs, event) == 204
    assert world.marks() == {}


@pytest.mark.parametrize("token", ["", "wrong", TOKEN[:-1], TOKEN + "0", f"Bearer {TOKEN}", "é", "\ud800"])
def test_another_sender_is_refused(world, logs, token, capsys):
    assert deliver(logs, LOGOUT, token=token) == 401
    assert world.marks() == {}
    assert TOKEN not in capsys.readouterr().out


@pytest.mark.parametrize("headers", [None, {}, {"x-authorization": TOKEN}])
def test_a_request_without_a_token_is_refused(world, logs, headers):
    assert logs.handler({"headers": headers, "body": "[]"}, None)["statusCode"] == 401


BAD_BODIES = ["", "x", "{}", "null", "[1]", '[{"log_id":"1"}]', '[{"data":null}]', '[{"data":[]}]', json.dumps({"data": LOGOUT})]


@pytest.mark.parametrize("body", BAD_BODIES)
def test_what_is_no_delivery_is_refused_as_a_whole(world, logs, body):
    assert logs.handler({"headers": {"authorization": TOKEN}, "body": body}, None)["statusCode"] == 400
    assert world.marks() == {}


def test_a_body_in_base64_is_read(world, logs):
    body = json.dumps([{"data": LOGOUT}])
    for encoded, status in [(base64.b64encode(body.encode()).decode(), 204), ("%", 400), ("/w==", 400)]:
        event = {"headers": {"authorization": TOKEN}, "body": encoded, "isBase64Encoded": True}
        assert logs.handler(event, None)["statusCode"] == status
    assert len(world.marks()) == 1


@pytest.mark.parametrize("mark, expected", [
    # Older: it moves forward. What would spare a session or end early is gone.
    ({"not_before": 5, "except_sid": "s", "expires_at": 9}, {"not_before": 110, "reason": "Auth0: scp"}),
    # Newer, or without a limit: it stays, without what would spare a session or end early.
    ({"not_before": 4_000_000_000, "except_sid": "s", "expires_at": 9}, {"not_before": 4_000_000_000}),
    ({"reason": "fraud", "expires_at": 9}, {"reason": "fraud"}),
    # Zero, and what becomes zero without its fraction, is no limit.
    ({"not_before": 0, "expires_at": 9}, {"not_before": 0}),
    ({"not_before": Decimal("0.5"), "expires_at": 9}, {"not_before": Decimal("0.5")}),
])
def test_a_mark_is_never_weakened(world, logs, mark, expected):
    world.tokens.put_item(Item={"id": SUBJECT, **mark})
    assert deliver(logs, {"type": "scp", "user_id": USER, "date": at(100)}) == 204
    assert world.marks() == {SUBJECT: expected}


def test_the_policy_of_the_page_allows_what_the_handler_requests(world, logs):
    calls = permissions.record_calls(logs.table)
    world.tokens.put_item(Item={"id": SUBJECT, "not_before": 4_000_000_000})
    assert deliver(logs, LOGOUT, {"type": "scp", "user_id": USER}) == 204
    assert len(calls) == 3
    permissions.assert_least(permissions.policy_of(PAGE), calls, ISSUER)


def test_a_short_token_is_refused_at_the_start(world, program):
    with pytest.raises(ValueError, match="AUTH0_LOG_TOKEN"):
        program(PAGE, "logs.py", AUTH0_ISSUER=ISSUER, AUTH0_LOG_TOKEN="short")


def test_programs_that_write_limited_marks_do_it_alike():
    """Each program is complete, so that it can be copied, but the part that must not go wrong is one text."""
    part = lambda page, name: pages.files(pages.FOLDER / page)[name].split("\ndef end_until")[1].split("\ndef ")[0]  # noqa: E731
    assert part("auth0.md", "logs.py") == part("entra.md", "entra.py")
