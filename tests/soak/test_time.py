"""Answers that must look the same do not differ by their time either: a rank test over pairs.

Each round sends every request of a test once, in a new order, and each pair of requests is compared within its round. The
share of rounds in which the first answer took longer is near one half if the two cannot be told apart. The interval is that
of 95 %, so one comparison in twenty is outside it by chance; what the machine does besides only widens the interval.

A test fails only if an attacker who compares one pair has more than the tolerated advantage: guessing which of two requests
is which by the slower answer is right in a share of 0.5 plus the advantage. A smaller difference can be real, and then an
attacker who repeats the comparison finds it, which is why each line says whether the share is within the noise. Read the
lines: a test that passes says only that nothing is above the tolerance.
"""

import itertools
import json
import os
import random
import time

import pytest

from conftest import ISSUER
from items import CLIENTS, Caller
from settings import OWN
from tokens import claims, digest, forged, key_set, make_key, mint, now

ROUNDS = int(os.environ.get("TIMED_PAIRS", "300"))
# The results up to here are printed this often, so that a run that is ended early has figures too.
ROUNDS_BETWEEN_REPORTS = 5_000
# The tolerated advantage of an attacker who compares one pair: right in 55 of 100 guesses instead of in 50.
TOLERATED = 0.05
# The same if the items of the two differ in size, or only one has an item: right in 65 of 100 guesses. The reads are the same,
# but more bytes take longer: in the store, in the proxy of this suite, and in the function, which must parse them.
TOLERATED_FOR_A_SIZE = 0.15

# The same if one of the two items has several kilobytes, as 20 keys have: right in 75 of 100 guesses. All of a client's keys are read
# before one is chosen. Keys are public, and so is their number.
TOLERATED_FOR_KILOBYTES = 0.25
# The sizes of such items.
KEYS, KILOBYTES = "20 keys", "large"

ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
WRONG = "wrong-secret-of-thirty-two-characters"
# All have the same length, so that the requests do too.
UNKNOWN, KNOWN, PUBLIC, DISABLED, ONE_KEY, DISABLED_KEY, MANY_KEYS, ONE_NAME, LARGE = (f"timed-client-{n}" for n in range(9))


def tolerance(one: str | None, other: str | None) -> float:
    """The tolerated advantage for items of these sizes."""
    if one == other:
        return TOLERATED
    return TOLERATED_FOR_KILOBYTES if {KEYS, KILOBYTES} & {one, other} else TOLERATED_FOR_A_SIZE


def compare(requests: dict, pairs: list[tuple[str, str]], sizes: dict[str, str]):
    """Sends all requests in each round, prints the share of each pair, and fails at the end if one is above the tolerance.

    `sizes` names the size of the item of a request if it is not the usual one.
    """
    later, start = dict.fromkeys(pairs, 0.0), time.monotonic()

    def report(rounds: int) -> list[str]:
        interval, lines, failures = 1.96 * (0.25 / rounds) ** 0.5, [], []
        for (one, other), count in later.items():
            advantage = count / rounds - 0.5
            tolerated = tolerance(sizes.get(one), sizes.get(other))
            verdict = "within the noise" if abs(advantage) <= interval else "OUTSIDE THE NOISE"
            if abs(advantage) > tolerated + interval:
                verdict += f", ABOVE THE TOLERATED {tolerated}"
                failures.append(f"{one} / {other}")
            lines.append(f"{one} / {other}: {advantage + 0.5:.4f} ± {interval:.4f}, {verdict}")
        print(f"\n{rounds} rounds in {time.monotonic() - start:.0f} s", *lines, sep="\n", flush=True)
        return failures

    def in_one_round() -> dict:
        return {name: requests[name]() for name in random.sample(list(requests), len(requests))}

    repeated = 0
    for number in range(1, ROUNDS + 1):
        # On a busy machine, the store may be too slow for one of so many requests.
        while None in (seconds := in_one_round()).values():
            repeated += 1
            assert repeated <= 5 + ROUNDS // 1000
        for one, other in pairs:
            later[one, other] += (seconds[one] > seconds[other]) + (seconds[one] == seconds[other]) / 2
        if number % ROUNDS_BETWEEN_REPORTS == 0 and number < ROUNDS:
            report(number)
    assert report(ROUNDS) == []


def compare_refusals(function, cases: dict, reasons: dict[str, str], sizes: dict[str, str]):
    """Compares each case, the arguments of an introspection, with each other, once the logged reason of each is right."""
    refusals = set()

    def ask(name):
        answer = function.introspect("x", **cases[name])
        if answer.status == 503:
            return None
        assert (answer.status, answer.body) == (401, '{"error":"invalid_client"}')
        # Status, headers and body, byte for byte.
        refusals.add(answer.raw)
        assert len(refusals) == 1, refusals
        return answer.seconds

    for name, reason in reasons.items():
        ask(name)
        assert f'"reason":"{reason}"' in function.output().splitlines()[-1], name
    requests = {name: lambda name=name: ask(name) for name in cases}
    compare(requests, list(itertools.combinations(cases, 2)), sizes)


