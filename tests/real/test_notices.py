"""What issuers report through a gateway's event: log-outs, security events, and global revocation by a caller."""

import json
import secrets
import urllib.parse

import pytest

from events import http_api
from items import STATE, TOKENS
from settings import GENERIC, KEYS, RFC9068
from tokens import ABSENT, claims, digest, key_set, mint, now
from verdicts import assert_active, assert_error, assert_inactive

RECEIVER = "introspection"
LOG_OUT = "http://schemas.openid.net/event/backchannel-logout"
REVOKED = "https://schemas.openid.net/secevent/caep/event-type/session-revoked"
KEY = KEYS["ES256"]
ISSUERS = [
    {"issuer": RFC9068, "profile": "rfc9068", "jwks": key_set(*KEYS.values()), "logout_audiences": [RECEIVER],
     "event_audiences": [RECEIVER]},
    {"issuer": GENERIC, "profile": "rfc9068", "jwks": key_set(*KEYS.values())},
]


@pytest.fixture(scope="module")
def function(start):
    with start(ISSUERS, GLOBAL_REVOCATION_ISSUERS=RFC9068) as function:
        yield function


@pytest.fixture
def session(items):
    """A session and a user with names of their own, and what a report about them may write."""
    sid, sub = (f"{kind}-{secrets.token_hex(8)}" for kind in ("session", "user"))
    items.written += [(TOKENS, f"sid#{RFC9068}#{sid}"), (TOKENS, f"sub#{RFC9068}#{sub}")]
    return sid, sub


def access(sid, sub, **changes) -> str:
    return mint(KEY, claims(RFC9068, sid=sid, sub=sub, **changes))


def report(typ="logout+jwt", **changes) -> str:
    payload = {"iss": RFC9068, "aud": RECEIVER, "iat": now(), "jti": secrets.token_hex(8), **changes}
    return mint(KEY, {name: value for name, value in payload.items() if value is not ABSENT}, typ)


def log_out(function, token):
    body = urllib.parse.urlencode({"logout_token": token})
    headers = {"content-type": "application/x-www-form-urlencoded"}
    return function.invoke(http_api(path="/logout/backchannel", headers=headers, body=body))


def push(function, token):
    headers = {"content-type": "application/secevent+jwt", "accept": "application/json"}
    return function.invoke(http_api(path="/events", headers=headers, body=token))


def revoke_subject(function, caller, iss, sub):
    headers = {"content-type": "application/json", "authorization": caller.basic()}
    body = json.dumps({"sub_id": {"format": "iss_sub", "iss": iss, "sub": sub}})
    return function.invoke(http_api(path="/global-token-revocation", headers=headers, body=body))


def test_r03_r04_r05_a_log_out_ends_the_session_once(function, items, caller, session):
    sid, sub = session
    mine, other = access(sid, sub), access(f"other-{sid}", sub)
    token = report(sid=sid, sub=sub, jti=sid, events={LOG_OUT: {}})
    items.written.append((STATE, f"logout#{digest(RFC9068 + chr(0) + sid)}"))
    assert_active(function.introspect(mine, caller))
    answer = log_out(function, token)
    assert (answer.status, answer.body, answer.headers["cache-control"]) == (200, "", "no-store")
    assert_inactive(function.introspect(mine, caller))
    assert_active(function.introspect(other, caller))
    assert_error(log_out(function, token), 400, "invalid_request")
    # Without a session, all tokens of the user until now.
    assert log_out(function, report(sub=sub, events={LOG_OUT: {}})).status == 200
    assert_inactive(function.introspect(other, caller))
    assert items.get(TOKENS, f"sub#{RFC9068}#{sub}")["not_before"] <= now() + 10


@pytest.mark.parametrize("change", [
    {"aud": "other"}, {"iss": GENERIC}, {"nonce": "n"}, {"iat": now() - 400}, {"events": {}}, {"jti": ABSENT},
    {"typ": "at+jwt"}, {"typ": "secevent+jwt"}], ids=str)
def test_r02_r03_a_wrong_logout_token_ends_nothing(function, caller, session, change):
    sid, sub = session
    answer = log_out(function, report(**{"sid": sid, "events": {LOG_OUT: {}}, **change}))
    assert_error(answer, 400, "invalid_request")
    assert answer.json["error_description"] == "the logout token is not accepted"
    assert_active(function.introspect(access(sid, sub), caller))


def test_r11_r12_r14_an_event_ends_what_it_names_and_may_be_repeated(function, caller, session):
    sid, sub = session
    user = {"format": "iss_sub", "iss": RFC9068, "sub": sub}
    event = report("secevent+jwt", sub_id=user, iat=now() - 30, events={REVOKED: {"event_timestamp": now() - 40}})
    before, after = access(sid, sub, iat=now() - 100), access(sid, sub, iat=now() - 10)
    for _ in range(2):
        answer = push(function, event)
        assert (answer.status, answer.body) == (202, "")
        assert_inactive(function.introspect(before, caller))
        assert_active(function.introspect(after, caller))
    complex_subject = {"format": "complex", "user": user, "session": {"format": "opaque", "id": sid}}
    assert push(function, report("secevent+jwt", sub_id=complex_subject, events={REVOKED: {}})).status == 202
    assert_inactive(function.introspect(after, caller))


@pytest.mark.parametrize("change, code", [
    ({"iss": GENERIC}, "invalid_issuer"), ({"aud": "other"}, "invalid_audience"),
    ({"sub_id": {"format": "email", "email": "a@example.com"}}, "invalid_request"),
    ({"sub_id": {"format": "iss_sub", "iss": GENERIC, "sub": "a"}}, "access_denied"), ({"typ": "JWT"}, "invalid_request")])
def test_r13_a_wrong_event_has_the_code_of_the_rfc(function, change, code):
    subject = {"format": "iss_sub", "iss": RFC9068, "sub": "unknown"}
    answer = push(function, report(**{"typ": "secevent+jwt", "sub_id": subject, "events": {REVOKED: {}}, **change}))
    assert (answer.status, answer.json["err"], answer.headers["content-language"]) == (400, code, "en")


def test_r15_r16_r17_a_caller_with_the_permission_revokes_its_issuers_users(function, items, caller, session):
    sid, sub = session
    token = access(sid, sub)
    allowed = items.caller(issuer=RFC9068, introspection={"may_revoke_subjects": True})
    for other in (caller, items.caller(issuer=GENERIC, introspection={"may_revoke_subjects": True})):
        assert_error(revoke_subject(function, other, RFC9068, sub), 403, "unauthorized_client")
    assert_error(revoke_subject(function, allowed, GENERIC, sub), 403, "unauthorized_client")
    assert_active(function.introspect(token, caller))
    answer = revoke_subject(function, allowed, RFC9068, sub)
    assert (answer.status, answer.body) == (204, "")
    assert_inactive(function.introspect(token, caller))


def test_r01_r11_r15_without_the_settings_the_routes_do_not_exist(start, items):
    allowed = items.caller(issuer=RFC9068, introspection={"may_revoke_subjects": True})
    with start() as function:
        assert_error(log_out(function, report(sid="s", events={LOG_OUT: {}})), 404, "not_found")
        assert_error(push(function, report("secevent+jwt", events={REVOKED: {}})), 404, "not_found")
        assert_error(revoke_subject(function, allowed, RFC9068, "a"), 404, "not_found")
