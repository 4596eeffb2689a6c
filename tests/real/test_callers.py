"""Callers: credentials, their rotation, and refusals."""

import base64
import re
import time
import urllib.parse

import events
from items import Caller
from tokens import ABSENT, digest, now
from verdicts import assert_active, assert_error, assert_refused


def with_header(value):
    return {"headers": {"authorization": value}}


def basic(text: str) -> str:
    return "Basic " + base64.b64encode(text.encode()).decode()


def test_b01_no_credentials(function, token):
    answer = function.introspect(token)
    assert_refused(answer)
    assert 'realm="' in answer.headers["www-authenticate"]
    assert 'charset="UTF-8"' in answer.headers["www-authenticate"]


def test_b18_a_client_id_without_a_secret_is_not_a_credential(function, caller, token):
    assert_refused(function.introspect(token, pairs=[("client_id", caller.id)]))


def refusals(items) -> dict[str, Caller]:
    """Every way in which a client with a secret, or without one, is not authenticated."""
    secret = "0" * 32
    return {
        "wrong-secret": items.caller().with_secret("wrong"),
        "digest-as-secret": (lambda c: c.with_secret(digest(c.secret)))(items.caller()),
        "unknown-client": Caller("nobody", secret),
        "public-client": items.caller(client_secret=ABSENT, token_endpoint_auth_method="none"),
        "no-secret-stored": items.caller(client_secret=ABSENT),
        "disabled-client": items.caller(disabled=True),
        "empty-secret": items.caller(secret=secret).with_secret(""),
        "empty-secret-of-a-public-client": items.caller(client_secret=ABSENT).with_secret(""),
        "registered-for-post": items.caller(token_endpoint_auth_method="client_secret_post"),
        "registered-for-none": items.caller(token_endpoint_auth_method="none"),
        "registered-for-keys": items.caller(token_endpoint_auth_method="private_key_jwt"),
        "registered-for-nonsense": items.caller(token_endpoint_auth_method="password"),
        "previous-secret-expired": items.caller(
            previous_client_secret=digest(secret), previous_client_secret_expires_at=now() - 1).with_secret(secret),
        "previous-secret-without-end": items.caller(previous_client_secret=digest(secret)).with_secret(secret),
        "previous-secret-alone-and-expired": items.caller(
            client_secret=ABSENT, previous_client_secret=digest(secret),
            previous_client_secret_expires_at=now() - 1).with_secret(secret),
        "stored-in-the-clear": items.caller(secret=secret, client_secret=secret),
        "empty-client-id": Caller("", secret),
        "over-long-client-id": Caller("x" * 2049, secret),
    }


def test_b02_b03_b09_b18_c07_all_wrong_credentials_get_the_same_bytes(function, items, token):
    answers = {name: function.introspect(token, caller) for name, caller in refusals(items).items()}
    for name, answer in answers.items():
        assert_refused(answer)
        assert answer.raw == answers["wrong-secret"].raw, name
    # The same holds for a string that is not a token, so the answer reveals nothing about the token.
    for name, caller in refusals(items).items():
        assert function.introspect("garbage", caller).raw == answers["wrong-secret"].raw, name


def test_b04_wrong_credentials_in_the_body_are_401(function, items, token):
    wrong = (items.caller().with_secret("wrong"), Caller("missing", "x" * 32), items.caller(disabled=True),
             items.caller(token_endpoint_auth_method="client_secret_basic"))
    answers = [function.introspect(token, caller, post=True) for caller in wrong]
    for answer in answers:
        assert_refused(answer, scheme=None)
    assert len({answer.raw for answer in answers}) == 1


def test_c08_b08_secret_in_the_body(function, items, token):
    assert_active(function.introspect(token, items.caller(), post=True))
    only_post = items.caller(token_endpoint_auth_method="client_secret_post")
    assert_active(function.introspect(token, only_post, post=True))
    only_basic = items.caller(token_endpoint_auth_method="client_secret_basic")
    assert_active(function.introspect(token, only_basic))


def test_b14_previous_secret_until_its_own_expiry(function, items, token):
    old = "o" * 40
    caller = items.caller(previous_client_secret=digest(old), previous_client_secret_expires_at=now() + 60)
    for post in (False, True):
        assert_active(function.introspect(token, caller, post=post))
        assert_active(function.introspect(token, caller.with_secret(old), post=post))
    without_end = items.caller(previous_client_secret=digest(old))
    assert_active(function.introspect(token, without_end))


def test_c01_scheme_without_case(function, caller, token):
    for scheme in ("basic", "BASIC", "bAsIc"):
        assert_active(function.introspect(token, caller, **with_header(caller.basic(scheme))))


def test_c02_c03_id_and_secret_are_form_decoded(function, items, token):
    caller = items.caller("1PpG/Q 1", "z/tZ9VwFZqApmIQ+ZH1I5pLk/uB4ud:X2/8bL+wfFTt1rFw=")
    vector = ("Basic MVBwRyUyRlErMTp6JTJGdFo5VndGWnFBcG1JUSUyQlpIMUk1cExrJTJGdUI0dWQlM0FYMiUyRjhiTCUyQndmRlR0MXJGdyUz"
              "RA==")
    assert_active(function.introspect(token, **with_header(vector)))
    assert caller.basic() == vector


