"""What `up` asks before it deploys."""

import subprocess
import sys


def test_without_a_terminal_it_needs_yes() -> None:
    words = [sys.executable, "-m", "modelops", "up", "--stack", "dev"]
    done = subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "error: there is no terminal to ask on; pass --yes\n"
