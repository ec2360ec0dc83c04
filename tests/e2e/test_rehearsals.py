"""Rehearsals of what is not in the repository, of what is new, and of what fails."""

from typing import Any

import pytest

from tests.e2e.rehearsal import Rehearsal

pytestmark = pytest.mark.long(part="workflows")

REGISTERED = {"name": "digits-mlp", "version": 7, "type": "custom_model"}


def _commit(rehearsal: Rehearsal) -> None:
    rehearsal.git("commit", "--quiet", "-am", "change")


def _rehearse(rehearsal: Rehearsal, code: int = 0) -> str:
    done = rehearsal.python("-m", "ci", "rehearse", "--stack", "dev", "--base", "HEAD~1", "--output", "out")
    assert done.code == code, done.text
    assert len(rehearsal.git("worktree", "list").splitlines()) == 1
    return (rehearsal.folder / "out" / "comment.md").read_text(encoding="utf-8")


def _endpoint(config: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = config["endpoints"]["digits"]
    return found


def test_a_model_in_azure_needs_something_that_stands_in_for_it(fresh: Rehearsal) -> None:
    fresh.restore_try_outs()
    fresh.configure(lambda config: _endpoint(config)["deployments"]["mlp"].update(model=REGISTERED))
    _commit(fresh)
    said = _rehearse(fresh)
    assert "Rehearsal: released in the sandbox" in said
    assert "- digits: try-out not rehearsed: the model is in Azure\n" in said
    assert "tried mlp-" not in said

    def stand_in(config: dict[str, Any]) -> None:
        config["rehearsal"] = {"models": {"digits-mlp:7": "examples/digits/model"}}
        _endpoint(config)["deployments"]["mlp"]["miniBatchSize"] = 20

    fresh.configure(stand_in)
    _commit(fresh)
    said = _rehearse(fresh)
    assert "not rehearsed" not in said
    assert "### dev: 1 to update, 40 unchanged\n" in said
    assert "0 of 20 rows differ" in said  # what serves has the same model, also in the sandbox


def test_a_try_out_that_fails_is_red_and_says_why(fresh: Rehearsal) -> None:
    fresh.restore_try_outs()

    def change(config: dict[str, Any]) -> None:
        _endpoint(config)["tryOut"]["rows"] = {"atLeast": 1000}
        _endpoint(config)["deployments"]["mlp"]["miniBatchSize"] = 20

    fresh.configure(change)
    _commit(fresh)
    said = _rehearse(fresh, code=1)
    assert said.startswith("<!-- azureml-batch-endpoint preview: dev -->\n### dev: 1 to update, 40 unchanged\n")
    assert "Rehearsal: **the release failed in the sandbox**" in said
    assert "1000" in said.partition("Rehearsal:")[2]


def test_a_new_stack_has_no_base(fresh: Rehearsal) -> None:
    file = fresh.folder / "Pulumi.dev.yaml"
    content = file.read_bytes()
    file.unlink()
    _commit(fresh)
    file.write_bytes(content)
    fresh.git("add", file.name)
    _commit(fresh)
    said = _rehearse(fresh)
    assert "### dev: 41 to create\n" in said
    assert "- the base commit does not have this stack: everything is new\n" in said


def test_what_adopts_something_of_azure_is_not_rehearsed(fresh: Rehearsal) -> None:
    fresh.configure(lambda config: config.update(workspace={"existing": "/subscriptions/x"}))
    _commit(fresh)
    said = _rehearse(fresh)
    assert "### dev: not rehearsed\n\nthe stack adopts what only Azure has (workspace.existing)\n" in said


def test_a_model_that_is_misspelt_is_red(fresh: Rehearsal) -> None:
    fresh.configure(lambda config: _endpoint(config)["deployments"]["mlp"].update(model="azureml:digits mlp:7"))
    _commit(fresh)
    said = _rehearse(fresh, code=1)
    assert "### dev: preview failed\n" in said
    assert "endpoints.digits.deployments.mlp.model is 'azureml:digits mlp:7'. " in said


def test_a_stack_file_that_is_not_yaml_is_red(fresh: Rehearsal) -> None:
    (fresh.folder / "Pulumi.dev.yaml").write_text("config: [", encoding="utf-8")
    _commit(fresh)
    assert "### dev: rehearsal failed\n\n```text\nPulumi.dev.yaml is not YAML: " in _rehearse(fresh, code=1)


def test_a_base_commit_that_git_does_not_have(fresh: Rehearsal) -> None:
    done = fresh.python("-m", "ci", "rehearse", "--stack", "dev", "--base", "nowhere").failed()
    assert done.err == (
        "error: commit 'nowhere' is not in this clone, so nothing was rehearsed. Allowed: a commit that git has here. "
        "In CI, check out with fetch-depth: 2; elsewhere name it: --base COMMIT\n"
    )
