"""Several clusters, long names and tags of an endpoint on the real engine; and what means the same in other letters."""

import copy
from typing import Any

from tests.e2e.commands import KEPT
from tests.e2e.rehearsal import Rehearsal

LONG = "gradient-boosting-on-gpu-2026"
API = "2025-12-01"
COMPUTE = "azure-native:machinelearningservices:Compute"


def _second_cluster(config: dict[str, Any]) -> None:
    """Keep the first cluster under its name, and add one for a new deployment."""
    config["clusters"] = {"aml": config.pop("cluster"), "gpu": {"vmSize": "Standard_D4s_v3", "maxNodes": 3}}
    digits = config["endpoints"]["digits"]
    digits["tags"] = {"owner": "vision", "cost": 12}
    deployments = digits["deployments"]
    deployments[LONG] = {**copy.deepcopy(deployments["mlp"]), "compute": "gpu", "instanceCount": 3}
    deployments["mlp"]["compute"] = "aml"


def _other_letters(config: dict[str, Any]) -> None:
    config["clusters"]["gpu"]["vmSize"] = "STANDARD_d4S_V3"


def test_a_cluster_beside_the_first_one(deployed: Rehearsal) -> None:
    before = deployed.outputs()
    deployed.configure(_second_cluster)
    preview = deployed.pulumi("preview", "--policy-pack", "policy").ok()
    assert preview.verdict == KEPT
    up = deployed.up()
    assert {(step.op, step.name) for step in up.steps if step.type in (COMPUTE, "pulumi:index:Stash")} == {
        ("create", "gpu-cluster"),
        ("update", "digits-marker"),
    }
    outputs = deployed.outputs()
    assert outputs["clusters"] == {"aml": before["cluster"], "gpu": outputs["clusters"]["gpu"]}
    assert outputs["cluster"] == before["cluster"]
    endpoint = outputs["endpoints"]["digits"]
    revision = endpoint["deployments"][LONG].partition(" ")[0]
    assert endpoint["default"] == before["endpoints"]["digits"]["default"]
    assert sorted(deployed.of_kind("batchEndpoints/deployments")) == sorted([endpoint["default"], revision])
    assert len(revision) == 32
    place = next(each for each in deployed.resources() if each.endswith(f"/deployments/{revision}"))
    body = deployed.arm("GET", place, API)
    assert body["properties"]["compute"].endswith(f"/computes/{outputs['clusters']['gpu']}")
    assert body["properties"]["properties"]["revisionOf"] == LONG
    live = deployed.arm("GET", place.partition("/deployments/")[0], API)
    assert {"owner": "vision", "cost": "12"}.items() <= live["tags"].items()

    deployed.configure(_other_letters)
    with deployed._stack_file("dev") as config:
        config["azure-native:location"] = "West Europe"
    deployed.up("--expect-no-changes")
    deployed.pulumi("refresh").ok()
    deployed.up("--expect-no-changes")

    deployed.configure(lambda config: config.update(storageSku="Standard_GRS"))
    deployed.pulumi("preview").ok()
    deployed.configure(lambda config: config.update(storageSku="Standard_ZRS"))
    mark = deployed.mark()
    refused = deployed.pulumi("preview").failed()
    assert "storageSku is 'Standard_ZRS', and the storage account has Standard_LRS." in refused.flat
    assert "az storage account migration start --account-name mlbatchstorage" in refused.flat
    assert deployed.writes(mark) == []
