"""Events that no gateway sends, and members of real events that the function does not need."""

import json

import pytest

import events
from verdicts import assert_active

CANARY = "hunter2-canary"


def without(event: dict, *path: str) -> dict:
    inner = event
    for step in path[:-1]:
        inner = inner[step]
    del inner[path[-1]]
    return event


UNREADABLE = {
    "no-event": (lambda event: None, "."),
    "text": (lambda event: CANARY, "."),
    "list": (lambda event: [CANARY], "."),
    "empty": (lambda event: {}, "httpMethod"),
    "another-service": (lambda event: {"Records": [CANARY]}, "httpMethod"),
    "no-method": (lambda event: without(event, "requestContext", "http", "method"), "requestContext.http.method"),
    "no-path": (lambda event: without(event, "rawPath"), "rawPath"),
    "body-of-another-type": (lambda event: {**event, "body": {CANARY: CANARY}}, "body"),
    "flag-of-another-type": (lambda event: {**event, "isBase64Encoded": CANARY}, "isBase64Encoded"),
}


@pytest.mark.parametrize("case", UNREADABLE)
def test_o09_unreadable_event_is_500_and_an_error_in_the_log(function, caller, token, case):
    make, path = UNREADABLE[case]
    before = len(function.output())
    answer = function.invoke(make(events.introspection(token, caller)))
    assert (answer.status, answer.json["error"]) == (500, "server_error")
    assert answer.headers["cache-control"] == "no-store"
    lines = [json.loads(line) for line in function.output()[before:].splitlines()]
    [line] = [line for line in lines if line.get("event") == "unreadable_event"]
    assert (line["level"], line["path"]) == ("ERROR", path)
    # The id leads from the answer to the log line, and neither of them quotes the event.
    assert line["request_id"] in answer.json["error_description"]
    for secret in (CANARY, token, caller.secret):
        assert secret not in answer.body + function.output()
    assert_active(function.introspect(token, caller))


AUTHORIZERS = [
    {"jwt": {"claims": {"exp": 4_102_444_800, "ratio": 0.5, "groups": ["a", 1]}, "scopes": None}},
    {"lambda": {"tenant": 7, "nested": {"list": [1, {}]}}}, {"principalId": 42, "integrationLatency": 12.5}, None, "x",
]


@pytest.mark.parametrize("make", [events.http_api, events.rest_api, events.function_url])
@pytest.mark.parametrize("authorizer", AUTHORIZERS, ids=range(len(AUTHORIZERS)))
def test_members_that_an_authorizer_adds_do_not_matter(function, caller, token, make, authorizer):
    event = events.introspection(token, caller, make=make)
    event["requestContext"]["authorizer"] = authorizer
    assert_active(function.invoke(event))
