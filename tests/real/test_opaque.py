"""Opaque tokens: records that an authorization server wrote, found by the digest of the token."""

import json
from decimal import Decimal

import pytest

import events
from items import TOKENS
from settings import GENERIC, OWN, RFC9068
from tokens import ABSENT, digest, now
from verdicts import assert_active, assert_inactive

REFRESH = {"token_type": "refresh_token"}
SHOWS_REFRESH = {"token_types": ["access_token", "refresh_token"]}


def test_a01_active_opaque_token_shows_every_member(function, caller, items):
    record = {
        "client_id": "app", "sub": "user-1", "scope": "read write", "aud": ["https://api.example.com", "x"],
        "iss": RFC9068, "iat": now() - 9, "exp": now() + 600, "nbf": now() - 9, "jti": "j", "sid": "s",
        "username": "ada", "cnf": {"x5t#S256": "bwcK0esc3ACC3DB2Y5_lESsXE8o9ltc05O89jdN-dg2"},
    }
    more = {
        "act": {"sub": "service"}, "acr": "silver", "auth_time": 1_700_000_000,
        "authorization_details": [{"type": "payment"}], "roles": ["admin"], "level": 3, "ratio": Decimal("2.5"),
    }
    # The record's own attributes win, and no claim can set `active` or `token_type`.
    overruled = {"sub": "root", "client_id": "root", "active": False, "token_type": "x", "exp": 1}
    token = items.opaque(**record, grant_id="never shown", claims={**more, **overruled}, something_new=b"ignored")
    shown = assert_active(function.introspect(token, caller))
    assert shown == {"active": True, "token_type": "Bearer", "binding": "not_presented", **record, **more, "ratio": 2.5}


def test_j18_k01_opaque_token_bound_to_a_dpop_key(function, caller, items):
    shown = assert_active(function.introspect(items.opaque(cnf={"jkt": "thumbprint"}), caller))
    assert (shown["token_type"], shown["cnf"]) == ("DPoP", {"jkt": "thumbprint"})


@pytest.mark.parametrize("aud", ["https://api.example.com", ["https://api.example.com"], {"https://api.example.com"}],
                         ids=["S", "L", "SS"])
def test_h20_audience_of_each_type(function, items, aud):
    reader = items.caller(introspection={"audiences": ["https://api.example.com"]})
    shown = assert_active(function.introspect(items.opaque(aud=aud), reader))
    assert shown["aud"] in ("https://api.example.com", ["https://api.example.com"])


def test_record_without_iss_belongs_to_our_own_issuer(function, caller, items):
    shown = assert_active(function.introspect(items.opaque(), caller))
    assert shown.get("iss", OWN) == OWN


@pytest.mark.parametrize("changes", [
    pytest.param(lambda: {"exp": now() - 1}, id="g07-expired-and-still-there"),
    pytest.param(lambda: {"exp": now()}, id="g01-expires-this-second"),
    pytest.param(lambda: {"nbf": now() + 60}, id="g02-not-yet-valid"),
    pytest.param(lambda: {"iat": now() + 60}, id="g02-issued-in-the-future"),
    pytest.param(lambda: {"revoked": True}, id="g03-revoked-attribute"),
    pytest.param(lambda: {"iss": "https://stranger.example"}, id="g06-issuer-that-nobody-trusts"),
    pytest.param(lambda: {"token_type": "id_token"}, id="g06-no-token-of-ours"),
    pytest.param(lambda: {"token_type": "Bearer"}, id="g06-type-of-the-wire"),
])
def test_token_is_inactive_because_of_its_record(function, caller, items, changes):
    assert_inactive(function.introspect(items.opaque(**changes()), caller))


def test_g07_expires_at_decides_nothing(function, caller, items):
    assert_active(function.introspect(items.opaque(expires_at=now() - 1000), caller))
    assert_active(function.introspect(items.opaque(revoked=False), caller))


def test_g06_unknown_opaque_token_is_inactive(function, caller, items):
    token = items.opaque()
    # Neither the digest of a token nor a key of the table is a token.
    for other in ("unknown", digest(token), f"token#{digest(token)}", token + "x", token.upper()):
        assert_inactive(function.introspect(other, caller))


