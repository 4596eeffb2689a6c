"""What answers the commands of a page: the dev server with its tables, the internet, and the variables.

The variables have the names that docs/guides/README.md sets for a deployment, so the commands of a page are the same.
"""

import functools
import json
import os
import pathlib
import subprocess
import sys
import threading

import boto3

import pages
from cloudwatch import CloudWatchLogs
from internet import Internet
from issuers import Issuer

ROOT = pages.ROOT
BINARIES = ROOT / os.environ.get("CARGO_TARGET_DIR", "target") / "debug"
DEV_SERVER = pathlib.Path(os.environ.get("DEV_SERVER", BINARIES / "examples/dev"))
# Tools of the suite's own environment: Python, the AWS CLI.
TOOLS = pathlib.Path(sys.executable).parent
FUNCTION = "token-introspection"


def free_port() -> int:
    """A port that is free, as is the next one, on which the server puts its tables."""
    ports = subprocess.run([sys.executable, ROOT / "tests/interop/ports.py"], capture_output=True, check=True, text=True)
    return int(ports.stdout.split()[0])


class World:
    """The world of one page."""

    def __init__(self, page: pathlib.Path, folder: pathlib.Path, settings: dict[str, str] | None = None):
        self.page, self.folder = page, folder / "page"
        self.folder.mkdir()
        self.internet = Internet(folder)
        entries = pages.entries(page)
        self.issuers = {entry["issuer"]: Issuer(self.internet, entry) for entry in entries}
        self.port = free_port()
        self.api = f"http://127.0.0.1:{self.port}"
        self.log: list[str] = []
        self.cloudwatch = CloudWatchLogs(self.log)
        # Settings of the reader's own environment do not count.
        self.server_settings = {
            **self.network(), "TRUSTED_ISSUERS": json.dumps(entries),
            "GLOBAL_REVOCATION_ISSUERS": ",".join(self.issuers), **(settings or {}),
        }
        self.server = self._start()
        self.environment = {
            **self.network(), **self.function_settings(),
            "PATH": os.pathsep.join([str(TOOLS), str(BINARIES), os.environ["PATH"], "/usr/sbin"]),
            "HOME": str(folder), "LC_ALL": "C.UTF-8", "PYTHONDONTWRITEBYTECODE": "1", "NO_COLOR": "1",
            "AWS_EC2_METADATA_DISABLED": "true", "AWS_PAGER": "", "PIP_DISABLE_PIP_VERSION_CHECK": "1",
            "AWS_ENDPOINT_URL_CLOUDWATCH_LOGS": self.cloudwatch.url, "LOG_GROUP": f"/aws/lambda/{FUNCTION}",
            "FUNCTION": FUNCTION, "API": self.api, "ENDPOINT": f"{self.api}/token/introspect",
        }

    def issuer(self, name: str) -> Issuer:
        return self.issuers[name]

    def write(self, name: str, text: str):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def network(self) -> dict[str, str]:
        proxy, certificate = self.internet.url, str(self.internet.certificate)
        return {
            "HTTPS_PROXY": proxy, "https_proxy": proxy, "NO_PROXY": "127.0.0.1,localhost", "no_proxy": "127.0.0.1,localhost",
            "SSL_CERT_FILE": certificate, "CURL_CA_BUNDLE": certificate, "REQUESTS_CA_BUNDLE": certificate,
        }

    def function_settings(self) -> dict[str, str]:
        """The settings of the function, as a deployment prints them."""
        lines = subprocess.run([DEV_SERVER, "--port", str(self.port), "--print-env"], capture_output=True, check=True,
                               text=True, env=self.server_settings).stdout.splitlines()
        settings = dict(line.split("=", 1) for line in lines)
        tables = {"CLIENTS_TABLE": "oauth-clients", "TOKENS_TABLE": "oauth-tokens", "STATE_TABLE": "oauth-introspection-state"}
        settings = {name: value.strip("'") for name, value in settings.items()}
        return {**tables, **settings, "AWS_DEFAULT_REGION": settings["AWS_REGION"]}

    def marks(self) -> dict[str, dict]:
        """The marks in the tokens table, except those of the demo."""
        items = self.tokens.scan()["Items"]
        found = [item for item in items if not item["id"].startswith(("token#", "jti#https://issuer.demo.example#"))]
        return {item.pop("id"): item for item in found}

    @functools.cached_property
    def tokens(self):
        """The tokens table, for what a test writes and reads by itself."""
        session = boto3.session.Session("dev", "dev", region_name=self.environment["AWS_REGION"])
        resource = session.resource("dynamodb", endpoint_url=self.environment["AWS_ENDPOINT_URL_DYNAMODB"])
        return resource.Table(self.environment["TOKENS_TABLE"])

    def _start(self) -> subprocess.Popen:
        server = subprocess.Popen([DEV_SERVER, "--port", str(self.port)], stdout=subprocess.PIPE, text=True,
                                  env=self.server_settings)
        # The last line of its own guide.
        while "oauth-authorization-server" not in server.stdout.readline():
            assert server.poll() is None, "the development server has ended"
        # Audit records follow. If they were not read, it would wait.
        self.reader = threading.Thread(target=self._read, args=[server.stdout], daemon=True)
        self.reader.start()
        return server

    def _read(self, output):
        for line in output:
            self.log.append(line)

    def _stop(self):
        self.server.terminate()
        self.server.wait()
        self.reader.join()
        self.server.stdout.close()

    def close(self):
        self._stop()
        self.internet.close()
        self.cloudwatch.close()
