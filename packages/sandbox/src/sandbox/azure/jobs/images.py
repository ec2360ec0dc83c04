"""The time that Azure needs for a deployment's image: built by the first job of an environment, then kept."""

import asyncio
import hashlib
import json
import time
from dataclasses import asdict

from sandbox.azure.arm.latencies import IMAGE_BUILD
from sandbox.azure.jobs.context import JobContext
from sandbox.azure.jobs.request import EnvironmentSpec

_KIND = "image"


async def built(context: JobContext, spec: EnvironmentSpec | None, workspace_id: str, asked_by: int) -> None:
    """Wait until the image of an environment is built in a workspace, if latencies say that this takes time.

    Jobs that need the same image at the same time wait for one build. An image without a conda file is not built.
    """
    if spec is None or not (spec.conda_file.strip() or spec.build):
        return
    if context.service_time.latencies.azure_seconds(IMAGE_BUILD) is None:
        return
    content = {name: value for name, value in asdict(spec).items() if name not in ("name", "version")}
    key = f"{workspace_id} {hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()}"
    due: float | None = context.store.document(_KIND, key)
    if due is None:
        due = context.service_time.begin(IMAGE_BUILD, f"{workspace_id}/environments/{spec.name}", asked_by).due
        context.store.put_document(_KIND, key, due)
    await asyncio.sleep(max(0.0, (due or 0.0) - time.time()))