def keyed(*keys, **attributes) -> dict:
    return {"token_endpoint_auth_method": "private_key_jwt", "jwks": json.dumps(key_set(*keys)), **attributes}


def test_o02_clients_that_are_refused_cannot_be_told_apart(deployment, items):
    items.caller(KNOWN)
    items.put(CLIENTS, PUBLIC, token_endpoint_auth_method="none")
    items.put(CLIENTS, DISABLED, client_secret=digest(WRONG), disabled=True)
    items.put(CLIENTS, ONE_KEY, **keyed(make_key("ES256")))
    ids = {"unknown": UNKNOWN, "wrong secret": KNOWN, "public": PUBLIC, "disabled": DISABLED, "for keys": ONE_KEY}
    compare_refusals(deployment.function, {name: {"caller": Caller(id, WRONG)} for name, id in ids.items()}, {
        "unknown": "unknown_client", "wrong secret": "wrong_secret", "public": "public_client", "disabled": "disabled",
        "for keys": "wrong_method",
    }, {"unknown": "no item"})


@pytest.mark.parametrize("algorithm", ["ES256", "RS256"])
def test_o02_clients_whose_assertions_are_refused_cannot_be_told_apart(deployment, items, algorithm):
    stranger, own = make_key(algorithm), make_key(algorithm)
    items.caller(KNOWN)
    items.put(CLIENTS, ONE_KEY, **keyed(own))
    items.put(CLIENTS, DISABLED_KEY, **keyed(own, disabled=True))
    # These three items have about the same size.
    items.put(CLIENTS, MANY_KEYS, **keyed(*(make_key(algorithm) for _ in range(20))))
    items.put(CLIENTS, ONE_NAME, **keyed(*[own.named(stranger.kid)] * 20))
    items.put(CLIENTS, LARGE, **keyed(own, client_name="x" * len(json.dumps(key_set(*[own] * 19)))))
    ids = {"unknown": UNKNOWN, "for a secret": KNOWN, "one key": ONE_KEY, "disabled": DISABLED_KEY, "20 keys": MANY_KEYS,
           "20 keys of one name": ONE_NAME, "one key in a large item": LARGE}

    def asserting(client_id):
        payload = claims(client_id, sub=client_id, aud=OWN, exp=now() + 3000)
        assertion = mint(stranger, payload, "client-authentication+jwt")
        return {"pairs": [("client_assertion_type", ASSERTION), ("client_assertion", assertion)]}

    reasons = dict.fromkeys(ids, "assertion_signature")
    reasons.update({"unknown": "unknown_client", "for a secret": "wrong_method", "disabled": "disabled"})
    sizes = {"unknown": "no item", "one key in a large item": KILOBYTES, **dict.fromkeys(("20 keys", "20 keys of one name"), KEYS)}
    compare_refusals(deployment.function, {name: asserting(id) for name, id in ids.items()}, reasons, sizes)


def test_o02_inactive_tokens_cannot_be_told_apart(deployment, items):
    caller, key = items.caller(), deployment.keys[0]
    # Tokens with other members are read and looked up with other marks, so all have the same.
    payload, session = claims(ISSUER, sid="current"), claims(ISSUER, sid="revoked")
    items.mark(f"jti#{ISSUER}#{payload['jti']}")
    items.mark(f"sid#{ISSUER}#revoked")
    good = mint(key, claims(ISSUER, sid="current"))
    deployment.function.introspect(good, caller)
    tokens = {
        "revoked by its id": mint(key, payload), "revoked by its session": mint(key, session),
        "forged": forged(good), "forged, with a mark": forged(mint(key, payload)),
        "unknown, opaque": "no-such-token-anywhere-of-forty-three-letter", "revoked, opaque": items.opaque(revoked=True),
        "expired, opaque": items.opaque(exp=now() - 60),
    }
    # Each pair does the same work: both have a signature to check, or neither.
    pairs = [("revoked by its id", "revoked by its session"), ("forged", "forged, with a mark"),
             ("unknown, opaque", "revoked, opaque"), ("unknown, opaque", "expired, opaque"),
             ("revoked, opaque", "expired, opaque")]

    def ask(token):
        answer = deployment.function.introspect(token, caller)
        if answer.status == 503:
            return None
        assert answer.body == '{"active":false}'
        return answer.seconds

    requests = {name: lambda token=token: ask(token) for name, token in tokens.items()}
    compare(requests, pairs, {"unknown, opaque": "no item"})
