"""What a rehearsal does with files that are missing, broken or wrong; sandbox and engine only take notes here."""

import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from ci import engine, rehearsal
from ci.rehearsal import rehearse
from ci.sandboxed import Sandbox, base_commit
from ci.seen import Seen
from modelops.engine.running import Ended
from modelops.errors import UsageError

FILE = "Pulumi.dev.yaml"
BROKEN = (
    "Pulumi.dev.yaml is not YAML: while parsing a flow node expected the node content, but found '<stream end>' in "
    '"<unicode string>", line 1, column 5: a: [ ^'
)


def _text(model: Any) -> str:
    deployment = {"model": model, "scoringScript": "score.py"}
    return yaml.safe_dump({"config": {"endpoints": {"churn": {"deployments": {"a": deployment}}}}})


@pytest.fixture(name="commit")
def _commit(tmp_path: Path) -> Callable[[str], None]:
    """Return what writes the stack file and commits it; the first commit has none."""
    git = ("git", "-c", "user.name=test", "-c", "user.email=test@example.com")

    def commit(text: str) -> None:
        (tmp_path / FILE).write_text(text, encoding="utf-8")
        subprocess.run([*git, "add", FILE], cwd=tmp_path, check=True)
        subprocess.run([*git, "commit", "--quiet", "-m", "change"], cwd=tmp_path, check=True)

    subprocess.run([*git, "init", "--quiet"], cwd=tmp_path, check=True)
    subprocess.run([*git, "commit", "--quiet", "--allow-empty", "-m", "first"], cwd=tmp_path, check=True)
    return commit


@pytest.fixture(name="ran", autouse=True)
def _ran(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Let nothing be started, and return the commands of the engine; a preview refuses a model with a space."""
    ran: list[str] = []

    def preview(_: str, folder: Path, seen: Seen, environ: object) -> Ended:
        del seen, environ
        ran.append("preview")
        return Ended(int("chu rn" in (folder / FILE).read_text(encoding="utf-8")), "")

    def up(_: str, folder: Path, seen: Seen, environ: object) -> Ended:
        del folder, seen, environ
        ran.append("up")
        return Ended(0, "")

    monkeypatch.setattr(engine, "preview", preview)
    monkeypatch.setattr(engine, "up", up)
    for name in ("start", "stop", "add_models"):
        monkeypatch.setattr(Sandbox, name, lambda *_: None)
    monkeypatch.setattr(Sandbox, "environment", lambda *_: {})
    return ran


def _rehearse(folder: Path) -> rehearsal.Rehearsal:
    return rehearse("dev", folder, "HEAD~1", lambda _: None)


def test_a_stack_that_a_change_removes_is_not_rehearsed(
    tmp_path: Path, commit: Callable[[str], None], ran: list[str]
) -> None:
    commit("config: {}")
    commit("config: {a: 1}")
    (tmp_path / FILE).unlink()
    done = _rehearse(tmp_path)
    assert (done.why_not, done.succeeded) == ("Pulumi.dev.yaml does not exist", True)
    assert ran == []


@pytest.mark.parametrize(("others", "named"), [(["dev", "eu.prod"], "dev, eu.prod"), ([], "none")])
def test_a_stack_that_is_nowhere_fails_with_those_that_are(
    tmp_path: Path, commit: Callable[[str], None], ran: list[str], others: list[str], named: str
) -> None:
    commit("config: {}")
    (tmp_path / FILE).unlink()
    for each in others:
        (tmp_path / f"Pulumi.{each}.yaml").write_text("config: {}", encoding="utf-8")
    (tmp_path / "Pulumi.yaml").write_text("name: project", encoding="utf-8")
    with pytest.raises(UsageError) as failed:
        rehearse("pord", tmp_path, "HEAD", lambda _: None)
    assert str(failed.value) == f"no Pulumi.pord.yaml in the base or the checkout; the stacks are: {named}"
    assert ran == []


@pytest.mark.parametrize(
    ("content", "text"),
    [(b"a: [", BROKEN), (b"\xff", "Pulumi.dev.yaml: 'utf-8' codec can't decode byte 0xff in position 0: ")],
)
def test_a_stack_file_that_cannot_be_read_fails(tmp_path: Path, ran: list[str], content: bytes, text: str) -> None:
    (tmp_path / FILE).write_bytes(content)
    with pytest.raises(UsageError) as failed:
        _rehearse(tmp_path)
    assert str(failed.value).startswith(text)
    assert ran == []


def test_a_change_can_correct_a_file_that_cannot_be_read(
    tmp_path: Path, commit: Callable[[str], None], ran: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    commit("a: [")
    commit(_text("azureml:churn:3"))
    done = _rehearse(tmp_path)
    assert done.released is not None
    assert done.released.notes == ["the base commit does not deploy in the sandbox, so everything is new here"]
    assert done.succeeded
    assert ran == ["preview", "up"]
    assert capsys.readouterr().out == f"{BROKEN}\n"


@pytest.mark.parametrize("model", ["azureml:chu rn", {"name": "chu rn", "version": 3}])
def test_a_model_that_is_misspelt_fails_in_the_preview(
    tmp_path: Path, commit: Callable[[str], None], ran: list[str], model: Any
) -> None:
    commit(_text("azureml:churn:3"))
    commit(_text(model))
    done = _rehearse(tmp_path)
    assert (done.why_not, done.succeeded) == ("", False)
    assert ran == ["up", "preview"]


def test_a_model_that_nothing_can_stand_in_for_is_not_rehearsed(
    tmp_path: Path, commit: Callable[[str], None], ran: list[str]
) -> None:
    commit(_text({"path": "runs:/r/model", "name": "churn", "type": "custom_model"}))
    done = _rehearse(tmp_path)
    assert (done.why_not, done.succeeded) == ("nothing can stand in for the model runs:/r/model", True)
    assert ran == []


@pytest.mark.parametrize("name", ["base", "new"])
def test_a_sandbox_and_the_base_commit_have_their_own_folders(
    tmp_path: Path, commit: Callable[[str], None], name: str
) -> None:
    commit("config: {}")
    place = tmp_path / "place"
    place.mkdir()
    with base_commit(tmp_path, "HEAD", place) as before:
        assert (before / FILE).is_file()
        assert not Sandbox(place, name).home.exists()
