"""Several clusters by name, the short form for one, and which of them a deployment runs on."""

from pathlib import Path
from typing import Any

import pytest

from settings import ClusterSettings
from tests.unit.settings_world import RIGHT, Config, changed, make_files, mlp, problems, read

WORDS = "letters, digits and single hyphens, starting with a letter and not ending with a hyphen"
TWO: Config = {"cpu": {"maxNodes": 2}, "gpu": {"vmSize": "Standard_NC6s_v3", "maxNodes": 8}}
MLP = "endpoints.digits.deployments.mlp"


@pytest.fixture(name="root")
def _root(tmp_path: Path) -> Path:
    return make_files(tmp_path)


def _stack(clusters: Config, **deployment: Any) -> Config:
    return {**changed(lambda config: mlp(config).update(deployment)), "clusters": clusters}


def test_each_deployment_names_its_cluster(root: Path) -> None:
    settings = read(root, _stack(TWO, compute="gpu", instanceCount=8))
    assert settings.clusters == {
        "cpu": ClusterSettings(max_nodes=2),
        "gpu": ClusterSettings("STANDARD_NC6S_V3", max_nodes=8),
    }
    assert settings.endpoints["digits"].deployments["mlp"]["compute"] == "gpu"
    assert list(settings.new_clusters) == ["cpu", "gpu"]
    assert list(settings.wanted_nodes) == ["clusters.cpu", "clusters.gpu"]


def test_one_needs_no_name_in_the_deployment(root: Path) -> None:
    settings = read(root, _stack({"gpu": {}}))
    assert settings.endpoints["digits"].deployments["mlp"]["compute"] == "gpu"


def test_the_short_form_is_one_with_the_name_that_it_always_had(root: Path) -> None:
    settings = read(root, {**RIGHT, "cluster": {"maxNodes": 9}, "clusters": {}})
    assert settings.clusters == {"aml": ClusterSettings(max_nodes=9)}
    assert (list(settings.new_clusters), list(settings.wanted_nodes)) == (["aml"], ["cluster"])
    assert settings.endpoints["digits"].deployments["mlp"]["compute"] == "aml"


def test_an_adopted_one_beside_one_to_create(root: Path) -> None:
    workspace = (
        "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/team/providers/"
        "Microsoft.MachineLearningServices/workspaces/team"
    )
    shared = f"{workspace}/computes/shared"
    config = _stack({"cpu": {}, "shared": {"existing": shared}}, compute="shared", instanceCount=50)
    settings = read(root, {**config, "workspace": {"existing": workspace}})
    assert settings.existing["clusters"] == {"shared": shared}
    assert list(settings.new_clusters) == ["cpu"]


def test_letters_of_a_size_do_not_count(root: Path) -> None:
    sizes = ("Standard_DS3_v2", "STANDARD_DS3_V2", "standard_ds3_v2")
    assert {read(root, {**RIGHT, "cluster": {"vmSize": size}}).clusters["aml"].vm_size for size in sizes} == {
        "STANDARD_DS3_V2"
    }


WRONG: list[tuple[Config, str]] = [
    (
        _stack(TWO),
        f"{MLP}.compute is not set. Allowed: cpu or gpu.\nPulumi.dev.yaml: set {MLP}.compute to cpu",
    ),
    (
        _stack(TWO, compute="tpu"),
        f"{MLP}.compute is 'tpu'. Allowed: cpu or gpu.\nPulumi.dev.yaml: set {MLP}.compute to cpu",
    ),
    (
        _stack(TWO, compute="cpu", instanceCount=3),
        (
            f"{MLP}.instanceCount is 3. Allowed: at most 2, which is clusters.cpu.maxNodes.\n"
            f"Pulumi.dev.yaml: set {MLP}.instanceCount to 2"
        ),
    ),
    (
        changed(lambda config: mlp(config).update(compute="cpu")),
        (
            f"{MLP}.compute is 'cpu'. The stack has only one cluster (the key cluster). Allowed: no compute, or a key "
            f"of clusters.\nPulumi.dev.yaml: remove {MLP}.compute"
        ),
    ),
    (
        {**_stack({"cpu": {}}), "cluster": {"maxNodes": 2}},
        (
            "cluster is set beside clusters. Allowed: one of the two.\n"
            "Pulumi.dev.yaml: move it below clusters; as aml it stays the same cluster"
        ),
    ),
    (
        _stack({"my gpu": {}}),
        (
            'clusters["my gpu"] is not a valid compute name: the service refuses some of its characters, or their '
            f"order. Allowed: 1 to 17 characters: {WORDS}, and not ending in a hyphen and digits (a suffix is added; "
            "the limit with it is 24).\nPulumi.dev.yaml: rename my gpu to my-gpu"
        ),
    ),
    (
        _stack({"cpu": {"minNodes": 3, "maxNodes": 2}}),
        (
            "clusters.cpu.maxNodes is 2, which is less than clusters.cpu.minNodes (3). Allowed: a whole number from "
            "3.\nPulumi.dev.yaml: set clusters.cpu.maxNodes to 3"
        ),
    ),
    (
        _stack({"cpu": {"tier": "low_priority"}}),
        (
            "clusters.cpu.tier is Azure ML's own word for priority. Allowed: priority.\n"
            "Pulumi.dev.yaml: write priority: lowPriority in place of tier"
        ),
    ),
    *(
        (
            {**RIGHT, "cluster": {theirs: value}},
            (
                f"cluster.{theirs} is Azure ML's own word for {ours}. Allowed: {ours}.\n"
                f"Pulumi.dev.yaml: write {ours}: {value} in place of {theirs}"
            ),
        )
        for theirs, ours, value in (
            ("size", "vmSize", "Standard_DS3_v2"),
            ("min_instances", "minNodes", 0),
            ("max_instances", "maxNodes", 2),
            ("idle_time_before_scale_down", "idleSeconds", 120),
        )
    ),
]


@pytest.mark.parametrize(("config", "told"), WRONG)
def test_what_is_wrong_is_told(root: Path, config: Config, told: str) -> None:
    assert problems(root, config) == [told]
