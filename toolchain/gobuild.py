"""Way 3: build the Pulumi CLI from its Go module, if only a Go module proxy is reachable."""

import os
import shutil
import subprocess
from pathlib import Path
from typing import NamedTuple

from toolchain.places import OLDEST_PULUMI, PULUMI_VERSION, REPOSITORY, UnavailableError, home, say
from toolchain.progress import Progress
from toolchain.versions import parse

MODULES = {PULUMI_VERSION: REPOSITORY / "toolchain", OLDEST_PULUMI: REPOSITORY / "toolchain" / "oldest"}
"""The folder of go.mod and go.sum for each version that can be built."""
PACKAGE = "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi"
ELSEWHERE = ["/usr/local/go/bin", "/usr/lib/go/bin", "/opt/homebrew/bin"]
"""Folders that Go's installers use; not every account has them on PATH."""
ERROR_LINES = 5


def go_version(version: str = PULUMI_VERSION) -> str:
    """Return the oldest Go that can build this version, as its go.mod says."""
    text = (MODULES[version] / "go.mod").read_text(encoding="utf-8")
    return next(line.removeprefix("go ") for line in text.splitlines() if line.startswith("go "))


def build(target: Path, version: str = PULUMI_VERSION) -> None:
    """Build this version of the CLI as `target`. Raises UnavailableError, with the reason, if that fails.

    Go keeps compiled packages: after Ctrl-C the next call continues. `target` is complete or absent.
    """
    module = MODULES[version]
    needed = go_version(version)
    go = shutil.which("go") or shutil.which("go", path=os.pathsep.join(ELSEWHERE))
    if go is None:
        raise UnavailableError("Go is not installed")
    environment = {**os.environ, "HOME": str(home()), "GOWORK": "off"}
    asked = subprocess.run(
        [go, "env", "GOVERSION"], cwd=module, env=environment, capture_output=True, text=True, check=False
    )
    found = parse(asked.stdout)
    if asked.returncode or found is None or found < (parse(needed) or found):
        raise UnavailableError(f"{go} is {asked.stdout.strip() or _last(asked.stderr)}, older than {needed}")
    say(f"pulumi: building the CLI {version} with Go, once; this takes some minutes")
    say("pulumi: downloading its modules")
    # Not `go mod download`, which also downloads modules that no package needs, and metadata that a proxy may not have.
    run = _Go(go, environment, module, flags(version))
    listed = run.list_packages("{{.ImportPath}}")
    if listed.returncode:
        raise UnavailableError(f"its modules could not be downloaded: {_last(listed.stderr)}")
    _compile(run, target)


def flags(version: str) -> list[str]:
    """Return the options that a release of the CLI is built with, without paths of this machine."""
    stamp = f"github.com/pulumi/pulumi/sdk/v3/go/common/version.Version={version}"
    return ["-trimpath", f"-ldflags=-s -w -X {stamp}"]


class _Go(NamedTuple):
    """How Go is called for one build."""

    command: str
    environment: dict[str, str]
    module: Path
    flags: list[str]

    def list_packages(self, template: str) -> subprocess.CompletedProcess[str]:
        """Tell something of each package that the CLI consists of."""
        return subprocess.run(
            [self.command, "list", *self.flags, "-deps", "-f", template, PACKAGE],
            cwd=self.module,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )


def _compile(go: _Go, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    draft = target.with_name(f"{target.name}.{os.getpid()}")
    command = [go.command, "build", "-v", *go.flags, "-o", str(draft), PACKAGE]
    printed: list[str] = []
    try:
        with (
            Progress("pulumi: compiling", total=_left(go)) as progress,
            subprocess.Popen(command, cwd=go.module, env=go.environment, stderr=subprocess.PIPE, text=True) as run,
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


def _left(go: _Go) -> int:
    """Count the packages that Go has not compiled yet."""
    return len(go.list_packages("{{if .Stale}}{{.ImportPath}}{{end}}").stdout.split())


def _last(text: str) -> str:
    lines = [line.strip() for line in text.strip().splitlines() if line.strip()]
    return " / ".join(lines[-ERROR_LINES:]) or "no reason given"
