"""The one round trip, counted on the wire: the cost of a request depends on its form, never on its outcome."""

import json

import pytest

import events
from items import CLIENTS, STATE, TABLES, TOKENS, Caller
from settings import GENERIC, KEYS, OTHER, OTHER_KEY, OWN, RFC9068
from tokens import ABSENT, claims, digest, encode, forged, make_key, mint, mint_raw, now
from verdicts import INACTIVE, assert_active, assert_inactive

READ = "BatchGetItem"


def inactive_jwts(items) -> dict[str, str]:
    """JWTs that are inactive, one for each reason."""
    key = KEYS["ES256"]
    revoked = {}
    for name in ("jti", "sid", "sub", "client", "iss", "grant", "kid"):
        # No other test needs tokens of this issuer, so it gets the marks that revoke many tokens.
        c = claims(OTHER, sid=f"s-{name}", grant_id=f"g-{name}", sub=f"u-{name}", client_id=f"c-{name}")
        last = {"jti": c["jti"], "sid": c["sid"], "sub": c["sub"], "client": c["client_id"], "grant": c["grant_id"],
                "kid": OTHER_KEY.kid}
        items.mark(f"{name}#{OTHER}" + (f"#{last[name]}" if name in last else ""))
        revoked[f"revoked-by-{name}"] = mint(OTHER_KEY, c)
    good = mint(key, claims(RFC9068))
    return {
        **revoked,
        "expired": mint(key, claims(RFC9068, exp=now() - 1)),
        "not-yet-valid": mint(key, claims(RFC9068, nbf=now() + 99)),
        "forged": forged(good),
        "wrong-issuer": mint(key, claims("https://stranger.example")),
        "issuer-is-a-number": mint_raw(key, claims(RFC9068, iss=1)),
        "issuer-with-separator": mint(key, claims("https://auth.example.com#x")),
        "wrong-key": mint(make_key("ES256").named(key.kid), claims(RFC9068)),
        "unknown-kid": mint(key.named("unknown"), claims(RFC9068)),
        "unsigned": good.rsplit(".", 1)[0] + ".",
        "payload-is-no-json": f"{encode(json.dumps({'alg': 'ES256'}).encode())}.AAAA.AAAA",
        "header-and-nothing": f"{encode(json.dumps({'alg': 'x'}).encode())}..",
        "id-token": mint(key, claims(GENERIC, token_use="id"), "JWT"),
        "wrong-type": mint(key, claims(RFC9068), "JWT"),
        "without-sub": mint(key, claims(RFC9068, sub=ABSENT)),
        "over-long-jti": mint(key, claims(RFC9068, jti="x" * 3000)),
        "over-long-sub": mint(key, claims(RFC9068, sub="x" * 3000)),
        "empty-names": mint(key, claims(RFC9068, exp=1, jti="", sub="", client_id="", sid="")),
        "same-names": mint(key, claims(RFC9068, exp=1, jti="a", sub="a", client_id="a", sid="a")),
    }


def inactive_opaque(items, caller) -> dict[str, str]:
    """The same for opaque tokens."""
    by_digest, by_sub, by_session = items.opaque(), items.opaque(), items.opaque(sid="s-9", grant_id="g-9")
    items.mark(f"revoked#{digest(by_digest)}")
    subject = items.get(TOKENS, f"token#{digest(by_sub)}")["sub"]
    items.mark(f"sub#{OWN}#{subject}")
    items.mark(f"sid#{OWN}#s-9")
    return {
        "unknown": "unknown", "two-dots": "a.b.c", "header-is-an-array": f"{encode(b'[]')}.AAAA.AAAA",
        "header-without-alg": f"{encode(b'{}')}.AAAA.AAAA",
        "five-parts": "a.b.c.d.e", "expired": items.opaque(exp=now() - 1), "revoked": items.opaque(revoked=True),
        "revoked-by-digest": by_digest, "revoked-by-subject": by_sub, "revoked-by-session": by_session,
        "refresh-token-of-another": items.opaque(token_type="refresh_token"),
        "refresh-token-without-policy": items.opaque(token_type="refresh_token", client_id=caller.id),
        "issuer-unknown": items.opaque(iss="https://stranger.example"), "corrupt": items.opaque(exp="soon"),
        "without-names": items.opaque(sub=ABSENT, client_id=ABSENT, exp=now() - 1),
    }


