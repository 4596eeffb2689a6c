"""The commands of docs/guides, as they are on the pages: `bash .ci/run guides`, or

    cargo build --example dev --bin introspection-admin
    python3 -m venv target/guides && target/guides/bin/pip install -r tests/guides/requirements.txt
    target/guides/bin/pytest tests/guides

DEV_SERVER names another program. `-k cognito` runs one page.
"""

import os
import pathlib
import shutil
import sys

import pytest

import follow
from world import BINARIES, DEV_SERVER

# What the pages run, apart from Python packages.
TOOLS = ["bash", "curl", "jq", "java", "mvn", "nginx", "apache2"]
MODULES = [
    pathlib.Path("/usr/lib/nginx/modules/ngx_http_js_module.so"),
    pathlib.Path("/usr/lib/apache2/modules/mod_oauth2.so"),
]


def pytest_sessionstart(session):
    """Ends the run if a part is missing, because a suite that skips tests silently would look green for years."""
    path = os.pathsep.join([os.environ["PATH"], "/usr/sbin"])
    missing = [tool for tool in TOOLS if shutil.which(tool, path=path) is None]
    missing += [str(path) for path in (DEV_SERVER, BINARIES / "introspection-admin", *MODULES) if not path.exists()]
    if missing:
        pytest.exit(f"NOT RUN, missing: {', '.join(missing)}", returncode=3)


@pytest.fixture
def open_page(tmp_path):
    """Makes the world of a page, with what its set-up prepares."""
    worlds = []

    def open_page(path):
        worlds.append(follow.world_of(path, tmp_path))
        return worlds[-1]

    yield open_page
    for opened in worlds:
        opened.close()


@pytest.fixture(scope="module")
def shared_world(request, tmp_path_factory):
    """The world of the page PAGE of the test's module."""
    world = follow.world_of(request.module.PAGE, tmp_path_factory.mktemp("world"))
    yield world
    world.close()


@pytest.fixture
def world(shared_world, monkeypatch):
    """That world without marks and with its whole internet. Programs of the page find it in their environment."""
    answers = dict(shared_world.internet.answers)
    for mark in shared_world.marks():
        shared_world.tokens.delete_item(Key={"id": mark})
    for variable, value in shared_world.environment.items():
        monkeypatch.setenv(variable, value)
    yield shared_world
    shared_world.internet.answers = answers


@pytest.fixture
def program(tmp_path, monkeypatch):
    """Imports a program of a page from the text on the page, with these environment variables."""

    def program(path, name, **environment):
        for variable, value in environment.items():
            monkeypatch.setenv(variable, value)
        return follow.load(path, name, tmp_path)

    yield program
    for name in [name for name, module in sys.modules.items() if str(tmp_path) in str(getattr(module, "__file__", ""))]:
        del sys.modules[name]
