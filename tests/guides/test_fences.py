"""The blocks of the pages are of known kinds, parse, and say everything that a reader needs."""

import ast
import json
import re
import subprocess

import pytest

import pages

# What other tests read: tests/integration/docs has the list.
OTHERS = {("json", "entries"), ("text", "insights"), ("sh", "sam")}
PAGES = pytest.mark.parametrize("path", pages.pages(), ids=lambda path: path.stem)


@PAGES
def test_each_block_is_of_a_known_kind(path):
    for block in pages.blocks(path):
        kind = block.language, block.marker
        known = kind in OTHERS | {("sh", "run"), ("sh", "aws"), ("text", "output")} or block.file
        assert known, f"{block.place}: no test reads blocks of the kind {kind}"
    pages.steps(path)


@PAGES
def test_each_block_parses(path):
    for block in pages.blocks(path):
        if block.language == "sh":
            parsed = subprocess.run(["bash", "-n"], input=block.text, capture_output=True, text=True)
            assert not parsed.stderr, f"{block.place}: {parsed.stderr}"
        elif block.language == "python":
            ast.parse(block.text, block.place)
        elif block.language == "json":
            json.loads(block.text)


@PAGES
def test_a_file_is_announced_and_used(path):
    """A reader of the rendered page does not see the info string, so the text names the file."""
    text = path.read_text()
    prose = re.sub(r"^\s*```.*?^\s*```$", "", text, flags=re.M | re.S)
    for name in pages.files(path):
        assert f"`{name}`" in prose, f"{path.name} does not say that a block is {name}"


def test_every_page_is_in_the_index_once():
    index = pages.INDEX.read_text()
    for path in pages.pages():
        assert index.count(f"]({path.name})") == 1, f"docs/guides/README.md must list {path.name} once"
    assert "guides/README.md" in (pages.FOLDER.parent / "README.md").read_text()


@PAGES
def test_a_page_has_its_parts(path):
    headings = re.findall(r"^## (.+)$", path.read_text(), re.M)
    for part in ("Check it", "If it fails"):
        assert part in headings or path.stem in WITHOUT_PARTS, f"{path.name} has no section {part!r}: {headings}"


# Pages that are read when something has failed already.
WITHOUT_PARTS = {"runbook"}