def check_batch(calls):
    """Strongly consistent, of each table, and no key twice (for which DynamoDB would refuse the whole batch)."""
    for call in calls:
        assert call.operation == READ
        assert all(part.get("ConsistentRead") is True for part in call.body["RequestItems"].values())
        assert len(call.keys()) == len(set(call.keys())) <= 100
        assert set(call.body["RequestItems"]) <= set(TABLES)


def test_o02_active_tokens(function, proxy, caller, items):
    for token, reads in ((mint(KEYS["ES256"], claims(RFC9068, sid="s", grant_id="g")), 1), (items.opaque(), 2)):
        for attempt in range(3):
            with proxy.watch() as calls:
                assert_active(function.introspect(token, caller))
            assert len(calls) == reads, attempt
            check_batch(calls)


def test_o02_o03_every_inactive_token_costs_and_looks_the_same(function, proxy, caller, items):
    answers = {}
    for reads, tokens in ((1, inactive_jwts(items)), (2, inactive_opaque(items, caller))):
        for name, token in tokens.items():
            with proxy.watch() as calls:
                answers[name] = function.introspect(token, caller)
            assert_inactive(answers[name])
            assert len(calls) == reads, (name, [call.keys() for call in calls])
            check_batch(calls)
    # The whole answers are compared, with headers, as the gateway gets them.
    assert {answer.raw for answer in answers.values()} == {next(iter(answers.values())).raw}
    assert INACTIVE in json.loads(next(iter(answers.values())).raw)["body"]


def test_o02_i02_token_hidden_by_policy_costs_and_looks_like_an_unknown_one(function, proxy, caller, items):
    unknown = function.introspect("unknown", caller)
    for policy in ({"audiences": ["x"]}, {"issuers": []}, {"scopes": ["x"]}, {"token_types": []}):
        hidden = items.caller(introspection=policy)
        for token, reads in ((mint(KEYS["ES256"], claims(RFC9068)), 1), (items.opaque(), 2)):
            with proxy.watch() as calls:
                assert function.introspect(token, hidden).raw == unknown.raw
            assert len(calls) == reads


def test_b11_refused_caller_costs_one_read_whatever_the_token_is(function, proxy, items):
    tokens = (mint(KEYS["ES256"], claims(RFC9068)), "garbage", items.opaque(), "a.b.c")
    callers = {
        "wrong-secret": items.caller().with_secret("x"), "unknown": Caller("nobody-2", "x"),
        "disabled": items.caller(disabled=True), "public": items.caller(client_secret=ABSENT),
        "not-allowed": items.caller(introspection={"allowed": False}), "corrupt": items.caller(disabled="no"),
        "empty-id": Caller("", "x"), "over-long-id": Caller("x" * 2100, "x"),
    }
    for name, caller in callers.items():
        for token in tokens:
            with proxy.watch() as calls:
                assert function.introspect(token, caller).status in (401, 403)
            assert len(calls) == 1, name
            check_batch(calls)


def test_b19_a_batch_of_a_refused_caller_costs_the_read_of_its_record(function, proxy, items):
    tokens = [mint(KEYS["ES256"], claims(RFC9068)) for _ in range(25)] + ["unknown"] * 25
    headers = {"content-type": "application/json"}
    for caller in (items.caller().with_secret("x"), Caller("nobody-3", "x"), items.caller(disabled=True)):
        with proxy.watch() as calls:
            answer = function.introspect(None, caller, path="/token/introspect/batch", headers=headers,
                                         body=json.dumps({"tokens": tokens}))
        assert answer.status == 401
        assert [call.keys() for call in calls] == [[(CLIENTS, caller.id)]]


