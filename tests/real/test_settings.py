"""Wrong settings stop the start with one line that names the variable; they never show only at a request."""

import json
import time

import pytest
from cryptography.hazmat.primitives import serialization

from settings import GENERIC, ISSUERS, KEYS, OTHER, OWN, RFC9068
from tokens import ABSENT, claims, digest, key_set, mint
from verdicts import assert_active, assert_inactive

KEY_SET = key_set(KEYS["ES256"])
RFC = {"issuer": RFC9068, "profile": "rfc9068", "jwks": KEY_SET}


def issuers(**changes) -> dict[str, str]:
    entry = {name: value for name, value in {**RFC, **changes}.items() if value is not None}
    return {"TRUSTED_ISSUERS": json.dumps([entry])}


BAD = {
    "ISSUER-missing": {"ISSUER": None},
    "ISSUER-empty": {"ISSUER": ""},
    "ISSUER-with-separator": {"ISSUER": OWN + "#x"},
    "TRUSTED_ISSUERS-no-json": {"TRUSTED_ISSUERS": "[{"},
    "TRUSTED_ISSUERS-no-array": {"TRUSTED_ISSUERS": "{}"},
    "TRUSTED_ISSUERS-array-of-strings": {"TRUSTED_ISSUERS": '["https://auth.example.com"]'},
    "TRUSTED_ISSUERS-without-issuer": issuers(issuer=None),
    "TRUSTED_ISSUERS-issuer-with-separator": issuers(issuer="https://auth.example.com#x"),
    "TRUSTED_ISSUERS-without-profile": issuers(profile=None),
    "TRUSTED_ISSUERS-unknown-profile": issuers(profile="github"),
    "TRUSTED_ISSUERS-generic-without-marks": issuers(profile="generic"),
    "TRUSTED_ISSUERS-generic-with-empty-marks": issuers(profile="generic", required_claims={}, audiences=[]),
    "TRUSTED_ISSUERS-unknown-algorithm": issuers(algorithms=["ES512"]),
    "TRUSTED_ISSUERS-symmetric-algorithm": issuers(algorithms=["HS256"]),
    "TRUSTED_ISSUERS-algorithm-none": issuers(algorithms=["none"]),
    "TRUSTED_ISSUERS-no-algorithm": issuers(algorithms=[]),
    "TRUSTED_ISSUERS-plain-http": issuers(jwks=None, jwks_uri="http://auth.example.com/jwks.json"),
    "TRUSTED_ISSUERS-plain-http-to-a-private-address": issuers(jwks=None, jwks_uri="http://10.0.0.1/jwks.json"),
    "TRUSTED_ISSUERS-http-that-only-looks-like-loopback": issuers(
        jwks=None, jwks_uri="http://127.0.0.1.example.com/jwks.json"),
    "TRUSTED_ISSUERS-jwks_uri-is-a-file": issuers(jwks=None, jwks_uri="file:///etc/passwd"),
    "TRUSTED_ISSUERS-jwks_uri-is-no-url": issuers(jwks=None, jwks_uri="auth.example.com"),
    "TRUSTED_ISSUERS-same-issuer-twice": {"TRUSTED_ISSUERS": json.dumps([RFC, RFC])},
    "TRUSTED_ISSUERS-cognito-without-client-ids": issuers(
        profile="cognito", jwks=None, issuer="https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_AbCdEf"),
    "TRUSTED_ISSUERS-issuer-with-a-brace": issuers(issuer="https://login.example.com/{tenantid}/v2.0"),
    "TRUSTED_ISSUERS-tenants-without-a-place": issuers(tenants=["one"]),
    "TRUSTED_ISSUERS-tenants-empty": issuers(issuer="https://login.example.com/{tenantid}", tenants=[]),
    "TRUSTED_ISSUERS-claim-name-of-a-member-that-is-not-mapped": issuers(claim_names={"sub": ["oid"]}),
    "TRUSTED_ISSUERS-claim-name-that-is-no-list": issuers(claim_names={"scope": "scp"}),
    "TRUSTED_ISSUERS-alias-of-another": {
        "TRUSTED_ISSUERS": json.dumps([RFC, {**RFC, "issuer": OTHER, "aliases": [RFC9068]}])},
    "TRUSTED_ISSUERS-inline-key-that-cannot-be-read": issuers(
        jwks=key_set(KEYS["ES256"], KEYS["EdDSA"].jwk(x="AA"))),
    "TRUSTED_ISSUERS-token-file-beside-jwks": issuers(jwks_bearer_file="/nowhere/token"),
    "TRUSTED_ISSUERS_FILE-missing": {"TRUSTED_ISSUERS": None, "TRUSTED_ISSUERS_FILE": "/nowhere/issuers.json"},
    "TRUSTED_ISSUERS-no-event-audience": issuers(event_audiences=[""]),
    "TRUSTED_ISSUERS-no-logout-audience": issuers(logout_audiences=[]),
    "GLOBAL_REVOCATION_ISSUERS-not-trusted": {"GLOBAL_REVOCATION_ISSUERS": "https://stranger.example.com"},
    "GLOBAL_REVOCATION_ISSUERS-any": {"GLOBAL_REVOCATION_ISSUERS": "*"},
    "DEFAULT_POLICY-unknown": {"DEFAULT_POLICY": "all"},
    "READ_CONSISTENCY-unknown": {"READ_CONSISTENCY": "weak"},
    "MTLS_METHOD-unknown": {"MTLS_METHOD": "mtls"},
    "MTLS_METHOD-both": {"MTLS_METHOD": "tls_client_auth,self_signed_tls_client_auth"},
    "STATE_TABLE-equal-to-another": {"TOKENS_TABLE": "oauth-tokens", "STATE_TABLE": "oauth-tokens"},
    "HTTPS_PROXY-of-another-kind": {"HTTPS_PROXY": "socks5://proxy.example.com:1080"},
    "CLOCK_SKEW_SECONDS-too-large": {"CLOCK_SKEW_SECONDS": "61"},
    "CLOCK_SKEW_SECONDS-negative": {"CLOCK_SKEW_SECONDS": "-1"},
    "CLOCK_SKEW_SECONDS-no-number": {"CLOCK_SKEW_SECONDS": "ten"},
    "JWKS_REFRESH_SECONDS-too-small": {"JWKS_REFRESH_SECONDS": "5"},
    "JWKS_REFRESH_SECONDS-too-large": {"JWKS_REFRESH_SECONDS": "86401"},
    "FAILED_AUTHENTICATION_LIMIT-no-number": {"FAILED_AUTHENTICATION_LIMIT": "abc"},
    "CORS_ALLOWED_ORIGINS-any": {"CORS_ALLOWED_ORIGINS": "*"},
    "CORS_ALLOWED_ORIGINS-with-a-path": {"CORS_ALLOWED_ORIGINS": "https://one.example/x"},
    "PUBLIC_URL-no-url": {"PUBLIC_URL": "introspection"},
    "METADATA_FILE-missing": {"METADATA_FILE": "/nowhere/metadata.json"},
    "LOG_LEVEL-unknown": {"LOG_LEVEL": "loud"},
    "SIGNING_KEY-missing": {"SIGNING_KEY": "file:/nowhere/key.pem"},
    "SIGNING_KEY-no-arn": {"SIGNING_KEY": "kms:alias/signing"},
    "HOT_RECORD_SECONDS-too-many": {"HOT_RECORD_SECONDS": "6"},
    "HOT_RECORD_SECONDS-no-number": {"HOT_RECORD_SECONDS": "5s"},
    "SIGNING_ALGORITHM-unknown": {"SIGNING_ALGORITHM": "ES512"},
}

