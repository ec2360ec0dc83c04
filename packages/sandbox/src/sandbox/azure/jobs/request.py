"""The interface between the machine learning service, which accepts a job, and the runner.

A request is plain data: the places of input, model, code and output in blob storage, and the deployment's settings with
the caller's overrides applied. The settings have the service's meaning (reference: the batch deployment schema,
https://learn.microsoft.com/azure/machine-learning/reference-yaml-deployment-batch).
"""

from dataclasses import dataclass, field
from typing import Literal


@dataclass(frozen=True, slots=True)
class InputLocation:
    """The one input: a ``folder`` (``path`` is a blob prefix ending in "/", or "") or a single ``file`` (a blob).

    ``by_identity``: read with identities, not with a datastore's credentials.
    """

    kind: Literal["folder", "file"]
    account: str
    container: str
    path: str
    by_identity: bool = False


@dataclass(frozen=True, slots=True)
class OutputLocation:
    """Where the output goes: the folder ``prefix`` (ends in "/") and, for append_row, ``file_name`` in it.

    ``by_identity``: written with the cluster's identity, not with a datastore's credentials.
    """

    account: str
    container: str
    prefix: str
    file_name: str
    by_identity: bool = False


@dataclass(frozen=True, slots=True)
class ModelFiles:
    """A registered model's files.

    A ``folder`` (``path`` is a prefix that ends in "/") appears as ``$AZUREML_MODEL_DIR/<name>/...``; a single ``file``
    (``path`` is the blob) as ``$AZUREML_MODEL_DIR/<name>``.
    """

    kind: Literal["folder", "file"]
    account: str
    container: str
    path: str
    name: str
    type: Literal["custom_model", "mlflow_model"]


@dataclass(frozen=True, slots=True)
class CodeFiles:
    """The code snapshot: every blob below ``prefix`` (ends in "/")."""

    account: str
    container: str
    prefix: str


@dataclass(frozen=True, slots=True)
class BuildContext:
    """A Docker build context: its ``files`` (None: in a repository, ``uri``), and the Dockerfile's path in it."""

    uri: str
    dockerfile: str
    files: CodeFiles | None = None


@dataclass(frozen=True, slots=True)
class EnvironmentSpec:
    """The deployment's environment: base ``image`` and the text of its conda file, each "" if not given; or a build.

    ``registry`` is the registry that it comes from, "" for the workspace.
    """

    name: str
    version: str
    image: str = ""
    conda_file: str = ""
    build: BuildContext | None = None
    registry: str = ""


@dataclass(frozen=True, slots=True)
class JobRequest:
    """Everything that the runner needs; ids are ARM ids, durations are seconds, sizes are counts of files.

    ``name`` is the parent run's id and ``child_id`` that of its one step. ``max_retries`` and ``timeout_seconds`` are
    per mini-batch. ``error_threshold`` counts failed files over the whole input; -1 ignores them all.
    Without ``code``, MLflow itself scores the model. ``cluster_identity`` and ``caller`` are object ids: of the nodes'
    identity ("" for none) and of the caller.
    """

    name: str
    child_id: str
    workspace_id: str
    endpoint: str
    deployment: str
    location: str
    compute: str
    input: InputLocation
    output: OutputLocation
    model: ModelFiles
    code: CodeFiles | None
    scoring_script: str
    environment: EnvironmentSpec | None
    environment_variables: dict[str, str] = field(default_factory=dict)
    instance_count: int = 1
    max_concurrency_per_instance: int = 1
    mini_batch_size: int = 10
    max_retries: int = 3
    timeout_seconds: float = 30.0
    error_threshold: int = -1
    output_action: Literal["AppendRow", "SummaryOnly"] = "AppendRow"
    logging_level: Literal["Info", "Warning", "Debug"] = "Info"
    cluster_identity: str = ""
    caller: str = ""
    registries: tuple[str, ...] = ()
    """ARM ids of the registries of machine learning that the job's assets are in."""
