"""Corrupt token records and marks: each attribute with each wrong type, as NULL, and absent.

A wrong type never helps the bearer: it revokes. NULL is absent. An attribute that no decision reads is left out of the
answer if its type is wrong, or does not matter at all.
"""

from decimal import Decimal

import pytest

from corruption import LIST, table
from items import ONE_OF_EACH
from settings import KEYS, OWN, RFC9068
from tokens import ABSENT, claims, digest, mint, now
from verdicts import assert_active, assert_inactive

UNREAD = [pytest.param(name, value, id=f"{name}-{kind}")
          for name in ("expires_at", "something_unknown") for kind, value in {**ONE_OF_EACH, "NULL": None}.items()]

RECORD = {
    "token_type": "S", "client_id": "S", "sub": "S", "scope": "S", "aud": ("S", *LIST), "iss": "S", "iat": "N",
    "exp": "N", "nbf": "N", "jti": "S", "sid": "S", "grant_id": "S", "cnf": "M", "claims": "M", "revoked": "BOOL",
}
# These are shown, but no decision reads them.
SHOWN = {"username": "S"}
REQUIRED = ("token_type", "client_id", "exp")
FULL = {
    "client_id": "app", "sub": "u", "scope": "read", "aud": "https://api.example.com", "iss": OWN, "jti": "j",
    "sid": "s", "grant_id": "g", "username": "ada", "cnf": {"jkt": "x"}, "claims": {"acr": "silver"}, "revoked": False,
}


def full() -> dict:
    return {**FULL, "iat": now() - 60, "nbf": now() - 60, "exp": now() + 600}


@pytest.mark.parametrize("name, value", table(RECORD))
def test_g11_token_record_with_a_wrong_type_is_inactive(function, caller, items, name, value):
    assert_inactive(function.introspect(items.opaque(**{**full(), name: value}), caller))


@pytest.mark.parametrize("value", [None, ABSENT], ids=["NULL", "absent"])
@pytest.mark.parametrize("name", {**RECORD, **SHOWN})
def test_g11_token_record_without_an_attribute(function, caller, items, name, value):
    answer = function.introspect(items.opaque(**{**full(), name: value}), caller)
    if name in REQUIRED:
        assert_inactive(answer)
    else:
        shown = assert_active(answer)
        # A record without `iss` is that of our own issuer, and the type is shown even without a DPoP key.
        assert name == "iss" or name not in shown


@pytest.mark.parametrize("name, value", UNREAD)
def test_g11_token_record_attributes_that_no_decision_reads(function, caller, items, name, value):
    assert_active(function.introspect(items.opaque(**{**full(), name: value}), caller))


# A set could pass for an array, so it counts as the right type of an array.
CLAIMS = {"act": "M", "acr": "S", "auth_time": "N", "authorization_details": ("L", "SS", "NS", "BS")}


@pytest.mark.parametrize("name, value", table(CLAIMS, lists={}))
def test_h29_j23_registered_member_of_claims_with_a_wrong_type_is_left_out(function, caller, items, name, value):
    right = {"acr": "silver"} if name != "acr" else {"auth_time": 1_700_000_000}
    shown = assert_active(function.introspect(items.opaque(claims={name: value, **right}), caller))
    assert {member: shown.get(member) for member in (name, *right)} == {name: None, **right}


@pytest.mark.parametrize("name, value", table(SHOWN))
def test_h29_j23_shown_attribute_with_a_wrong_type_is_left_out(function, caller, items, name, value):
    assert name not in assert_active(function.introspect(items.opaque(**{**full(), name: value}), caller))


@pytest.mark.parametrize("name", ["act", "acr", "auth_time", "authorization_details"])
def test_j23_null_in_claims_is_absent(function, caller, items, name):
    assert name not in assert_active(function.introspect(items.opaque(claims={name: None}), caller))


@pytest.mark.parametrize("name, value", table({"exp": "N", "revoked": "BOOL", "client_id": "S"}))
def test_g11_refresh_token_record_with_a_wrong_type_is_inactive(function, items, name, value):
    owner = items.caller(introspection={"token_types": ["refresh_token"]})
    good = {"token_type": "refresh_token", "client_id": owner.id, "exp": ABSENT}
    assert_active(function.introspect(items.opaque(**good), owner))
    assert_inactive(function.introspect(items.opaque(**{**good, name: value}), owner))


