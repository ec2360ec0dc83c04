"""MARKERS releases in one stack, carried out by the pretending worker beside this file."""

import os
import sys
from pathlib import Path
from types import SimpleNamespace
from unittest.mock import patch

from pulumi_azure_native import authorization

from components.preflight import live_default
from components.release import ModelRelease
from components.release_parts.args import ModelReleaseArgs
from modelops.runner.pool import WorkerPool, use_pool

HERE = Path(__file__).resolve().parent

# There is no Azure to ask for an endpoint's default, and no provider that would ask it for a token.
patch.object(authorization, "get_client_token_output", lambda: SimpleNamespace(token="none")).start()
patch.object(live_default, "_read", lambda _endpoint, _token: live_default.Live(None, {})).start()

use_pool(
    WorkerPool(
        [sys.executable, str(HERE / "worker.py")],
        dict(os.environ),
        Path(os.environ["MARKERS_LOG"]),
        deadline_seconds=float(os.environ.get("MARKERS_DEADLINE", "60")),
    )
)

for number in range(int(os.environ.get("MARKERS", "1"))):
    args: ModelReleaseArgs = {
        "subscription_id": "00000000-0000-0000-0000-000000000001",
        "resource_group": "rg",
        "workspace": "ws",
        "endpoint_name": f"digits-{number}",
        "endpoint_id": f"/endpoints/digits-{number}",
        "endpoint_created_at": "2026-01-01T00:00:00Z",
        "endpoint_api_version": "2025-12-01",
        "location": "westeurope",
        "compute_ids": {"aml": "/computes/cpu"},
        "description": os.environ.get("MARKERS_DESCRIPTION", ""),
        "auth_mode": "AADToken",
        "endpoint_tags": {},
        "default": "mlp",
        "pin": None,
        "keep": 2,
        "deployments": {
            "mlp": {
                "model": {"name": "digits-mlp", "version": "1"},
                "compute": "aml",
                "code": "code",
                "scoring_script": "score.py",
                "environment": {"name": "env", "version": "1"},
            }
        },
    }
    ModelRelease(f"digits-{number}", args)
