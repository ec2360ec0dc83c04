"""What a stack file may say and what a plan may say is the same.

The settings read what a person wrote, and tell them all that is wrong at once; the plan is read again in the hook, from
the state, and in the commands. Both ask the same table and the same rules (modelops/plan): that they do is tested here.
"""

import copy
import itertools
from pathlib import Path
from typing import Any

import pytest

from components import names
from components.release_parts.args import ModelReleaseArgs
from components.release_parts.plan_inputs import plan_inputs
from modelops.errors import PlanError
from modelops.plan.plan import ReleasePlan
from modelops.plan.rules import (
    MAX_LOGICAL,
    MODEL_TYPES,
    check_image,
    check_logical_name,
    check_relative_path,
    revision_prefix,
)
from modelops.plan.scoring_settings import SETTINGS, ScoringSettings, Setting
from settings import SettingsError
from tests.unit import plans
from tests.unit.settings_world import RIGHT, SCRIPT, changed, make_files, mlp, read


@pytest.fixture(name="root")
def _root(tmp_path: Path) -> Path:
    return make_files(tmp_path)


def is_set(root: Path, path: tuple[str, ...], value: object) -> bool:
    """Whether the settings take a value of the one deployment."""

    def change(config: dict[str, Any]) -> None:
        place = mlp(config)
        for key in path[:-1]:
            place = place[key]
        place[path[-1]] = value

    try:
        read(root, changed(change))
    except SettingsError:
        return False
    return True


def is_planned(path: tuple[str, ...], value: object) -> bool:
    """Whether a plan with a value of the one deployment can be read."""
    try:
        ReleasePlan.from_inputs(plans.changed("deployments", "mlp", *path, value=value))
    except PlanError:
        return False
    return True


def planned_settings(root: Path, **served: Any) -> object:
    """The scoring settings that a plan gets for the one deployment."""
    everything: Any = {
        **dict.fromkeys(ModelReleaseArgs.__annotations__, "x"),
        "endpoint_tags": {},
        "compute_ids": {"aml": "x"},
        **served,
    }
    return plan_inputs(everything, root)["deployments"]["mlp"]["settings"]


def test_the_defaults_are_the_same(root: Path) -> None:
    served = read(root, RIGHT).endpoints["digits"].served
    assert planned_settings(root, **served) == ScoringSettings().to_json()


def test_a_component_without_settings_has_them_too(root: Path) -> None:
    served: dict[str, Any] = {**read(root, RIGHT).endpoints["digits"].served["deployments"]["mlp"]}
    needed = {key: served[key] for key in ("model", "compute", "code", "scoring_script", "environment")}
    assert planned_settings(root, deployments={"mlp": needed}) == ScoringSettings().to_json()


@pytest.mark.parametrize("setting", [each for each in SETTINGS.values() if each.least is not None])
def test_the_bounds_are_the_same(root: Path, setting: Setting) -> None:
    assert setting.least is not None
    wrong = [setting.least - 1, 1.5, True, "1", *([] if setting.most is None else [setting.most + 1])]
    right = [setting.least, *([] if setting.most is None else [setting.most])]
    for value in (*wrong, *right):
        taken = value in right and value is not True
        assert (is_set(root, (setting.key,), value), is_planned(("settings", setting.key), value)) == (taken, taken)


@pytest.mark.parametrize(
    ("path", "place", "words"),
    [
        *(((each.key,), ("settings", each.key), each.words) for each in SETTINGS.values() if each.words),
        (("model", "type"), ("model", "type"), MODEL_TYPES),
    ],
)
def test_the_words_are_the_same(
    root: Path, path: tuple[str, ...], place: tuple[str, ...], words: tuple[str, ...]
) -> None:
    (root / "models" / "mlp" / "MLmodel").write_text("flavors: {}")  # so that its type may be mlflow_model
    for word in (*words, "x", words[0].upper()):
        assert (is_set(root, path, word), is_planned(place, word)) == (word in words, word in words)


@pytest.mark.parametrize("name", ["out.csv", "a", "", ".", "a.", "a/b", "a\\b", "a:b", "out"])
def test_file_names_are_the_same(root: Path, name: str) -> None:
    taken = name in ("out.csv", "a", "out")
    assert is_set(root, ("outputFileName",), name) == taken
    assert is_planned(("settings", "outputFileName"), name) == taken


def test_deployment_names_are_the_same() -> None:
    assert names.DEPLOYMENT.room == MAX_LOGICAL
    for length in range(6):
        for letters in itertools.product("aZ9-_é", repeat=length):
            name = "".join(letters)
            refused = names.DEPLOYMENT.problem(name, autonamed=True) is not None
            assert (check_logical_name(name) is not None) == refused, name
    for length in (MAX_LOGICAL, MAX_LOGICAL + 1):
        refused = names.DEPLOYMENT.problem("a" * length, autonamed=True) is not None
        assert (check_logical_name("a" * length) is not None) == refused == (length > MAX_LOGICAL)


def test_every_revision_can_be_pinned(root: Path) -> None:
    (revision,) = ReleasePlan.from_inputs(plans.plan_json()).revisions.values()
    for pin in (revision, f"{revision_prefix('a' * MAX_LOGICAL)}-01234567", "a-b-9-89abcdef"):
        config = copy.deepcopy(RIGHT)
        config["endpoints"]["digits"]["pin"] = pin
        assert read(root, config).endpoints["digits"].pin == pin


@pytest.mark.parametrize(
    "image",
    [
        *("a", "a:", "a:1", "a:latest", "a:latest2", "a:1:latest", "a:latest:1", "a/b", "a/b:1", "a/b:latest"),
        *("host:5000/a", "host:5000/a:1", "host:5000/a:latest", "host:5000/a:", "host:latest/a:1", ":1", "/", ":"),
        *(
            f"a@sha256:{'0' * 64}",
            f"a:1@sha256:{'0' * 64}",
            f"a:latest@sha256:{'0' * 64}",
            "a@sha512:0",
            "a@md5:latest",
        ),
    ],
)
def test_images_that_stay_what_they_are_are_the_same(root: Path, image: str) -> None:
    assert is_set(root, ("environment", "image"), image) == (check_image(image) is None)


@pytest.mark.parametrize(
    "path",
    [
        *("code", "code/", "./code", "code/.", ".", "code//", "code/../code", "../code", "/code", "code\\x", "C:code"),
        *("C:/code", "..code", "code/..", "..", "", "//server/share", "\\\\server\\share"),
    ],
)
def test_paths_are_the_same(root: Path, path: str) -> None:
    (root / "..code").mkdir()
    for folder in (root, root / "..code"):
        (folder / "score.py").write_text(SCRIPT)
    if check_relative_path(path) is None and not (root / path).is_dir():
        pytest.fail(f"{path!r} needs a folder, or the settings refuse it for want of one")
    assert is_set(root, ("code",), path) == (check_relative_path(path) is None)
