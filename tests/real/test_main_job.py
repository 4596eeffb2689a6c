"""JWT access tokens: what makes a token active, what the answer shows, and everything that makes a token inactive."""

import json

import pytest

from settings import AUDIENCES, GENERIC, KEYS, NARROW, NAMELESS_KEY, OTHER, OWN, RFC9068
from tokens import ABSENT, Key, claims, encode, forged, make_key, mint, mint_raw, now
from verdicts import assert_active, assert_inactive

EVERYTHING = {
    "aud": ["https://api.example.com", "https://files.example.com"],
    "username": "ada", "acr": "urn:mace:incommon:iap:silver", "auth_time": 1_700_000_000, "sid": "session-1",
    "cnf": {"x5t#S256": "bwcK0esc3ACC3DB2Y5_lESsXE8o9ltc05O89jdN-dg2"},
    "act": {"sub": "https://service.example.com", "act": {"sub": "https://first.example.com"}},
    "authorization_details": [{"type": "payment", "actions": ["initiate"], "locations": ["https://api.example.com"]}],
    "https://example.com/roles": ["admin", {"of": ["a", 1, 2.5, None, True]}],
}


def test_a01_g04_k03_k04_k06_active_jwt_shows_every_member(function, caller):
    token = claims(RFC9068, nbf=now() - 60, **EVERYTHING)
    answer = function.introspect(mint(KEYS["ES256"], token), caller)
    assert (answer.status, answer.headers["content-type"]) == (200, "application/json")
    assert answer.json == {"active": True, "token_type": "Bearer", **token}


@pytest.mark.parametrize("algorithm", KEYS)
@pytest.mark.parametrize("issuer", [RFC9068, GENERIC])
def test_h06_every_algorithm_and_profile_verifies(function, caller, algorithm, issuer):
    token = claims(issuer, token_use="access")
    typ = "at+jwt" if issuer == RFC9068 else "JWT"
    shown = assert_active(function.introspect(mint(KEYS[algorithm], token, typ), caller))
    # H-26 decides whether a claim that was only checked is repeated; this test does not.
    shown.pop("token_use", None)
    token.pop("token_use")
    assert shown == {"active": True, "token_type": "Bearer", "binding": "not_presented", **token}
    assert_inactive(function.introspect(forged(mint(KEYS[algorithm], token, typ)), caller))


def test_h07_the_newer_name_of_eddsa_is_accepted(function, caller):
    key = KEYS["EdDSA"]
    token = mint_raw(key, claims(RFC9068), {"alg": "Ed25519", "typ": "at+jwt", "kid": key.kid})
    assert_active(function.introspect(token, caller))


def test_k01_k02_answer_shows_the_dpop_binding(function, caller):
    cnf = {"jkt": "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I", "x5t#S256": EVERYTHING["cnf"]["x5t#S256"]}
    shown = assert_active(function.introspect(mint(KEYS["ES256"], claims(RFC9068, cnf=cnf)), caller))
    assert (shown["token_type"], shown["cnf"]) == ("DPoP", cnf)


def test_j20_claims_cannot_overwrite_what_the_endpoint_says(function, caller):
    token = claims(RFC9068, active=False, token_type="refresh_token")
    shown = assert_active(function.introspect(mint(KEYS["ES256"], token), caller))
    assert shown == {**token, "active": True, "token_type": "Bearer"}


def test_h18_j16_dates_with_fractions_and_exponents_become_integers(function, caller):
    end = now() + 600
    payload = json.dumps({**claims(RFC9068), "exp": 0, "iat": 0}).encode()
    payload = payload.replace(b'"exp": 0', f'"exp": {end}.75'.encode()).replace(b'"iat": 0', b'"iat": 1.7e9')
    answer = function.introspect(mint_raw(KEYS["ES256"], payload), caller)
    shown = assert_active(answer)
    assert (shown["exp"], shown["iat"]) == (end, 1_700_000_000)
    assert f'"exp":{end}' in answer.body and "." not in str(shown["iat"])


def test_j15_scope_is_left_out_if_the_token_has_no_scopes(function, caller):
    for scope in ("", ABSENT):
        shown = assert_active(function.introspect(mint(KEYS["ES256"], claims(RFC9068, scope=scope)), caller))
        assert "scope" not in shown


def test_h15_token_without_kid_is_tried_against_keys_without_kid_and_the_only_one_that_fits(function, caller):
    assert_active(function.introspect(mint(NAMELESS_KEY, claims(RFC9068)), caller))
    # Two keys fit ES256, and one fits EdDSA.
    assert_inactive(function.introspect(mint(KEYS["ES256"].named(None), claims(RFC9068)), caller))
    assert_active(function.introspect(mint(KEYS["EdDSA"].named(None), claims(RFC9068)), caller))
    header = {"alg": "EdDSA", "typ": "at+jwt", "kid": ""}
    assert_active(function.introspect(mint_raw(KEYS["EdDSA"], claims(RFC9068), header), caller))
    stranger = make_key("EdDSA").named(None)
    assert_inactive(function.introspect(mint(stranger, claims(RFC9068)), caller))
    assert_inactive(function.introspect(mint(NAMELESS_KEY.named("made-up"), claims(RFC9068)), caller))


