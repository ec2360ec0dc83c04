"""Way 2: the official release of the CLI with its language hosts, checked against the release's checksums.

Not by `get.pulumi.com/install.sh`, which would run with all rights of the account. The archive comes from Pulumi's site
and its checksum from the release on GitHub, so that nobody who holds one of the two alone can replace it. The
version is pinned (`PULUMI_VERSION`); the checksum is not in this repository.
"""

import hashlib
import platform
import shutil
import sys
import tarfile
import tempfile
import threading
import urllib.error
import urllib.request
from pathlib import Path
from typing import Final

from toolchain.places import PULUMI_VERSION, UnavailableError, say
from toolchain.versions import version_of

ARCHIVES: Final = "https://get.pulumi.com/releases/sdk"
CHECKSUMS: Final = "https://github.com/pulumi/pulumi/releases/download"
PROBE_SECONDS: Final = 5.0
"""Time limit for the checksums: a machine without internet should not wait for a network timeout."""
_STALL_SECONDS: Final = 60.0
"""Time limit for each part of the archive."""
_CHUNK_BYTES: Final = 1 << 20
_MACHINES: Final = {"x86_64": "x64", "amd64": "x64", "aarch64": "arm64", "arm64": "arm64"}
"""Pulumi's names of processors, by Python's."""


def install(
    root: Path,
    version: str = PULUMI_VERSION,
    *,
    archives: str = ARCHIVES,
    checksums: str = CHECKSUMS,
    probe_seconds: float = PROBE_SECONDS,
) -> None:
    """Install this version of the CLI as `root/bin/pulumi`, or raise UnavailableError with the reason; print nothing.

    `root` is complete or absent: the download goes to a folder beside it first.
    """
    name = archive_name(version)
    expected = _expected(f"{checksums}/v{version}/pulumi-{version}-checksums.txt", name, probe_seconds)
    say(f"pulumi: downloading the official CLI {version}")
    root.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="official-", dir=root.parent) as draft:
        archive, target = Path(draft, name), Path(draft, "pulumi")
        found = _download(f"{archives}/{name}", archive)
        if found != expected:
            raise UnavailableError(
                f"{archives}/{name} has the SHA-256 {found}, and the release says {expected}: not used"
            )
        _unpack(archive, target / "bin")
        if (has := version_of(target / "bin" / "pulumi")) != version:
            raise UnavailableError(f"{archives}/{name} has version {has or 'unknown'}, not {version}")
        shutil.rmtree(root, ignore_errors=True)
        target.rename(root)
    say(f"pulumi: {root}/bin/pulumi (version {version}, official)")


def archive_name(version: str) -> str:
    """Return the name of this machine's archive; raise UnavailableError if there is none for it."""
    machine = _MACHINES.get(platform.machine().lower())
    if machine is None or sys.platform not in ("linux", "darwin"):
        raise UnavailableError(f"there is no release for {sys.platform} on {platform.machine()}")
    return f"pulumi-v{version}-{sys.platform}-{machine}.tar.gz"


def _expected(address: str, name: str, seconds: float) -> str:
    """Return the SHA-256 that the release's list has for an archive."""
    content = _fetch(address, seconds)
    if content is None:
        raise UnavailableError(f"{address} cannot be reached from here")
    lines = (line.split() for line in content.decode(errors="replace").splitlines())
    found = next((line[0] for line in lines if line[1:] == [name]), None)
    if found is None:
        raise UnavailableError(f"{address} has no checksum of {name}")
    return found.lower()


def _download(address: str, file: Path) -> str:
    """Save what is at an address; return its SHA-256."""
    digest = hashlib.sha256()
    try:
        with urllib.request.urlopen(address, timeout=_STALL_SECONDS) as answer, file.open("wb") as saved:  # noqa: S310 -- a constant, or a test's
            while piece := answer.read(_CHUNK_BYTES):
                digest.update(piece)
                saved.write(piece)
    except OSError as error:
        _close(error)
        raise UnavailableError(f"{address} was not downloaded: {error}") from None
    return digest.hexdigest()


def _close(error: OSError) -> None:
    """Close the connection that an HTTP error holds."""
    if isinstance(error, urllib.error.HTTPError):
        error.close()


def _unpack(archive: Path, target: Path) -> None:
    """Unpack the files of the archive's folder `pulumi`."""
    target.mkdir(parents=True)
    try:
        with tarfile.open(archive) as content:
            for each in content:
                if each.isfile() and (source := content.extractfile(each)) is not None:
                    place = target / Path(each.name).name
                    with source, place.open("wb") as saved:
                        shutil.copyfileobj(source, saved)
                    place.chmod(0o755 if each.mode & 0o111 else 0o644)
    except tarfile.TarError as error:
        raise UnavailableError(f"{archive.name} cannot be unpacked: {error}") from None


def _fetch(address: str, seconds: float) -> bytes | None:
    """Return the content of `address`, or None if it does not arrive within `seconds` (including the name look-up)."""
    answers: list[bytes] = []

    def read() -> None:
        try:
            with urllib.request.urlopen(address, timeout=seconds) as answer:  # noqa: S310 -- a constant, or a test's
                answers.append(answer.read())
        except OSError as error:  # no network, a refusal, a bad certificate: the caller reports it
            _close(error)

    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    reader.join(seconds)
    return answers[0] if answers else None
