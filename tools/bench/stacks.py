"""Stacks of several endpoints with several deployments each: every deployment has another model.

Code and environment are the same for all, and each deployment is tried out on three files.
"""

import itertools
import shutil
from typing import Any, NamedTuple

import yaml

from tools.bench.checkout import Checkout

STACK_FILE = "Pulumi.dev.yaml"
INPUT = "bench/input"
CODE = "bench/code"
SCRIPT = "score_files.py"
IMAGE = "mcr.microsoft.com/azureml/openmpi4.1.0-ubuntu22.04:20250601.v1"
CONDA_FILE = "examples/digits/environment/conda.yaml"
_FILES = 3
_MOST_NODES = 100
"""A cluster's limit."""
_numbers = itertools.count(1)


class Shape(NamedTuple):
    """How many endpoints, and how many deployments each of them has: 8x3."""

    endpoints: int
    deployments: int

    def __str__(self) -> str:
        return f"{self.endpoints}x{self.deployments}"

    @property
    def names(self) -> dict[str, list[str]]:
        """The deployments' names by the endpoint's, as in the stack file."""
        return {
            f"end{endpoint}": [f"dep{number}" for number in range(1, self.deployments + 1)]
            for endpoint in range(1, self.endpoints + 1)
        }


SHAPES = (Shape(1, 1), Shape(8, 3), Shape(20, 2))


def write(checkout: Checkout, shape: Shape, *, tries_out: bool = True) -> None:
    """Write models, script and input, and put the endpoints into the stack file; the other settings stay.

    The cluster gets a node for each deployment, so that no try-out waits for another one's nodes.
    """
    code, files = checkout.root / CODE, checkout.root / INPUT
    for folder in (code, files):
        folder.mkdir(parents=True, exist_ok=True)
    shutil.copy2(checkout.root / "tools" / "bench" / SCRIPT, code / SCRIPT)
    for number in range(_FILES):
        (files / f"{number}.txt").write_text(f"{number}\n")
    retrain(checkout, shape)
    file = checkout.root / STACK_FILE
    content = yaml.safe_load(file.read_text())
    content["config"]["cluster"] = {"maxNodes": min(shape.endpoints * shape.deployments, _MOST_NODES)}
    content["config"]["endpoints"] = endpoints(shape, tries_out=tries_out)
    file.write_text(yaml.safe_dump(content, sort_keys=False))


def retrain(checkout: Checkout, shape: Shape) -> None:
    """Change the bytes of every model."""
    for endpoint, deployments in shape.names.items():
        for deployment in deployments:
            folder = checkout.root / model_of(endpoint, deployment)
            folder.mkdir(parents=True, exist_ok=True)
            (folder / "weights.txt").write_text(f"{endpoint} {deployment} {next(_numbers)}\n")


def model_of(endpoint: str, deployment: str) -> str:
    """Return the folder of a deployment's model, relative to the checkout."""
    return f"bench/models/{endpoint}-{deployment}"


def endpoints(shape: Shape, *, tries_out: bool) -> dict[str, Any]:
    """Return the stack file's `endpoints`."""
    return {
        endpoint: {
            "default": deployments[0],
            "tryOut": {"input": INPUT} if tries_out else "none",
            "deployments": {deployment: _deployment(endpoint, deployment) for deployment in deployments},
        }
        for endpoint, deployments in shape.names.items()
    }


def _deployment(endpoint: str, deployment: str) -> dict[str, Any]:
    return {
        "model": {"path": model_of(endpoint, deployment), "name": f"{endpoint}-{deployment}", "type": "custom_model"},
        "code": CODE,
        "scoringScript": SCRIPT,
        "environment": {"image": IMAGE, "condaFile": CONDA_FILE},
        "environmentVariables": {"SECONDS": "0"},
    }
