"""One deployment of a release, as types: its content and its scoring settings."""

from collections.abc import Mapping
from typing import NotRequired, TypedDict

from modelops.plan.scoring_settings import ScoringSettings


class ModelArgs(TypedDict, total=False):
    """A model: a local path (`path`, `name`, `type`), a registered model (`name`, `version`) or a model in a registry.

    `type` is `custom_model` or `mlflow_model`; `path` is relative to the program's folder, with `/` separators;
    `registry` goes together with `name` and `version`.
    """

    path: str
    name: str
    type: str
    version: str
    registry: str


class EnvironmentArgs(TypedDict, total=False):
    """An environment: `image` (tagged) with `conda_file` (a relative path), or a registered `name` and `version`."""

    image: str
    conda_file: str
    name: str
    version: str


class DeploymentArgs(TypedDict):
    """One deployment: what runs, and where its files are."""

    model: ModelArgs
    code: str
    scoring_script: str
    environment: EnvironmentArgs
    description: NotRequired[str]
    tags: NotRequired[Mapping[str, str]]
    environment_variables: NotRequired[Mapping[str, str]]
    settings: NotRequired[ScoringSettings]
    """How a job splits its input and handles failures; missing values get the service's defaults."""
