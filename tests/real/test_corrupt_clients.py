"""Corrupt client records: a wrong type refuses, NULL is absent, and attributes that no decision reads do not matter."""

import pytest

from corruption import LIST, WRONG_LISTS, table
from items import ONE_OF_EACH
from settings import KEYS, RFC9068
from tokens import ABSENT, claims, digest, mint, now
from verdicts import assert_active, assert_refused

CLIENT = {
    "client_secret": "S", "previous_client_secret": "S", "previous_client_secret_expires_at": "N", "issuer": "S",
    "token_endpoint_auth_method": "S", "jwks": "S", "assertion_audience": "S", "tls_client_auth_subject_dn": "S",
    "tls_client_auth_san_dns": "S", "tls_client_auth_san_uri": "S", "tls_client_auth_san_ip": "S",
    "tls_client_auth_san_email": "S", "iam_principal_arn": "S", "disabled": "BOOL", "introspection": "M",
}
POLICY = {
    "allowed": "BOOL", "mode": "S", "token_types": LIST, "issuers": LIST, "audiences": LIST, "scopes": LIST,
    "claims": LIST, "require_signed_response": "BOOL", "may_revoke_subjects": "BOOL",
}
OPEN_POLICY = {
    "allowed": True, "mode": "enforce", "token_types": ["access_token"], "issuers": [RFC9068], "scopes": ["*"],
    "audiences": ["https://api.example.com"], "claims": [], "require_signed_response": False,
    "may_revoke_subjects": False,
}


def jwt() -> str:
    return mint(KEYS["ES256"], claims(RFC9068))


@pytest.mark.parametrize("name, value", table(CLIENT))
def test_g11_client_record_with_a_wrong_type_is_refused(function, items, name, value):
    assert_refused(function.introspect(jwt(), items.caller(**{name: value})))


@pytest.mark.parametrize("value", [None, ABSENT], ids=["NULL", "absent"])
@pytest.mark.parametrize("name", CLIENT)
def test_g11_client_record_without_an_attribute(function, items, name, value):
    answer = function.introspect(jwt(), items.caller(**{name: value}))
    assert_refused(answer) if name == "client_secret" else assert_active(answer)


@pytest.mark.parametrize("name, value", table({
    "previous_client_secret": "S", "previous_client_secret_expires_at": "N"}) + [
    pytest.param("previous_client_secret_expires_at", None, id="NULL"),
    pytest.param("previous_client_secret_expires_at", ABSENT, id="absent")])
def test_g11_previous_secret_of_a_corrupt_record_is_refused(function, items, name, value):
    old = "o" * 40
    record = {"previous_client_secret": digest(old), "previous_client_secret_expires_at": now() + 60}
    assert_active(function.introspect(jwt(), items.caller(**record).with_secret(old)))
    assert_refused(function.introspect(jwt(), items.caller(**{**record, name: value}).with_secret(old)))


@pytest.mark.parametrize("name", ["client_name", "redirect_uris", "allowed_scopes", "something_unknown"])
def test_g11_client_attributes_that_no_decision_reads(function, items, name):
    for value in [*ONE_OF_EACH.values(), *WRONG_LISTS.values(), None]:
        assert_active(function.introspect(jwt(), items.caller(**{name: value})))


def test_the_clean_policy_shows_the_token(function, items):
    assert_active(function.introspect(jwt(), items.caller(introspection=OPEN_POLICY)))


@pytest.mark.parametrize("name, value", table(POLICY))
def test_g11_policy_with_a_wrong_type_is_refused(function, items, name, value):
    assert_refused(function.introspect(jwt(), items.caller(introspection={**OPEN_POLICY, name: value})))
    # Not even a member that would allow more changes that.
    assert_refused(function.introspect(jwt(), items.caller(introspection={name: value})))


@pytest.mark.parametrize("value", [None, ABSENT], ids=["NULL", "absent"])
@pytest.mark.parametrize("name", POLICY)
def test_g11_policy_without_a_member(function, items, name, value):
    policy = {member: v for member, v in {**OPEN_POLICY, name: value}.items() if v is not ABSENT}
    assert_active(function.introspect(jwt(), items.caller(introspection=policy)))
