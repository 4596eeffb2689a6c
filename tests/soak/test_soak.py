"""Introspections without end, with revocations, new keys, new secrets and faults going on, each checked against a model."""

import contextlib
import os
import random
import secrets
import statistics
import time
from collections import Counter
from dataclasses import dataclass, field

import hostile
from conftest import ISSUER, Deployment
from items import Caller, Items
from settings import OWN
from tokens import claims, digest, forged, mint, now

INTROSPECTIONS = int(os.environ.get("SOAK_INTROSPECTIONS", "5000"))
SEED = int(os.environ.get("SOAK_SEED", str(secrets.randbits(32))))
# At most two of these happen in a minute, because the function fetches keys for an unknown `kid` so rarely.
SECONDS_BETWEEN_ROTATIONS = 40
POOL = 300
# A fault of some seconds, 300 times in a run at most: requests without an answer would take most of the time.
FAULT_RATE = min(0.002, 300 / INTROSPECTIONS)
FAULTS = ["server_error", "gateway_error", "throttling", "throughput_exceeded", "access_denied", "table_missing", "hang",
          "stall", "drip", "reset", "truncated", "broken_off", "empty", "corrupted", "unprocessed", "marks_unprocessed"]
CHECK_LOG_EVERY = 5_000


@dataclass
class Token:
    """What the model knows of a token: its marks, and when it ends."""

    text: str
    expires: int
    marks: list[str]
    revoked: bool = False
    forged: bool = field(default=False)

    def verdicts(self) -> set[str]:
        """Its verdict, or both within the second in which it expires."""
        if self.revoked or self.forged:
            return {"inactive"}
        rest = self.expires - time.time()
        if abs(rest) < 1.5:
            return {"active", "inactive"}
        return {"active"} if rest > 0 else {"inactive"}


def marks(issuer: str, names: dict) -> list[str]:
    """The marks of what only one token has."""
    kinds = {"jti": "jti", "sid": "sid", "sub": "sub", "client": "client_id", "grant": "grant_id"}
    return [f"{kind}#{issuer}#{names[name]}" for kind, name in kinds.items() if name in names]


class Soak:
    def __init__(self, deployment: Deployment, items: Items):
        self.deployment, self.items, self.random = deployment, items, random.Random(SEED)
        self.caller = items.caller()
        self.rotated = time.monotonic()
        self.tokens = [self.make() for _ in range(POOL)]
        self.counts, self.seconds = Counter(), []

    def make(self) -> Token:
        lifetime = self.random.choice([2, 10, 600, 3600])
        times = {"iat": now() - 5, "exp": now() + lifetime}
        if self.random.random() < 0.3:
            names = {name: secrets.token_hex(8) for name in ("sid", "sub", "client_id", "grant_id")}
            text = self.items.opaque(**names, **times)
            return Token(text, times["exp"], [f"revoked#{digest(text)}", *marks(OWN, names)])
        payload = claims(ISSUER, sid=secrets.token_hex(8), **times)
        text = mint(self.deployment.keys[0], payload)
        if self.random.random() < 0.05:
            return Token(forged(text), times["exp"], marks(ISSUER, payload), forged=True)
        return Token(text, times["exp"], marks(ISSUER, payload))

    def act(self):
        """One of what goes on beside the introspections."""
        what = self.random.random()
        if what < 0.6:
            token = self.random.choice(self.tokens)
            # All tokens are older than a mark, so it revokes with this limit too.
            limit = self.random.choice([{}, {"not_before": now()}])
            self.items.mark(self.random.choice(token.marks), expires_at=now() + 7200, **limit)
            token.revoked = True
        elif what < 0.95:
            self.tokens[self.random.randrange(POOL)] = self.make()
        elif time.monotonic() - self.rotated > SECONDS_BETWEEN_ROTATIONS:
            self.deployment.rotate()
            # A set of keys that is less than a second old is not fetched again (H-13), so a key is used a second after it
            # is published.
            time.sleep(1.1)
            # Tokens of a key that is no longer published are not active, so they leave.
            self.tokens = [self.make() for _ in range(POOL)]
            self.rotated = time.monotonic()
        else:
            old, new = self.caller.secret, secrets.token_hex(32)
            self.items.put("oauth-clients", self.caller.id, client_secret=digest(new), previous_client_secret=digest(old),
                           previous_client_secret_expires_at=now() + 7200)
            self.caller = Caller(self.caller.id, self.random.choice([old, new]))

    def ask(self, faulty: bool):
        if self.random.random() < 0.02:
            stranger = Caller(self.caller.id, "wrong-secret-of-thirty-two-characters")
            answer = self.deployment.function.introspect("x", stranger)
            assert answer.status == 401 or faulty and answer.status == 503, answer.raw
            return
        token = self.random.choice(self.tokens)
        before = token.verdicts()
        answer = self.deployment.function.introspect(token.text, self.caller)
        expected = before | token.verdicts()
        if faulty and answer.status == 503:
            self.counts["503 during a fault"] += 1
            assert "active" not in answer.body
            return
        assert answer.status == 200, (SEED, answer.raw)
        verdict = "active" if answer.json["active"] else "inactive"
        assert verdict in expected, (SEED, token, answer.raw, self.deployment.function.output()[-3000:])
        self.counts[verdict] += 1
        if not faulty:
            self.seconds.append(answer.seconds)

    def run(self, introspections: int):
        fault, faulty_for = contextlib.ExitStack(), 0
        for number in range(1, introspections + 1):
            if faulty_for == 0 and self.random.random() < FAULT_RATE:
                faulty_for = self.random.randint(1, 20)
                fault.enter_context(self.deployment.proxy.failing(self.random.choice(FAULTS)))
            if self.random.random() < 0.05:
                self.act()
            self.ask(faulty_for > 0)
            if faulty_for == 1:
                fault.close()
            faulty_for = max(0, faulty_for - 1)
            self.deployment.proxy.calls.clear()
            if number % CHECK_LOG_EVERY == 0:
                self.deployment.function.check_log()
        fault.close()


def test_o02_no_answer_is_wrong_and_memory_and_latency_stay_flat(deployment, items):
    soak = Soak(deployment, items)
    soak.run(max(INTROSPECTIONS // 10, 1000))
    early, soak.seconds = list(soak.seconds), []
    memory, start = hostile.memory(deployment.function), time.monotonic()
    soak.run(INTROSPECTIONS)
    later = soak.seconds[-len(early):]
    grown = hostile.memory(deployment.function)
    print(f"\n{INTROSPECTIONS} introspections in {time.monotonic() - start:.0f} s, seed {SEED}: {dict(soak.counts)}")
    print(f"memory: {memory} KB, then {grown} KB")
    percentiles = []
    for name, seconds in (("first", early), ("last", later)):
        usual, slow = statistics.median(seconds), statistics.quantiles(seconds, n=100)[98]
        percentiles.append((usual, slow))
        print(f"the {name} {len(seconds)}: p50 {usual * 1000:.2f} ms, p99 {slow * 1000:.2f} ms", flush=True)
    assert {"active", "inactive", "503 during a fault"} <= soak.counts.keys()
    assert grown < memory * 1.2 + 1024
    (early_usual, early_slow), (later_usual, later_slow) = percentiles
    # What takes a millisecond more, or five in the slowest answers, may be the machine.
    assert later_usual < early_usual * 1.5 + 0.001
    assert later_slow < early_slow * 2 + 0.005
