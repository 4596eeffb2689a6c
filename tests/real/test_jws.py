"""The JWS of a token: headers, foreign keys, duplicate members and the encoding in base64url."""

import json

import pytest

from settings import KEYS, RFC9068
from tokens import claims, make_key, mint, mint_raw
from verdicts import assert_active, assert_inactive


def _header(**changes):
    return {"alg": "ES256", "typ": "at+jwt", "kid": KEYS["ES256"].kid, **changes}


@pytest.mark.parametrize("header", [
    pytest.param(_header(alg="none"), id="h06-none"),
    pytest.param(_header(alg="HS256"), id="h06-hmac"),
    pytest.param(_header(crit=["x"], x=1), id="h09-unknown-crit"),
    pytest.param(_header(crit=[]), id="h09-empty-crit"),
    pytest.param(_header(kid="unknown"), id="h13-unknown-kid"),
    pytest.param(_header(kid=1), id="kid-is-a-number"),
    pytest.param(_header(enc="A256GCM", alg="dir"), id="h21-encrypted"),
    pytest.param(b'{"alg":"ES256","alg":"ES256","typ":"at+jwt","kid":"%s"}' % KEYS["ES256"].kid.encode(),
                 id="h10-duplicate-member"),
])
def test_token_is_inactive_because_of_its_header(function, caller, header):
    assert_inactive(function.introspect(mint_raw(KEYS["ES256"], claims(RFC9068), header), caller))


def test_h08_key_in_the_header_is_never_used(function, caller):
    stranger = make_key("ES256").named(KEYS["ES256"].kid)
    for header in ({"jwk": stranger.jwk()}, {"jku": "https://evil.example/jwks.json"},
                   {"x5u": "https://evil.example/x.pem"}, {"x5c": ["MIIB"]}):
        assert_inactive(function.introspect(mint(stranger, claims(RFC9068), **header), caller))


def test_h10_duplicate_claim_is_inactive(function, caller):
    payload = json.dumps(claims(RFC9068)).encode()
    for extra in (b'"sub":"root"', b'"custom":{"a":1,"a":2}'):
        once = payload[:-1] + b"," + extra + b"}"
        assert_inactive(function.introspect(mint_raw(KEYS["ES256"], once), caller))


def test_h11_base64url_must_be_canonical(function, caller):
    token = mint(KEYS["ES256"], claims(RFC9068))
    assert_active(function.introspect(token, caller))
    head, payload, signature = token.split(".")
    # 64 bytes leave four unused bits in the last character, so its neighbour in the alphabet decodes to the same.
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    loose = signature[:-1] + alphabet[alphabet.index(signature[-1]) + 1]
    for other in (f"{token}=", f"{head}.{payload}.{loose}", f"{head}=.{payload}.{signature}", f"{token}\n",
                  f"{head}.{payload} .{signature}"):
        assert_inactive(function.introspect(other, caller))
