"""An issuer's key host fails, or is not the right one: the answer is 503 or uses the stored keys, but is never wrong."""

import pytest

from issuer_site import Site
from items import STATE
from key_host import Authority
from tokens import ABSENT, claims, mint, now
from verdicts import assert_active, assert_inactive, assert_unavailable

FAILURES = ["down", "server_error", "not_found", "hang", "redirect", "garbage", "not_a_set", "huge", "endless",
            "truncated"]
HOUR = 3600


@pytest.mark.parametrize("failure", FAILURES)
def test_g08_cold_start_verifies_from_the_snapshot_while_the_host_fails(site, failure):
    site.snapshot(2 * HOUR)
    site.fail(failure)
    function = site.function()
    for _ in range(2):
        answer = site.ask(function, site.one)
        assert_active(answer)
        assert answer.seconds < 2
    # Only the host could tell whether this key exists.
    assert_unavailable(site.ask(function, site.unknown))
    assert_inactive(site.ask(function, site.one, exp=now() - 1))


@pytest.mark.parametrize("failure", FAILURES)
def test_g08_no_snapshot_and_no_host_is_503(site, failure):
    site.fail(failure)
    function = site.function()
    assert_unavailable(site.ask(function, site.one))
    assert_unavailable(site.ask(function, site.unknown))
    # For 30 s after the failure, no request tries again, and a revoked token is 503 as well.
    payload = claims(site.issuer)
    site.items.mark(f"jti#{site.issuer}#{payload['jti']}")
    answer = function.introspect(mint(site.one, payload), site.caller)
    assert_unavailable(answer)
    assert 20 <= int(answer.headers["retry-after"]) <= 30
    assert len(site.host.requests) <= 1
    # The token's own form and times are judged without any key.
    assert_inactive(site.ask(function, site.one, exp=now() - 1))
    assert site.stored() is None


def test_a22_hanging_host_and_little_time(site):
    site.fail("hang")
    function = site.function()
    token = mint(site.one, claims(site.issuer))
    assert_unavailable(function.introspect(token, site.caller, seconds=1), within=1.0)


def test_redirects_are_not_followed(site):
    site.fail("redirect")
    assert_unavailable(site.ask(site.function(), site.one))
    assert site.host.requests == ["/jwks.json"]


def test_certificate_of_an_untrusted_authority_is_refused(start, items, caller, tmp_path):
    site = Site(start, items, caller, Authority(tmp_path / "stranger"))
    assert_unavailable(site.ask(site.function(), site.one))
    assert site.host.requests == []
    site.close()


def test_plain_http_on_loopback_is_allowed_for_development(plain_site):
    assert_active(plain_site.ask(plain_site.function(), plain_site.one))


def test_one_failing_issuer_does_not_affect_the_others(start, items, caller, authority):
    good, bad = (Site(start, items, caller, authority) for _ in range(2))
    bad.fail("hang")
    with start([good.entry, bad.entry]) as function:
        assert_unavailable(bad.ask(function, bad.one))
        assert_active(good.ask(function, good.one))
        assert_inactive(function.introspect("unknown", caller))
    good.close(), bad.close()


def discovered(site, path="/.well-known/openid-configuration", **changes):
    """Makes the host itself the issuer, whose metadata name the location of the keys."""
    site.issuer = site.host.base
    site.items.written.append((STATE, f"jwks#{site.issuer}"))
    site.entry.update(issuer=site.issuer, jwks_uri=ABSENT)
    site.host.documents[path] = {"issuer": site.issuer, "jwks_uri": site.host.url, **changes}


@pytest.mark.parametrize("path", ["/.well-known/openid-configuration", "/.well-known/oauth-authorization-server"])
def test_keys_are_discovered_from_the_issuers_metadata(site, path):
    discovered(site, path)
    assert_active(site.ask(site.function(), site.one))


@pytest.mark.parametrize("changes", [{"issuer": "https://other.example"}, {"issuer": None}, {"jwks_uri": None},
                                     {"jwks_uri": "jwks.json"}], ids=repr)
def test_metadata_that_name_another_issuer_are_refused(site, changes):
    discovered(site, **changes)
    assert_unavailable(site.ask(site.function(), site.one))
    assert "/jwks.json" not in site.host.requests


@pytest.mark.parametrize("place", ["http://192.0.2.1/jwks.json", "http://127.0.0.1.example.com/jwks.json",
                                   "file:///etc/passwd"])
def test_h13_discovered_jwks_uri_must_be_https(site, place):
    discovered(site, jwks_uri=place)
    function = site.function()
    assert_unavailable(site.ask(function, site.one), within=1.0)
    assert "insecure_jwks_uri" in function.output()


def test_discovered_jwks_uri_of_an_issuer_on_loopback_may_be_plain_http_on_loopback(site, plain_site):
    plain_site.host.keys = site.host.keys
    discovered(site, jwks_uri=plain_site.host.url)
    assert_active(site.ask(site.function(), site.one))
    assert plain_site.host.requests == ["/jwks.json"]
