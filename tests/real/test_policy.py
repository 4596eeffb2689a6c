"""What a caller may see: audiences, issuers, scopes, claims, token types, and the report mode."""

import pytest

from settings import GENERIC, KEYS, OWN, RFC9068
from tokens import ABSENT, claims, mint
from verdicts import assert_active, assert_inactive

API = "https://api.example.com"


@pytest.fixture(scope="module")
def strict(start):
    """A function under DEFAULT_POLICY=audience."""
    with start(DEFAULT_POLICY="audience") as function:
        yield function


def jwt(**changes):
    return mint(KEYS["ES256"], claims(RFC9068, **changes))


def test_g05_i01_audiences_of_the_caller(function, items):
    caller = items.caller(introspection={"audiences": [API, "https://two.example"]})
    for aud, visible in ((API, True), (["x", "https://two.example"], True), ("x", False), (["x"], False),
                         (API + "/", False), ([], False)):
        answer = function.introspect(jwt(aud=aud), caller)
        assert_active(answer) if visible else assert_inactive(answer)
        record = {"aud": aud} if aud else {"aud": ABSENT}
        answer = function.introspect(items.opaque(**record), caller)
        assert_active(answer) if visible else assert_inactive(answer)


def test_i01_default_policy_audience(strict, items):
    caller = items.caller()
    assert_inactive(strict.introspect(jwt(), caller))
    assert_inactive(strict.introspect(items.opaque(), caller))
    assert_active(strict.introspect(items.opaque(aud=[caller.id, "x"]), caller))
    assert_active(strict.introspect(items.opaque(client_id=caller.id), caller))
    # Its issuers are ISSUER and the first of TRUSTED_ISSUERS.
    assert_active(strict.introspect(items.opaque(client_id=caller.id, iss=RFC9068), caller))
    assert_active(strict.introspect(jwt(aud=caller.id), caller))
    assert_active(strict.introspect(jwt(client_id=caller.id), caller))
    # The same client id at another issuer is another client: neither the token's client nor its audience.
    for attributes in ({"client_id": caller.id}, {"aud": caller.id}):
        assert_inactive(strict.introspect(items.opaque(iss=GENERIC, **attributes), caller))
        theirs = mint(KEYS["ES256"], claims(GENERIC, token_use="access", **attributes), "JWT")
        assert_inactive(strict.introspect(theirs, caller))
    theirs = items.caller(issuer=RFC9068)
    assert_active(strict.introspect(jwt(client_id=theirs.id), theirs))
    assert_inactive(strict.introspect(items.opaque(client_id=theirs.id), theirs))
    assert_active(strict.introspect(jwt(), items.caller(introspection={"audiences": [API]})))


def test_i01_empty_list_of_audiences_is_not_an_absent_list(function, items):
    assert_inactive(function.introspect(jwt(), items.caller(introspection={"audiences": []})))


def test_i11_issuers_of_the_caller(function, items):
    caller = items.caller(introspection={"issuers": {RFC9068}})
    assert_active(function.introspect(jwt(), caller))
    assert_inactive(function.introspect(mint(KEYS["ES256"], claims(GENERIC, token_use="access"), "JWT"), caller))
    assert_inactive(function.introspect(items.opaque(), caller))
    assert_active(function.introspect(items.opaque(iss=RFC9068), caller))
    assert_active(function.introspect(items.opaque(), items.caller(introspection={"issuers": [OWN]})))
    assert_inactive(function.introspect(jwt(), items.caller(introspection={"issuers": []})))


@pytest.mark.parametrize("scopes, released", [
    (["read"], "read"), ({"write"}, "write"), (["read", "write", "x"], "read write"), (["wr*"], "write"),
    (["*"], "read write"), (["rea"], None), (["re*d"], None), ([], None), (["READ"], None), (["read*"], "read"),
], ids=str)
def test_i05_i06_scopes_of_the_caller(function, items, scopes, released):
    caller = items.caller(introspection={"scopes": scopes})
    for token in (jwt(), items.opaque()):
        answer = function.introspect(token, caller)
        if released is None:
            assert_inactive(answer)
        else:
            assert assert_active(answer)["scope"] == released
    # A token without scopes stays active.
    assert "scope" not in assert_active(function.introspect(jwt(scope=ABSENT), caller))
    assert "scope" not in assert_active(function.introspect(items.opaque(scope=ABSENT), caller))


