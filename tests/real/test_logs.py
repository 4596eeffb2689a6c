"""No secret and no personal data are ever logged, and every call leaves its audit record."""

import base64
import json
import re

import pytest

import events
import leaks
from items import Items
from lambda_runtime import REPOSITORY
from settings import KEYS, OWN, RFC9068
from tokens import claims, digest, forged, mint, mint_raw, now


@pytest.fixture(scope="module")
def run(start, dynamodb, proxy):
    """A mix of requests at the level `trace`: the output, what must not be in it, and the number of requests."""
    items = Items(dynamodb.client)
    caller, old = items.caller(), "previous-" + "p" * 40
    items.caller(caller.id, caller.secret, previous_client_secret=digest(old),
                 previous_client_secret_expires_at=now() + 60)
    corrupt = items.caller(disabled="no")
    names = {"sub": "subject-of-the-token", "jti": "identifier-of-the-token", "sid": "session-of-the-token",
             "username": "name-of-the-user"}
    good = mint(KEYS["ES256"], claims(RFC9068, **names, email="mail@of-the-user.example"))
    revoked = claims(RFC9068, jti="identifier-of-the-revoked", sub="subject-of-the-revoked")
    items.mark(f"jti#{RFC9068}#{revoked['jti']}", reason="reason-of-the-mark")
    expired, foreign, keyless = claims(RFC9068, exp=1), claims("https://stranger.example"), claims(RFC9068)
    tokens = [
        good, forged(good), mint(KEYS["ES256"], revoked), mint(KEYS["ES256"], expired),
        mint(KEYS["ES256"], foreign), mint(KEYS["ES256"].named("unknown"), keyless),
        mint_raw(KEYS["ES256"], claims(RFC9068, sub=["subject-as-a-list"])), items.opaque(**names), items.opaque(exp=1),
        items.opaque(sub=1, username="name-in-a-corrupt-record"), "unknown-opaque-token", "garbage-%-\x00-\u00fc-token",
        "eyJhbGciOiJub25lIn0.garbage-payload.garbage-signature",
    ]
    count = 0
    with start(LOG_LEVEL="trace", RUST_LOG="trace") as function:
        def ask(*arguments, **more):
            nonlocal count
            count += 1
            return function.introspect(*arguments, **more)

        for token in tokens:
            ask(token, caller)
            ask(token, caller, post=True)
            ask(token)
        ask(good, caller.with_secret(old))
        ask(good, caller.with_secret("wrong-secret-of-the-caller"))
        ask(good, caller.with_secret("wrong-secret-in-the-body"), post=True)
        ask(good, corrupt)
        ask(good, caller, pairs=[("token", "second-token")])
        ask(good, caller, pairs=[("client_secret", caller.secret)])
        ask(good, caller, query="token=token-in-the-query&client_secret=secret-in-the-query")
        ask(good, caller, headers={"content-type": "application/json"})
        ask(good, headers={"authorization": "Bearer bearer-of-the-caller"})
        ask(good, headers={"authorization": "Basic !credentials-that-nobody-can-read"})
        ask(good, pairs=[("client_assertion", "assertion-of-the-caller"), ("client_assertion_type", "x")])
        ask(good, caller, headers={"dpop": "proof-of-the-caller"})
        with proxy.failing("truncated"):
            ask(good, caller)
        with proxy.failing("server_error"):
            ask(good, caller)
        with proxy.failing("unprocessed"):
            ask(good, caller)
        function.invoke(events.http_api(method="GET", path="/.well-known/openid-configuration"))
        output = function.output()
    items.forget()

    secrets = [caller.secret, corrupt.secret, old]
    forbidden = [*tokens, *(part for token in tokens for part in token.split(".") if len(part) > 20)]
    forbidden += [digest(token) for token in tokens] + secrets + [digest(secret) for secret in secrets]
    forbidden += [caller.basic(), base64.b64encode(caller.secret.encode()).decode(), *names.values()]
    forbidden += [payload[name] for payload in (revoked, expired, foreign, keyless) for name in ("sub", "jti")]
    forbidden += ["mail@of-the-user", "subject-as-a-list", "name-in-a-corrupt-record",
                  "second-token", "token-in-the-query", "secret-in-the-query", "bearer-of-the-caller",
                  "wrong-secret", "credentials-that-nobody-can-read", "assertion-of-the-caller", "proof-of-the-caller"]
    return output, forbidden, count, caller


def test_o04_nothing_secret_is_logged(run):
    output, forbidden, _, _ = run
    found = [value for value in forbidden if value in output]
    assert not found, [line for line in output.splitlines() if any(value in line for value in found)][:5]


def audit_records(output: str) -> list[dict]:
    """The audit records, whose fields may be at the top or below `fields`, as usual formatters write them."""
    records = []
    for line in output.splitlines():
        if line.startswith("{") and (record := json.loads(line)).get("target") == "audit":
            records.append({**record, **record.get("fields", {})})
    return records


def test_o06_every_call_leaves_one_audit_record(run):
    output, _, count, caller = run
    records = audit_records(output)
    assert count <= len(records) <= count + 1, "the metadata may leave one or not"
    for record in records:
        assert "outcome" in record
        assert float(record["latency_ms"]) >= 0
        assert not {"sub", "jti", "subject", "username"} & record.keys()
    assert any(record.get("caller") == caller.id for record in records)


def test_o06_every_reason_is_documented(run):
    output, _, _, _ = run
    pages = "".join((REPOSITORY / "docs" / page).read_text() for page in ("reasons.md", "callers.md"))
    known = set(re.findall(r"^\| `([a-z0-9_]+)`", pages, re.MULTILINE))
    records = [record for record in audit_records(output) if record["outcome"] not in ("active", "document")]
    reasons = {record.get("reason") for record in records}
    assert reasons <= known, reasons - known
    assert {"expired", "bad_signature", "revoked_token", "unknown_key", "untrusted_issuer", "unknown_token", "malformed",
            "wrong_secret", "corrupt_client_record", "store_unavailable", "two_mechanisms"} <= reasons


def test_o06_record_of_an_answer_has_every_member(run):
    output, _, _, caller = run
    judged = [record for record in audit_records(output) if record.get("caller") == caller.id and record.get("issuer")]
    assert {RFC9068, OWN} <= {record["issuer"] for record in judged}
    for record in judged:
        assert {"caller", "method", "issuer", "outcome", "policy", "latency_ms"} <= record.keys()
    assert len({record["outcome"] for record in judged}) > 1


def test_logs_are_json_lines(run):
    output, _, _, _ = run
    for line in output.splitlines():
        assert isinstance(json.loads(line), dict), line


@pytest.mark.parametrize("line", [
    '{"reason":"%s"}', '{"spans":[{"token":"%s"}]}', "thread panicked at %s", '{"caller":"a\\u001b[31m"}', '{"caller":"%.5s\\r"}',
])
def test_o04_a_planted_leak_is_found(line):
    token = "token-that-was-presented"
    event = events.introspection(token, None)
    leaks.assert_absent(leaks.secrets(event), '{"outcome":"inactive"}\n')
    with pytest.raises(AssertionError):
        leaks.assert_absent(leaks.secrets(event), (line % token if "%" in line else line) + "\n")
