"""CORS: only the exact origins of the setting are allowed, and without the setting there are no CORS headers."""

import pytest

import events
from verdicts import assert_active


@pytest.fixture(scope="module")
def cors(start):
    with start(CORS_ALLOWED_ORIGINS="https://one.example,https://two.example") as function:
        yield function


def test_o08_preflight_only_if_origins_are_set(function, cors):
    def preflight(origin):
        headers = {"origin": origin, "access-control-request-method": "POST",
                   "access-control-request-headers": "authorization,content-type"}
        return events.http_api(method="OPTIONS", headers=headers)

    refused = function.invoke(preflight("https://one.example"))
    assert (refused.status, refused.headers["allow"]) == (405, "POST")
    for origin in ("https://one.example", "https://two.example"):
        answer = cors.invoke(preflight(origin))
        assert answer.status in (200, 204)
        assert answer.headers["access-control-allow-origin"] == origin
        allowed = {name.strip().lower() for name in answer.headers["access-control-allow-headers"].split(",")}
        assert {"authorization", "content-type"} <= allowed
        assert "POST" in answer.headers["access-control-allow-methods"]
        assert "origin" in answer.headers["vary"].lower()
    for origin in ("https://three.example", "null", "https://one.example.evil", "http://one.example"):
        assert "access-control-allow-origin" not in cors.invoke(preflight(origin)).headers


def test_o08_answers_with_cors(cors, caller, token):
    for answer in (cors.introspect(token, caller, headers={"origin": "https://one.example"}),
                   cors.introspect(token, headers={"origin": "https://one.example"})):
        assert answer.headers["access-control-allow-origin"] == "https://one.example"
        exposed = answer.headers["access-control-expose-headers"].lower()
        assert "www-authenticate" in exposed and "retry-after" in exposed
        assert "origin" in answer.headers["vary"].lower()
        assert "access-control-allow-credentials" not in answer.headers
    foreign = cors.introspect(token, caller, headers={"origin": "https://three.example"})
    assert_active(foreign)
    assert "access-control-allow-origin" not in foreign.headers
    method = cors.invoke(events.http_api(method="GET"))
    assert {"POST", "OPTIONS"} == {name.strip() for name in method.headers["allow"].split(",")}
