"""The credentials of the function expire, are renewed, and are refused.

Lambda puts the credentials of the role into the environment, once for the life of an execution environment, which ends before
they do. With SnapStart, and in a container, they come from an endpoint instead, which has new ones before the old ones expire.
"""

import datetime
import json
import threading
import time

import pytest

from lambda_runtime import Function
from servers import Handler, Server
from settings import settings
from verdicts import assert_active, assert_unavailable

TOKEN = "authorization-of-the-suite"


class Endpoint:
    """The endpoint of AWS_CONTAINER_CREDENTIALS_FULL_URI, with credentials that are valid for `seconds`."""

    def __init__(self):
        self.key, self.seconds, self.status, self.asked = "FIRST", 3600, 200, 0
        self.lock = threading.Lock()
        self.server = Server(type("EndpointHandler", (_Handler,), {"endpoint": self})).start()
        self.settings = {
            "AWS_CONTAINER_CREDENTIALS_FULL_URI": f"http://127.0.0.1:{self.server.port}/role",
            "AWS_CONTAINER_AUTHORIZATION_TOKEN": TOKEN, "AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": "",
        }


class _Handler(Handler):
    endpoint: Endpoint

    def do_GET(self):
        endpoint = self.endpoint
        with endpoint.lock:
            endpoint.asked += 1
        if endpoint.status != 200 or self.headers.get("Authorization") != TOKEN:
            return self.answer(endpoint.status if endpoint.status != 200 else 401, b"{}")
        end = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=endpoint.seconds)
        self.answer(200, json.dumps({
            "RoleArn": "arn:aws:iam::123456789012:role/introspection", "AccessKeyId": endpoint.key,
            "SecretAccessKey": "suite", "Token": "session", "Expiration": end.strftime("%Y-%m-%dT%H:%M:%SZ"),
        }).encode(), {"Content-Type": "application/json"})


@pytest.fixture
def endpoint():
    endpoint = Endpoint()
    yield endpoint
    endpoint.server.close()


@pytest.mark.parametrize("error", ["ExpiredTokenException", "UnrecognizedClientException", "InvalidSignatureException"])
def test_g08_credentials_of_the_environment_that_are_refused_are_503_and_right_once_they_are_accepted(
        proxy, start, caller, token, error):
    with start() as function:
        assert_active(function.introspect(token, caller))
        with proxy.refusing("suite", error):
            for _ in range(3):
                assert_unavailable(function.introspect(token, caller))
        assert_active(function.introspect(token, caller))


def test_g08_credentials_of_an_endpoint_are_kept_while_they_are_valid(proxy, endpoint, caller, token):
    with Function(settings(proxy.url, **endpoint.settings)) as function:
        for _ in range(3):
            assert_active(function.introspect(token, caller))
        assert endpoint.asked == 1


@pytest.mark.parametrize("error", ["ExpiredTokenException", "UnrecognizedClientException"])
def test_g08_credentials_of_an_endpoint_that_expire_in_a_freeze_are_renewed_without_a_restart(
        proxy, endpoint, caller, token, error):
    # The SDK renews credentials between 10 and 5 seconds before they expire.
    endpoint.seconds = 13
    with Function(settings(proxy.url, **endpoint.settings)) as function:
        assert_active(function.introspect(token, caller))
        endpoint.key, endpoint.seconds = "SECOND", 3600
        with proxy.refusing("FIRST", error):
            # AWS may refuse them before their time is over.
            assert_unavailable(function.introspect(token, caller))
            assert endpoint.asked == 1
            # The process is stopped meanwhile.
            time.sleep(13)
            for _ in range(3):
                assert_active(function.introspect(token, caller))
            assert endpoint.asked == 2


def test_g08_an_endpoint_that_fails_is_503_and_right_once_it_answers(proxy, endpoint, caller, token):
    endpoint.status = 500
    with Function(settings(proxy.url, **endpoint.settings)) as function:
        assert_unavailable(function.introspect(token, caller))
        endpoint.status = 200
        assert_active(function.introspect(token, caller))
