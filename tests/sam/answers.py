"""Sends every recorded event to FUNCTION_BINARY, with the settings of a file, and compares each answer with the expected one."""

import json
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/real"))

from lambda_runtime import Function  # noqa: E402


def settings_of(path: str) -> dict[str, str]:
    """The settings that the dev server prints, one `NAME='value'` a line."""
    pairs = (line.split("=", 1) for line in pathlib.Path(path).read_text().splitlines())
    return {name: value.removeprefix("'").removesuffix("'") for name, value in pairs}


def main() -> int:
    passed = 0
    with Function(settings_of(sys.argv[1])) as function:

        def answer(event: str) -> str:
            return function.invoke(json.loads((ROOT / "events" / event).read_text())).raw.decode()

        keys = answer("http-api-jwks.json")
        for expected in sorted((ROOT / "events").glob("*.expected.json")):
            event = expected.name.replace(".expected.json", ".json")
            found = answer(event)
            compare = [sys.executable, ROOT / "tests/lambda/compare.py", expected, found, keys]
            if subprocess.run(compare).returncode != 0:
                print(f"{event}: {found}", file=sys.stderr)
                return 1
            passed += 1
    print(f"{passed} passed, 0 failed")
    return 0 if passed else 1


sys.exit(main())
