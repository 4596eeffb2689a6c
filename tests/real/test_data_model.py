"""docs/data-model.md: its Python runs unchanged, and after each of its revocations the function introspects the token."""

import re

import boto3
import pytest

from items import CLIENTS, TOKENS
from lambda_runtime import REPOSITORY
from tokens import ABSENT, claims, digest, key_set, make_key, mint, now
from verdicts import assert_active, assert_inactive

PAGE = (REPOSITORY / "docs/data-model.md").read_text()
SETUP, REVOCATIONS, LATER, ROTATION = re.findall(r"^```python run\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)
OWN, ISSUER = "https://introspection.example.com", "https://auth.example.com"
KEY, OTHER_KEY = make_key("ES256", "2026-03"), make_key("ES256", "2026-04")
SKEW = 10


@pytest.fixture
def page(monkeypatch, dynamodb):
    """The page's names after its first block, with the SDK set up as a program of a deployment would have it."""
    for name, value in {"AWS_ENDPOINT_URL_DYNAMODB": dynamodb.url, "AWS_DEFAULT_REGION": "eu-west-1",
                        "AWS_ACCESS_KEY_ID": "suite", "AWS_SECRET_ACCESS_KEY": "suite"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)
    names = {}
    exec(SETUP, names)
    yield names
    for table, key in ((TOKENS, "id"), (CLIENTS, "client_id")):
        for item in dynamodb.client.scan(TableName=table, ConsistentRead=True)["Items"]:
            if table == TOKENS or item[key]["S"] == "invoices-api":
                dynamodb.client.delete_item(TableName=table, Key={key: item[key]})


@pytest.fixture
def function(start):
    issuers = [{"issuer": ISSUER, "profile": "rfc9068", "jwks": key_set(KEY, OTHER_KEY)},
               {"issuer": ISSUER + "/generic", "profile": "generic", "jwks": key_set(KEY), "audiences": ["a"]}]
    with start(issuers, ISSUER=OWN, CLOCK_SKEW_SECONDS=str(SKEW)) as function:
        yield function


def jwt(key=OTHER_KEY, **changes):
    return mint(key, claims(ISSUER, **changes))


def marks(dynamodb):
    items = dynamodb.client.scan(TableName=TOKENS, ConsistentRead=True)["Items"]
    return {item["id"]["S"] for item in items if not item["id"]["S"].startswith("token#")}


def run(page, dynamodb, lines):
    """Runs lines of the page, and returns a function that deletes their marks."""
    before = marks(dynamodb)
    exec(lines, page)
    written = marks(dynamodb) - before
    assert len(written) == 1, f"{lines} wrote {written}"

    def undo():
        for id in written:
            dynamodb.client.delete_item(TableName=TOKENS, Key={"id": {"S": id}})

    return undo


def line(text):
    """The one line of the revocations that contains this."""
    [found] = [line for line in REVOCATIONS.splitlines() if text in line]
    return found


def test_the_stored_token_and_client_are_as_the_page_says(page, function):
    from items import Caller

    answer = function.introspect(page["token"], Caller("invoices-api", page["secret"]))
    assert_active(answer)
    assert answer.json["scope"] == "invoices:read" and answer.json["sid"] == "session-2"


def fresh():
    """The latest `iat` that the function accepts."""
    return now() + SKEW


# The name of the line, a token that it revokes, and one that it does not revoke.
CASES = {
    "jti#": lambda items: (jwt(jti="8f14e45f"), jwt()),
    "grant#": lambda items: (items.opaque(grant_id="grant-2"), items.opaque(grant_id="grant-1")),
    "sid#": lambda items: (jwt(sid="session-2", iat=fresh()), jwt(sid="session-1")),
    "sub#{JWT_ISSUER}#bob": lambda items: (jwt(sub="bob", iat=fresh()), jwt(sub="alice", iat=fresh())),
    "client#": lambda items: (jwt(client_id="old-app", iat=fresh()), jwt(client_id="new-app")),
    "iss#": lambda items: (jwt(iat=fresh()), items.opaque()),
    "kid#": lambda items: (jwt(KEY, iat=fresh()), jwt(OTHER_KEY, iat=fresh())),
    "log_out_other_devices": lambda items: (
        jwt(sub="alice", sid="session-2", iat=fresh()), jwt(sub="alice", sid="session-1"),
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_g03_each_revocation_of_the_page_takes_effect(page, dynamodb, function, items, caller, name):
    revoked, other = CASES[name](items)
    for token in (revoked, other):
        assert_active(function.introspect(token, caller))
    # A second time changes nothing.
    undo = run(page, dynamodb, line(name))
    exec(line(name), page)
    assert_inactive(function.introspect(revoked, caller))
    assert_active(function.introspect(other, caller))
    undo()
    assert_active(function.introspect(revoked, caller))


def test_g03_the_page_revokes_its_opaque_token_even_if_the_record_is_written_again(page, dynamodb, function, items, caller):
    assert_active(function.introspect(page["token"], caller))
    run(page, dynamodb, line("revoked#"))
    assert_inactive(function.introspect(page["token"], caller))
    mark = items.get(TOKENS, "revoked#" + digest(page["token"]))
    assert "expires_at" not in mark, "an exp that is extended later would outlive the mark"


def test_g03_g15_the_page_revokes_a_jwt_without_jti(page, dynamodb, function, items, caller):
    issuer = ISSUER + "/generic"
    page["jwt"], page["exp"] = mint(KEY, claims(issuer, jti=ABSENT, aud="a"), "JWT"), now() + 600
    assert_active(function.introspect(page["jwt"], caller))
    run(page, dynamodb, line("jwt#").removeprefix("# "))
    assert_inactive(function.introspect(page["jwt"], caller))


@pytest.mark.parametrize("earlier", [{"not_before": 1}, {"not_before": 1, "except_sid": "session-1"}, {}])
@pytest.mark.parametrize("expiry", [{}, {"expires_at": 4_000_000_000}])
def test_g16_a_later_mark_of_the_page_revokes_more_and_lasts_long_enough(page, function, items, caller, earlier, expiry):
    token = jwt(sub="alice", sid="session-1", iat=fresh())
    id = f"sub#{ISSUER}#alice"
    items.mark(id, **earlier, **expiry)
    exec(LATER, page)
    assert_inactive(function.introspect(token, caller))
    mark = items.get(TOKENS, id)
    assert "except_sid" not in mark
    # A mark that revokes everything is kept as it is; of the others, time to live removes none too early.
    assert "expires_at" not in mark if earlier else mark.get("expires_at") == expiry.get("expires_at")


def test_g16_logging_out_other_devices_after_all_devices_restores_no_session(page, function, items, caller):
    token = jwt(sub="alice", sid="session-1")
    exec(LATER, page)
    assert_inactive(function.introspect(token, caller))
    exec(line("log_out_other_devices"), page)
    assert_inactive(function.introspect(token, caller))


def test_b14_after_the_pages_rotation_both_secrets_are_accepted(page, function):
    from items import Caller

    exec(ROTATION, page)
    for secret in (page["secret"], page["new"]):
        assert_active(function.introspect(page["token"], Caller("invoices-api", secret)))
