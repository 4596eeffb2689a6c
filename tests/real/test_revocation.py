"""/token/revoke: the next introspection is inactive, and existing marks keep their attributes."""

import secrets

import pytest

from items import TOKENS, Caller
from settings import GENERIC, KEYS, RFC9068
from tokens import ABSENT, claims, digest, mint, now, signing_input_digest
from verdicts import assert_active, assert_inactive, assert_refused

PATH = "/token/revoke"


@pytest.fixture(params=["confidential", "public"])
def owner(request, items):
    """A client, and what identifies it in a request: a secret, or its id only."""
    if request.param == "confidential":
        return items.caller(), []
    client = Caller(f"app-{secrets.token_hex(6)}", "")
    items.caller(client.id, client_secret=ABSENT, token_endpoint_auth_method="none")
    return client, [("client_id", client.id)]


def revoke(function, owner, token):
    client, pairs = owner
    answer = function.introspect(token, None if pairs else client, path=PATH, pairs=pairs)
    assert (answer.status, answer.body) == (200, ""), answer.raw


def tokens(items, client):
    """A token of each kind of that client, with the id of its mark."""
    jwt = claims(RFC9068, client_id=client)
    own = items.opaque(client_id=client)
    return [(mint(KEYS["ES256"], jwt), f"jti#{RFC9068}#{jwt['jti']}"), (own, f"revoked#{digest(own)}")]


def test_n02_n04_a_client_revokes_its_own_tokens(function, items, caller, owner):
    for token, mark in tokens(items, owner[0].id):
        items.written.append((TOKENS, mark))
        assert_active(function.introspect(token, caller))
        for _ in range(2):
            revoke(function, owner, token)
            assert_inactive(function.introspect(token, caller))
        assert items.get(TOKENS, mark)


def test_n02_tokens_of_others_stay_active_and_the_log_says_so(function, items, caller, owner):
    theirs = mint(KEYS["ES256"], claims(GENERIC, token_use="access", client_id=owner[0].id), "JWT")
    for token in (theirs, items.opaque(), mint(KEYS["ES256"], claims(RFC9068))):
        before = len(function.output())
        revoke(function, owner, token)
        assert '"revocation_ignored"' in function.output()[before:]
        assert_active(function.introspect(token, caller))


def test_n02_only_public_clients_need_no_secret_and_only_to_revoke(function, items, caller):
    public = items.caller(client_secret=ABSENT, token_endpoint_auth_method="none")
    confidential = items.caller()
    [(token, _), *_] = tokens(items, confidential.id)
    assert_refused(function.introspect(token, path=PATH, pairs=[("client_id", confidential.id)]), scheme=None)
    assert_refused(function.introspect(token, pairs=[("client_id", public.id)]), scheme=None)
    assert_active(function.introspect(token, caller))


def test_g15_a_jwt_without_jti_is_revoked_by_its_signing_input(function, items, caller):
    owner = items.caller(issuer=GENERIC)
    token = mint(KEYS["RS256"], claims(GENERIC, token_use="access", client_id=owner.id, jti=ABSENT), "JWT")
    mark = f"jwt#{signing_input_digest(token)}"
    items.written.append((TOKENS, mark))
    revoke(function, (owner, []), token)
    assert items.get(TOKENS, mark)
    assert_inactive(function.introspect(token, caller))


def test_g16_an_operators_mark_keeps_its_attributes(function, items, caller, owner):
    for token, mark in tokens(items, owner[0].id):
        items.mark(mark, reason="stolen", ticket="T-1", expires_at=now() + 9)
        revoke(function, owner, token)
        stored = items.get(TOKENS, mark)
        assert (stored["reason"], stored["ticket"]) == ("stolen", "T-1")
        assert stored.get("expires_at", 1 << 40) > now() + 500
        assert_inactive(function.introspect(token, caller))
