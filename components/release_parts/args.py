"""The arguments of `components.release.ModelRelease`, as types."""

from collections.abc import Mapping
from typing import NotRequired, TypedDict

import pulumi


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
    """One deployment: what runs, where its files are, and how a job splits its input.

    `timeout_seconds` is the time of one mini-batch; `mini_batch_size` counts files; `error_threshold` counts failed
    files, -1 ignores all; `output_action` is `append_row` or `summary_only`; `logging_level` is `debug`, `info` or
    `warning`. Missing values get the service's defaults.
    """

    model: ModelArgs
    code: str
    scoring_script: str
    environment: EnvironmentArgs
    description: NotRequired[str]
    tags: NotRequired[Mapping[str, str]]
    environment_variables: NotRequired[Mapping[str, str]]
    instance_count: NotRequired[int]
    max_concurrency_per_instance: NotRequired[int]
    mini_batch_size: NotRequired[int]
    max_retries: NotRequired[int]
    timeout_seconds: NotRequired[int]
    error_threshold: NotRequired[int]
    logging_level: NotRequired[str]
    output_action: NotRequired[str]
    output_file_name: NotRequired[str]


class ModelReleaseArgs(TypedDict):
    """Everything that a release needs; only the leaves marked `Input` may be outputs of other resources."""

    subscription_id: pulumi.Input[str]
    resource_group: pulumi.Input[str]
    workspace: pulumi.Input[str]
    endpoint_name: pulumi.Input[str]
    endpoint_id: pulumi.Input[str]
    endpoint_created_at: pulumi.Input[str]
    endpoint_api_version: pulumi.Input[str]
    location: pulumi.Input[str]
    compute_id: pulumi.Input[str]
    description: str
    auth_mode: str
    endpoint_tags: Mapping[str, str]
    default: str
    pin: str | None
    keep: int
    deployments: Mapping[str, DeploymentArgs]
    live_default: pulumi.Input[str | None]
