"""Which key verifies a token, and when an issuer's keys are fetched again."""

import json

import pytest

from issuer_site import Site
from tokens import ABSENT, Key, claims, make_key, mint, mint_raw, now
from verdicts import assert_active, assert_inactive, assert_refused, assert_unavailable


def test_h13_unknown_kid_is_inactive_if_the_set_was_just_fetched(site):
    function, begin = site.function(), now()
    assert_active(site.ask(function, site.one))
    for _ in range(3):
        assert_inactive(site.ask(function, site.unknown))
    # The snapshot's age counts as well, so the next environment does not fetch either.
    assert_inactive(site.ask(site.function(), site.unknown))
    # One fetch is allowed, and another one for each second that has begun since.
    assert len(site.host.requests) <= 1 + now() - begin


@pytest.mark.parametrize("age, found", [(60, True), (2, True), (-2, False)])
def test_h13_new_key_is_found_by_one_fetch_if_the_set_is_not_just_fetched(site, age, found):
    function = site.function()
    site.snapshot(age, site.one)
    assert_active(site.ask(function, site.one))
    assert site.host.requests == []
    begin = now()
    answer = site.ask(function, site.two)
    if not found:
        assert_inactive(answer)
        assert site.host.requests == []
        return
    assert_active(answer)
    assert_inactive(site.ask(function, site.unknown))
    assert 1 <= len(site.host.requests) <= 1 + now() - begin


def test_h14_key_replaced_under_the_same_kid(site):
    replaced = make_key("ES256").named(site.one.kid)
    site.host.keys = [replaced.jwk()]
    site.snapshot(60, site.one)
    function = site.function()
    assert_active(site.ask(function, replaced))
    assert_inactive(site.ask(function, site.one))
    assert len(site.host.requests) == 1


def test_one_bad_entry_never_loses_the_set(site):
    good, small = site.one.jwk(), make_key("RS256", bits=1024)
    odd = [
        None, 1, "x", [], {}, {"kty": 1}, {"kty": "XX", "kid": "x"}, {"kty": "EC", "kid": "x"},
        {**good, "crv": "P-256K", "kid": "x"}, {**good, "x": "AA", "kid": "x"}, {**good, "y": good["x"], "kid": "y"},
        {"kty": "oct", "k": "c2VjcmV0", "kid": "oct"}, {**good, "kid": ["x"]}, {**good, "kid": "enc", "use": "enc"},
        {**good, "kid": "ops", "key_ops": ["sign"]}, {**good, "kid": "alg", "alg": "RS256"}, small.jwk(),
    ]
    site.host.keys = odd + site.host.keys
    function = site.function()
    assert_active(site.ask(function, site.one))
    assert_active(site.ask(function, site.two))
    # A key that was not loaded verifies nothing.
    assert_inactive(function.introspect(mint_raw(small, claims(site.issuer)), site.caller))
    begin = now()
    for kid in ("enc", "alg", "ops"):
        assert_inactive(site.ask(function, site.one.named(kid)))
    # A published key that could not be read may have made the signature.
    for kid in ("x", "y", None):
        assert_unavailable(site.ask(function, site.unknown.named(kid)))
    assert len(site.host.requests) <= 2 + now() - begin
    lines = [json.loads(line) for line in function.output().splitlines() if '"key_dropped"' in line]
    assert {"not_on_curve", "symmetric", "use_not_sig", "rsa_size", "not_an_object"} <= {line["cause"] for line in lines}


def test_h30_key_without_alg_serves_each_allowed_algorithm_that_fits(start, items, caller, authority):
    rsa = make_key("RS256")
    pss = Key("PS256", rsa.kid, rsa.private)
    for algorithms, served in ((["PS256", "ES256", "RS256"], {"PS256", "RS256"}), (["PS256"], {"PS256"})):
        site = Site(start, items, caller, authority, algorithms=algorithms)
        site.host.keys = [rsa.jwk(alg=ABSENT, use=ABSENT)]
        function = site.function()
        for key in (rsa, pss):
            header = {"alg": key.algorithm, "typ": "at+jwt", "kid": rsa.kid}
            answer = function.introspect(mint_raw(key, claims(site.issuer), header), caller)
            assert_active(answer) if key.algorithm in served else assert_inactive(answer)
        site.close()


def test_h15_h31_searches_that_a_limit_stopped_are_503(site):
    # 16 keys without kid are tried, and the first 100 of a set are loaded.
    nameless = [make_key("ES256").named(None) for _ in range(17)]
    site.host.keys = [key.jwk() for key in nameless]
    function = site.function()
    assert_active(site.ask(function, nameless[0]))
    assert_active(site.ask(function, nameless[15]))
    assert_unavailable(site.ask(function, nameless[16]))
    site.host.keys = [make_key("EdDSA", f"k-{number}").jwk() for number in range(100)] + [site.one.jwk()]
    site.items.client.delete_item(TableName="oauth-introspection-state", Key={"id": {"S": f"jwks#{site.issuer}"}})
    assert_unavailable(site.ask(site.function(), site.one))
    assert site.stored()["truncated"] is True


def test_b11_keys_are_fetched_only_for_authenticated_callers(site):
    function, token = site.function(), mint(site.one, claims(site.issuer))
    forbidden = site.items.caller(introspection={"allowed": False})
    assert_refused(function.introspect(token, site.caller.with_secret("wrong")))
    assert function.introspect(token, forbidden).status == 403
    assert function.introspect(token).status == 401
    # No fetch happens either if the caller may not see the token anyway.
    for policy in ({"audiences": ["https://elsewhere.example"]}, {"issuers": []}, {"token_types": ["refresh_token"]}):
        assert_inactive(function.introspect(token, site.items.caller(introspection=policy)))
    assert site.host.requests == []