# These belong to parts that this binary does not have. Ignoring such a setting would mislead the operator.
NOT_BUILT = {
    "REDIS_URL-without-the-feature": {"REDIS_URL": "rediss://cache.example.com"},
    "REDIS_URL-without-tls": {"REDIS_URL": "redis://cache.example.com"},
}


def check_line(start, variable: str, changes: dict) -> str:
    """Starts a function, which must end at once with one line about the variable; returns the line."""
    # The other policy, and an issuer with only audiences, log warnings of their own.
    with start([RFC], wait=False, **{"DEFAULT_POLICY": "audience", **changes}) as function:
        assert function.process.wait(5) != 0
        output = function.output()
        assert not function.idle.is_set(), "it asked for an event although it cannot run"
    lines = [line for line in output.splitlines() if line.strip()]
    assert len(lines) == 1, output
    assert lines[0].startswith(f"token-introspection: {variable} ")
    assert f"; for example: {variable}=" in lines[0]
    return lines[0]


@pytest.mark.parametrize("case", {**BAD, **NOT_BUILT})
def test_bad_setting_stops_the_start_with_one_line(start, case):
    check_line(start, case.split("-")[0], {**BAD, **NOT_BUILT}[case])


@pytest.mark.parametrize("variable", [
    "ISSUER", "PUBLIC_URL", "MTLS_PUBLIC_URL", "MTLS_METHOD", "TRUSTED_ISSUERS", "TRUSTED_ISSUERS_FILE", "SIGNING_KEY",
    "DEFAULT_POLICY", "READ_CONSISTENCY", "CORS_ALLOWED_ORIGINS", "METADATA_FILE", "CLOCK_SKEW_SECONDS", "REDIS_URL",
    "LOG_LEVEL"])