def test_b19_a_throttled_caller_costs_the_read_of_its_record(start, proxy, items):
    caller, token = items.caller(), mint(KEYS["ES256"], claims(RFC9068))
    with start(FAILED_AUTHENTICATION_LIMIT="1") as function:
        function.introspect(token, caller.with_secret("x"))
        with proxy.watch() as calls:
            assert function.introspect(token, caller.with_secret("x")).status == 429
        assert [call.keys() for call in calls] == [[(CLIENTS, caller.id)]]
        assert_active(function.introspect(token, caller))


def test_g14_a_forged_token_costs_and_looks_the_same_whatever_marks_exist(function, proxy, caller, items):
    c = claims(RFC9068, sid="s-8", grant_id="g-8")
    token, keys, answers = forged(mint(KEYS["ES256"], c)), [], []
    for marked in (False, True):
        if marked:
            for key in (f"jti#{RFC9068}#{c['jti']}", f"sid#{RFC9068}#s-8", f"grant#{RFC9068}#g-8",
                        f"sub#{RFC9068}#{c['sub']}", f"client#{RFC9068}#{c['client_id']}"):
                items.mark(key, reason="r")
        with proxy.watch() as calls:
            answers.append(function.introspect(token, caller).raw)
        keys.append([sorted(call.keys()) for call in calls])
    assert answers[0] == answers[1] and keys[0] == keys[1]


def test_request_without_credentials_costs_nothing(function, proxy, items):
    with proxy.watch() as calls:
        for token in ("garbage", mint(KEYS["ES256"], claims(RFC9068)), items.opaque(), None):
            assert function.introspect(token).status == 401
            assert function.introspect(token, pairs=[("client_id", "x")]).status == 401
    assert calls == []


@pytest.mark.parametrize("name", ["GET", "json", "missing", "empty", "duplicate", "query", "large", "base64", "basic",
                                  "mechanisms", "route", "utf-8", "preflight", "metadata"])
def test_a21_request_errors_cost_nothing(function, proxy, caller, name):
    event = {
        "GET": lambda: events.http_api(method="GET"),
        "json": lambda: events.introspection("x", caller, headers={"content-type": "application/json"}),
        "missing": lambda: events.introspection(None, caller),
        "empty": lambda: events.introspection("", caller),
        "duplicate": lambda: events.introspection("x", caller, pairs=[("token", "x")]),
        "query": lambda: events.introspection("x", caller, query="token=x"),
        "large": lambda: events.introspection("x" * 70_000, caller),
        "base64": lambda: {**events.introspection("x", caller), "body": "%"},
        "basic": lambda: events.introspection("x", headers={"authorization": "Basic !"}),
        "mechanisms": lambda: events.introspection("x", caller, pairs=[("client_secret", "x")]),
        "route": lambda: events.introspection("x", caller, path="/other"),
        "utf-8": lambda: events.introspection("x", caller, body=b"token=%ff"),
        "preflight": lambda: events.http_api(method="OPTIONS"),
        "metadata": lambda: events.http_api(method="GET", path="/.well-known/openid-configuration"),
    }[name]()
    with proxy.watch() as calls:
        answer = function.invoke(event)
        assert answer.status == 200 if name == "metadata" else 400 <= answer.status < 500
    assert calls == []


def test_first_read_contains_every_key_that_the_request_can_name(function, proxy, caller):
    c = claims(RFC9068, sid="s-7", grant_id="g-7")
    with proxy.watch() as calls:
        assert_active(function.introspect(mint(KEYS["ES256"], c), caller))
    expected = {
        (CLIENTS, caller.id), *((TOKENS, key) for key in (
            f"jti#{RFC9068}#{c['jti']}", f"grant#{RFC9068}#g-7", f"sid#{RFC9068}#s-7", f"sub#{RFC9068}#{c['sub']}",
            f"client#{RFC9068}#{c['client_id']}", f"iss#{RFC9068}", f"kid#{RFC9068}#{KEYS['ES256'].kid}")),
    }
    assert expected <= set(calls[0].keys())
    # Keys in the settings need no snapshot.
    assert not [key for table, key in calls[0].keys() if table == STATE]


def test_init_phase_opens_the_connection(start, proxy):
    # The call does not matter, but the first request must not have to open the connection.
    with proxy.watch() as calls:
        with start():
            pass
    assert calls
