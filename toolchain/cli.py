"""Installs the Pulumi CLI as `.venv/bin/pulumi`, in the first of three ways that works.

1. a CLI on PATH that satisfies Pulumi.yaml's `requiredPulumiVersion` and has its Python language host;
2. the official release, checked against its checksums, into the user's cache folder;
3. a build from toolchain/go.mod, into the user's cache folder, with our language host (docs/adr/0004).
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
    """Put a Pulumi CLI into `.venv/bin`, unless a suitable one exists.

    Raises SetupError if none of the three ways works; the text gives the reason for each.
    """
    wanted = required()
    print_ = fingerprint(wanted, PULUMI_VERSION, gobuild.MODULES[PULUMI_VERSION] / "go.sum", str(VENV))
    stamp = read_stamp(STAMP)
    if stamp.get("fingerprint") == print_ and _identity(PULUMI) == stamp.get("identity"):
        return
    try:
        _link(on_path(wanted))
    except UnavailableError as error:
        _from_cache(f"on PATH: {error}")
    write_stamp(STAMP, fingerprint=print_, identity=_identity(PULUMI))


def _from_cache(reason: str) -> None:
    """Link the CLI in the cache, after putting it there if needed; `reason` says why the first way failed."""
    found = cached(PULUMI_VERSION, reason)
    if has_host(found):
        _link(found)
    else:
        adopt(found, PULUMI.parent)
        say(f"pulumi: {PULUMI_VERSION}, built from source, with our Python language host (docs/adr/0004)")


def cached(version: str, reason: str) -> Path:
    """Return the CLI of this version from the user's cache folder, after downloading or building it if needed.

    Raises SetupError if neither works; `reason` says why another way is not taken.
    """
    place = cache() / "pulumi" / version
    built, downloaded = place / "pulumi", place / "official"
    with held(place / "lock", f"getting Pulumi {version}"):
        if not downloaded.is_dir() and not built.is_file():
            _download_or_build(version, downloaded, built, reason)
    return downloaded / "bin" / "pulumi" if downloaded.is_dir() else built


def has_host(pulumi: Path) -> bool:
    """Say whether a CLI has its own Python language host beside it."""
    return os.access(pulumi.resolve().parent / HOST.name, os.X_OK)


def _download_or_build(version: str, downloaded: Path, built: Path, reason: str) -> None:
    reasons = [reason]
    try:
        official.install(downloaded, version)
    except UnavailableError as error:
        reasons.append(f"official release: {error}")
    else:
        return
    try:
        gobuild.build(built, version)
    except UnavailableError as error:
        reasons.append(f"build with Go: {error}")
        raise SetupError(_no_way(reasons)) from None


def _no_way(reasons: list[str]) -> str:
    tried = "\n".join(f"  - {reason}" for reason in reasons)
    return (
        "The Pulumi CLI is missing, and none of the three ways to get it worked:\n"
        f"{tried}\n"
        f"You need one of these: Pulumi {required()} on PATH, with its Python language host;\n"
        f"internet access, for the official release; Go >= {gobuild.go_version()} and a Go module proxy, to build "
        "it\n(about four minutes). Then run make again."
    )


def required() -> str:
    """Return `requiredPulumiVersion` of Pulumi.yaml, read without a YAML library, which is not installed yet."""
    project = REPOSITORY / "Pulumi.yaml"
    text = project.read_text(encoding="utf-8") if project.is_file() else ""
    found = re.search(r"""^requiredPulumiVersion:\s*["']?([^"'#\n]+)""", text, re.MULTILINE)
    return found[1].strip() if found else f">={PULUMI_VERSION}"


def on_path(wanted: str) -> Path:
    """Return the user's own CLI. Raises UnavailableError, with the reason, if there is no suitable one."""
    folders = [folder for folder in os.get_exec_path() if folder and not _is_ours(Path(folder))]
    path = shutil.which("pulumi", path=os.pathsep.join(folders))
    if path is None:
        raise UnavailableError("not found")
    version = version_of(path)
    if not satisfies(version, wanted):
        raise UnavailableError(f"{path} is version {version or 'unknown'}, but Pulumi.yaml requires {wanted}")
    beside = Path(path).resolve().parent / HOST.name
    if not os.access(beside, os.X_OK) and shutil.which(HOST.name, path=os.pathsep.join(folders)) is None:
        raise UnavailableError(f"{path} has no {HOST.name} beside it")
    say(f"pulumi: {path} (version {version}, from PATH)")
    return Path(path)


def _is_ours(folder: Path) -> bool:
    return folder.exists() and (VENV / "bin").exists() and folder.samefile(VENV / "bin")


def _link(target: Path) -> None:
    """Point `.venv/bin/pulumi` at a CLI that has its own language host."""
    HOST.unlink(missing_ok=True)
    _replace(PULUMI, lambda draft: draft.symlink_to(target))


def adopt(built: Path, folder: Path) -> None:
    """Put a self-built CLI and our language host into `folder`.

    The engine looks for the host beside its own file, symbolic links resolved. A hard link (or a copy, if the cache is
    on another file system) makes that `folder`: the engine then runs this checkout's host, and shows no warning.
    """

    def place(draft: Path) -> None:
        try:
            draft.hardlink_to(built)
        except OSError:
            shutil.copy2(built, draft)

    def write(draft: Path) -> None:
        # -P: do not import from the working directory, which is the user's program.
        command = shlex.join([str(VENV / "bin" / "python"), "-P", "-u", "-m", "pulumi_standins.language_python"])
        draft.write_text(f'#!/bin/sh\nexec {command} "$@"\n', encoding="utf-8")
        draft.chmod(0o755)

    _replace(folder / PULUMI.name, place)
    _replace(folder / HOST.name, write)


def _replace(target: Path, make: Callable[[Path], object]) -> None:
    """Write a new `target` beside the old one, then replace that atomically."""
    draft = target.with_name(f".{target.name}.{os.getpid()}")
    draft.unlink(missing_ok=True)
    make(draft)
    draft.replace(target)


def _identity(path: Path) -> str:
    """Return a text that changes if a file is replaced; empty if the file does not exist."""
    try:
        found = path.stat()
    except OSError:
        return ""
    return f"{path.resolve()} {found.st_size} {found.st_mtime_ns}"
