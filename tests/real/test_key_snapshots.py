"""The snapshot of an issuer's keys in the state table: one fetch serves all environments, if it is complete and fresh."""

import json
import threading

import jwt
import pytest

from tokens import ABSENT, claims, make_key, now
from verdicts import assert_active, assert_inactive, assert_unavailable

HOUR = 3600


def test_fleet_of_cold_starts_costs_one_fetch(site):
    for _ in range(3):
        function = site.function()
        for key in (site.one, site.two, site.one):
            assert_active(site.ask(function, key))
    assert site.host.requests == ["/jwks.json"]


def test_h27_snapshot_holds_public_members_of_loaded_keys(site):
    leaky = make_key("ES256")
    site.host.keys += [leaky.private_jwk(), {"kty": "oct", "k": "c2VjcmV0", "kid": "oct"}, {"kty": "?"}]
    assert_active(site.ask(site.function(), site.one))
    stored = site.stored()
    keys = json.loads(stored["jwks"])["keys"]
    assert {site.one.kid, site.two.kid} <= {key["kid"] for key in keys} <= {site.one.kid, site.two.kid, leaky.kid}
    assert not [key for key in keys if {"d", "p", "q", "dp", "dq", "qi", "k"} & key.keys()]
    assert stored["jwks_uri"] == site.host.url
    assert abs(int(stored["fetched_at"]) - now()) < 10


def test_h31_snapshot_names_the_keys_that_could_not_be_read(site):
    site.host.keys += [site.unknown.jwk(x="AA"), make_key("ES256").jwk(use="enc")]
    assert_unavailable(site.ask(site.function(), site.unknown))
    stored = site.stored()
    assert stored["unreadable"] == [site.unknown.kid] and "truncated" not in stored


@pytest.mark.parametrize("gap", [{"truncated": True}, {"unreadable": ["the-unknown-one"]}], ids=str)
def test_h31_environment_with_only_the_snapshot_knows_what_it_lacks(site, gap):
    unknown = site.unknown.named("the-unknown-one")
    # Such a young snapshot is not fetched again, so the environment has nothing else.
    for more, check in (({}, assert_inactive), (gap, assert_unavailable)):
        site.snapshot(-2, **more)
        function = site.function()
        check(site.ask(function, unknown))
        assert_active(site.ask(function, site.one))
    assert site.host.requests == []


def test_snapshot_of_a_running_process_survives_the_host(site):
    assert_active(site.ask(site.function(), site.one))
    site.fail("down")
    assert_active(site.ask(site.function(), site.two))


def test_h16_snapshot_older_than_a_day_is_not_used(site):
    site.fail("down")
    site.snapshot(23 * HOUR)
    assert_active(site.ask(site.function(), site.one))
    site.snapshot(25 * HOUR)
    assert_unavailable(site.ask(site.function(), site.one))


def test_h17_removed_key_stops_at_the_next_refresh(site):
    site.snapshot(301)
    site.host.keys = [site.two.jwk()]
    function, begin = site.function(), now()
    # The old set may be used while the new one is fetched, but not for long.
    answers = [site.ask(function, site.one) for _ in range(3)]
    assert_inactive(answers[-1])
    assert_active(site.ask(function, site.two))
    # The removed key has an unknown `kid` now, which may cause a fetch in each second.
    assert 1 <= len(site.host.requests) <= 1 + now() - begin
    assert site.one.kid not in site.stored()["jwks"]
    assert_inactive(site.ask(site.function(), site.one))


def test_h17_refresh_time_is_a_setting(site):
    site.snapshot(100)
    assert_active(site.ask(site.function(), site.one))
    assert site.host.requests == []
    function = site.function(JWKS_REFRESH_SECONDS="60")
    for _ in range(2):
        assert_active(site.ask(function, site.one))
    assert len(site.host.requests) == 1


def test_h17_stale_environment_never_overwrites_a_newer_snapshot(site):
    site.snapshot(301)
    site.host.mode = "slow"
    function = site.function()

    def another_environment():
        site.host.asked.wait(5)
        # Thirty seconds ahead, so that no rounding of the clock makes it the older one.
        site.snapshot(-30, site.two)

    thread = threading.Thread(target=another_environment)
    thread.start()
    for _ in range(3):
        site.ask(function, site.one)
    thread.join()
    assert site.one.kid not in site.stored()["jwks"]


def test_h27_snapshot_with_another_jwks_uri_is_ignored(site):
    planted = make_key("ES256")
    site.snapshot(1, planted, jwks_uri="https://elsewhere.example/jwks.json")
    function = site.function()
    assert_active(site.ask(function, site.one))
    assert len(site.host.requests) == 1
    assert_inactive(site.ask(function, planted))


CORRUPT = {"jwks": "S", "jwks_uri": "S", "fetched_at": "N"}


@pytest.mark.parametrize("name, value", [
    (name, value) for name in CORRUPT for value in (1, "x", True, ["x"], {"x": "x"}, {"x"}, b"x", None, ABSENT, "")
] + [("jwks", '{"keys":"x"}'), ("jwks", "{"), ("jwks", "[]")], ids=repr)
def test_h27_g11_corrupt_snapshot_is_ignored(site, name, value):
    site.fail("down")
    site.snapshot(1, **{name: value})
    function = site.function()
    assert_unavailable(site.ask(function, site.one))


def test_g11_corrupt_snapshot_does_not_stop_the_fetch(site):
    for name in CORRUPT:
        site.snapshot(1, **{name: {"x"}})
        assert_active(site.ask(site.function(), site.one))


def test_h06_snapshot_cannot_turn_a_public_key_into_a_secret(site):
    public = site.one.jwk()
    symmetric = {"kty": "oct", "k": public["x"], "kid": "oct", "alg": "HS256"}
    site.snapshot(1, site.one, symmetric)
    token = jwt.encode(claims(site.issuer), b"x" * 32, "HS256", headers={"kid": "oct", "typ": "at+jwt"})
    function = site.function()
    assert_inactive(function.introspect(token, site.caller))
    assert_active(site.ask(function, site.one))
