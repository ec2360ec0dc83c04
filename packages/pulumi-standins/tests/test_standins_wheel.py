"""The stand-ins as a wheel, in an environment outside any checkout; what they do there: the other tests."""

import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest

from pulumi_standins.__main__ import write
from wheels import build, call, contents, environment, install, sources

PACKAGE = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(PACKAGE, tmp_path_factory.mktemp("wheel"))


def test_the_wheel_holds_the_schema_and_nothing_of_the_repository(wheel: Path) -> None:
    held = contents(wheel)
    assert held == sources(PACKAGE)
    assert {name for name in held if not name.endswith(".py")} == {"pulumi_standins/azure_native/schema.json"}


def test_installed_from_its_wheel_it_writes_a_plug_in_that_starts(wheel: Path, tmp_path: Path) -> None:
    python = install(wheel, tmp_path / "venv")
    env = environment(tmp_path)
    written = Path(call(tmp_path, env, python, "-m", "pulumi_standins", "plugins").strip())
    version = metadata.version("pulumi-azure-native")
    assert written == Path("plugins") / f"resource-azure-native-v{version}" / "pulumi-resource-azure-native"
    place = call(tmp_path, env, python, "-c", "import pulumi_standins; print(pulumi_standins.__path__[0])").strip()
    assert Path(place).is_relative_to(tmp_path / "venv")
    with subprocess.Popen([tmp_path / written], cwd=tmp_path, env=env, stdout=subprocess.PIPE, text=True) as provider:
        assert provider.stdout is not None
        # The port on which it listens, as the engine expects it.
        assert int(provider.stdout.readline()) > 0
        provider.terminate()
        assert provider.wait(60) == 0


def test_another_word_than_a_folder_is_refused(tmp_path: Path) -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "pulumi_standins", "--help"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert (ran.returncode, ran.stderr) == (1, "usage: python -m pulumi_standins DIR\n")


def test_only_stand_ins_are_replaced(tmp_path: Path) -> None:
    folder = tmp_path / "plugins"
    older = write(folder).parent.rename(folder / "resource-azure-native-v1.0.0")
    official = folder / "resource-azure-native-v2.0.0" / "pulumi-resource-azure-native"
    other = folder / "resource-random-v4.0.0" / "pulumi-resource-random"
    mine = folder / "mine.txt"
    for file in (official, other, mine):
        file.parent.mkdir(exist_ok=True)
        file.write_text("mine", encoding="utf-8")
    written = write(folder)
    assert write(folder) == written
    assert not older.exists()
    assert {each for each in folder.rglob("*") if each.is_file()} == {written, official, other, mine}
    assert [file.read_text(encoding="utf-8") for file in (official, other, mine)] == ["mine"] * 3


def test_an_official_provider_of_the_same_version_stays(tmp_path: Path) -> None:
    official = write(tmp_path)
    official.write_text("official", encoding="utf-8")
    ran = subprocess.run(
        [sys.executable, "-m", "pulumi_standins", tmp_path], capture_output=True, text=True, check=False
    )
    text = f"pulumi_standins: '{official}' is not a stand-in, so it stays. Choose another folder.\n"
    assert (ran.returncode, ran.stdout, ran.stderr) == (1, "", text)
    assert official.read_text(encoding="utf-8") == "official"
