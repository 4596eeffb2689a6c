"""One shell for the blocks of a page, so that variables and background programs stay until its end."""

import os
import pathlib
import re
import select
import signal
import subprocess
import time

# A single block that takes longer waits for something that never comes. Maven fetches packages on its first run.
SECONDS_PER_BLOCK = 240


class Shell:
    def __init__(self, folder: pathlib.Path, environment: dict[str, str]):
        self.folder, self.scripts = folder, folder.parent / "blocks"
        self.scripts.mkdir()
        self.done, done = os.pipe()
        self.process = subprocess.Popen(
            ["bash", "--noprofile", "--norc"], cwd=folder, env=environment, text=True, stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, pass_fds=[done], start_new_session=True)
        self.descriptor = done
        os.close(done)
        self._say("set -euo pipefail")

    def run(self, text: str) -> tuple[bool, str]:
        """Whether each command of the block succeeded, and what it printed."""
        number = len(list(self.scripts.iterdir()))
        script, output = self.scripts / f"{number}.sh", self.folder.parent / f"{number}.out"
        script.write_text(text)
        # Without input, no command of the page reads the rest of this script.
        self._say(f"source {script} >{output} 2>&1 </dev/null; echo >&{self.descriptor}")
        return self._wait(), output.read_text() if output.exists() else ""

    def close(self):
        """Ends the shell and what it started: all of it is in the session of this shell."""
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.process.wait()
        self.process.stdin.close()
        os.close(self.done)

    def _say(self, line: str):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()

    def _wait(self) -> bool:
        end = time.monotonic() + SECONDS_PER_BLOCK
        while time.monotonic() < end:
            readable, _, _ = select.select([self.done], [], [], 0.1)
            if readable:
                return os.read(self.done, 1) == b"\n"
            if self.process.poll() is not None:
                # It may have answered in the meantime.
                readable, _, _ = select.select([self.done], [], [], 0)
                return bool(readable) and os.read(self.done, 1) == b"\n"
        return False


def differences(expected: str, printed: str) -> list[str]:
    """The lines that are not as the page says. A `…` of the page matches any text within a line."""
    wanted, found = ([line.rstrip() for line in text.rstrip().splitlines()] for text in (expected, printed))
    wrong = [f"expected: {want}\nprinted:  {line}" for want, line in zip(wanted, found)
             if not re.fullmatch(".*".join(map(re.escape, want.split("…"))), line)]
    if len(wanted) != len(found):
        wrong.append(f"expected {len(wanted)} lines, printed {len(found)}: {found}")
    return wrong
