"""What a job without a scoring script takes from its MLflow model: the environment that the model was saved with."""

from typing import Any

import yaml

from sandbox import documents
from sandbox.azure.blobs.store import BlobStore
from sandbox.azure.jobs.failures import JobFailed
from sandbox.azure.jobs.request import EnvironmentSpec, ModelFiles

SCRIPT = "mlflow_scoring.py"
"""The generated scoring script: a module beside the driver."""


def environment_of(blobs: BlobStore, model: ModelFiles) -> EnvironmentSpec:
    """Return the environment that the service generates: the conda file that ``MLmodel`` names for ``python_function``.

    https://learn.microsoft.com/azure/machine-learning/how-to-mlflow-batch

    Raises:
        JobFailed: the model has no such thing.
    """
    try:
        described = documents.data(_text(blobs, model, "MLmodel"), documents.LARGEST_MODEL)
        flavor, signature = dict(described["flavors"]["python_function"]), dict(described.get("signature") or {})
    except (yaml.YAMLError, ValueError, TypeError, KeyError):
        raise JobFailed(
            f"The MLmodel file of the model '{model.name}' has no flavor 'python_function', the only one"
            " that is scored without a scoring script."
        ) from None
    file = _conda_file(flavor.get("env"))
    if file is None:
        raise JobFailed(
            f"The MLmodel file of the model '{model.name}' has no conda file under flavors.python_function.env, so no"
            " environment can be made for it. Save the model with MLflow again, or give the deployment a scoring"
            " script and an environment."
        )
    conda = _text(blobs, model, file)
    takes_tensors = "tensor" in str(signature.get("inputs"))
    return EnvironmentSpec(
        f"MLflow model {model.name}", file, conda_file=_with_image_reader(conda) if takes_tensors else conda
    )


def _conda_file(env: Any) -> str | None:
    """Return the conda file's name: older versions of MLflow wrote only that, newer ones a name for each kind."""
    name = env.get("conda") if isinstance(env, dict) else env
    return name if isinstance(name, str) else None


def _with_image_reader(conda: str) -> str:
    """Return a conda file that also asks for Pillow: what the driver reads images with, the service adds itself."""
    try:
        data = documents.data(conda)
        data["dependencies"].append({"pip": ["pillow"]})
    except (yaml.YAMLError, TypeError, KeyError, AttributeError):
        return conda  # the build says what is wrong with it
    return conda if "pillow" in conda.lower() else yaml.safe_dump(data)


def _text(blobs: BlobStore, model: ModelFiles, name: str) -> str:
    try:
        return blobs.read(model.account, model.container, f"{model.path}{name}").decode(errors="replace")
    except KeyError:
        raise JobFailed(
            f"The model '{model.name}' has no file '{name}'; a model that is scored without a scoring script needs it."
        ) from None
