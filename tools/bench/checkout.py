"""A throw-away copy of the program with its own sandbox, so that a benchmark does not touch yours."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

REPOSITORY = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True)
class Checkout:
    """A copied working tree and the sandbox that its commands run in."""

    root: Path
    sandbox_home: Path
    more: Mapping[str, str] = field(default_factory=dict)
    """Further variables for its commands."""

    def run(self, *command: str, folder: Path | None = None, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run a command in the sandbox's environment and return it with its output.

        Raises:
            SystemExit: it failed and ``check`` is on; the end of its output is shown.
        """
        done = subprocess.run(
            [sys.executable, "-m", "sandbox", "run", "--", *command],
            cwd=folder or self.root,
            env=self.variables(),
            capture_output=True,
            text=True,
            check=False,
        )
        if check and done.returncode != 0:
            raise SystemExit(
                f"bench: {' '.join(command)} ended with {done.returncode}\n{(done.stdout + done.stderr)[-4000:]}"
            )
        return done

    def variables(self) -> dict[str, str]:
        """Return the environment that finds this sandbox and this copy's modules."""
        return os.environ | {
            "SANDBOX_HOME": str(self.sandbox_home),
            "SANDBOX_OFFLINE": "1",  # the program is measured, not the package index
            "PYTHONPATH": str(self.root),
            "PULUMI_SKIP_UPDATE_CHECK": "true",
            **self.more,
        }


@contextmanager
def checkout(more: Mapping[str, str] | None = None) -> Iterator[Checkout]:
    """Copy what git tracks to a temporary folder, lend it the virtual environment, and stop its sandbox at the end.

    Args:
        more: variables for its commands, and so for its sandbox.
    """
    with TemporaryDirectory(prefix="azureml-batch-bench-") as folder:
        root = Path(folder) / "checkout"
        listed = subprocess.run(["git", "ls-files", "-z"], cwd=REPOSITORY, capture_output=True, text=True, check=True)
        for name in filter(None, listed.stdout.split("\0")):
            if (REPOSITORY / name).is_file():
                (root / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(REPOSITORY / name, root / name)
        (root / ".venv").symlink_to(REPOSITORY / ".venv")
        made = Checkout(root, Path(folder) / "sandbox", more or {})
        try:
            yield made
        finally:
            subprocess.run(
                [sys.executable, "-m", "sandbox", "stop"],
                cwd=root,
                env=made.variables(),
                capture_output=True,
                check=False,
            )
