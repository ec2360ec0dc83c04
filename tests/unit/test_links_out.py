"""Links in what a release uploads: they are followed inside the repository, and refused where they leave it.

Hard links are not told from files. What reads a whole folder is proven for a model; code, inputs and build contexts go
through the same function.
"""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from modelops.errors import PlanError
from modelops.plan.files import LinkOutError, files_of
from modelops.plan.fingerprint import digest
from tests.unit.settings_world import RIGHT, SCRIPT, Config, changed, make_files, mlp, problems, read

MLP = "endpoints.digits.deployments.mlp"


@pytest.fixture(name="outside")
def _outside(tmp_path: Path) -> Path:
    """A folder of the machine, with files that a release would read."""
    made = tmp_path / "machine"
    made.mkdir()
    for name in ("secret.txt", "score.py", "conda.yaml", "mlp.yml"):
        (made / name).write_text(SCRIPT)
    return made


@pytest.fixture(name="root")
def _root(tmp_path: Path) -> Path:
    """A program's folder in a git repository, which has a neighbour."""
    (tmp_path / "repository" / ".git").mkdir(parents=True)
    (tmp_path / "repository" / ".git" / "config").write_text("token")
    (tmp_path / "repository" / "shared").mkdir()
    (tmp_path / "repository" / "shared" / "labels.txt").write_text("cat")
    root = make_files(tmp_path / "repository" / "program")
    (root / "Pulumi.yaml").touch()
    return root


def _relative(link: Path, target: Path) -> None:
    link.symlink_to(os.path.relpath(target, link.parent))


def _absolute(link: Path, target: Path) -> None:
    link.symlink_to(target)


def _chain(link: Path, target: Path) -> None:
    (link.parent.parent / "between").symlink_to(target)
    link.symlink_to("../between")


@pytest.mark.parametrize("make", [_relative, _absolute, _chain])
@pytest.mark.parametrize("name", ["secret.txt", ""])
def test_a_link_out_of_the_repository(root: Path, outside: Path, name: str, make: Callable[[Path, Path], None]) -> None:
    make(root / "models" / "mlp" / "x", outside / name)
    with pytest.raises(LinkOutError) as refused:
        digest(root / "models" / "mlp")
    link = root / "models" / "mlp" / "x"
    assert str(refused.value) == (
        f"'{link}' leads out of the repository, to '{(outside / name).as_posix()}'. Only what is in the repository is "
        "released. Copy it there, or remove the link."
    )


def test_links_inside_the_repository_are_followed(root: Path) -> None:
    model = root / "models" / "mlp"
    (model / "labels").symlink_to("../../../shared/labels.txt")
    (model / "again").symlink_to("labels")
    (root / "models" / "also").symlink_to("mlp")
    assert [each.name for each in files_of(model)] == ["again", "labels", "model.onnx"]
    assert digest(root / "models" / "also") == digest(model)


def test_git_s_own_folder_is_outside(root: Path) -> None:
    (root / "models" / "mlp" / "x").symlink_to("../../../.git/config")
    with pytest.raises(LinkOutError):
        digest(root / "models" / "mlp")


def test_without_git_the_program_s_folder_is_the_repository(root: Path) -> None:
    (root / "models" / "mlp" / "labels").symlink_to("../../../shared/labels.txt")
    (root.parent / ".git" / "config").unlink()
    (root.parent / ".git").rmdir()
    with pytest.raises(LinkOutError):
        digest(root / "models" / "mlp")


def test_a_broken_link_is_still_a_broken_link(root: Path) -> None:
    (root / "models" / "mlp" / "x").symlink_to("../../../../nowhere")
    with pytest.raises(PlanError, match=r"cannot be read \(No such file or directory\)"):
        digest(root / "models" / "mlp")


def _try_out(config: Config, **keys: Any) -> None:
    config["endpoints"]["digits"]["tryOut"] = {"input": "input", **keys}


CHANGES: dict[str, tuple[str, Callable[[Config], object], str]] = {
    # The link, what the stack file sets, and the key that is told.
    "model": ("models/mlp/x", lambda _: None, f"{MLP}.model.path"),
    "the folder above": ("linked", lambda config: mlp(config)["model"].update(path="linked/sub"), f"{MLP}.model.path"),
    "code": ("code/x.py", lambda _: None, f"{MLP}.code"),
    "conda file": ("e.yaml", lambda config: mlp(config)["environment"].update(condaFile="e.yaml"), "condaFile"),
    "build context": (
        "docker/x",
        lambda config: mlp(config).update(environment={"build": {"path": "docker"}}),
        f"{MLP}.environment.build.path",
    ),
    "file of the Azure CLI": ("from.yml", lambda config: mlp(config).update({"from": "from.yml"}), f"{MLP}.from"),
    "input": ("input/x", _try_out, "endpoints.digits.tryOut.input"),
    "check": ("check.py", lambda config: _try_out(config, check="check.py"), "endpoints.digits.tryOut.check"),
    "compare": ("compare.py", lambda config: _try_out(config, compare="compare.py"), "endpoints.digits.tryOut.compare"),
    "sample": (
        "sample/x",
        lambda config: config["endpoints"]["digits"].update(sample="sample"),
        "endpoints.digits.sample",
    ),
    "rehearsal": ("r.onnx", lambda config: config.update(rehearsal={"models": {"m:1": "r.onnx"}}), "rehearsal.models"),
}


@pytest.mark.parametrize("kind", CHANGES)
def test_the_preview_names_the_key(root: Path, outside: Path, kind: str) -> None:
    link, change, key = CHANGES[kind]
    (outside / "sub").mkdir()
    (outside / "sub" / "file").touch()
    for folder in ("input", "sample", "docker"):
        (root / folder).mkdir()
        (root / folder / "Dockerfile").touch()
    target = outside if kind == "the folder above" else outside / "secret.txt"
    (root / link).symlink_to(target)
    told = problems(root, changed(change))
    assert any(f"{key}" in each and "leads out of the repository, to " in each for each in told), told


def test_the_preview_says_what_is_allowed(root: Path, outside: Path) -> None:
    (root / "code" / "x.py").symlink_to(outside / "score.py")
    [told] = problems(root, RIGHT)
    assert told == (
        f"{MLP}.code is 'code', and code/x.py leads out of the repository, to {outside.as_posix()}/score.py. Allowed: "
        "the path of the folder with the scoring script, relative to the folder of Pulumi.yaml and inside it, with / "
        f"as the separator, and links that stay in the repository.\nPulumi.dev.yaml: set {MLP}.code to PATH"
    )
    (root / "code" / "x.py").unlink()
    (root / "code" / "x.py").symlink_to("../../shared/labels.txt")
    assert read(root, RIGHT).endpoints["digits"].deployments["mlp"].get("code") == "code"
