"""The programs that protect an API, which people copy: what is no verdict is 503, in time, and nothing is logged."""

import base64
import dataclasses
import os
import pathlib
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request

import pytest

import pages
from endpoint import ACTIVE, NO_VERDICT, Endpoint

TOKEN, SECRET = "a-token-that-no-log-may-have", "a-secret-that-no-log-may-have"
HELLO = b"""{"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {"protocolVersion": "2025-06-18",
    "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}}}"""
RESOURCE = "https://mcp.example.com/mcp"


def uvicorn(application: str, port: int) -> list[str]:
    return [sys.executable, "-m", "uvicorn", application, "--port", str(port), "--lifespan", "auto"]


@dataclasses.dataclass
class Program:
    page: str
    commands: list[list[str]]
    url: str
    body: bytes | None = None
    # What the API behind a gateway would answer is another program's matter.
    has_api: bool = True


PROGRAMS = [
    Program("fastapi", [uvicorn("orders:app", 8320)], "http://127.0.0.1:8320/orders"),
    Program("django", [uvicorn("orders:application", 8380)], "http://127.0.0.1:8380/orders"),
    Program("envoy", [uvicorn("authz:app", 8391)], "http://127.0.0.1:8391/orders"),
    Program("mcp", [[sys.executable, "server.py"]], "http://127.0.0.1:8310/mcp", body=HELLO),
    Program("nginx", [["nginx", "-p", ".", "-e", "error.log", "-g", "daemon off;", "-c", "nginx.conf"]],
            "http://127.0.0.1:8340/orders"),
    Program("apache", [[sys.executable, "verdict.py"], ["apache2", "-D", "FOREGROUND", "-f", "httpd.conf"]],
            "http://127.0.0.1:8350/orders", has_api=False),
]


@dataclasses.dataclass
class Running:
    program: Program
    endpoint: Endpoint

    def ask(self, authorization: str | None = f"Bearer {TOKEN}"):
        """The status, the challenge, and the seconds that it took."""
        headers = {"Content-Type": "application/json", "Accept": "application/json, text/event-stream"}
        headers |= {"Authorization": authorization} if authorization else {}
        request = urllib.request.Request(self.program.url, self.program.body, headers)
        start = time.monotonic()
        try:
            with urllib.request.urlopen(request, timeout=15) as answer:
                return answer.status, None, time.monotonic() - start
        except urllib.error.HTTPError as answer:
            with answer:
                return answer.code, answer.headers.get("WWW-Authenticate"), time.monotonic() - start


@pytest.fixture(scope="module", params=PROGRAMS, ids=lambda program: program.page)
def running(request, tmp_path_factory):
    program, folder = request.param, tmp_path_factory.mktemp("program")
    for name, text in pages.files(pages.FOLDER / f"{program.page}.md").items():
        (folder / name).write_text(text)
    endpoint = Endpoint()
    credentials = base64.b64encode(f"client:{SECRET}".encode()).decode()
    (folder / "credentials.conf").write_text(f'proxy_set_header Authorization "Basic {credentials}";\n')
    (folder / "endpoint.conf").write_text(f"set $endpoint {endpoint.url};\n")
    environment = {
        **os.environ, "PATH": os.environ["PATH"] + ":/usr/sbin", "CLIENT_ID": "client", "CLIENT_SECRET": SECRET,
        "INTROSPECTION_URL": endpoint.url, "SCOPE": "orders:read", "FOLDER": str(folder), "RESOURCE": RESOURCE,
        "PORT": "8310", "AUTHORIZATION_SERVER": "https://auth.example.com",
    }
    with (folder / "output").open("wb") as output:
        started = [subprocess.Popen([folder / "httpd.conf" if word == "httpd.conf" else word for word in command],
                                    cwd=folder, env=environment, stdout=output, stderr=output, start_new_session=True)
                   for command in program.commands]
    running = Running(program, endpoint)
    try:
        wait_for(running, started, folder / "output")
        yield running
    finally:
        for process in started:
            os.killpg(process.pid, signal.SIGTERM)
            process.wait(10)
        endpoint.close()
    logs = b"".join(path.read_bytes() for path in folder.iterdir() if path.name in ("output", "error.log", "log"))
    assert TOKEN.encode() not in logs and SECRET.encode() not in logs and credentials.encode() not in logs


def wait_for(running: Running, started: list[subprocess.Popen], output: pathlib.Path):
    for _ in range(200):
        assert all(process.poll() is None for process in started), output.read_text()
        try:
            running.ask(None)
            return
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
    pytest.fail(f"it does not answer: {output.read_text()}")


def active(**changes) -> tuple:
    return 200, {}, {**ACTIVE, "aud": RESOURCE, **changes}


@pytest.mark.parametrize("answer", NO_VERDICT.values(), ids=NO_VERDICT.keys())
def test_what_is_no_verdict_is_503_in_time(running, answer):
    running.endpoint.answer = answer
    status, _, seconds = running.ask()
    assert status == 503
    # Apache asks once itself, and once more in verdict.py.
    assert seconds < (9 if running.program.page == "apache" else 4)


def test_an_inactive_token_is_401_with_a_challenge(running):
    running.endpoint.answer = (200, {}, {"active": False})
    status, challenge, _ = running.ask()
    assert status == 401 and 'error="invalid_token"' in challenge


@pytest.mark.parametrize("authorization", [None, "Basic YTpi", f"DPoP {TOKEN}", "Bearer "])
def test_without_a_bearer_token_nothing_is_asked(running, authorization):
    running.endpoint.answer = (200, {}, {"active": False})
    status, challenge, _ = running.ask(authorization)
    assert status == 401 and challenge.startswith("Bearer")


def test_an_active_token_is_served(running):
    if not running.program.has_api:
        pytest.skip("the API behind it does not run here")
    running.endpoint.answer = active()
    assert running.ask()[0] == 200
    assert running.ask(f"bearer {TOKEN}")[0] == 200
    running.endpoint.answer = active(scope="orders:write orders:read")
    assert running.ask()[0] == 200


@pytest.mark.parametrize("scope", ["", "orders:write", "orders:read-all", "my:orders:read"])
def test_a_token_without_the_scope_is_refused(running, scope):
    if not running.program.has_api:
        pytest.skip("the API behind it does not run here")
    running.endpoint.answer = active(scope=scope)
    assert running.ask()[0] == 403


@pytest.mark.parametrize("aud", ["https://other.example.com/mcp", ["https://mcp.example.com"], [], None])
def test_an_mcp_server_refuses_a_token_for_another_one(running, aud):
    if running.program.page != "mcp":
        pytest.skip("there, the policy of the client compares the audience")
    running.endpoint.answer = active(aud=aud)
    assert running.ask()[0] == 401
    for mine in (RESOURCE, RESOURCE + "/", ["https://other.example.com", RESOURCE + "/"]):
        running.endpoint.answer = active(aud=mine)
        assert running.ask()[0] == 200