def test_c04_client_id_that_is_a_url(function, items, token):
    assert_active(function.introspect(token, items.caller("https://api.example/x?y=1&z=\u00fc")))


def test_c05_secret_sent_raw(function, items, token):
    for secret in ("plain" * 8, "with+plus/and=" * 3, "ends with 100%" * 3, "a%20b" * 8):
        caller = items.caller(secret=secret)
        assert_active(function.introspect(token, caller, **with_header(caller.raw_basic())))
        assert_active(function.introspect(token, caller))


def test_c05_secret_percent_encoded_with_its_plus_kept(function, items, token):
    for secret in ("with+plus/and=" * 3, "a%20b+c d" * 4, "s \u00e9+%" * 8):
        caller = items.caller(secret=secret)
        encoded = urllib.parse.quote(secret, safe="+")
        assert_active(function.introspect(token, **with_header(basic(f"{caller.id}:{encoded}"))))
        assert_refused(function.introspect(token, **with_header(basic(f"{caller.id}:{encoded}x"))))


def test_c06_unreadable_credentials(function, token):
    for value in ("Basic", "Basic ", "Basic !!!", "Basic abc", basic("no-colon"), basic("a\x00b:c"), basic("a:b\nc"),
                  basic("a%zz:b\x7f")):
        answer = function.introspect(token, **with_header(value))
        assert answer.status == 400, (value, answer.raw)
        assert_error(answer, 400, "invalid_request")


def test_b05_two_mechanisms(function, caller, token):
    answer = function.introspect(token, caller, pairs=[("client_secret", caller.secret)])
    assert_error(answer, 400, "invalid_request")
    assert answer.json["error_description"]
    assertion = [("client_assertion", "a.b.c"), ("client_assertion_type", "x")]
    assert_error(function.introspect(token, caller, pairs=assertion), 400, "invalid_request")
    assert_error(function.introspect(token, caller, post=True, pairs=assertion), 400, "invalid_request")


def test_b06_client_id_beside_basic(function, caller, token):
    assert_active(function.introspect(token, caller, pairs=[("client_id", caller.id)]))
    assert_error(function.introspect(token, caller, pairs=[("client_id", "other")]), 400, "invalid_request")


def test_b07_certificate_is_not_a_second_mechanism(function, caller, token):
    event = events.introspection(token, caller)
    event["requestContext"]["authentication"] = {"clientCert": {
        "clientCertPem": "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----", "subjectDN": "CN=client",
        "issuerDN": "CN=ca", "serialNumber": "1",
        "validity": {"notBefore": "Aug 29 00:28:21 2020 GMT", "notAfter": "Aug  5 00:28:21 2120 GMT"}}}
    assert_active(function.invoke(event))


def test_d05_d06_other_schemes_are_refused(function, token):
    for scheme in ("Bearer", "DPoP", "Digest", "Negotiate"):
        answer = function.introspect(token, **with_header(f"{scheme} {token}"))
        assert answer.status in (400, 401), answer.raw
        assert "active" not in answer.json
    assert_refused(function.introspect(token, pairs=[("access_token", token)]))


def test_b10_client_that_may_not_introspect(function, items, token):
    caller = items.caller(introspection={"allowed": False})
    answers = [function.introspect(any_token, caller) for any_token in (token, "garbage", items.opaque())]
    for answer in answers:
        assert_error(answer, 403, "unauthorized_client")
        assert answer.raw == answers[0].raw
    # A client without the secret does not learn that either.
    assert_refused(function.introspect(token, caller.with_secret("wrong")))


def test_b15_only_wrong_credentials_count_for_the_limit(start, items, token):
    caller, other = items.caller(), items.caller()
    # The limit counts by minutes of the clock, and the test takes a few seconds.
    if (second := time.time() % 60) > 45:
        time.sleep(61 - second)
    with start(FAILED_AUTHENTICATION_LIMIT="3") as function:
        for _ in range(3):
            assert_refused(function.introspect(token, caller.with_secret("wrong")))
        late = function.introspect(token, caller.with_secret("wrong"))
        assert_error(late, 429, "invalid_client")
        assert int(late.headers["retry-after"]) > 0
        assert_active(function.introspect(token, caller))
        # Another client id, and the same one from another address, are counted separately.
        assert_refused(function.introspect(token, other.with_secret("wrong")))
        assert_refused(function.introspect(token, caller.with_secret("wrong"), source="198.51.100.9"))
        again = function.introspect(token, caller.with_secret("wrong"))
        # `Retry-After` may have become shorter in the meantime.
        seconds = re.compile(rb'"retry-after":"\d+"')
        assert seconds.sub(b"", again.raw) == seconds.sub(b"", late.raw)
        assert int(again.headers["retry-after"]) <= int(late.headers["retry-after"])


def test_existing_client_table_works_unchanged(function, items, token):
    caller = items.caller(
        redirect_uris=["https://app.example/cb"], allowed_scopes={"read"}, token_endpoint_auth_method=ABSENT,
        grant_types=["client_credentials"], created_at="2026-01-01", score=b"\x00", disabled=False)
    assert_active(function.introspect(token, caller))
