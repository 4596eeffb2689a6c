"""Answers that must look the same do not differ by their time either: a rank test over pairs, in turn.

For each pair of cases, the share of pairs in which the first answer came later is near one half if the cases cannot be told
apart. The interval is that of 95 %; what the machine does besides widens it equally for both.
"""

import itertools
import os
import random

import pytest

from conftest import ISSUER
from items import CLIENTS, Caller
from tokens import claims, digest, forged, key_set, make_key, mint, now

PAIRS = int(os.environ.get("TIMED_PAIRS", "300"))
# A difference that one request in ten shows would be of use to an attacker.
SHARE = 0.05
# An item that exists takes longer to arrive and to be read than one that does not. The reads are the same.
SHARE_OF_AN_ITEM = 0.15


def compare(name, first, second):
    later, equal = 0, 0
    for _ in range(PAIRS):
        order = random.sample([0, 1], 2)
        seconds = {which: (first, second)[which]() for which in order}
        later += seconds[0] > seconds[1]
        equal += seconds[0] == seconds[1]
    share = (later + equal / 2) / PAIRS
    interval = 1.96 * (0.25 / PAIRS) ** 0.5
    print(f"{name}: {share:.3f} ± {interval:.3f}")
    return share, interval


@pytest.fixture
def clients(items):
    """Clients that are all refused, each for another reason."""
    many = [make_key("ES256") for _ in range(8)]
    wrong = "wrong-secret-of-thirty-two-characters"
    items.put(CLIENTS, "public", token_endpoint_auth_method="none")
    items.put(CLIENTS, "disabled", client_secret=digest(wrong), disabled=True)
    items.put(CLIENTS, "many-keyed", token_endpoint_auth_method="private_key_jwt", jwks=str(key_set(*many)).replace("'", '"'))
    known = items.caller()
    return {name: Caller(id, wrong) for name, id in {
        "unknown": "no-such-client", "wrong secret": known.id, "public": "public", "disabled": "disabled",
        "many-keyed": "many-keyed"}.items()}


def test_o02_clients_that_are_refused_cannot_be_told_apart(deployment, clients):
    def ask(caller):
        answer = deployment.function.introspect("x", caller)
        assert (answer.status, answer.body) == (401, '{"error":"invalid_client"}')
        return answer.seconds

    print()
    for (one, first), (other, second) in itertools.combinations(clients.items(), 2):
        share, interval = compare(f"{one} and {other}", lambda: ask(first), lambda: ask(second))
        limit = SHARE_OF_AN_ITEM if one == "unknown" else SHARE
        assert abs(share - 0.5) < limit + interval, (one, other)


def test_o02_inactive_tokens_cannot_be_told_apart(deployment, items):
    caller, key = items.caller(), deployment.keys[0]
    payload, session = claims(ISSUER), claims(ISSUER, sid="revoked")
    items.mark(f"jti#{ISSUER}#{payload['jti']}")
    items.mark(f"sid#{ISSUER}#revoked")
    good = mint(key, claims(ISSUER))
    deployment.function.introspect(good, caller)
    # Each pair does the same work: both have a signature to check, or neither.
    pairs = {
        "revoked by its id and by its session": (mint(key, payload), mint(key, session)),
        "forged, with and without a mark": (forged(good), forged(mint(key, payload))),
        "an unknown and a revoked opaque token": ("no-such-token-anywhere", items.opaque(revoked=True)),
        "an unknown and an expired opaque token": ("no-such-token-anywhere", items.opaque(exp=now() - 60)),
    }

    def ask(token):
        answer = deployment.function.introspect(token, caller)
        assert answer.body == '{"active":false}'
        return answer.seconds

    print()
    for name, (one, other) in pairs.items():
        share, interval = compare(name, lambda: ask(one), lambda: ask(other))
        limit = SHARE_OF_AN_ITEM if "unknown" in name else SHARE
        assert abs(share - 0.5) < limit + interval, name