def test_o04_no_line_quotes_what_was_pasted_into_a_setting(start, variable):
    private = KEYS["ES256"].private.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()).decode()
    others = {"TRUSTED_ISSUERS": None} if variable == "TRUSTED_ISSUERS_FILE" else {}
    for value in (private, f"file:{private}", "https://user:hunter2-canary@a.example", "hunter2-canary"):
        if variable in ("ISSUER", "PUBLIC_URL", "MTLS_PUBLIC_URL", "CORS_ALLOWED_ORIGINS") or "https:" not in value:
            line = check_line(start, variable, {**others, variable: value})
            assert not [secret for secret in ("hunter2", *private.splitlines()) if secret in line]


GOOD = {
    "edges": {"CLOCK_SKEW_SECONDS": "60", "JWKS_REFRESH_SECONDS": "86400", "HOT_RECORD_SECONDS": "5"},
    "other-edges": {"HOT_RECORD_SECONDS": "0", "CLOCK_SKEW_SECONDS": "0", "JWKS_REFRESH_SECONDS": "60", "FAILED_AUTHENTICATION_LIMIT": "1"},
    "generic-with-audiences": issuers(profile="generic", audiences=["https://api.example.com"]),
    "audiences-of-notices": issuers(logout_audiences=["introspection"], event_audiences=["introspection"]),
    "global-revocation": {"GLOBAL_REVOCATION_ISSUERS": f"{OWN}, {RFC9068}"},
    "no-trusted-issuers": {"TRUSTED_ISSUERS": None},
    "loopback-http": issuers(jwks=None, jwks_uri="http://127.0.0.1:9/jwks.json"),
    "defaults": {"DEFAULT_POLICY": None, "PUBLIC_URL": None},
    "several-origins": {"CORS_ALLOWED_ORIGINS": "https://one.example, http://localhost:3000"},
}


@pytest.mark.parametrize("case", GOOD)
def test_good_setting_starts(start, caller, case):
    with start(**GOOD[case]) as function:
        assert function.introspect("unknown", caller).status == 200


def test_trusted_issuers_from_a_file(start, caller, tmp_path):
    file = tmp_path / "issuers.json"
    file.write_text(json.dumps(ISSUERS))
    with start(TRUSTED_ISSUERS=None, TRUSTED_ISSUERS_FILE=str(file)) as function:
        assert_active(function.introspect(mint(KEYS["ES256"], claims(RFC9068)), caller))
        assert_active(function.introspect(mint(KEYS["ES256"], claims(GENERIC, token_use="access"), "JWT"), caller))


