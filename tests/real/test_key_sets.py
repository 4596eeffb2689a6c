"""Which key judges a token, and when the issuer is asked for its keys again."""

from issuer_site import Site
from tokens import ABSENT, Key, claims, make_key, mint, mint_raw
from verdicts import assert_active, assert_inactive, assert_refused


def test_h13_unknown_kid_is_inactive_when_a_fetch_just_succeeded(site):
    function = site.function()
    assert_active(site.ask(function, site.one))
    for _ in range(3):
        assert_inactive(site.ask(function, site.unknown))
    # Within the cool-down nobody's made-up key id makes the function call out again.
    assert len(site.host.requests) == 1
    # The snapshot's age counts for the cool-down, too: the next environment has no reason to ask either.
    assert_inactive(site.ask(site.function(), site.unknown))
    assert len(site.host.requests) == 1


def test_h13_new_key_is_found_by_one_fetch(site):
    site.snapshot(60, site.one)
    function = site.function()
    assert_active(site.ask(function, site.one))
    assert site.host.requests == []
    assert_active(site.ask(function, site.two))
    assert_inactive(site.ask(function, site.unknown))
    assert len(site.host.requests) == 1


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
    # What was not loaded verifies nothing.
    assert_inactive(function.introspect(mint_raw(small, claims(site.issuer)), site.caller))
    for kid in ("enc", "alg", "ops"):
        assert_inactive(site.ask(function, site.one.named(kid)))
    assert len(site.host.requests) == 1


def test_key_without_alg_takes_the_first_that_fits(start, items, caller, authority):
    site = Site(start, items, caller, authority, algorithms=["PS256", "ES256", "RS256"])
    rsa = make_key("RS256")
    site.host.keys = [rsa.jwk(alg=ABSENT, use=ABSENT)]
    function = site.function()
    assert_inactive(site.ask(function, rsa))
    header = {"alg": "PS256", "typ": "at+jwt", "kid": rsa.kid}
    pss = Key("PS256", rsa.kid, rsa.private)
    assert_active(function.introspect(mint_raw(pss, claims(site.issuer), header), caller))
    site.close()


def test_b11_keys_are_fetched_only_for_authenticated_callers(site):
    function, token = site.function(), mint(site.one, claims(site.issuer))
    forbidden = site.items.caller(introspection={"allowed": False})
    assert_refused(function.introspect(token, site.caller.with_secret("wrong")))
    assert function.introspect(token, forbidden).status == 403
    assert function.introspect(token).status == 401
    assert site.host.requests == []
