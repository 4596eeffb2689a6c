"""The handler of entra.md, which people copy: only Graph reaches it, and it ends what Entra itself has ended."""

import base64
import datetime
import json
import time
import urllib.error

import pytest

import pages
import permissions
from set_up import entra as graph

PAGE = pages.FOLDER / "entra.md"
STATE = "0123456789abcdef0123456789abcdef"
USER = graph.USERS[1]
MARK = f"grant#{graph.ISSUER}#{USER}"
SINCE = datetime.datetime(2026, 11, 27, 20, 46, 10, tzinfo=datetime.timezone.utc)


@pytest.fixture
def entra(world, program):
    return program(PAGE, "entra.py", ENTRA_TENANT=graph.TENANT, GRAPH_CLIENT_STATE=STATE, GRAPH_CLIENT_ID="client",
                   GRAPH_CLIENT_SECRET=graph.GRAPH_SECRET)


def knows(world, **document):
    world.internet.answers["graph.microsoft.com", "GET", graph.path(USER)] = graph.user(document or None)


def notification(**changes):
    return {"changeType": "updated", "clientState": STATE, "tenantId": graph.TENANT, "resource": f"Users/{USER}",
            "resourceData": {"id": USER, "@odata.type": "#Microsoft.Graph.User"}, **changes}


def deliver(entra, *notifications):
    return entra.handler({"body": json.dumps({"value": notifications})}, None)["statusCode"]


def test_revoked_sessions_end_tokens_until_then(world, entra):
    knows(world, accountEnabled=True, signInSessionsValidFromDateTime=graph.graph_time(SINCE))
    assert deliver(entra, notification(), notification()) == 202
    assert world.marks() == {MARK: {"not_before": int(SINCE.timestamp()) + 10, "reason": "Entra ID: sessions revoked"}}


@pytest.mark.parametrize("document", [{"accountEnabled": False, "signInSessionsValidFromDateTime": graph.graph_time(SINCE)}, {}])
def test_a_disabled_or_deleted_user_has_no_tokens(world, entra, document):
    knows(world, **document)
    assert deliver(entra, notification()) == 202
    assert abs(world.marks()[MARK]["not_before"] - int(time.time()) - 10) <= 20


def test_a_user_whose_sessions_have_no_time_keeps_tokens(world, entra):
    knows(world, accountEnabled=True, signInSessionsValidFromDateTime=None)
    assert deliver(entra, notification()) == 202
    assert world.marks() == {}


def test_the_handshake_returns_the_challenge_as_text(entra):
    answer = entra.handler({"queryStringParameters": {"validationToken": "<b>x</b> y+z"}}, None)
    assert answer["statusCode"] == 200 and answer["body"] == "<b>x</b> y+z"
    assert answer["headers"] == {"Content-Type": "text/plain", "X-Content-Type-Options": "nosniff"}


FOREIGN = [
    {"clientState": None}, {"clientState": ""}, {"clientState": STATE + "0"}, {"clientState": [STATE]}, {"clientState": "\ud800"},
    {"tenantId": "5e9c3f1a-0b7d-4a52-8f2e-7d6c5b4a3f21"}, {"tenantId": None},
]


@pytest.mark.parametrize("changes", FOREIGN)
def test_another_sender_is_refused_as_a_whole(world, entra, changes, capsys):
    assert deliver(entra, notification(), notification(**changes)) == 401
    assert world.marks() == {}
    assert STATE not in capsys.readouterr().out


@pytest.mark.parametrize("body", [None, "", "x", "[]", "{}", '{"value":null}', '{"value":[1]}'])
def test_what_is_no_delivery_is_refused(world, entra, body):
    assert entra.handler({"body": body}, None)["statusCode"] == 400


@pytest.mark.parametrize("identifier", [None, 5, "", "me", "../groups", f"{USER}/manager", "alice@example.com"])
def test_what_is_no_object_id_is_not_asked_about(world, entra, identifier):
    assert deliver(entra, notification(resourceData={"id": identifier}), notification(resourceData=None)) == 202
    assert world.marks() == {}


def test_a_body_in_base64_is_read(world, entra):
    knows(world, accountEnabled=True, signInSessionsValidFromDateTime=graph.graph_time(SINCE))
    body = base64.b64encode(json.dumps({"value": [notification()]}).encode()).decode()
    assert entra.handler({"body": body, "isBase64Encoded": True}, None)["statusCode"] == 202
    assert MARK in world.marks()


@pytest.mark.parametrize("status", [401, 403, 429, 500, 503])
def test_a_failure_of_graph_fails_the_delivery(world, entra, status):
    """Graph sends it again. A user that cannot be read is not a deleted one."""
    world.internet.answers["graph.microsoft.com", "GET", graph.path(USER)] = status, {"error": {}}
    with pytest.raises(urllib.error.HTTPError) as error:
        deliver(entra, notification())
    assert error.value.code == status
    assert world.marks() == {}


def test_the_policy_of_the_page_allows_what_the_handler_requests(world, entra):
    knows(world, accountEnabled=True, signInSessionsValidFromDateTime=graph.graph_time(SINCE))
    calls = permissions.record_calls(entra.table)
    assert deliver(entra, notification()) == 202
    statement = permissions.policy_of(PAGE)
    permissions.assert_least(json.loads(json.dumps(statement).replace("$ISSUER_OF_USERS", graph.ISSUER)), calls, graph.ISSUER)


def test_a_short_client_state_is_refused_at_the_start(world, program):
    with pytest.raises(ValueError, match="GRAPH_CLIENT_STATE"):
        program(PAGE, "entra.py", ENTRA_TENANT="t", GRAPH_CLIENT_STATE="short", GRAPH_CLIENT_ID="c", GRAPH_CLIENT_SECRET="s")
