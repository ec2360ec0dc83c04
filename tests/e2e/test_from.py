"""A deployment by its YAML file for the Azure ML CLI, on the real engine: the same release, and labels."""

import re
from typing import Any

import yaml

from tests.e2e.commands import Step
from tests.e2e.rehearsal import MARKER, Rehearsal

ONE_STEP = (Step("update", MARKER, "digits-marker"),)
FILE = "examples/digits/deployment.yml"

# What the dev stack says of the deployment, in the words of the CLI, as most people lay it out.
DEPLOYMENT: dict[str, Any] = {
    "$schema": "https://azuremlschemas.azureedge.net/latest/batchDeployment.schema.json",
    "name": "digits-batch-deployment",
    "endpoint_name": "digits-batch",
    "model": {"name": "digits-mlp", "path": "model"},
    "compute": "azureml:batch-cluster",
}


def _write(rehearsal: Rehearsal, **changes: Any) -> None:
    """Write the file; the rest of it is what the stack file said of the deployment."""
    text = yaml.safe_dump({**DEPLOYMENT, **changes}, sort_keys=False)
    (rehearsal.folder / FILE).write_text(text, encoding="utf-8")


def _point_to_the_file(rehearsal: Rehearsal) -> dict[str, Any]:
    """Let the stack file name the file, and return what it said of the deployment before."""
    said: dict[str, Any] = {}

    def change(config: dict[str, Any]) -> None:
        deployments = config["endpoints"]["digits"]["deployments"]
        said.update(deployments["mlp"])
        deployments["mlp"] = {"from": FILE}

    rehearsal.configure(change)
    return said


def _in_the_words_of_the_cli(said: dict[str, Any]) -> dict[str, Any]:
    environment = said["environment"]
    return {
        "description": said.get("description", ""),
        "code_configuration": {"code": "code/", "scoring_script": said["scoringScript"]},
        "environment": {
            "name": "digits",
            "image": environment["image"],
            "conda_file": environment["condaFile"].removeprefix("examples/digits/"),
        },
        "resources": {"instance_count": said.get("instanceCount", 1)},
        "mini_batch_size": said.get("miniBatchSize", 10),
        "output_action": "append_row",
        "output_file_name": "predictions.csv",
    }


def test_a_file_releases_the_same_and_a_label_follows_the_newest_version(deployed: Rehearsal) -> None:
    first = deployed.default
    said = _point_to_the_file(deployed)
    words = _in_the_words_of_the_cli(said)
    _write(deployed, **words)
    same = deployed.pulumi("preview", "--expect-no-changes").ok()
    assert "compute is 'batch-cluster', but the stack has only one cluster" in same.flat

    # A label: the version that the workspace has.
    _write(deployed, **words, model="azureml:digits-mlp@latest")
    assert deployed.up().steps == ONE_STEP
    by_label = deployed.default
    assert by_label != first
    assert deployed.up("--expect-no-changes").steps == ()

    # Another deployment registers a new version; the next preview says so, and the next up releases it.
    deployed.change_one_byte_of_the_model()
    deployed.configure(lambda config: config["endpoints"]["digits"]["deployments"].update(other=said))
    assert deployed.up().steps == ONE_STEP
    assert deployed.default == by_label
    preview = deployed.pulumi("preview").ok()
    assert preview.steps == ONE_STEP
    assert "model digits-mlp 1 -> 2 (latest)" in preview.flat
    assert deployed.up().steps == ONE_STEP
    assert deployed.default not in {first, by_label}

    # A label that means nothing stops the preview and the up.
    _write(deployed, **words, model="azureml:nothing@latest")
    for verb in ("preview", "up"):
        failed = deployed.pulumi(verb).failed()
        assert "nothing@latest: workspace" in failed.flat
        assert "has no version of model 'nothing', so the release cannot run." in failed.flat


def test_the_first_preview_leaves_a_label_open(fresh: Rehearsal) -> None:
    """Which workspace it is asked of is known only after the deployment."""
    said = _point_to_the_file(fresh)
    _write(fresh, **_in_the_words_of_the_cli(said), model="azureml:digits-mlp@latest")
    assert "create revision mlp-????????" in fresh.pulumi("preview").ok().flat


def test_a_pin_needs_neither_the_file_nor_what_it_names(deployed: Rehearsal) -> None:
    first = deployed.default
    deployed.change_one_byte_of_the_model()
    assert deployed.up().steps == ONE_STEP
    folder = deployed.folder / "examples" / "digits"
    folder.rename(folder.with_name("elsewhere"))
    _point_to_the_file(deployed)
    deployed.configure(lambda config: config["endpoints"]["digits"].update(pin=first))
    preview = deployed.pulumi("preview").ok()
    assert f"endpoints.digits.deployments.mlp.from is '{FILE}', and there is no such file. The rollback does not" in (
        preview.flat
    )
    before = deployed.mark()
    assert deployed.up().steps == ONE_STEP
    assert deployed.default == first
    switch, entry = deployed.writes(before)
    assert re.search(r"/batchEndpoints/[^/]+$", switch)
    assert "/releases/" in entry
    assert deployed.up("--expect-no-changes").steps == ()
