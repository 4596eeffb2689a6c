"""Revocation: each mark of the contract, for JWTs and for opaque tokens, with every attribute of a mark."""

import pytest

from items import Items
from settings import GENERIC, KEYS, NAMELESS_KEY, OTHER, OWN, RFC9068
from tokens import ABSENT, claims, digest, mint, now, signing_input_digest
from verdicts import assert_active, assert_inactive

ISSUED, LOGGED_IN = now() - 100, now() - 1000


class Jwt:
    """A JWT access token with everything that a mark can name."""

    def __init__(self, items: Items, **changes):
        usual = {"token_use": "access", "iat": ISSUED, "auth_time": LOGGED_IN, "sid": "s-1", "grant_id": "g-1"}
        c = claims(GENERIC, **{**usual, **changes})
        self.token = mint(KEYS["RS256"], c, "JWT")
        self.marks = {
            "jti": f"jti#{GENERIC}#{c['jti']}" if "jti" in c else f"jwt#{signing_input_digest(self.token)}",
            "kid": f"kid#{GENERIC}#{KEYS['RS256'].kid}", "grant": f"grant#{GENERIC}#g-1", "sid": f"sid#{GENERIC}#s-1",
            "sub": f"sub#{GENERIC}#{c['sub']}", "client": f"client#{GENERIC}#{c['client_id']}", "iss": f"iss#{GENERIC}",
        }


class Opaque:
    """An opaque access token of our own issuer, whose record therefore needs no `iss`."""

    def __init__(self, items: Items, **changes):
        record = {"sub": "u-1", "client_id": "c-1", "iat": ISSUED, "sid": "s-1", "grant_id": "g-1",
                  "claims": {"auth_time": LOGGED_IN}, **changes}
        self.token = items.opaque(**record)
        self.marks = {
            "revoked": f"revoked#{digest(self.token)}", "grant": f"grant#{OWN}#g-1", "sid": f"sid#{OWN}#s-1",
            "sub": f"sub#{OWN}#u-1", "client": f"client#{OWN}#c-1", "iss": f"iss#{OWN}",
        }


# The presence of these is enough; the others may have `not_before`.
BARE = {Jwt: ("jti", "kid"), Opaque: ("revoked",)}
DATED = ("grant", "sid", "sub", "client", "iss")
ALL_DATED = [pytest.param(kind, name, id=f"{kind.__name__}-{name}") for kind in (Jwt, Opaque) for name in DATED]
ALL = [pytest.param(kind, name, id=f"{kind.__name__}-{name}") for kind in (Jwt, Opaque) for name in BARE[kind] + DATED]


def check(function, caller, items, subject, name, active, **attributes):
    """The token is active, then it is marked, and the very next request must return the verdict."""
    items.mark(subject.marks[name], **attributes)
    answer = function.introspect(subject.token, caller)
    assert_active(answer) if active else assert_inactive(answer)
    items.unmark(subject.marks[name])


@pytest.mark.parametrize("kind, name", ALL)
def test_g03_g13_each_mark_revokes_at_the_next_request(function, caller, items, kind, name):
    subject = kind(items)
    assert_active(function.introspect(subject.token, caller))
    check(function, caller, items, subject, name, active=False)
    assert_active(function.introspect(subject.token, caller))


def test_g03_h12_jwt_without_jti_is_named_by_its_signing_input(function, caller, items):
    subject = Jwt(items, jti=ABSENT)
    assert_active(function.introspect(subject.token, caller))
    check(function, caller, items, subject, "jti", active=False)


def test_g13_kid_mark_does_not_affect_other_keys(function, caller, items):
    items.mark(f"kid#{RFC9068}#{KEYS['ES256'].kid}")
    assert_inactive(function.introspect(mint(KEYS["ES256"], claims(RFC9068, iat=now())), caller))
    assert_active(function.introspect(mint(KEYS["RS256"], claims(RFC9068)), caller))
    assert_active(function.introspect(mint(NAMELESS_KEY, claims(RFC9068)), caller))


