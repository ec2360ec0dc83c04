"""What is certain to fail is said by `pulumi preview`: every mistake at once, each with its message.

Each mistake has its own endpoint in one stack file, so that one preview says them all. What each message says to
do is tested in tests/unit; what needs a live endpoint (the 21st deployment, a pin) in tests/modelops.
"""

import copy
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.e2e.rehearsal import Rehearsal

GOOD = b"def init():\n    pass\n\n\ndef run(mini_batch):\n    return mini_batch\n"


class Mistake(NamedTuple):
    """What is wrong with one deployment: keys that it sets, files that it brings, and what the preview says."""

    told: str
    keys: dict[str, Any] = {}  # noqa: RUF012 - never changed
    files: dict[str, bytes] = {}  # noqa: RUF012


def script(told: str, content: bytes) -> Mistake:
    """Return a mistake in the scoring script."""
    return Mistake(f".scoringScript is 'score.py'. The script {told}", files={"code/score.py": content})


def conda(told: str, content: bytes) -> Mistake:
    """Return a mistake in the conda file."""
    return Mistake(f".environment.condaFile is 'own/FOLDER/conda.yaml'. The file {told}", files={"conda.yaml": content})


MISTAKES = {
    "no-python": script("does not parse: line 2:", b"def init(): pass\ndef run mini_batch: pass\n"),
    "latin": script("is not UTF-8 (line 1); save it as UTF-8.", b"# \xe4\n" + GOOD),
    "no-init": script("does not define init(), which the job calls.", GOOD.replace(b"init", b"start")),
    "no-run": script("does not define run(mini_batch), which the job calls.", GOOD.replace(b"run", b"score")),
    "no-argument": script(
        "defines run() without an argument (line 5); the job calls run(mini_batch).",
        GOOD.replace(b"(mini_batch):", b"():"),
    ),
    "no-yaml": conda("is not YAML: line 2:", b"dependencies: [a\n"),
    "no-mapping": conda("is not a conda file: allowed is a mapping", b"- pandas\n"),
    "no-dependencies": conda("has no dependencies: allowed is a list", b"name: x\n"),
    "slow": Mistake(
        ".timeoutSeconds is 259201. Allowed: a whole number from 1 to 259200 (seconds for each call of run()).",
        {"timeoutSeconds": 259201},
    ),
    "out": Mistake(
        ".outputFileName is 'a#b.csv'. Allowed: a file name without a folder,", {"outputFileName": "a#b.csv"}
    ),
    "variable": Mistake(
        '.environmentVariables["A=B"] cannot be the name of an environment variable. Allowed: letters, digits',
        {"environmentVariables": {"A=B": 1}},
    ),
    "empty-tag": Mistake(".tags.team is ''", {"tags": {"team": ""}}),
    "two-tags": Mistake(
        ".tags.team is the same tag as TEAM. Allowed: names that differ", {"tags": {"team": 1, "TEAM": 2}}
    ),
    "nodes": Mistake(".instanceCount is 3. Allowed: at most 2, which is cluster.maxNodes.", {"instanceCount": 3}),
    "no-mlmodel": Mistake(
        ".model.path is 'own/FOLDER/model', which has no file MLmodel.",
        {"model": {"path": "own/FOLDER/model", "name": "m", "type": "mlflow_model"}},
        {"model/readme.txt": b""},
    ),
}


@pytest.fixture(name="wrong")
def _wrong(checkout: Path, tmp_path: Path) -> Iterator[Rehearsal]:
    rehearsal = Rehearsal(checkout, tmp_path / "unused").copy_to(tmp_path)
    rehearsal.start_server()
    yield rehearsal
    rehearsal.stop()


def _put(value: Any, folder: str) -> Any:
    """The same value with the mistake's folder in its paths."""
    if isinstance(value, dict):
        return {key: _put(each, folder) for key, each in value.items()}
    return value.replace("FOLDER", folder) if isinstance(value, str) else value


def _bring(rehearsal: Rehearsal) -> None:
    """Give the stack an endpoint for each mistake, with its own files."""

    def change(config: dict[str, Any]) -> None:
        right = config["endpoints"].pop("digits")
        for name, mistake in MISTAKES.items():
            folder = rehearsal.folder / "own" / name
            base = {"code/score.py": GOOD, "conda.yaml": b"dependencies: [pip]\n"}
            for file, content in (base | mistake.files).items():
                (folder / file).parent.mkdir(parents=True, exist_ok=True)
                (folder / file).write_bytes(content)
            endpoint = copy.deepcopy(right)
            deployment = endpoint["deployments"]["mlp"]
            deployment["code"] = f"own/{name}/code"
            deployment["environment"]["condaFile"] = f"own/{name}/conda.yaml"
            deployment.update(_put(mistake.keys, name))
            config["endpoints"][name] = endpoint

    rehearsal.configure(change)


def test_every_mistake_is_said_by_one_preview(wrong: Rehearsal) -> None:
    _bring(wrong)
    before = wrong.mark()
    done = wrong.pulumi("preview").failed()
    assert wrong.writes(before) == []
    said = done.flat.partition("Diagnostics:")[2]
    assert f"has {len(MISTAKES)} problems, so nothing was created or changed." in said
    unsaid = [
        name
        for name, mistake in MISTAKES.items()
        if f"endpoints.{name}.deployments.mlp{mistake.told.replace('FOLDER', name)}" not in said
    ]
    assert unsaid == [], done.text


@pytest.mark.parametrize(
    ("key", "value", "told"),
    [
        (
            "azure-native:location",
            "westeurop",
            "azure-native:location is 'westeurop', which is not a region of this subscription. Similar: westeurope",
        ),
        (
            "cluster",
            {"vmSize": "Standard_DS11_v3"},
            "cluster.vmSize is 'STANDARD_DS11_V3', which Azure Machine Learning does not offer in westeurope. Similar:",
        ),
    ],
)
def test_what_the_region_does_not_offer(wrong: Rehearsal, key: str, value: object, told: str) -> None:
    wrong.configure(lambda config: config.update({key: value}))
    before = wrong.mark()
    done = wrong.pulumi("preview").failed()
    assert wrong.writes(before) == []
    assert done.flat.partition("Diagnostics:")[2].count(told) == 1, done.text


def test_a_quota_that_the_cluster_exceeds_is_a_warning(wrong: Rehearsal) -> None:
    wrong.configure(lambda config: config.update(cluster={"maxNodes": 51}))
    done = wrong.pulumi("preview").ok()
    assert (
        "cluster: 51 nodes of STANDARD_DS11_V2 need 102 vCPUs, and the quota of standardDSv2Family is 100. Jobs will "
        "get 50 nodes at most."
    ) in done.flat
