"""Transport: the form of a request, the headers of every answer, and every event source."""

import urllib.parse

import pytest

import events
from items import Caller
from verdicts import assert_active, assert_error, assert_inactive, assert_refused


def test_a02_other_methods_are_405(function, caller, token):
    for method in ("GET", "HEAD", "PUT", "DELETE", "PATCH"):
        event = events.http_api(method=method, headers={"authorization": caller.basic()})
        answer = function.invoke(event)
        assert (answer.status, answer.headers["allow"]) == (405, "POST"), method
        if method == "HEAD":
            assert answer.body == ""
        else:
            assert_error(answer, 405, "invalid_request")
    # The query string of a GET is not read, so the request is refused for its method and not for the secret.
    query = urllib.parse.urlencode({"token": token, "client_id": caller.id, "client_secret": caller.secret})
    assert_error(function.invoke(events.http_api(method="GET", query=query)), 405, "invalid_request")


@pytest.mark.parametrize("media_type", ["application/json", "multipart/form-data; boundary=x", "text/plain", "",
                                        "application/x-www-form-urlencodedx", None])
def test_a03_other_media_types_are_415(function, caller, token, media_type):
    headers = {"authorization": caller.basic(), **({"content-type": media_type} if media_type is not None else {})}
    body = f'{{"token":"{token}"}}' if media_type == "application/json" else f"token={token}"
    assert_error(function.invoke(events.http_api(headers=headers, body=body)), 415, "invalid_request")


def test_a03_media_type_without_case_and_with_parameters(function, caller, token):
    for media_type in ("application/x-www-form-urlencoded;charset=UTF-8", "APPLICATION/X-WWW-FORM-URLENCODED",
                       "application/x-www-form-urlencoded ; charset=utf-8"):
        assert_active(function.introspect(token, caller, headers={"content-type": media_type}))


def test_a04_secrets_in_the_query_are_400(function, caller, token):
    for name in ("token", "client_secret", "client_assertion", "access_token"):
        event = events.introspection(token, caller, query=urllib.parse.urlencode({name: token}))
        assert_error(function.invoke(event), 400, "invalid_request")
    assert_active(function.invoke(events.introspection(token, caller, query="trace=1")))


def test_a05_a06_a09_missing_and_empty_token(function, caller, token):
    for answer in (function.introspect(None, caller), function.introspect("", caller),
                   function.introspect(None, caller, pairs=[("Token", token)]),
                   function.introspect(None, caller, body=""), function.introspect(None, caller, body="token")):
        assert_error(answer, 400, "invalid_request")


@pytest.mark.parametrize("name", ["token", "token_type_hint", "client_id", "client_secret", "client_assertion",
                                  "client_assertion_type"])
def test_a07_recognized_parameter_twice(function, caller, token, name):
    value = token if name == "token" else caller.id if name == "client_id" else "x"
    pairs = [(name, value)] * (1 if name == "token" else 2)
    assert_error(function.introspect(token, caller, pairs=pairs), 400, "invalid_request")
    # The same holds without credentials: the form is checked before the credentials.
    assert_error(function.introspect(token, pairs=pairs), 400, "invalid_request")


def test_a08_unknown_parameters_are_ignored(function, caller, token):
    assert_active(function.introspect(token, caller, pairs=[("x", "1"), ("x", "2"), ("TOKEN", "y"), ("", "z")]))


def test_a13_form_decoding(function, caller, items):
    token = items.opaque()
    escaped = "".join(f"%{ord(letter):02x}" for letter in token)
    assert_active(function.introspect(None, caller, body=f"token={escaped}&&=&a=b"))
    assert_inactive(function.introspect(None, caller, body=f"token={escaped.replace('%', '%25')}"))
    for body in (b"token=%ff", b"token=x&y=%c3%28", b"token=\xff"):
        assert_error(function.introspect(None, caller, body=body, encoded=True), 400, "invalid_request")


def test_a14_bodies_plain_and_base64(function, caller, token):
    for encoded in (False, True):
        assert_active(function.introspect(token, caller, encoded=encoded))


def test_a14_size_of_the_body_and_of_the_token(function, caller, token):
    too_large = [("x", "y" * (64 * 1024))]
    assert_error(function.introspect(token, caller, pairs=too_large), 413, "invalid_request")
    assert_active(function.introspect(token, caller, pairs=[("x", "y" * 60_000)]))
    assert_inactive(function.introspect("x" * (16 * 1024 + 1), caller))


