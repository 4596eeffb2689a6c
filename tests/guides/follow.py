"""A page's world, and a shell in it: `tests/guides/follow cognito`."""

import importlib
import importlib.util
import os
import pathlib
import subprocess
import sys
import tempfile

import pages
from world import World

SET_UPS = pathlib.Path(__file__).with_name("set_up")


def load(path: pathlib.Path, name: str, folder: pathlib.Path):
    """The program that the page calls `name`, imported."""
    file = folder / name
    file.write_text(pages.files(path)[name])
    specification = importlib.util.spec_from_file_location(f"guides_{file.stem}", file)
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


def world_of(path: pathlib.Path, folder: pathlib.Path) -> World:
    """The world of a page. If set_up/PAGE.py exists, its SETTINGS are those of the function, and its `set_up(world)`
    writes the files that a reader has: tokens, secrets, answers of a provider."""
    exists = (SET_UPS / f"{path.stem}.py").exists()
    module = importlib.import_module(f"set_up.{path.stem}") if exists else None
    world = World(path, folder, getattr(module, "SETTINGS", None))
    if hasattr(module, "set_up"):
        module.set_up(world)
    return world


def main():
    names = {path.stem: path for path in pages.pages()}
    if len(sys.argv) != 2 or sys.argv[1] not in names:
        sys.exit(f"usage: tests/guides/follow PAGE, one of: {' '.join(names)}")
    with tempfile.TemporaryDirectory() as folder:
        world = world_of(names[sys.argv[1]], pathlib.Path(folder))
        try:
            print(f"{world.folder} has: {' '.join(sorted(os.listdir(world.folder)))}\n"
                  f"The commands of docs/guides/{sys.argv[1]}.md work in this shell. Its end removes everything.")
            environment = {**world.environment, "TERM": os.environ.get("TERM", "dumb"), "PS1": "guide$ "}
            subprocess.run(["bash", "--noprofile", "--norc"], cwd=world.folder, env=environment)
        finally:
            world.close()


if __name__ == "__main__":
    main()
