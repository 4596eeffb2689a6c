"""The handler of cognito.md, which people copy: it ends a session only for its own user, and says why not otherwise."""

import json
import time

import pytest

import pages
import permissions
from issuers import rsa_key
from set_up.cognito import ISSUER, claims

PAGE = pages.FOLDER / "cognito.md"
SESSION = "5c1d2e3f-aaaa-4bbb-8ccc-00000000000a"


@pytest.fixture
def logout(world, program):
    return program(PAGE, "logout.py", COGNITO_ISSUER=ISSUER, COGNITO_CLIENT_IDS="1example23456789,another")


def call(logout, token, scheme="Bearer", header="authorization"):
    answer = logout.handler({"headers": {header: f"{scheme} {token}"}}, None)
    return answer["statusCode"], json.loads(answer.get("body", "{}")).get("error")


@pytest.mark.parametrize("scheme, header", [("Bearer", "authorization"), ("bearer", "Authorization")])
def test_a_valid_token_ends_its_session(world, logout, scheme, header):
    token = world.issuer(ISSUER).sign(claims(SESSION))
    assert call(logout, token, scheme, header) == (204, None)
    assert world.marks() == {f"sid#{ISSUER}#{SESSION}": {"reason": "logout"}}


def test_a_token_for_a_resource_ends_its_session(world, logout):
    token = world.issuer(ISSUER).sign(claims(SESSION, aud="https://orders.example.com"))
    assert call(logout, token) == (204, None)


def test_a_mark_is_never_weakened(world, logout):
    """A mark with limits becomes one without; what it revoked stays revoked."""
    world.tokens.put_item(Item={"id": f"sid#{ISSUER}#{SESSION}", "not_before": 1, "expires_at": 2})
    assert call(logout, world.issuer(ISSUER).sign(claims(SESSION))) == (204, None)
    assert world.marks() == {f"sid#{ISSUER}#{SESSION}": {"reason": "logout"}}


REFUSED = {
    "another key": {"key": 1},
    "expired": {"exp": int(time.time()) - 60},
    "no expiry": {"exp": None},
    "another pool": {"iss": ISSUER + "4"},
    "an ID token": {"token_use": "id"},
    "no use": {"token_use": None},
    "another client": {"client_id": "2example23456789"},
    "no client": {"client_id": None},
    "no session": {"origin_jti": None},
    "an empty session": {"origin_jti": ""},
    "a list as session": {"origin_jti": [SESSION]},
}


@pytest.mark.parametrize("changes", REFUSED.values(), ids=REFUSED)
def test_a_token_that_is_not_valid_ends_nothing(world, logout, changes, capsys):
    changes = dict(changes)
    key = rsa_key(changes.pop("key", 0))
    token = world.issuer(ISSUER).sign(claims(SESSION, **changes), key=key)
    assert call(logout, token) == (401, "invalid_token")
    assert world.marks() == {}
    printed = capsys.readouterr().out
    assert "logout_refused" in printed and not any(part in printed for part in token.split("."))


@pytest.mark.parametrize("token", ["", "a", "a.b", "a.b.c", "eyJhbGciOiJub25lIn0.e30.", "\ud800", "é"])
def test_what_is_no_token_ends_nothing(world, logout, token):
    assert call(logout, token) == (401, "invalid_token")
    assert world.marks() == {}


@pytest.mark.parametrize("event", [{}, {"headers": None}, {"headers": {}}, {"headers": {"authorization": "Basic YTpi"}}])
def test_a_request_without_a_token_ends_nothing(world, logout, event):
    assert logout.handler(event, None)["statusCode"] == 401
    assert world.marks() == {}


def test_an_unknown_key_ends_nothing(world, logout):
    assert call(logout, world.issuer(ISSUER).sign(claims(SESSION), kid="other", key=rsa_key())) == (503, "temporarily_unavailable")
    assert world.marks() == {}


def test_the_policy_of_the_stack_allows_what_the_handler_requests(world, logout):
    """LogoutHandlerPolicy of template.yaml, as docs/data-model.md shows it."""
    text = (pages.ROOT / "docs/data-model.md").read_text().split("A logout handler of one issuer:")[1]
    statement = json.loads(text.split("```json iam\n")[1].split("```")[0].replace("https://auth.example.com", ISSUER))
    calls = permissions.record_calls(logout.table)
    assert call(logout, world.issuer(ISSUER).sign(claims(SESSION))) == (204, None)
    permissions.assert_least(statement, calls, ISSUER)


@pytest.mark.parametrize("document", [None, b"<html></html>", b'{"keys":[', b"[]", b"{}", b'{"keys":[]}', b'{"keys":[{"kty":"x"}]}'])
def test_keys_out_of_reach_are_no_verdict(world, logout, document):
    token = world.issuer(ISSUER).sign(claims(SESSION))
    for asked in list(world.internet.answers):
        if document is None:
            del world.internet.answers[asked]
        else:
            world.internet.answers[asked] = document
    assert call(logout, token) == (503, "temporarily_unavailable")
    assert world.marks() == {}
