"""One deployment of a release, as types: its content and its scoring settings."""

from collections.abc import Mapping
from typing import NotRequired, TypedDict

from modelops.plan.scoring_settings import ScoringSettings


class ModelArgs(TypedDict, total=False):
    """A model: a local path (`path`, `name`, `type`), a registered model (`name`, `version`) or a model in a registry.

    `type` is `custom_model` or `mlflow_model` (for a registered model it only says what it is); `path` is relative to
    the program's folder, with `/` separators; `registry` goes together with `name` and `version`.
    """

    path: str
    name: str
    type: str
    version: str
    label: str
    """`latest` instead of `version`; to be replaced by the version before the release reads it."""
    registry: str


class EnvironmentArgs(TypedDict, total=False):
    """An environment: `image` with `conda_file` (a relative path), or a registered `name` and `version`."""

    image: str
    """With a fixed tag or a digest, unless `any_tag`."""
    any_tag: bool
    """Whether `image` may have the tag `latest` or none; git then does not fix what Azure will use."""
    conda_file: str
    name: str
    version: str
    label: str
    """See `ModelArgs.label`."""


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
