"""docs/openapi.yaml against the development server: the description is valid, complete and true.

    cargo build --example dev
    python3 -m venv target/openapi && target/openapi/bin/pip install -r tests/openapi/requirements.txt
    target/openapi/bin/pytest tests/openapi

DEV_SERVER names another program.
"""

import base64
import json
import os
import pathlib
import re
import subprocess
import sys
import threading
import urllib.error
import urllib.parse
import urllib.request

import pytest
import schemathesis
import yaml
from hypothesis import HealthCheck, settings
from openapi_spec_validator import validate
from schemathesis import checks

ROOT = pathlib.Path(__file__).resolve().parents[2]
TEXT = (ROOT / "docs/openapi.yaml").read_text()
DESCRIPTION = yaml.safe_load(TEXT)
CLIENT = "orders-api", "dF2kQ9sLm4Xv7RbT1yHc8NwZ3pJg6EaU5oKi0VxB2nM"
BASIC = "Basic " + base64.b64encode(":".join(CLIENT).encode()).decode()
# What a caller sends in two places is refused (RFC 6749 §2.3), so generated bodies have no credentials.
IN_THE_BODY = ["client_id", "client_secret", "client_assertion", "client_assertion_type"]
# A schema cannot say which strings are the method and URL of a request or a certificate, so generated ones are refused.
FORWARDED = {"dpop", "htm", "htu", "client_certificate", "client_certificate_thumbprint"}
schema = schemathesis.openapi.from_dict(yaml.safe_load(TEXT))


@schemathesis.serializer("application/secevent+jwt")
def security_event_token(context, value):
    return str(value).encode()


@schemathesis.hook
def map_body(context, body):
    return {name: value for name, value in body.items() if name not in IN_THE_BODY} if isinstance(body, dict) else body


def free_port():
    """A port that is free, as is the next one, on which the server puts its tables."""
    ports = subprocess.run([sys.executable, ROOT / "tests/interop/ports.py"], capture_output=True, check=True, text=True)
    return int(ports.stdout.split()[0])


@pytest.fixture(scope="session")
def url():
    port = free_port()
    program = os.environ.get("DEV_SERVER", ROOT / "target/debug/examples/dev")
    with subprocess.Popen([program, "--port", str(port)], stdout=subprocess.PIPE, text=True) as server:
        # The last line of the guide.
        while "oauth-authorization-server" not in server.stdout.readline():
            assert server.poll() is None, "the development server has ended"
        # Its audit records follow. If they were not read, it would wait.
        threading.Thread(target=server.stdout.read, daemon=True).start()
        yield f"http://127.0.0.1:{port}"
        server.terminate()


def ask(url, method, path, body=None, media_type=None, authorization=BASIC):
    headers = {"Content-Type": media_type} if media_type else {}
    if authorization:
        headers["Authorization"] = authorization
    request = urllib.request.Request(url + path, body, headers, method=method)
    try:
        with urllib.request.urlopen(request) as response:
            return response.status, response.headers, response.read()
    except urllib.error.HTTPError as error:
        return error.code, error.headers, error.read()


def encoded(media_type, value):
    return (json.dumps(value) if media_type == "application/json" else urllib.parse.urlencode(value)).encode()


def test_the_description_is_valid():
    validate(DESCRIPTION)


def test_the_description_has_the_routes_of_the_page_and_no_others():
    table = (ROOT / "docs/endpoints.md").read_text().split("\n\n")
    rows = re.findall(r"^\| `(/[^`]+)` \| ([^|]+) \|", next(part for part in table if part.startswith("| route")), re.M)
    # A preflight concerns browsers and not callers.
    page = {path: {name.lower() for name in re.findall(r"`([A-Z]+)`", methods)} - {"options"} for path, methods in rows}
    assert {path: set(operations) for path, operations in DESCRIPTION["paths"].items()} == page


def test_the_development_server_serves_it(url):
    status, _, body = ask(url, "GET", "/openapi.yaml")
    assert (status, body.decode()) == (200, TEXT)


def test_each_example_is_answered_as_it_says(url):
    compared = 0
    for path, operations in DESCRIPTION["paths"].items():
        for method, operation in operations.items():
            for media_type, content in operation.get("requestBody", {}).get("content", {}).items():
                answers = operation["responses"].get("200", {}).get("content", {}).get("application/json", {})
                for name, example in content.get("examples", {}).items():
                    status, _, body = ask(url, method.upper(), path, encoded(media_type, example["value"]), media_type)
                    expected = answers.get("examples", {}).get(name, {}).get("value")
                    text = body.decode().replace(url, DESCRIPTION["servers"][0]["url"])
                    assert (status, json.loads(text) if text else None) == (200, expected), name
                    compared += 1
    assert compared == 4


def test_each_error_has_its_headers(url):
    form, path = "application/x-www-form-urlencoded", "/token/introspect"
    for status, header, arguments in [
        (401, "WWW-Authenticate", {"body": b"token=a", "media_type": form, "authorization": None}),
        (400, None, {"body": b"", "media_type": form}),
        (413, None, {"body": b"token=" + b"a" * 65536, "media_type": form}),
        (415, None, {"body": b"token=a", "media_type": "text/plain"}),
    ]:
        found, headers, body = ask(url, "POST", path, **arguments)
        assert found == status and "error" in json.loads(body)
        assert header is None or header in headers


@schema.parametrize()
@settings(max_examples=int(os.environ.get("OPENAPI_EXAMPLES", "60")), deadline=None,
          suppress_health_check=list(HealthCheck))
def test_generated_requests_are_answered_as_described(case, url):
    response = case.call(base_url=url, headers={"Authorization": BASIC})
    # Only an issuer can sign what is accepted as its report.
    may_be_refused = "notices" in case.operation.tags or isinstance(case.body, dict) and FORWARDED & case.body.keys()
    case.validate_response(response, excluded_checks=[
        *([checks.positive_data_acceptance] if may_be_refused else []),
        # Every value of a form is a string, unknown parameters are ignored (RFC 7662 §2.1), and a token of any form may be
        # asked about, so most "wrong" requests are right ones.
        checks.negative_data_rejection,
        # Credentials do not come from the description's generator.
        checks.ignored_auth,
    ])


def test_credentials_are_needed(url):
    for path, operations in DESCRIPTION["paths"].items():
        for method, operation in operations.items():
            for media_type, content in operation.get("requestBody", {}).get("content", {}).items():
                # What an issuer signs needs no credentials, and has no example, because each is accepted only for minutes.
                for example in content.get("examples", {}).values():
                    body = encoded(media_type, example["value"])
                    for authorization in [None, "Basic " + base64.b64encode(b"orders-api:wrong").decode(), "Bearer a.b.c"]:
                        status, _, _ = ask(url, method.upper(), path, body, media_type, authorization)
                        assert status == 401, (path, authorization)