def test_o05_digest_is_of_the_token_after_form_decoding(function, caller, items):
    token = "with+plus /slash%25&amp=\u00fc"
    items.put(TOKENS, f"token#{digest(token)}", token_type="access_token", client_id="app", exp=now() + 60)
    assert_active(function.introspect(token, caller))


def test_i04_j17_j18_refresh_token_for_its_own_client(function, items):
    owner = items.caller(introspection=SHOWS_REFRESH)
    end = now() + 600
    token = items.opaque(**REFRESH, client_id=owner.id, exp=end, aud=ABSENT)
    shown = assert_active(function.introspect(token, owner))
    assert (shown["client_id"], shown["exp"]) == (owner.id, end)
    assert "token_type" not in shown


def test_j16_refresh_token_without_expiry_has_no_exp(function, items):
    owner = items.caller(introspection=SHOWS_REFRESH)
    shown = assert_active(function.introspect(items.opaque(**REFRESH, client_id=owner.id, exp=ABSENT), owner))
    assert "exp" not in shown


def test_i04_refresh_token_is_hidden_unless_the_policy_lists_it(function, items):
    owner = items.caller()
    only_access = items.caller(introspection={"token_types": {"access_token"}})
    for client in (owner, only_access):
        assert_inactive(function.introspect(items.opaque(**REFRESH, client_id=client.id), client))


def test_i04_refresh_token_is_hidden_from_other_clients(function, items):
    owner = items.caller(introspection=SHOWS_REFRESH)
    other = items.caller(introspection={**SHOWS_REFRESH, "mode": "report", "audiences": ["https://api.example.com"]})
    token = items.opaque(**REFRESH, client_id=owner.id)
    assert_inactive(function.introspect(token, other))
    assert_active(function.introspect(token, owner))


def test_i04_same_client_id_at_another_issuer_is_another_client(function, items):
    # Without an issuer of its own, a client belongs to ISSUER and to the first of TRUSTED_ISSUERS.
    owner = items.caller(introspection=SHOWS_REFRESH)
    assert_active(function.introspect(items.opaque(**REFRESH, client_id=owner.id, iss=RFC9068), owner))
    assert_inactive(function.introspect(items.opaque(**REFRESH, client_id=owner.id, iss=GENERIC), owner))
    theirs = items.caller(introspection=SHOWS_REFRESH, issuer=RFC9068)
    assert_active(function.introspect(items.opaque(**REFRESH, client_id=theirs.id, iss=RFC9068), theirs))
    assert_inactive(function.introspect(items.opaque(**REFRESH, client_id=theirs.id), theirs))


def test_i04_refresh_token_needs_no_audience(function, items):
    owner = items.caller(introspection={**SHOWS_REFRESH, "audiences": ["https://elsewhere.example"]})
    assert_active(function.introspect(items.opaque(**REFRESH, client_id=owner.id), owner))


def test_i04_refresh_token_expires_and_is_revoked_like_any_other(function, items):
    owner = items.caller(introspection=SHOWS_REFRESH)
    for changes in ({"exp": now() - 1}, {"revoked": True}, {"nbf": now() + 60}):
        assert_inactive(function.introspect(items.opaque(**REFRESH, client_id=owner.id, **changes), owner))


@pytest.mark.parametrize("claim, fit, too_many", [("x" * 300_000, 20, 21), ('"' * 150_000, 10, 11)])
def test_a01_a_batch_whose_answers_are_longer_than_lambda_returns_is_413(function, caller, items, claim, fit, too_many):
    # A quotation mark takes two bytes of the answer, and four of what Lambda returns.
    tokens = [items.opaque(claims={"large": claim}) for _ in range(too_many)]

    def ask(count):
        body = json.dumps({"tokens": tokens[:count]})
        return function.invoke(events.http_api(
            path="/token/introspect/batch", body=body,
            headers={"authorization": caller.basic(), "content-type": "application/json"},
        ))

    answer = ask(fit)
    assert [shown["active"] for shown in answer.json["results"]] == [True] * fit
    assert len(answer.raw) < 6 * 1024 * 1024
    answer = ask(too_many)
    assert (answer.status, answer.json) == (413, {
        "error": "invalid_request",
        "error_description": "the answer is too large; introspect fewer tokens at once",
    })
