"""The pages in docs/guides and their fenced blocks.

The info string of a fence is its language and a marker:

- `sh run`: the runner executes the block.
- `text output`, right after such a block: what it must print. A `…` matches any text within a line.
- `LANGUAGE file:NAME`: the runner writes the block to this file in the working folder.
- `sh aws`: needs an account, so only its syntax is checked.

`json entries` is also read: the entries of TRUSTED_ISSUERS that the page needs.
"""

import dataclasses
import json
import pathlib
import re

ROOT = pathlib.Path(__file__).resolve().parents[2]
FOLDER = ROOT / "docs/guides"
INDEX = FOLDER / "README.md"
# No part begins with a dot or a slash, so that no page writes outside its working folder.
FILE_NAME = re.compile(r"file:((?:[A-Za-z0-9_][A-Za-z0-9_.-]*/)*[A-Za-z0-9_][A-Za-z0-9_.-]*)")


@dataclasses.dataclass
class Block:
    place: str
    language: str
    marker: str
    text: str

    @property
    def file(self) -> str | None:
        match = FILE_NAME.fullmatch(self.marker)
        return match and match[1]


def pages() -> list[pathlib.Path]:
    return sorted(path for path in FOLDER.glob("*.md") if path != INDEX)


def blocks(path: pathlib.Path) -> list[Block]:
    found, fence, opened = [], None, None
    for number, line in enumerate(path.read_text().splitlines(), 1):
        start = re.match(r"\s*(`{3,})(.*)$", line)
        if opened is None and start:
            fence, indent = start[1], len(line) - len(line.lstrip())
            language, _, marker = start[2].strip().partition(" ")
            opened = Block(f"{path.name}:{number}", language, marker.strip(), "")
        elif opened is not None and line.strip() == fence:
            found.append(opened)
            opened = None
        elif opened is not None:
            # A block in a list item is indented.
            opened.text += (line[indent:] if not line[:indent].strip() else line) + "\n"
    assert opened is None, f"{opened.place}: the block has no end"
    return found


def steps(path: pathlib.Path) -> list[tuple[Block, Block | None]]:
    """The blocks that do something: files to write and blocks to run, the latter with what they must print."""
    steps = []
    for block in blocks(path):
        if block.marker == "output":
            last, expected = steps[-1] if steps else (None, None)
            assert last and last.marker == "run" and expected is None, f"{block.place}: no run block precedes it"
            steps[-1] = (last, block)
        elif block.marker == "run" or block.file:
            steps.append((block, None))
    return steps


def files(path: pathlib.Path) -> dict[str, str]:
    return {block.file: block.text for block in blocks(path) if block.file}


def entries(path: pathlib.Path) -> list[dict]:
    """The issuers that the page tells the reader to trust. A later entry of the same issuer replaces the earlier one."""
    found = {}
    for block in blocks(path):
        if (block.language, block.marker) == ("json", "entries"):
            found.update({entry["issuer"]: entry for entry in json.loads(block.text)})
    return list(found.values())
