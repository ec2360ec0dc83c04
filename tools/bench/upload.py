"""Seconds to register a 1 GiB model folder, against hashing it and uploading it with azure-storage-blob alone.

``python -m tools.bench.upload ours|other RESOURCE_GROUP WORKSPACE FOLDER`` prints the seconds; imports are not counted,
because both pay them. Runs in the sandbox's environment.
"""

import hashlib
import os
import sys
import time
from pathlib import Path
from typing import cast

from azure.ai.ml import MLClient
from azure.ai.ml.entities import AzureBlobDatastore
from azure.identity import DefaultAzureCredential
from azure.storage.blob import ContainerClient

from modelops.plan import fingerprint
from modelops.plan.plan import EndpointPlan, LocalModel, ReleasePlan
from modelops.release import register
from modelops.release.context import Context
from modelops.workspace import Workspace
from tools.bench.checkout import Checkout
from tools.bench.measure import Row, paired

FILES = 4
FILE_BYTES = 256 * 1024 * 1024
_CHUNK = 1024 * 1024


def row(checkout: Checkout, group: str, workspace: str, runs: int) -> Row:
    """Measure in pairs; the content changes before each run, so that no version is found."""
    folder = checkout.root / "bench" / "big"
    _make(folder)

    def timed(who: str) -> float:
        with (folder / "part-0.bin").open("r+b") as file:
            file.write(os.urandom(64))
        return float(checkout.run("python", "-m", "tools.bench.upload", who, group, workspace, str(folder)).stdout)

    return paired(
        "register a 1 GiB model / hash and upload it",
        lambda: timed("ours"),
        lambda: timed("other"),
        runs=runs,
        aim="at most 1.2",
    )


def _make(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(FILES):
        with (folder / f"part-{number}.bin").open("wb") as file:
            for _ in range(FILE_BYTES // _CHUNK):
                file.write(os.urandom(_CHUNK))


def _ours(group: str, workspace: str, folder: Path) -> None:
    subscription = os.environ["AZURE_SUBSCRIPTION_ID"]
    model = LocalModel(path=folder.name, name="bench-big", type="custom_model", digest=fingerprint.digest(folder))
    endpoint = EndpointPlan("bench", "", "", "", "westeurope", "AADToken", "", {})
    plan = ReleasePlan(subscription, group, workspace, endpoint, "bench", None, 1, {})
    context = Context(
        Workspace(subscription, group, workspace), folder.parent, lambda _step, _text, **_more: None, time.sleep
    )
    register.ensure_model(context, plan, model)


def _other(group: str, workspace: str, folder: Path) -> None:
    credential = DefaultAzureCredential()
    ml = MLClient(credential, os.environ["AZURE_SUBSCRIPTION_ID"], group, workspace)
    store = cast("AzureBlobDatastore", ml.datastores.get_default())
    content = hashlib.sha256()
    files = sorted(folder.iterdir())
    for file in files:
        with file.open("rb") as stream:
            while chunk := stream.read(_CHUNK):
                content.update(chunk)
    account = f"https://{store.account_name}.blob.core.windows.net"
    with ContainerClient(account, store.container_name, credential=credential) as container:
        for file in files:
            with file.open("rb") as stream:
                container.upload_blob(f"bench/{content.hexdigest()}/{file.name}", stream, max_concurrency=16)


def main(who: str, group: str, workspace: str, folder: str) -> None:
    """Print how long one way takes."""
    begin = time.perf_counter()
    {"ours": _ours, "other": _other}[who](group, workspace, Path(folder))
    print(time.perf_counter() - begin)  # noqa: T201 - the caller reads it


if __name__ == "__main__":
    main(*sys.argv[1:])
