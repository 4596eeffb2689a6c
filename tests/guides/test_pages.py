"""Each page, from its first block to its last."""

import pytest

import pages
from shell import Shell, differences


@pytest.mark.parametrize("path", pages.pages(), ids=lambda path: path.stem)
def test_a_page_does_what_it_says(path, open_page):
    steps = pages.steps(path)
    if not any(block.marker == "run" for block, _ in steps):
        pytest.skip("no block of the page runs")
    world = open_page(path)
    shell = Shell(world.folder, world.environment)
    try:
        for block, expected in steps:
            if block.file:
                world.write(block.file, block.text)
                continue
            succeeded, printed = shell.run(block.text)
            assert succeeded, f"{block.place} failed:\n{block.text}\nIt printed:\n{printed}"
            wrong = differences(expected.text, printed) if expected else []
            assert not wrong, f"{block.place}:\n{block.text}\n" + "\n".join(wrong)
    finally:
        shell.close()
    secrets = [path.read_text().strip() for path in world.folder.glob("*.txt")]
    assert not [line for line in world.log if any(secret in line for secret in secrets if len(secret) > 20)]


def test_what_differs_is_found():
    assert not differences('{"active":…}\n', '{"active":true}\n')
    assert not differences("a … c\n", "a  b  c")
    assert differences("a\n", "b\n") and differences("a\n", "a\nb\n") and differences("a.c\n", "abc\n")


def test_a_block_that_fails_ends_the_shell(tmp_path):
    (tmp_path / "page").mkdir()
    shell = Shell(tmp_path / "page", {"PATH": "/usr/bin:/bin"})
    try:
        assert shell.run("name=kept\n") == (True, "")
        assert shell.run('echo "$name"\n') == (True, "kept\n")
        assert shell.run("false\necho not reached\n") == (False, "")
    finally:
        shell.close()
    # A failure in the middle of a pipeline counts, and so does a variable that does not exist.
    for text in ("false | cat\n", 'echo "$missing"\n'):
        (folder := tmp_path / str(len(text))).mkdir()
        (folder / "page").mkdir()
        shell = Shell(folder / "page", {"PATH": "/usr/bin:/bin"})
        assert not shell.run(text)[0], text
        shell.close()