def test_h03_generic_needs_only_iss_and_exp(function, caller):
    payload = {"iss": GENERIC, "exp": now() + 60, "token_use": "access"}
    shown = assert_active(function.introspect(mint(KEYS["RS256"], payload, typ=ABSENT), caller))
    assert shown["exp"] == payload["exp"] and "client_id" not in shown and "sub" not in shown


@pytest.mark.parametrize("change", [
    pytest.param({"exp": lambda: now() - 1}, id="g01-expired"),
    pytest.param({"exp": now}, id="g01-expires-this-second"),
    # The skew of ten seconds applies to nbf and iat, but never to exp.
    pytest.param({"exp": lambda: now() - 5}, id="h19-expired-within-the-skew"),
    pytest.param({"exp": ABSENT}, id="h02-without-exp"),
    pytest.param({"nbf": lambda: now() + 60}, id="g02-not-yet-valid"),
    pytest.param({"iat": lambda: now() + 60}, id="g02-issued-in-the-future"),
    pytest.param({"iss": "https://stranger.example"}, id="g06-unknown-issuer"),
    pytest.param({"iss": RFC9068 + "/"}, id="h05-issuer-with-a-slash-more"),
    pytest.param({"iss": "HTTPS://auth.example.com"}, id="h05-issuer-in-other-letters"),
    pytest.param({"iss": OTHER}, id="g04-key-of-another-issuer"),
    pytest.param({"iss": OWN}, id="g04-our-own-name-signs-no-jwt"),
    *[pytest.param({name: ABSENT}, id=f"h02-without-{name}")
      for name in ("iss", "aud", "sub", "client_id", "iat", "jti")],
    *[pytest.param({name: value}, id=f"j23-{name}-is-{type(value).__name__}") for name, value in (
        ("exp", "9999999999"), ("exp", None), ("iat", "1"), ("nbf", True), ("sub", 1), ("aud", 1), ("aud", [1]),
        ("client_id", 1), ("jti", 1), ("scope", [1]), ("scope", {"read": True}), ("scope", None), ("cnf", "x"),
        ("exp", 10**13), ("iat", 10**13), ("nbf", 10**13))],
])
def test_token_is_inactive_because_of_one_claim(function, caller, change):
    changes = {name: value() if callable(value) else value for name, value in change.items()}
    assert_inactive(function.introspect(mint_raw(KEYS["ES256"], claims(RFC9068, **changes)), caller))


@pytest.mark.parametrize("name, value", [
    ("act", "x"), ("act", None), ("authorization_details", {}), ("acr", 1), ("auth_time", "1"), ("auth_time", 0),
    ("username", 1)])
def test_h29_claim_that_no_decision_reads_is_left_out(function, caller, name, value):
    payload = claims(RFC9068)
    shown = assert_active(function.introspect(mint_raw(KEYS["ES256"], {**payload, name: value}), caller))
    assert shown == {"active": True, "token_type": "Bearer", **payload}


@pytest.mark.parametrize("changes, scope", [
    ({"scope": ["read", "write"]}, "read write"), ({"scope": ABSENT, "scp": "read"}, "read"),
    ({"scope": ABSENT, "scp": ["read", "x"]}, "read x"), ({"scope": ABSENT, "scopes": ["read"]}, "read")], ids=str)
def test_h28_scopes_as_issuers_write_them(function, items, caller, changes, scope):
    token = mint_raw(KEYS["ES256"], claims(RFC9068, **changes))
    assert assert_active(function.introspect(token, caller))["scope"] == scope
    # A policy filters the scopes under every name of the claim.
    shown = assert_active(function.introspect(token, items.caller(introspection={"scopes": ["read"]})))
    assert shown["scope"] == "read" and not {"scp", "scopes"} & shown.keys()
    assert_inactive(function.introspect(token, items.caller(introspection={"scopes": ["admin"]})))


def test_h33_b64_in_the_header(function, caller):
    key = KEYS["ES256"]
    for value, active in ((True, True), (False, False), ("true", False), (None, False)):
        header = {"alg": "ES256", "typ": "at+jwt", "kid": key.kid, "b64": value}
        answer = function.introspect(mint_raw(key, claims(RFC9068), header), caller)
        assert_active(answer) if active else assert_inactive(answer)


def test_h35_numbers_pass_unchanged(function, caller):
    payload = json.dumps(claims(RFC9068))[:-1].encode()
    for number in (b"12345678901234567890123456789012345678", b"1.10", b"1E40", b"-0", b"0.10000000000000000000001"):
        answer = function.introspect(mint_raw(KEYS["ES256"], payload + b',"custom":' + number + b"}"), caller)
        assert answer.status == 200 and f'"custom":{number.decode()}' in answer.body, answer.raw


