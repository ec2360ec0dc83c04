"""The sandbox of a run, and in it a workspace for each example, as the Azure portal makes one."""

import json
import os
import secrets
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from sandbox.commands import lifecycle
from sandbox.commands.client import Client
from sandbox.home import Home

_ML = "2025-12-01"
_BLOBS = ".blob.core.windows.net"
_IMAGE = "mcr.microsoft.com/azureml/curated/python:1"
"""A name for the image of a curated environment; nothing here runs containers."""


@dataclass(frozen=True, slots=True)
class Workspace:
    """A workspace in the sandbox: what finds it."""

    subscription: str
    group: str
    name: str

    def write_config(self, folder: Path) -> None:
        """Write the ``config.json`` that ``MLClient.from_config`` reads."""
        config = {"subscription_id": self.subscription, "resource_group": self.group, "workspace_name": self.name}
        (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")


class Place:
    """A sandbox in a folder; it starts with the first thing that is asked of it."""

    def __init__(self, folder: Path) -> None:
        self._home = Home(folder.absolute())

    def run(self, *words: str, folder: Path, output: IO[str], more: Mapping[str, str]) -> int:
        """Run a command in the sandbox's environment and return its exit code; its output goes to ``output``."""
        done = subprocess.run(
            [sys.executable, "-m", "sandbox", "run", "--", *words],
            cwd=folder,
            env=os.environ | more | {"SANDBOX_HOME": str(self._home.root)},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            check=False,
        )
        return done.returncode

    def stop(self) -> None:
        """Stop the server; its state stays."""
        lifecycle.stop(self._home)

    def add_curated(self, name: str, conda_file: str) -> None:
        """Give the sandbox a curated environment, REGISTRY/NAME:VERSION, with the text of a conda file."""
        registry, _, version = name.partition("/")
        body = {"what": "environment", "registry": registry, "name": version, "image": _IMAGE, "condaFile": conda_file}
        lifecycle.start(self._home).control("POST", "/stock", body)

    def add_public(self, address: str, folder: Path) -> None:
        """Put the files of a folder at their address in a storage account that the sandbox does not have."""
        body = {"what": "blobs", "name": address.removeprefix("https://").replace(_BLOBS, "", 1), "path": str(folder)}
        lifecycle.start(self._home).control("POST", "/stock", body)

    def workspace(self, example: str, clusters: Mapping[str, int]) -> Workspace:
        """Make a new workspace whose datastores hold the account's key, with clusters, in a separate group.

        Args:
            example: its name is the beginning of the workspace's and the group's
            clusters: the most nodes of each
        """
        server = lifecycle.start(self._home)
        facts = self._home.facts()
        name = f"{example}-{secrets.token_hex(2)}"
        client, short = Client(self._home, server), name.replace("-", "")
        group = f"/subscriptions/{facts.subscription_id}/resourceGroups/{name}"

        def put(path: str, version: str, **body: Any) -> str:
            answer = client.request("PUT", f"{path}?api-version={version}", {"location": facts.location, **body})
            if answer.status >= 300:  # noqa: PLR2004 - HTTP's successes end here
                raise SystemExit(f"examples: the sandbox refused {path}: {answer.error}")
            return path

        services = f"{put(group, '2024-03-01')}/providers"
        storage, vault = f"{services}/Microsoft.Storage/storageAccounts/st{short}", f"{services}/Microsoft.KeyVault"
        parts = {
            "storageAccount": put(storage, "2024-01-01", kind="StorageV2", sku={"name": "Standard_LRS"}),
            "keyVault": put(
                f"{vault}/vaults/kv{short}",
                "2024-11-01",
                properties={"tenantId": facts.tenant_id, "sku": {"family": "A", "name": "standard"}},
            ),
            "applicationInsights": put(
                f"{services}/Microsoft.Insights/components/{name}",
                "2020-02-02",
                kind="web",
                properties={"Application_Type": "web"},
            ),
        }
        workspace = f"{services}/Microsoft.MachineLearningServices/workspaces/{name}"
        put(workspace, _ML, identity={"type": "SystemAssigned"}, properties=parts)
        for cluster, nodes in clusters.items():
            scale = {"minNodeCount": 0, "maxNodeCount": nodes, "nodeIdleTimeBeforeScaleDown": "PT2M"}
            size = {"vmSize": "STANDARD_DS11_V2", "vmPriority": "Dedicated", "scaleSettings": scale}
            properties = {"computeType": "AmlCompute", "properties": size}
            put(f"{workspace}/computes/{cluster}", _ML, properties=properties)
        return Workspace(facts.subscription_id, name, name)