def test_g13_h15_kid_mark_revokes_tokens_that_do_not_name_the_key(function, proxy, caller, items):
    token = mint(KEYS["EdDSA"].named(None), claims(RFC9068))
    assert_active(function.introspect(token, caller))
    items.mark(f"kid#{RFC9068}#{KEYS['EdDSA'].kid}")
    with proxy.watch() as calls:
        assert_inactive(function.introspect(token, caller))
    assert len(calls) == 1


@pytest.mark.parametrize("kind, name", ALL_DATED)
def test_not_before_revokes_tokens_issued_until_then(function, caller, items, kind, name):
    # The login is as old as the token, so that the other rule of `sub#` makes no difference.
    subject = kind(items, **({"auth_time": ISSUED} if kind is Jwt else {"claims": {"auth_time": ISSUED}}))
    for not_before, active in ((ISSUED - 1, True), (ISSUED, False), (ISSUED + 1, False), (now() + 99, False)):
        check(function, caller, items, subject, name, active, not_before=not_before, reason="r", expires_at=now() + 9)


@pytest.mark.parametrize("kind, name", ALL_DATED)
def test_not_before_revokes_a_token_without_iat(function, caller, items, kind, name):
    check(function, caller, items, kind(items, iat=ABSENT), name, active=False, not_before=1)


@pytest.mark.parametrize("kind", [Jwt, Opaque])
def test_g12_sub_mark_revokes_tokens_refreshed_since(function, caller, items, kind):
    subject = kind(items)
    # The user logged in before the mark and the token was refreshed after it, so it belongs to an ended login.
    check(function, caller, items, subject, "sub", active=False, not_before=LOGGED_IN)
    check(function, caller, items, subject, "sub", active=False, not_before=ISSUED - 1)
    check(function, caller, items, subject, "sub", active=True, not_before=LOGGED_IN - 1)
    # Only that mark compares the login.
    for name in ("grant", "sid", "client", "iss"):
        check(function, caller, items, subject, name, active=True, not_before=LOGGED_IN)


@pytest.mark.parametrize("kind", [Jwt, Opaque])
def test_g12_sub_mark_can_except_one_session(function, caller, items, kind):
    for not_before in ({}, {"not_before": now()}):
        check(function, caller, items, kind(items), "sub", active=True, except_sid="s-1", **not_before)
        check(function, caller, items, kind(items), "sub", active=False, except_sid="s-2", **not_before)
    check(function, caller, items, Opaque(items, sid=ABSENT), "sub", active=False, except_sid="s-1")


@pytest.mark.parametrize("kind", [Jwt, Opaque])
def test_g12_no_other_mark_can_except_a_session(function, caller, items, kind):
    subject = kind(items)
    for name in subject.marks.keys() - {"sub"}:
        check(function, caller, items, subject, name, active=False, except_sid="s-1")


@pytest.mark.parametrize("kind", [Jwt, Opaque])
def test_the_presence_of_some_marks_is_enough(function, caller, items, kind):
    for name in BARE[kind]:
        check(function, caller, items, kind(items), name, active=False, not_before=1)


def test_marks_of_another_issuer_mean_nothing(function, caller, items):
    for subject, issuer in ((Jwt(items), GENERIC), (Opaque(items), OWN)):
        for key in subject.marks.values():
            elsewhere = key.replace(issuer, OTHER)
            if elsewhere != key:
                items.mark(elsewhere)
        assert_active(function.introspect(subject.token, caller))


def test_last_part_of_a_key_may_contain_the_separator(function, caller, items):
    subject = Jwt(items, sub="a#b#", jti="#x#")
    assert_active(function.introspect(subject.token, caller))
    check(function, caller, items, subject, "sub", active=False)
    check(function, caller, items, subject, "jti", active=False)


def test_mark_revokes_after_its_expires_at(function, caller, items):
    # DynamoDB may delete items late, and no decision reads the attribute.
    check(function, caller, items, Jwt(items), "sid", active=False, expires_at=now() - 1000)


def test_token_that_no_mark_could_name_is_inactive(function, caller):
    # A DynamoDB key has at most 2,048 bytes, so a token with a longer identifier could not be revoked.
    for name in ("sub", "jti", "sid", "client_id", "grant_id"):
        token = claims(GENERIC, token_use="access", **{name: "x" * 2040})
        assert_inactive(function.introspect(mint(KEYS["RS256"], token, "JWT"), caller))
