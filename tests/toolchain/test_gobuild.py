"""The build from the Go module, with a shell script in Go's place."""

import os
from pathlib import Path

import pytest

from toolchain import gobuild
from toolchain.places import OLDEST_PULUMI, PULUMI_VERSION, UnavailableError


class Go:
    """A `go` on PATH that notes its arguments and does what the test says."""

    def __init__(self, folder: Path) -> None:
        self.log = folder / "go.log"
        self.program = folder / "go"
        self.program.write_text("")
        self.does()

    def does(self, version: str = "echo go1.26.8", listed: str = "echo a b c", build: str = "") -> None:
        """Set what `go env`, `go list` and `go build` do; `$OUT` is the file to build."""
        self.program.write_text(
            f'#!/bin/sh\necho "$@" >> "{self.log}"\n'
            'OUT=""; PREVIOUS=""\nfor each in "$@"; do test "$PREVIOUS" = -o && OUT="$each"; PREVIOUS="$each"; done\n'
            f'case "$1" in\nenv) {version} ;;\nlist) {listed} ;;\n'
            f"build) {build or 'echo a >&2; echo b >&2; echo built > $OUT'} ;;\nesac\n"
        )
        self.program.chmod(0o755)


@pytest.fixture
def go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Go:
    """Put the stand-in first on PATH."""
    folder = tmp_path / "go-bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    return Go(folder)


def test_builds_the_pinned_version(go: Go, tmp_path: Path) -> None:
    target = tmp_path / "cache" / "pulumi"
    gobuild.build(target)
    assert target.read_text() == "built\n"
    assert [path.name for path in target.parent.iterdir()] == ["pulumi"]
    calls = go.log.read_text().splitlines()
    assert [call.split()[0] for call in calls] == ["env", "list", "list", "build"]
    assert f"-X github.com/pulumi/pulumi/sdk/v3/go/common/version.Version={PULUMI_VERSION}" in calls[-1]
    assert calls[-1].endswith("github.com/pulumi/pulumi/pkg/v3/cmd/pulumi")


def test_builds_the_oldest_version_too(go: Go, tmp_path: Path) -> None:
    go.does(version="echo go1.25.11")
    gobuild.build(tmp_path / "pulumi", OLDEST_PULUMI)
    assert f"version.Version={OLDEST_PULUMI} " in go.log.read_text().splitlines()[-1]
    with pytest.raises(UnavailableError, match=r"is go1\.25\.11, older than 1\.26\.6$"):
        gobuild.build(tmp_path / "pulumi", PULUMI_VERSION)


@pytest.mark.parametrize(
    ("does", "message"),
    [
        ({"version": "echo go1.21.0"}, "is go1.21.0, older than 1.26.6"),
        ({"version": "echo 'toolchain not available' >&2; exit 1"}, "is toolchain not available, older than 1.26.6"),
        ({"listed": "echo 'no proxy' >&2; exit 1"}, "its modules could not be downloaded: no proxy"),
        (
            {"build": "echo a/b >&2; echo 'x.go:1: undefined: y' >&2; exit 2"},
            "go build failed: x.go:1: undefined: y",
        ),
        ({"build": "exit 2"}, "go build failed: no reason given"),
    ],
)
def test_says_why_it_failed_and_leaves_nothing(go: Go, tmp_path: Path, does: dict[str, str], message: str) -> None:
    go.does(**does)
    target = tmp_path / "cache" / "pulumi"
    with pytest.raises(UnavailableError) as caught:
        gobuild.build(target)
    assert str(caught.value).removeprefix(f"{go.program} ") == message
    assert not target.parent.exists() or list(target.parent.iterdir()) == []


def test_go_may_be_missing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(gobuild, "ELSEWHERE", [str(tmp_path)])
    with pytest.raises(UnavailableError, match=r"^Go is not installed$"):
        gobuild.build(tmp_path / "pulumi")
