"""Proofs of possession through a gateway's event, made with PyJWT, and their one use in a real table."""

import hashlib
import json
import secrets

import pytest

from items import STATE
from settings import KEYS, RFC9068
from tokens import ABSENT, claims, digest, encode, mint, now
from verdicts import assert_active, assert_error, assert_inactive

URL = "https://api.example.com/orders"
ISSUER = KEYS["ES256"]
THUMBPRINT = encode(hashlib.sha256(b"not a certificate").digest())


def public(key) -> dict:
    return {name: value for name, value in key.jwk().items() if name in ("kty", "crv", "x", "y", "n", "e")}


def thumbprint(key) -> str:
    text = json.dumps(public(key), separators=(",", ":"), sort_keys=True)
    return encode(hashlib.sha256(text.encode()).digest())


def bound(key, **changes) -> str:
    return mint(ISSUER, claims(RFC9068, cnf={"jkt": thumbprint(key)}, **changes))


def proof(key, token, jti=None, **changes) -> str:
    ath = encode(hashlib.sha256(token.encode()).digest())
    payload = {"jti": jti or secrets.token_hex(8), "htm": "GET", "htu": URL, "iat": now(), "ath": ath, **changes}
    header = {"kid": ABSENT, "jwk": public(key)}
    return mint(key, {name: value for name, value in payload.items() if value is not ABSENT}, "dpop+jwt", **header)


def forwarded(proof, htm="GET", htu=URL) -> list:
    return [("dpop", proof), ("htm", htm), ("htu", htu)]


@pytest.mark.parametrize("algorithm", KEYS)
def test_s01_s02_a_proof_of_each_algorithm_shows_possession(function, caller, algorithm):
    key = KEYS[algorithm]
    token = bound(key)
    shown = assert_active(function.introspect(token, caller))
    assert (shown["binding"], shown["cnf"]) == ("not_presented", {"jkt": thumbprint(key)})
    good = proof(key, token)
    assert assert_active(function.introspect(token, caller, pairs=forwarded(good)))["binding"] == "proved"
    for wrong in [
        proof(key, token, htm="POST"),
        proof(key, token, htu=f"{URL}/7"),
        proof(key, token, iat=now() - 400),
        proof(key, token, ath=ABSENT),
        proof(key, "another token"),
        proof(KEYS["EdDSA" if algorithm != "EdDSA" else "ES256"], token),
        f"{good}x",
    ]:
        assert_inactive(function.introspect(token, caller, pairs=forwarded(wrong)))


def test_s11_a_proof_is_used_once_if_the_policy_enforces_the_binding(function, items):
    caller = items.caller(introspection={"enforce_binding": True})
    key, jti = KEYS["EdDSA"], secrets.token_hex(8)
    token = bound(key)
    assert_inactive(function.introspect(token, caller))
    items.written.append((STATE, f"proof#{digest(thumbprint(key) + chr(0) + jti)}"))
    once = proof(key, token, jti)
    shown = assert_active(function.introspect(token, caller, pairs=forwarded(once)))
    assert shown["binding"] == "proved"
    assert_inactive(function.introspect(token, caller, pairs=forwarded(once)))
    guard = items.get(STATE, f"proof#{digest(thumbprint(key) + chr(0) + jti)}")
    assert now() < guard["expires_at"] <= now() + 311


def test_s05_a_certificate_is_compared_by_its_thumbprint(function, caller):
    token = mint(ISSUER, claims(RFC9068, cnf={"x5t#S256": THUMBPRINT}))
    ask = lambda value: function.introspect(token, caller, pairs=[("client_certificate_thumbprint", value)])
    assert assert_active(ask(THUMBPRINT))["binding"] == "proved"
    assert_inactive(ask(encode(hashlib.sha256(b"another").digest())))


def test_s06_s07_a_request_without_a_target_is_wrong(function, caller):
    token = bound(ISSUER)
    for pairs in [[("dpop", "x")], [("htm", "GET"), ("htu", URL)], forwarded("x", htu="/orders")]:
        assert_error(function.introspect(token, caller, pairs=pairs), 400, "invalid_request")
