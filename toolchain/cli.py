"""The Pulumi CLI, by the first of three ways that works, as `.venv/bin/pulumi`.

1. one on PATH that satisfies Pulumi.yaml's `requiredPulumiVersion` and has its Python language host;
2. the official installer, into the user's cache folder;
3. a build from toolchain/go.mod, into the user's cache folder, with our own language host (docs/adr/0004).
"""

import os
import re
import shlex
import shutil
from collections.abc import Callable
from pathlib import Path

from toolchain import gobuild, official
from toolchain.lock import held
from toolchain.places import (
    PULUMI_VERSION,
    REPOSITORY,
    VENV,
    SetupError,
    UnavailableError,
    cache,
    fingerprint,
    read_stamp,
    say,
    write_stamp,
)
from toolchain.versions import satisfies, version_of

STAMP = "pulumi"
PULUMI = VENV / "bin" / "pulumi"
HOST = VENV / "bin" / "pulumi-language-python"


def ensure() -> None:
    """Put a Pulumi CLI into `.venv/bin`, unless one that still fits is there.

    Raises SetupError, naming the three ways and what each lacks, when none works.
    """
    wanted = required()
    print_ = fingerprint(wanted, PULUMI_VERSION, gobuild.MODULE / "go.mod", gobuild.MODULE / "go.sum", str(VENV))
    stamp = read_stamp(STAMP)
    if stamp.get("fingerprint") == print_ and _identity(PULUMI) == stamp.get("identity"):
        return
    try:
        _link(on_path(wanted))
    except UnavailableError as error:
        _from_cache(f"on PATH: {error}")
    write_stamp(STAMP, fingerprint=print_, identity=_identity(PULUMI))


def _from_cache(reason: str) -> None:
    """Link what an earlier run put into the cache, else put it there; `reason` says why the first way failed."""
    place = cache() / "pulumi" / PULUMI_VERSION
    built, downloaded = place / "pulumi", place / "official"
    with held(place / "lock", f"getting Pulumi {PULUMI_VERSION}"):
        if not downloaded.is_dir() and not built.is_file():
            _download_or_build(downloaded, built, reason)
    if downloaded.is_dir():
        _link(downloaded / "bin" / "pulumi")
    else:
        adopt(built, PULUMI.parent)
        say(f"pulumi: {PULUMI_VERSION}, built from source; our own Python language host goes with it (docs/adr/0004)")


def _download_or_build(downloaded: Path, built: Path, reason: str) -> None:
    reasons = [reason]
    try:
        official.install(downloaded)
    except UnavailableError as error:
        reasons.append(f"official installer: {error}")
    else:
        return
    try:
        gobuild.build(built)
    except UnavailableError as error:
        reasons.append(f"build with Go: {error}")
        raise SetupError(_no_way(reasons)) from None


def _no_way(reasons: list[str]) -> str:
    tried = "\n".join(f"  - {reason}" for reason in reasons)
    return (
        f"There is no Pulumi CLI here, and none of the three ways to get one worked:\n{tried}\n"
        f"Any one of these is enough: Pulumi {required()} on PATH, with its Python language host;\ninternet access, "
        f"for the official installer; Go >= {gobuild.GO_VERSION} and a Go module proxy, for a build of\nabout four "
        "minutes. Then run make again."
    )


def required() -> str:
    """Return `requiredPulumiVersion` of Pulumi.yaml; the standard library reads no YAML, and one line needs none."""
    project = REPOSITORY / "Pulumi.yaml"
    text = project.read_text(encoding="utf-8") if project.is_file() else ""
    found = re.search(r"""^requiredPulumiVersion:\s*["']?([^"'#\n]+)""", text, re.MULTILINE)
    return found[1].strip() if found else f">={PULUMI_VERSION}"


def on_path(wanted: str) -> Path:
    """Return the user's own CLI. Raises UnavailableError when there is none that will do, and says why."""
    folders = [folder for folder in os.get_exec_path() if folder and not _is_ours(Path(folder))]
    path = shutil.which("pulumi", path=os.pathsep.join(folders))
    if path is None:
        raise UnavailableError("there is none")
    version = version_of(path)
    if not satisfies(version, wanted):
        raise UnavailableError(f"{path} is version {version or 'unknown'}, and Pulumi.yaml requires {wanted}")
    beside = Path(path).resolve().parent / HOST.name
    if not os.access(beside, os.X_OK) and shutil.which(HOST.name, path=os.pathsep.join(folders)) is None:
        raise UnavailableError(f"{path} has no {HOST.name} beside it")
    say(f"pulumi: {path} (version {version}, from PATH)")
    return Path(path)


def _is_ours(folder: Path) -> bool:
    return folder.exists() and (VENV / "bin").exists() and folder.samefile(VENV / "bin")


def _link(target: Path) -> None:
    """Point `.venv/bin/pulumi` at a CLI that brings its own language host."""
    HOST.unlink(missing_ok=True)
    _replace(PULUMI, lambda draft: draft.symlink_to(target))


def adopt(built: Path, folder: Path) -> None:
    """Put a self-built CLI and our language host into `folder`.

    The engine looks for the host beside its own file, symbolic links resolved. A hard link (a copy, where the cache is
    on another file system) makes that `folder`: the host that runs is then this checkout's, and no warning is shown.
    """

    def place(draft: Path) -> None:
        try:
            draft.hardlink_to(built)
        except OSError:
            shutil.copy2(built, draft)

    def write(draft: Path) -> None:
        # -P: not the folder that the engine runs it in, which is the user's program.
        command = shlex.join([str(VENV / "bin" / "python"), "-P", "-u", "-m", "pulumi_standins.language_python"])
        draft.write_text(f'#!/bin/sh\nexec {command} "$@"\n', encoding="utf-8")
        draft.chmod(0o755)

    _replace(folder / PULUMI.name, place)
    _replace(folder / HOST.name, write)


def _replace(target: Path, make: Callable[[Path], object]) -> None:
    """Make a new `target` beside the old one, then put it in its place in one step."""
    draft = target.with_name(f".{target.name}.{os.getpid()}")
    draft.unlink(missing_ok=True)
    make(draft)
    draft.replace(target)


def _identity(path: Path) -> str:
    """Return what tells whether a file was replaced since; empty when it is not there."""
    try:
        found = path.stat()
    except OSError:
        return ""
    return f"{path.resolve()} {found.st_size} {found.st_mtime_ns}"
