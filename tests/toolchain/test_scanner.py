"""When checkov is installed, and left alone; a shell script stands in for uv."""

from pathlib import Path

import pytest

from toolchain import places, scanner
from toolchain.places import SetupError

UV = """#!/bin/sh
echo "uv $*" >> "{log}"
test ! -e "{broken}" || {{ echo no network >&2; exit 1; }}
test "$1" != venv || mkdir -p "$5"
"""


class Place:
    """A cache folder, a requirements file and a uv that only notes how it was called."""

    def __init__(self, folder: Path) -> None:
        self.log, self.broken = folder / "log", folder / "broken"
        self.requirements, self.uv = folder / "requirements-scan.txt", folder / "uv"
        self.requirements.write_text("checkov==1\n", encoding="utf-8")
        self.uv.write_text(UV.format(log=self.log, broken=self.broken), encoding="utf-8")
        self.uv.chmod(0o755)

    def calls(self) -> list[str]:
        """Return the first word after uv of each call since the last time that this was asked."""
        found = self.log.read_text(encoding="utf-8").splitlines() if self.log.exists() else []
        self.log.unlink(missing_ok=True)
        return [" ".join(each.split()[:3]) for each in found]


@pytest.fixture(name="place")
def _place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    """Point the module at a separate folder."""
    made = Place(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(scanner, "UV", made.uv)
    monkeypatch.setattr(scanner, "REQUIREMENTS", made.requirements)
    return made


ALL = ["uv venv --clear", "uv pip sync"]


def test_installs_it_once_for_all_checkouts(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    command = scanner.ensure()
    folder = command.parent.parent
    assert command.name == "checkov"
    assert folder.parent == places.cache() / "scan"
    assert place.calls() == ALL
    assert capsys.readouterr().out == (
        f"scan: installing the packages of requirements-scan.txt into {folder}, about a minute, once\n"
    )
    assert scanner.ensure() == command
    assert (place.calls(), capsys.readouterr().out) == ([], "")


def test_other_requirements_get_an_environment_of_their_own(place: Place) -> None:
    first = scanner.ensure()
    place.requirements.write_text("checkov==2\n", encoding="utf-8")
    assert scanner.ensure() != first
    assert place.calls() == [*ALL, *ALL]


def test_begins_anew_after_a_failure(place: Place) -> None:
    place.broken.touch()
    with pytest.raises(
        SetupError, match=r"^no network\n\nInstalling checkov failed; the output of uv is above\. It needs"
    ):
        scanner.ensure()
    assert place.calls() == ALL[:1]
    place.broken.unlink()
    scanner.ensure()
    assert place.calls() == ALL


def test_says_what_makes_uv(place: Place) -> None:
    place.uv.unlink()
    with pytest.raises(SetupError, match=r"is missing; it installs checkov\. Run: make tools$"):
        scanner.ensure()
