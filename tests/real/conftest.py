"""The fixtures: one DynamoDB Local, one proxy in front of it, one function, and the fixtures that are made for each test.

It needs Java 17, Maven and the release binary:

    cargo build --release --bin token-introspection
    python3 -m venv target/real && target/real/bin/pip install -r tests/real/requirements.txt
    target/real/bin/pytest tests/real

FUNCTION_BINARY names another binary, DYNAMODB_LOCAL_DIR another folder for DynamoDB Local than target/dynamodb-local.
"""

import pytest

pytest.register_assert_rewrite("verdicts")

from issuer_site import Site
from key_host import Authority
from lambda_runtime import Function
from proxy import Proxy
from session import dynamodb, items, pytest_sessionstart  # noqa: F401 - pytest finds them by name
from settings import KEYS, RFC9068, settings
from tokens import claims, mint


@pytest.fixture(scope="session")
def proxy(dynamodb):
    proxy = Proxy(dynamodb.url)
    yield proxy
    proxy.close()


@pytest.fixture(scope="session")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="session")
def start(proxy, authority):
    """Starts a function with additional settings: `with start(LOG_LEVEL="trace") as function`."""

    def start(issuers=None, wait=True, **changes) -> Function:
        environment = {"SSL_CERT_FILE": str(authority.certificate), **changes}
        return Function(settings(environment.pop("endpoint", proxy.url), issuers, **environment), wait)

    return start


@pytest.fixture(scope="module")
def function(start):
    """The function that most tests of a module use. Tests that could change its state start one of their own."""
    with start() as function:
        yield function


@pytest.fixture
def caller(items):
    """A resource server that may introspect everything."""
    return items.caller()


@pytest.fixture(scope="module")
def token():
    """An ordinary access token."""
    return mint(KEYS["ES256"], claims(RFC9068))


@pytest.fixture
def site(start, items, caller, authority):
    site = Site(start, items, caller, authority)
    yield site
    site.close()


@pytest.fixture
def plain_site(start, items, caller):
    """The development case: plain HTTP on loopback."""
    site = Site(start, items, caller, None)
    yield site
    site.close()