def test_h19_skew_applies_to_nbf_and_iat(function, caller):
    for changes in ({"nbf": now() + 5}, {"iat": now() + 5}):
        assert_active(function.introspect(mint(KEYS["ES256"], claims(RFC9068, **changes)), caller))


@pytest.mark.parametrize("typ", ["JWT", ABSENT, "dpop+jwt", "logout+jwt", "token-introspection+jwt", "at+jwt;x"],
                         ids=str)
def test_h01_h04_rfc9068_accepts_no_other_type(function, caller, typ):
    assert_inactive(function.introspect(mint(KEYS["ES256"], claims(RFC9068), typ), caller))


def test_h01_type_is_compared_without_case_and_prefix(function, caller):
    for typ in ("AT+JWT", "application/at+jwt", "Application/At+Jwt"):
        assert_active(function.introspect(mint(KEYS["ES256"], claims(RFC9068), typ), caller))


@pytest.mark.parametrize("changes", [
    {"token_use": "id"}, {"token_use": ABSENT}, {"token_use": ABSENT, "nonce": "n"}, {"at_hash": "h"}, {"c_hash": "h"},
    {"s_hash": "h"}, {"events": {}}, {"token_introspection": {}}], ids=lambda changes: "-".join(changes))
def test_h03_id_token_is_not_an_access_token(function, caller, changes):
    payload = claims(GENERIC, **{"token_use": "access", **changes})
    assert_inactive(function.introspect(mint(KEYS["ES256"], payload, "JWT"), caller))


def test_h03_nonce_decides_only_without_other_evidence(function, caller):
    """`required_claims` and `typ: at+jwt` are evidence. `audiences` do not count, because ID tokens have an audience too."""
    key = KEYS["ES256"]
    assert_active(function.introspect(mint(key, claims(GENERIC, token_use="access", nonce="n"), "JWT"), caller))
    assert_active(function.introspect(mint(key, claims(RFC9068, nonce="n")), caller))
    assert_active(function.introspect(mint(key, claims(AUDIENCES), "JWT"), caller))
    assert_inactive(function.introspect(mint(key, claims(AUDIENCES, nonce="n"), "JWT"), caller))
    assert_active(function.introspect(mint(key, claims(AUDIENCES, nonce="n")), caller))


def test_g06_h20_audiences_of_the_issuer(function, caller):
    for aud, accepted in (("https://files.example.com", True), (["x", "https://api.example.com"], True),
                          ("x", False), (["x"], False), ([], False), (ABSENT, False)):
        answer = function.introspect(mint(KEYS["ES256"], claims(AUDIENCES, aud=aud), "JWT"), caller)
        assert_active(answer) if accepted else assert_inactive(answer)


def test_h06_algorithms_of_the_issuer(function, caller):
    assert_active(function.introspect(mint(KEYS["RS256"], claims(NARROW)), caller))
    assert_inactive(function.introspect(mint(KEYS["ES256"], claims(NARROW)), caller))
    # The issuer published the key for PS256, so the `alg` of the token changes nothing.
    key = KEYS["PS256"]
    header = {"alg": "RS256", "typ": "at+jwt", "kid": key.kid}
    rs256 = Key("RS256", key.kid, key.private)
    assert_inactive(function.introspect(mint_raw(rs256, claims(RFC9068), header), caller))


@pytest.mark.parametrize("token", [
    "x", "garbage", ".", "..", "a.b.c", "a.b.c.d.e", "eyJhbGciOiJFUzI1NiJ9..", "eyJhbGciOiJFUzI1NiJ9.e30.AAAA",
    f"{encode(b'[]')}.e30.AAAA", f"{encode(b'{')}.e30.AAAA", "\u00e4\u20ac\U0001f600", "null", "token#x", "x" * 20_000,
    f"{encode(b'{' * 5000)}.e30.AAAA", encode(b'{"alg":' + b"[" * 5000) + ".e30.AAAA", "0" * 64, "\x00",
], ids=[f"garbage-{number}" for number in range(18)])
def test_g06_garbage_is_inactive(function, caller, token):
    assert_inactive(function.introspect(token, caller))


def test_a10_a11_a12_hint_never_changes_the_result(function, caller, items):
    jwt, opaque = mint(KEYS["ES256"], claims(RFC9068)), items.opaque()
    plain = {token: function.introspect(token, caller).body for token in (jwt, opaque, "garbage")}
    for hint in ("access_token", "refresh_token", "urn:ietf:params:oauth:token-type:refresh_token", "\u00fc", "", "x"):
        for token, body in plain.items():
            answer = function.introspect(token, caller, pairs=[("token_type_hint", hint)])
            assert (answer.status, answer.body) == (200, body)


def test_g09_second_call_gives_the_same_answer(function, caller):
    token = mint(KEYS["ES256"], claims(RFC9068))
    assert function.introspect(token, caller).raw == function.introspect(token, caller).raw