REGISTERED = {
    "cnf": {"jkt": "x"}, "act": {"sub": "service"}, "acr": "silver", "auth_time": 1_700_000_000, "nbf": 1_700_000_000,
    "authorization_details": [{"type": "payment"}],
}
FURTHER = {"username": "ada", "sid": "s", "email": "ada@example.com", "roles": ["admin"]}


@pytest.mark.parametrize("named", [None, [], ["roles"], ["username", "sid"], {"email"}, ["nothing"]], ids=str)
def test_i08_j21_k08_claims_of_the_caller(function, items, named):
    caller = items.caller(introspection={} if named is None else {"claims": named})
    expected = {name: v for name, v in FURTHER.items() if named is None or name in named}
    payload = claims(RFC9068, **REGISTERED, **FURTHER)
    shown = assert_active(function.introspect(mint(KEYS["ES256"], payload), caller))
    registered = {name: value for name, value in payload.items() if name not in FURTHER}
    assert shown == {"active": True, "token_type": "DPoP", "binding": "not_presented", **registered, **expected}

    custom = {name: FURTHER[name] for name in ("email", "roles")}
    token = items.opaque(username="ada", sid="s", claims={**custom, "acr": "silver"})
    shown = assert_active(function.introspect(token, caller))
    assert {name: v for name, v in shown.items() if name in FURTHER} == expected
    assert shown["acr"] == "silver"


def test_i07_authorization_details_are_filtered_by_audience(function, items):
    details = [{"type": "a", "locations": [API]}, {"type": "b", "locations": ["https://other.example"]}, {"type": "c"}]
    token = jwt(authorization_details=details)
    caller = items.caller(introspection={"audiences": [API]})
    shown = assert_active(function.introspect(token, caller))
    assert [detail["type"] for detail in shown["authorization_details"]] == ["a", "c"]
    shown = assert_active(function.introspect(token, items.caller()))
    assert shown["authorization_details"] == details


def test_token_types_of_the_caller(function, items):
    only_refresh = items.caller(introspection={"token_types": ["refresh_token"]})
    assert_inactive(function.introspect(jwt(), only_refresh))
    assert_inactive(function.introspect(items.opaque(client_id=only_refresh.id), only_refresh))
    assert_inactive(function.introspect(jwt(), items.caller(introspection={"token_types": []})))
    assert_active(function.introspect(jwt(), items.caller(introspection={"token_types": ["access_token", "x"]})))


def test_i13_report_mode_relaxes_three_things(function, items):
    policy = {"mode": "report", "audiences": ["https://elsewhere.example"], "scopes": ["x"], "claims": []}
    payload = claims(RFC9068, roles=["admin"])
    shown = assert_active(function.introspect(mint(KEYS["ES256"], payload), items.caller(introspection=policy)))
    assert shown == {"active": True, "token_type": "Bearer", **payload}
    enforced = items.caller(introspection={**policy, "mode": "enforce"})
    assert_inactive(function.introspect(mint(KEYS["ES256"], payload), enforced))


def test_i13_report_mode_relaxes_nothing_else(function, items):
    for policy in ({"issuers": [GENERIC]}, {"token_types": ["refresh_token"]}):
        caller = items.caller(introspection={"mode": "report", **policy})
        assert_inactive(function.introspect(jwt(), caller))
    assert_inactive(function.introspect(jwt(exp=1), items.caller(introspection={"mode": "report"})))


def test_i10_client_id_is_that_of_the_token(function, items):
    caller = items.caller()
    shown = assert_active(function.introspect(jwt(client_id="the-app"), caller))
    assert shown["client_id"] == "the-app"
