"""Long runs of the function's binary: a soak with faults, the time of answers that must not be told apart, and memory.

The Lambda Runtime API, DynamoDB Local and the items are those of tests/real, and so is what it needs. `run` says how often
each is repeated.
"""

import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "real"))

from key_host import KeyHost
from lambda_runtime import Function
from proxy import Proxy
from session import dynamodb, items, pytest_sessionstart  # noqa: F401 - pytest finds them by name
from settings import settings
from tokens import make_key

ISSUER = "https://soak.example.com"


class Deployment:
    """A running function, the store behind a proxy that can fail, and an issuer that publishes keys."""

    def __init__(self, dynamodb, **changes):
        self.proxy, self.keys = Proxy(dynamodb.url), [make_key("ES256")]
        self.host = KeyHost(None, [self.keys[0].jwk()])
        issuers = [{"issuer": ISSUER, "profile": "rfc9068", "jwks_uri": self.host.url}]
        self.function = Function(settings(self.proxy.url, issuers, FAILED_AUTHENTICATION_LIMIT="1000000", **changes))

    def rotate(self):
        """Publishes a new key beside the last one."""
        self.keys = [make_key("ES256"), *self.keys[:1]]
        self.host.keys = [key.jwk() for key in self.keys]

    def close(self):
        self.function.stop()
        self.host.down()
        self.proxy.close()


@pytest.fixture
def deployment(dynamodb):
    deployment = Deployment(dynamodb)
    yield deployment
    deployment.close()
