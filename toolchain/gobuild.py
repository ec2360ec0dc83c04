"""Way 3: build the Pulumi CLI from toolchain/go.mod, if only a Go module proxy is reachable."""

import os
import shutil
import subprocess
from pathlib import Path

from toolchain.places import PULUMI_VERSION, REPOSITORY, UnavailableError, home, say
from toolchain.progress import Progress
from toolchain.versions import parse

MODULE = REPOSITORY / "toolchain"
GO_VERSION = "1.25.11"
PACKAGE = "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi"
FLAGS = [
    "-trimpath",
    f"-ldflags=-s -w -X github.com/pulumi/pulumi/sdk/v3/go/common/version.Version={PULUMI_VERSION}",
]
ELSEWHERE = ["/usr/local/go/bin", "/usr/lib/go/bin", "/opt/homebrew/bin"]
"""Folders that Go's installers use; not every account has them on PATH."""
ERROR_LINES = 5


def build(target: Path) -> None:
    """Build the CLI as `target`. Raises UnavailableError, with the reason, if that fails.

    Go keeps compiled packages: after Ctrl-C the next call continues. `target` is complete or absent.
    """
    go = shutil.which("go") or shutil.which("go", path=os.pathsep.join(ELSEWHERE))
    if go is None:
        raise UnavailableError("Go is not installed")
    environment = {**os.environ, "HOME": str(home()), "GOWORK": "off"}
    asked = subprocess.run(
        [go, "env", "GOVERSION"], cwd=MODULE, env=environment, capture_output=True, text=True, check=False
    )
    version = parse(asked.stdout)
    if asked.returncode or version is None or version < (parse(GO_VERSION) or version):
        raise UnavailableError(f"{go} is {asked.stdout.strip() or _last(asked.stderr)}, older than {GO_VERSION}")
    say(f"pulumi: building the CLI {PULUMI_VERSION} with Go, once; about 4 minutes on 2 cores")
    say("pulumi: downloading its modules")
    # Not `go mod download`, which also downloads modules that no package needs, and metadata that a proxy may not have.
    listed = _list(go, environment, "{{.ImportPath}}")
    if listed.returncode:
        raise UnavailableError(f"its modules could not be downloaded: {_last(listed.stderr)}")
    _compile(go, environment, target)


def _compile(go: str, environment: dict[str, str], target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    draft = target.with_name(f"{target.name}.{os.getpid()}")
    command = [go, "build", "-v", *FLAGS, "-o", str(draft), PACKAGE]
    printed: list[str] = []
    try:
        with (
            Progress("pulumi: compiling", total=_left(go, environment)) as progress,
            subprocess.Popen(command, cwd=MODULE, env=environment, stderr=subprocess.PIPE, text=True) as run,
        ):
            for line in run.stderr or ():  # `-v` prints the name of each package on its own line
                if " " in line or ":" in line:
                    printed.append(line)
                else:
                    progress.advance()
        if run.returncode:
            raise UnavailableError(f"go build failed: {_last(''.join(printed))}")
        draft.replace(target)
    finally:
        draft.unlink(missing_ok=True)


def _left(go: str, environment: dict[str, str]) -> int:
    """Count the packages that Go has not compiled yet."""
    return len(_list(go, environment, "{{if .Stale}}{{.ImportPath}}{{end}}").stdout.split())


def _list(go: str, environment: dict[str, str], template: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [go, "list", *FLAGS, "-deps", "-f", template, PACKAGE],
        cwd=MODULE,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def _last(text: str) -> str:
    lines = [line.strip() for line in text.strip().splitlines() if line.strip()]
    return " / ".join(lines[-ERROR_LINES:]) or "no reason given"