def test_h28_h32_g03_claim_names_aliases_and_tenants(start, items, caller):
    alias, place = "https://old.example.com", "https://login.example.com/{tenantid}/v2.0"
    trusted = [
        {**RFC, "aliases": [alias], "claim_names": {"client_id": ["app"], "scope": ["rights"], "sid": ["session"]}},
        {**RFC, "issuer": place, "tenants": ["one", "two"]},
    ]
    one, two, three = (place.replace("{tenantid}", tenant) for tenant in ("one", "two", "three"))

    def ask(issuer, **changes):
        return function.introspect(mint(KEYS["ES256"], claims(issuer, **changes)), caller)

    with start(trusted) as function:
        mapped = {"client_id": ABSENT, "app": "orders", "scope": ABSENT, "rights": ["read"], "session": "s-1"}
        for issuer in (RFC9068, alias):
            shown = assert_active(ask(issuer, **mapped))
            found = {name: shown.get(name) for name in ("iss", "client_id", "scope", "sid", "app", "rights", "session")}
            assert found == {"iss": issuer, "client_id": "orders", "scope": "read", "sid": "s-1", "app": None,
                             "rights": None, "session": None}
        # Marks name the entry's issuer and the mapped values.
        items.mark(f"sid#{RFC9068}#s-1")
        for issuer in (RFC9068, alias):
            assert_inactive(ask(issuer, **mapped))
            assert_active(ask(issuer, **{**mapped, "session": "s-2"}))
        for issuer, tid, active in ((one, "one", True), (two, "two", True), (three, "three", False),
                                    (one, "two", False), (one, ABSENT, False), (place, "one", False)):
            answer = ask(issuer, tid=tid)
            assert_active(answer) if active else assert_inactive(answer)
        # Each tenant is an issuer of its own.
        items.mark(f"iss#{one}")
        assert_inactive(ask(one, tid="one"))
        assert_active(ask(two, tid="two"))


def test_g03_read_consistency(start, proxy, items, caller):
    for setting, strong in (("strong", True), ("eventual", False)):
        with start(READ_CONSISTENCY=setting) as function:
            token = items.opaque()
            with proxy.watch() as calls:
                assert_active(function.introspect(token, caller))
            parts = [part for call in calls for part in call.body["RequestItems"].values()]
            assert parts and all(part.get("ConsistentRead", False) is strong for part in parts)
            # This store has one replica, so the mark is read at once in either case.
            items.mark(f"revoked#{digest(token)}")
            assert_inactive(function.introspect(token, caller))


def test_g03_hot_records(start, proxy, items, caller):
    with start(HOT_RECORD_SECONDS="1") as function:
        token = mint(KEYS["ES256"], claims(RFC9068))
        for reads_all in (True, False):
            with proxy.watch() as calls:
                assert_active(function.introspect(token, caller))
            read = str([call.body for call in calls])
            assert f"jti#{RFC9068}#" in read
            assert [name in read for name in (f"'{caller.id}'", f"iss#{RFC9068}", f"kid#{RFC9068}#")] == [reads_all] * 3
        items.mark(f"iss#{RFC9068}")
        time.sleep(1)
        assert_inactive(function.introspect(token, caller))


def test_policy_any_logs_a_warning(start):
    for policy, warned in (("any", True), (None, True), ("audience", False)):
        with start(DEFAULT_POLICY=policy) as function:
            assert ("DEFAULT_POLICY" in function.output()) is warned


def test_tables_with_other_names(start, dynamodb, items, caller):
    dynamodb.create_table("my-tokens", "id")
    token = items.opaque()
    with start(TOKENS_TABLE="my-tokens") as function:
        assert function.introspect(token, caller).json == {"active": False}
    with start(TOKENS_TABLE="oauth-tokens", CLIENTS_TABLE="oauth-clients") as function:
        assert_active(function.introspect(token, caller))


def test_client_without_issuer_belongs_to_ours_and_the_first_trusted_one(start, items):
    caller = items.caller()
    first, second = (mint(KEYS["ES256"], claims(issuer, client_id=caller.id)) for issuer in (RFC9068, OTHER))
    # A second issuer changes nothing for the clients of the first.
    for trusted in ([RFC], [RFC, {**RFC, "issuer": OTHER}]):
        with start(trusted, DEFAULT_POLICY="audience") as function:
            assert_active(function.introspect(first, caller))
            assert_inactive(function.introspect(second, caller))
            assert_active(function.introspect(items.opaque(client_id=caller.id), caller))
