"""Turns a pipeline with its inputs into a job: the runner's request, and the run records."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from sandbox.azure.arm.errors import bad_request
from sandbox.azure.arm.identities import principal_of
from sandbox.azure.arm.store import Resource, now_iso
from sandbox.azure.jobs.pipelines.request import PipelineRequest, Step
from sandbox.azure.jobs.records import Run
from sandbox.azure.jobs.request import InputLocation, OutputLocation
from sandbox.azure.machine_learning.assets.locations import DEFAULT_DATASTORE, Place, long_uri, place_of
from sandbox.azure.machine_learning.endpoints.references import existing_asset
from sandbox.azure.machine_learning.jobs.places import code_files
from sandbox.azure.machine_learning.pipelines import assets
from sandbox.azure.machine_learning.pipelines.graph import Data, Graph, Node, Output, Spec, Value, graph_of, members
from sandbox.azure.world import World

PIPELINE_JOB = {"azureml.jobtype": "azureml.pipelinejob"}
"""The tag of a pipeline job's run, by which azure-ai-ml tells it from a batch scoring job."""


class PlannedPipeline(NamedTuple):
    """A pipeline job that may start; ``runs`` are the job and its steps."""

    request: PipelineRequest
    runs: tuple[Run, ...]


@dataclass(frozen=True, slots=True)
class Settings:
    """A pipeline's settings, of a deployment or a job."""

    compute: str | None = None
    datastore: str = DEFAULT_DATASTORE
    go_on: bool = False

    @classmethod
    def read(cls, given: Any, compute: str | None = None) -> "Settings":
        """Read ``default_compute``, ``default_datastore`` and ``continue_on_step_failure``, in either spelling.

        Raises:
            ArmError: 400, they are another value.
        """
        settings = members(given, "the settings of the pipeline")
        known = {name.replace("_", "").lower(): value for name, value in settings.items()}
        datastore = str(known.get("defaultdatastore") or DEFAULT_DATASTORE).removeprefix("azureml:")
        go_on = str(known.get("continueonstepfailure") or "").lower() == "true"
        default = known.get("defaultcompute")
        return cls(str(default) if default else compute, datastore.rpartition("/")[2], go_on)


@dataclass(frozen=True, slots=True)
class Planner:
    """Plans one job; ``job`` is its run without outputs."""

    world: World
    workspace: Resource
    job: Run
    settings: Settings
    outputs: Mapping[str, str]

    def plan(self, spec: Spec, given: Mapping[str, Value]) -> PlannedPipeline:
        """Check everything and return the job; nothing is stored yet.

        Raises:
            ArmError: the inputs and the pipeline do not fit, or something that it names does not exist.
        """
        graph = graph_of(spec, given, self._component)
        for name in self.outputs:
            if name not in graph.outputs:
                raise bad_request(
                    f"The pipeline has no output '{name}'; it has: {', '.join(graph.outputs) or 'none'}.", "UserError"
                )
        steps: dict[str, Step] = {}
        for node in graph.nodes:
            steps[node.name] = self._step(node, graph, steps)
        identities = {each.compute: self._identity(each.compute) for each in steps.values()}
        request = PipelineRequest(
            self.job.run_id, self.workspace.id, tuple(steps.values()), self.settings.go_on, identities
        )
        outputs = {name: self._uri(steps[its.node].outputs[its.name]) for name, its in graph.outputs.items()}
        runs = [replace(self.job, outputs=outputs)]
        runs += [self._run(node, steps[node.name]) for node in graph.nodes]
        return PlannedPipeline(request, tuple(runs))

    def _component(self, component_id: str) -> Spec:
        return assets.component_spec(self.world, self.workspace, component_id, "componentId")

    def _step(self, node: Node, graph: Graph, before: Mapping[str, Step]) -> Step:
        spec, run_id = node.spec, str(uuid.uuid4())
        code_id, compute = spec.get("code"), node.settings.get("computeId") or node.settings.get("compute")
        resources = members(node.settings.get("resources") or spec.get("resources"), f"resources of '{node.name}'")
        instances = str(resources.get("instance_count") or resources.get("instanceCount") or 1)
        if not instances.isdecimal():
            raise bad_request(f"instance_count of '{node.name}' is '{instances}'; allowed: 1 or more.", "UserError")
        code = existing_asset(self.world, self.workspace, str(code_id), "codes", "code") if code_id else None
        return Step(
            name=node.name,
            run_id=run_id,
            command=str(spec["command"]),
            code=code_files(self.world, self.workspace, code) if code else None,
            environment=assets.environment(
                self.world, self.workspace, spec.get("environment"), f"environment of '{node.name}'"
            ),
            compute=assets.compute_id(
                self.world, self.workspace, compute or self.settings.compute, "settings.default_compute"
            ),
            inputs={name: self._input(value, before) for name, value in node.inputs.items()},
            outputs={name: self._output(node, name, run_id, graph) for name in spec.get("outputs") or {}},
            after=tuple({value.node: None for value in node.inputs.values() if isinstance(value, Output)}),
            instance_count=int(instances),
            environment_variables=assets.variables(spec, node.settings),
        )

    def _input(self, value: Value, before: Mapping[str, Step]) -> str | InputLocation:
        if isinstance(value, Data):
            return assets.place(self.world, self.workspace, value)
        if isinstance(value, Output):
            its = before[value.node].outputs[value.name]
            return InputLocation("folder", its.account, its.container, its.prefix, its.by_identity)
        return value

    def _output(self, node: Node, name: str, run_id: str, graph: Graph) -> OutputLocation:
        """Return where an output goes: where the caller wants the pipeline's, else a folder of its step's run."""
        whose = next((key for key, its in graph.outputs.items() if its == Output(node.name, name)), None)
        uri = (
            self.outputs.get(whose or "")
            or f"azureml://datastores/{self.settings.datastore}/paths/azureml/{run_id}/{name}"
        )
        place = place_of(self.world, self.workspace, uri)
        return OutputLocation(place.account, place.container, place.prefix, "", place.by_identity)

    def _uri(self, output: OutputLocation) -> str:
        found = long_uri(self.world, self.workspace, Place(output.account, output.container, output.prefix))
        if found is None:
            raise bad_request(
                f"The output's container '{output.container}' is not that of a datastore of the workspace.", "UserError"
            )
        return found

    def _identity(self, compute: str) -> str:
        found = self.world.store.get(compute)
        return principal_of(found.body) if found else ""

    def _run(self, node: Node, step: Step) -> Run:
        component = str(node.spec.get("name") or node.name)
        return replace(
            self.job,
            run_id=step.run_id,
            parent_run_id=self.job.run_id,
            display_name=node.name,
            run_type="azureml.StepRun",
            status="NotStarted",
            created_utc=now_iso(),
            tags={},
            properties={"azureml.moduleName": component, "azureml.nodeid": step.run_id[:8]},
            outputs={name: self._uri(place) for name, place in step.outputs.items()},
            job={"command": step.command, "compute": {"target": step.compute}},
        )
