"""A release plan in its JSON form, for tests that change one thing of it."""

import copy
from typing import Any

MODEL_DIGEST = "a" * 64
CODE_DIGEST = "b" * 64
CONDA_DIGEST = "c" * 64

SCORING = {
    "instanceCount": 1,
    "maxConcurrencyPerInstance": 1,
    "miniBatchSize": 10,
    "maxRetries": 3,
    "timeoutSeconds": 30,
    "errorThreshold": -1,
    "loggingLevel": "info",
    "outputAction": "append_row",
    "outputFileName": "predictions.csv",
}
"""The service's own defaults, written out."""

_PLAN: dict[str, Any] = {
    "schema": 1,
    "subscriptionId": "00000000-0000-0000-0000-000000000001",
    "resourceGroup": "rg",
    "workspace": "ws",
    "endpoint": {
        "name": "digits1a2b",
        "id": "/workspaces/ws/batchEndpoints/digits1a2b",
        "createdAt": "2026-01-02T03:04:05Z",
        "azureApiVersion": "2025-12-01",
        "location": "westeurope",
        "authMode": "AADToken",
        "description": "Reads digits",
        "tags": {"stack": "dev"},
    },
    "default": "mlp",
    "pin": None,
    "keep": 3,
    "deployments": {
        "mlp": {
            "model": {"path": "model", "name": "digits-mlp", "type": "custom_model", "digest": MODEL_DIGEST},
            "code": {"path": "code", "digest": CODE_DIGEST},
            "scoringScript": "score.py",
            "environment": {"image": "image:1", "condaFile": "conda.yaml", "condaDigest": CONDA_DIGEST},
            "compute": "/computes/cpu",
            "settings": dict(SCORING),
            "environmentVariables": {"MODE": "fast"},
            "description": "A network",
            "tags": {"team": "ml"},
        }
    },
}


def plan_json() -> dict[str, Any]:
    """A copy that the caller may change."""
    return copy.deepcopy(_PLAN)


def changed(*path: str, value: Any) -> dict[str, Any]:
    """The plan with one value changed."""
    plan = plan_json()
    place = plan
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    return plan