def test_malformed_base64_body_is_answered(function, caller, token):
    for body in ("%%%", "dG9rZW4", "====", "\u00e4"):
        event = events.introspection(token, caller)
        event.update(body=body, isBase64Encoded=True)
        answer = function.invoke(event)
        assert_error(answer, 400, "invalid_request")
    assert_active(function.introspect(token, caller))


@pytest.mark.parametrize("host", ["", "bad host", "a/b", "[::1", "\u00e4", "x" * 5000, "evil.example:99999", "{}"])
@pytest.mark.parametrize("make", [events.http_api, events.rest_api])
def test_malformed_host_is_answered(function, caller, token, make, host):
    # A gateway should not pass it on. If it does, the caller gets a verdict or a 400, and the process continues.
    answer = function.introspect(token, caller, make=make, headers={"host": host})
    if answer.status == 200:
        assert_active(answer)
    else:
        assert_error(answer, 400, "invalid_request")


def test_a15_two_authorization_headers(function, caller, token):
    twice = f"{caller.basic()}, {caller.basic()}"
    assert_error(function.introspect(token, headers={"authorization": twice}), 400, "invalid_request")


def test_a17_every_accept_gets_json(function, caller, token):
    for accept in ("text/html", "*/*", "application/json", "application/json, text/plain, */*", "garbage;;", "",
                   "text/html, image/gif, image/jpeg, */*; q=0.2", "application/token-introspection+jwt;q=0, */*"):
        answer = function.introspect(token, caller, headers={"accept": accept})
        assert_active(answer)
        assert answer.headers["content-type"] == "application/json"
    event = events.introspection(token, caller)
    del event["headers"]["accept"]
    assert_active(function.invoke(event))


def test_a18_a20_o08_headers_of_every_answer(function, caller, token):
    answers = [function.introspect(token, caller), function.introspect("garbage", caller), function.introspect(token),
               function.introspect(None, caller), function.invoke(events.http_api(method="GET")),
               function.introspect(token, Caller("missing", "x"))]
    for answer in answers:
        headers = answer.headers
        assert (headers["cache-control"], headers["pragma"]) == ("no-store", "no-cache")
        assert headers["x-content-type-options"] == "nosniff"
        assert not {"set-cookie", "server", "x-powered-by"} & headers.keys()
        assert not [name for name in headers if name.startswith("access-control-")]
        assert not answer.gateway.get("cookies")


def test_a21_order_of_the_refusals(function, caller):
    json_type, secret_query = {"content-type": "application/json"}, "token=x"
    large = "x" * 70_000
    wrong = Caller("missing", "x")
    for expected, event in [
        ((404, "not_found"), events.http_api(method="GET", path="/nothing", query=secret_query)),
        ((405, "invalid_request"), events.http_api(method="GET", query=secret_query, headers=json_type)),
        ((400, "invalid_request"), events.http_api(query=secret_query, headers=json_type, body=large)),
        ((415, "invalid_request"), events.http_api(headers=json_type, body=large)),
        ((413, "invalid_request"), events.introspection(None, caller, body=large + "&token=a&token=b")),
        ((400, "invalid_request"), events.introspection(None, body="token=a&token=b")),
        ((400, "invalid_request"), events.introspection(None, headers={"authorization": "Basic !"})),
        ((401, "invalid_client"), events.introspection(None)),
        ((400, "invalid_request"), events.introspection(None, wrong)),
        ((401, "invalid_client"), events.introspection("x", wrong)),
    ]:
        assert_error(function.invoke(event), *expected)


SOURCES = {
    "http-api": {}, "http-api-with-a-stage": {"stage": "v1"}, "base-path": {"path": "/iam/token/introspect"},
    "function-url": {"make": events.function_url}, "rest-api": {"make": events.rest_api},
    "rest-api-base64": {"make": events.rest_api, "encoded": True},
    "rest-api-with-a-base-path": {"make": events.rest_api, "path": "/auth/token/introspect", "stage": "test"},
    "load-balancer": {"make": events.load_balancer},
    "load-balancer-plain": {"make": events.load_balancer, "encoded": False},
}


@pytest.mark.parametrize("source", SOURCES)
def test_every_event_source(function, caller, token, source):
    shown = assert_active(function.introspect(token, caller, **SOURCES[source]))
    assert shown == assert_active(function.introspect(token, caller))
    assert_inactive(function.introspect("garbage", caller, **SOURCES[source]))
    assert_refused(function.introspect(token, **SOURCES[source]))


@pytest.mark.parametrize("path", ["/", "/nothing", "/token/introspect/x", "/xtoken/introspect", "/token", "/introspect"])
def test_a21_unknown_route(function, caller, token, path):
    assert_error(function.introspect(token, caller, path=path), 404, "not_found")
