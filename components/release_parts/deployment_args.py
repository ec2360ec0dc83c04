"""One deployment of a release, as types: its content and its scoring settings."""

from collections.abc import Mapping
from typing import Final, NotRequired, TypedDict

from modelops.plan.scoring_settings import ScoringSettings
from modelops.plan.try_out import TryOut

DOCKERFILE: Final = "Dockerfile"
"""Azure's default for `BuildArgs.dockerfile_path`:
https://learn.microsoft.com/azure/machine-learning/reference-yaml-environment"""


class ModelArgs(TypedDict, total=False):
    """A model: a local path (`path`, `name`, `type`), a place in Azure (`uri`, `name`, `type`), or a registered one.

    A registered model has `name` and `version`, and `registry` if it is in one. Without any key it could not be read,
    which only a release with a pin may have.
    """

    path: str
    """Relative to the program's folder, with `/` as the separator."""
    uri: str
    """A job's output, a path in a datastore or an MLflow run's artifact, as azure-ai-ml takes it."""
    name: str
    type: str
    """`custom_model` or `mlflow_model`; for a registered model it only says what the model is."""
    version: str
    label: str
    """`latest` instead of `version`: the plan gets the version that Azure names then."""
    registry: str


class BuildArgs(TypedDict):
    """A folder with a Dockerfile, which Azure builds."""

    path: str
    """Relative to the program's folder, with `/` as the separator."""
    dockerfile_path: NotRequired[str]
    """Relative to `path`; by default `DOCKERFILE`."""


class EnvironmentArgs(TypedDict, total=False):
    """An environment: `image`, with or without `conda_file`; `build`; or a registered one.

    A registered environment has `name` and `version`, and `registry` if it is in one.
    """

    image: str
    """With a fixed tag or a digest, unless `any_tag`."""
    any_tag: bool
    """Whether `image` may have the tag `latest` or none; git then does not fix what Azure will use."""
    conda: str
    """Instead of `conda_file`, the text of one."""
    conda_file: str
    """Relative to the program's folder, with `/` as the separator."""
    build: BuildArgs
    name: str
    version: str
    label: str
    """See `ModelArgs.label`."""
    registry: str
    rehearse_with: str
    """A conda file that stands in for the environment where nothing runs containers; the release does not read it."""


class DeploymentArgs(TypedDict):
    """One deployment: what runs, and where its files are."""

    model: ModelArgs
    compute: str
    """Key of the cluster that its jobs run on."""
    code: NotRequired[str]
    """The folder with the scoring script, a relative path; together with `scoring_script`. Without both, the model is
    an MLflow model, which Azure serves with its generated driver."""
    scoring_script: NotRequired[str]
    """A Python file, relative to `code`."""
    environment: NotRequired[EnvironmentArgs]
    """Required with `code`; for an MLflow model without code, Azure makes one from the model."""
    description: NotRequired[str]
    tags: NotRequired[Mapping[str, str]]
    environment_variables: NotRequired[Mapping[str, str]]
    settings: NotRequired[ScoringSettings]
    """How a job splits its input and handles failures; missing values get the service's defaults."""
    try_out: NotRequired[TryOut]
    """What a new revision has to score before it may serve, without the digests of its files; by default nothing."""