OLD = 1_000_000_000


def marked(items, kind: str, **attributes) -> str:
    """An otherwise active token whose mark of that kind has the attributes."""
    if kind == "revoked":
        token = items.opaque()
        items.mark(f"revoked#{digest(token)}", **attributes)
        return token
    c = claims(RFC9068, sid="s", grant_id="g", auth_time=now() - 60)
    last = {"jti": c["jti"], "grant": "g", "sid": "s", "sub": c["sub"], "client": c["client_id"],
            "kid": KEYS["PS256"].kid}
    items.mark(f"iss#{RFC9068}" if kind == "iss" else f"{kind}#{RFC9068}#{last[kind]}", **attributes)
    return mint(KEYS["PS256"], c)


DATED = ["grant", "sid", "sub", "client", "iss"]
BARE = ["jti", "kid", "revoked"]


@pytest.mark.parametrize("kind", DATED)
def test_the_clean_mark_does_not_revoke_the_token(function, caller, items, kind):
    assert_active(function.introspect(marked(items, kind, not_before=OLD), caller))


@pytest.mark.parametrize("kind", DATED + BARE)
@pytest.mark.parametrize("name, value", table({"not_before": "N"}))
def test_g11_mark_with_a_wrong_not_before_revokes(function, caller, items, kind, name, value):
    assert_inactive(function.introspect(marked(items, kind, **{name: value}), caller))


@pytest.mark.parametrize("kind", DATED + BARE)
def test_g11_mark_with_not_before_null_is_one_without_it(function, caller, items, kind):
    assert_inactive(function.introspect(marked(items, kind, not_before=None), caller))


@pytest.mark.parametrize("name, value", table({"except_sid": "S"}))
def test_g11_sub_mark_with_a_wrong_except_sid_revokes(function, caller, items, name, value):
    for more in ({}, {"not_before": now()}, {"not_before": OLD}):
        assert_inactive(function.introspect(marked(items, "sub", **{name: value}, **more), caller))


def test_g11_sub_mark_with_except_sid_null_excepts_no_session(function, caller, items):
    assert_inactive(function.introspect(marked(items, "sub", except_sid=None), caller))
    assert_active(function.introspect(marked(items, "sub", except_sid=None, not_before=OLD), caller))


@pytest.mark.parametrize("kind", DATED)
def test_g11_mark_attributes_that_no_decision_reads(function, caller, items, kind):
    for name in ("expires_at", "reason", "something_unknown"):
        for value in [*ONE_OF_EACH.values(), None]:
            assert_active(function.introspect(marked(items, kind, not_before=OLD, **{name: value}), caller))


def test_impossibly_large_not_before_revokes(function, caller, items):
    for value in (10**30, Decimal("9e120"), now() + Decimal("0.5")):
        assert_inactive(function.introspect(marked(items, "sid", not_before=value), caller))


def test_g11_marks_of_an_opaque_token(function, caller, items):
    for kind, last in (("sub", "#u"), ("sid", "#s"), ("grant", "#g"), ("client", "#app"), ("iss", "")):
        for right, value in ONE_OF_EACH.items():
            items.mark(f"{kind}#{OWN}{last}", not_before=OLD if right == "N" else value)
            answer = function.introspect(items.opaque(**full()), caller)
            assert_active(answer) if right == "N" else assert_inactive(answer)
        items.unmark(f"{kind}#{OWN}{last}")


def test_g11_corrupt_items_are_logged_as_corrupt(function, caller, items):
    cases = {
        "token record": lambda: function.introspect(items.opaque(exp="soon"), caller),
        "mark": lambda: function.introspect(marked(items, "sid", not_before="x"), caller),
        "client record": lambda: function.introspect("unknown", items.caller(disabled="no")),
    }
    for name, ask in cases.items():
        before = len(function.output())
        ask()
        assert "corrupt" in function.output()[before:].lower(), name
