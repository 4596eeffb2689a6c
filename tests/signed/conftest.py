"""Signed answers of the function's binary, with KMS and Secrets Manager of moto, checked by PyJWT.

`documented_kms` does what moto's KMS lacks or does differently from AWS.

The Lambda Runtime API, DynamoDB Local and the items are those of tests/real. It needs Java 17, Maven and the release
binary:

    cargo build --release --bin token-introspection
    python3 -m venv target/signed && target/signed/bin/pip install -r tests/signed/requirements.txt
    target/signed/bin/pytest tests/signed

FUNCTION_BINARY names another binary, DYNAMODB_LOCAL_DIR another folder for DynamoDB Local than target/dynamodb-local.
"""

import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "real"))

import boto3
from moto.server import ThreadedMotoServer

from documented_kms import DocumentedKms
from lambda_runtime import Function
from session import dynamodb, items, pytest_sessionstart  # noqa: F401 - pytest finds them by name
from settings import settings

# The Region differs from the function's own, so that the tests show that the one in the ARN counts.
REGION = "eu-central-1"


@pytest.fixture(scope="session")
def moto():
    """The address of KMS and Secrets Manager."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture(scope="session")
def documented_kms():
    """A KMS for what moto's lacks or does differently from AWS."""
    with DocumentedKms() as kms:
        yield kms


@pytest.fixture(scope="session")
def aws(moto):
    """Creates clients of moto's services."""

    def client(service):
        return boto3.client(service, endpoint_url=moto, region_name=REGION, aws_access_key_id="suite",
                            aws_secret_access_key="suite")

    return client


@pytest.fixture(scope="session")
def start(dynamodb, moto):
    """Starts a function that signs: `with start("kms:…", SIGNING_ALGORITHM="PS256") as function`."""

    def start(signing_key, endpoint=moto, **changes) -> Function:
        return Function(settings(
            dynamodb.url, SIGNING_KEY=signing_key, AWS_ENDPOINT_URL_KMS=endpoint,
            AWS_ENDPOINT_URL_SECRETS_MANAGER=endpoint, **changes,
        ))

    return start


@pytest.fixture
def caller(items):
    """A resource server that may introspect everything."""
    return items.caller()
