"""The client of a protected API: `check.py NAME COMMAND…` starts the API, and sends it tokens with and without proofs."""

import base64
import hashlib
import json
import os
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager

import requests
from checks import ENV, check, main
from joserfc import jwt
from joserfc.jwk import ECKey

NAME, *COMMAND = sys.argv[1:]
KEY = ECKey.generate_key("P-256")
PORT = ENV["API_PORT"]
# Spring compares the URL of the request itself too.
PUBLIC_URL = f"http://127.0.0.1:{PORT}" if NAME == "spring" else "https://api.example.com"
URL = f"http://127.0.0.1:{PORT}/orders"


def admin(*arguments: str) -> dict:
    command = [f"{ENV['BINARIES']}/introspection-admin", *arguments, "--output", "json"]
    endpoint = f"http://127.0.0.1:{int(ENV['PORT']) + 1}"
    return json.loads(subprocess.check_output([*command, "--endpoint-url", endpoint]))


def token(*options: str) -> str:
    return admin("token", "put", "--client", "web-app", "--sub", "alice", "--expires-in", "1h", *options)["token"]


def basic(secret: str) -> str:
    return "Basic " + base64.b64encode(f"{CLIENT}:{secret}".encode()).decode()


CLIENT = f"proofs-{NAME}"
SECRET = admin("client", "add", "--id", CLIENT, "--enforce-binding")["client_secret"]
BOUND = token("--cnf", json.dumps({"jkt": KEY.thumbprint()}))
UNBOUND = token()


def proof(text: str = BOUND, key: ECKey = KEY, **claims: object) -> str:
    ath = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()
    usual = {"jti": str(uuid.uuid4()), "htm": "GET", "htu": f"{PUBLIC_URL}/orders", "iat": int(time.time()), "ath": ath}
    header = {"typ": "dpop+jwt", "alg": "ES256", "jwk": key.as_dict(private=False)}
    return jwt.encode(header, usual | claims, key)


@contextmanager
def api(secret: str = SECRET) -> Iterator[None]:
    settings = {
        "PORT": PORT, "PUBLIC_URL": PUBLIC_URL, "INTROSPECTION_URL": ENV["ENDPOINT"], "CLIENT_ID": CLIENT,
        "CLIENT_SECRET": secret, "INTROSPECTION_AUTHORIZATION": basic(secret),
    }
    with subprocess.Popen(COMMAND, env=os.environ | settings) as process:
        try:
            for _ in range(300):
                try:
                    requests.get(URL, timeout=10)
                    assert process.poll() is None, "the API ended, so another one answered"
                    break
                except requests.ConnectionError:
                    time.sleep(0.1)
            yield
        finally:
            process.terminate()


def status(scheme: str, text: str, proof: str | None = None, url: str = URL) -> int:
    headers = {"Authorization": f"{scheme} {text}"} | ({"DPoP": proof} if proof else {})
    return requests.get(url, headers=headers, timeout=10).status_code


@check("a bound token with a proof is accepted, once for each proof, and with any query")
def accepted() -> None:
    with api():
        first = proof()
        answer = requests.get(URL, headers={"Authorization": f"DPoP {BOUND}", "DPoP": first}, timeout=10)
        assert (answer.status_code, answer.json()["binding"]) == (200, "proved"), answer.text
        assert status("DPoP", BOUND, first) == 401
        assert status("DPoP", BOUND, proof(), f"{URL}?page=2") == 200
        assert status("Bearer", UNBOUND) == 200


@check("a bound token without a proof of its own is refused")
def refused() -> None:
    with api():
        for scheme, text, shown in [
            ("DPoP", BOUND, None),
            ("Bearer", BOUND, None),
            ("Bearer", BOUND, proof()),
            ("DPoP", BOUND, proof(htu=f"{PUBLIC_URL}/invoices")),
            ("DPoP", BOUND, proof(htm="POST")),
            ("DPoP", BOUND, proof(key=ECKey.generate_key("P-256"))),
            ("DPoP", BOUND, proof("another token")),
            ("DPoP", BOUND, "no proof"),
            ("DPoP", UNBOUND, None),
            ("Bearer", "unknown", None),
        ]:
            assert status(scheme, text, shown) == 401, (scheme, shown)
        assert requests.get(URL, timeout=10).status_code == 401


@check("an answer that is no verdict is never a refusal")
def not_known() -> None:
    with api("wrong secret"):
        assert status("Bearer", UNBOUND) == (500 if NAME == "spring" else 503)


main()
