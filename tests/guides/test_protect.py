"""The programs that protect an API, which people copy: what is no verdict is 503, in time, and nothing is logged."""

import base64
import dataclasses
import http.server
import json
import os
import pathlib
import signal
import subprocess
import sys
import threading
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
    # Whether a token without the scope is 403.
    knows_scopes: bool = True


PROGRAMS = [
    Program("fastapi", [uvicorn("orders:app", 8320)], "http://127.0.0.1:8320/orders"),
    Program("django", [uvicorn("orders:application", 8380)], "http://127.0.0.1:8380/orders"),
    Program("envoy", [uvicorn("authz:app", 8391)], "http://127.0.0.1:8391/orders"),
    Program("mcp", [[sys.executable, "server.py"]], "http://127.0.0.1:8310/mcp", body=HELLO),
    Program("nginx", [["nginx", "-p", ".", "-e", "error.log", "-g", "daemon off;", "-c", "nginx.conf"]],
            "http://127.0.0.1:8340/orders"),
    Program("apache", [[sys.executable, "verdict.py"], ["apache2", "-D", "FOREGROUND", "-f", "httpd.conf"]],
            "http://127.0.0.1:8350/orders", knows_scopes=False),
]


@dataclasses.dataclass
class Running:
    program: Program
    endpoint: Endpoint

    def ask(self, authorization: str | None = f"Bearer {TOKEN}"):
        """The status, the challenge, and the seconds that it took."""
        answer, seconds = self.fetch(authorization)
        with answer:
            return answer.status, answer.headers.get("WWW-Authenticate"), seconds

    def fetch(self, authorization: str | None, **further: str):
        headers = further | {"Content-Type": "application/json", "Accept": "application/json, text/event-stream"}
        headers |= {"Authorization": authorization} if authorization else {}
        request = urllib.request.Request(self.program.url, self.program.body, headers)
        start = time.monotonic()
        try:
            answer = urllib.request.urlopen(request, timeout=15)
        except urllib.error.HTTPError as refused:
            answer = refused
        return answer, time.monotonic() - start


class Api(http.server.BaseHTTPRequestHandler):
    """The API behind Apache: it answers with the headers that it got."""

    def do_GET(self):
        body = json.dumps(self.headers.items()).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments):
        """Logs nothing."""


@pytest.fixture(scope="module", autouse=True)
def api():
    with http.server.ThreadingHTTPServer(("127.0.0.1", 8351), Api) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        yield
        server.shutdown()


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


MODULE_ACCEPTS = [NO_VERDICT["another status with a verdict"], NO_VERDICT["a redirect"]]


def active(**changes) -> tuple:
    return 200, {}, {**ACTIVE, "aud": RESOURCE, **changes}


@pytest.mark.parametrize("answer", NO_VERDICT.values(), ids=NO_VERDICT.keys())
def test_what_is_no_verdict_is_503_in_time(running, answer):
    if running.program.page == "apache" and answer in MODULE_ACCEPTS:
        pytest.skip("mod_oauth2 takes it for a verdict, as the page says")
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
    running.endpoint.forms.clear()
    status, challenge, _ = running.ask(authorization)
    assert status == 401 and challenge.startswith("Bearer")
    # mod_oauth2 asks about an empty token too.
    module_asks = running.program.page == "apache" and authorization == "Bearer "
    assert running.endpoint.forms == ([b"token=&token_type_hint=access_token"] if module_asks else [])


def test_an_active_token_is_served(running):
    running.endpoint.answer = active()
    assert running.ask()[0] == 200
    assert running.ask(f"bearer {TOKEN}")[0] == 200
    if running.program.knows_scopes:
        running.endpoint.answer = active(scope="orders:write orders:read")
        assert running.ask()[0] == 200


@pytest.mark.parametrize("subject", ["alice\r\nX-Admin: yes", "alice\nX-Admin: yes"])
def test_a_gateway_passes_on_the_subject_in_one_header_and_not_the_token(running, subject):
    if running.program.page not in ("apache", "nginx", "envoy"):
        pytest.skip("it passes nothing on")
    running.endpoint.answer = active(sub=subject)
    answer, _ = running.fetch(f"Bearer {TOKEN}", **{"X-Subject": "mallory"})
    with answer:
        text = answer.read().decode() + json.dumps(answer.headers.items())
    assert answer.status == 200 and "alice%0" in text
    assert "mallory" not in text and '"X-Admin"' not in text and TOKEN not in text


@pytest.mark.parametrize("scope", ["", "orders:write", "orders:read-all", "my:orders:read"])
def test_a_token_without_the_scope_is_refused(running, scope):
    running.endpoint.answer = active(scope=scope)
    # Apache's module knows no 403.
    assert running.ask()[0] == (403 if running.program.knows_scopes else 401)


@pytest.mark.parametrize("aud", ["https://other.example.com/mcp", ["https://mcp.example.com"], [], None])
def test_an_mcp_server_refuses_a_token_for_another_one(running, aud):
    if running.program.page != "mcp":
        pytest.skip("there, the policy of the client compares the audience")
    running.endpoint.answer = active(aud=aud)
    assert running.ask()[0] == 401
    for mine in (RESOURCE, RESOURCE + "/", ["https://other.example.com", RESOURCE + "/"]):
        running.endpoint.answer = active(aud=mine)
        assert running.ask()[0] == 200
