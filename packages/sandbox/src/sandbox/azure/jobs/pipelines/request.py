"""The interface between the machine learning service, which accepts a pipeline job, and the runner."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from sandbox.azure.jobs.request import CodeFiles, EnvironmentSpec, InputLocation, OutputLocation


@dataclass(frozen=True, slots=True)
class Step:
    """One command; ``run_id`` is its child run.

    ``command`` holds ``${{inputs.X}}``, ``${{outputs.Y}}`` and optional parts, ``$[[...]]``. ``inputs`` are texts or
    places, ``after`` the steps (by name) whose outputs are among them. ``compute`` is an ARM id.
    """

    name: str
    run_id: str
    command: str
    code: CodeFiles | None
    environment: EnvironmentSpec
    compute: str
    inputs: Mapping[str, str | InputLocation]
    outputs: Mapping[str, OutputLocation]
    after: tuple[str, ...] = ()
    instance_count: int = 1
    environment_variables: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PipelineRequest:
    """A pipeline job; ``steps`` are in the order in which they run.

    ``go_on``: a step that fails does not stop the ones that do not need it. ``identities`` are the object ids of the
    nodes' identity, by compute, "" for none.
    """

    name: str
    workspace_id: str
    steps: tuple[Step, ...]
    go_on: bool = False
    identities: Mapping[str, str] = field(default_factory=dict)
