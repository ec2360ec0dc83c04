"""Rules on what an endpoint serves, read from the release's marker.

The release creates the deployments, and owns the endpoint's body after its creation: no resource of the stack shows
them, but the marker does. It is a `pulumi:index:Stash` whose input is the release plan (docs/releases.md); its `output`
keeps its first value and is not used. The rules that compare a deployment with its cluster are stack rules, because
they read two resources.
"""

from collections.abc import Iterator, Sequence
from typing import Final

from pulumi_policy import EnforcementLevel, Severity

from policy.cluster import COMPUTE, MAX_NODES
from policy.conditions import is_number, of_kind
from policy.naming import ASSET_NAME, DEPLOYMENT_NAME, ENDPOINT_NAME, USED_ASSET_NAME
from policy.properties import UNKNOWN, Properties, shown
from policy.rule import Finding, Option, Options, ResourceCheck, ResourceRule, Rule, Seen, StackRule
from policy.sources import LIMITS, ML, control, limit

STASH: Final = "pulumi:index:Stash"
SCHEMA: Final = 1
"""The version of the plan that these rules read."""

_LEAST: Final = {
    "instanceCount": 1,
    "maxConcurrencyPerInstance": 1,
    "miniBatchSize": 1,
    "maxRetries": 0,
    "timeoutSeconds": 1,
    "errorThreshold": -1,
}
"""Smallest value of each scoring setting."""


def plan_of(resource: Seen) -> Properties | None:
    """Return a marker's release plan; None if the resource is not a marker, or its plan has another schema."""
    plan = resource.properties.at("input")
    if resource.kind == STASH and isinstance(plan, Properties) and plan.at("schema") == SCHEMA:
        return plan
    return None


def _known_schema(resource: Seen, _options: Options) -> Iterator[str]:
    schema = resource.properties.at("input.schema")
    if is_number(schema) and isinstance(resource.properties.at("input.deployments"), Properties) and schema != SCHEMA:
        yield f"input.schema is {shown(schema)}; this policy pack reads {SCHEMA}, so it did not check the plan."


def _in_plan(path: str, wanted: str) -> ResourceCheck:
    def check(resource: Seen, _options: Options) -> Iterator[str]:
        plan = plan_of(resource)
        value = UNKNOWN if plan is None else plan.at(path)
        if value is not UNKNOWN and value != wanted:
            yield f"The plan's {path} is {shown(value)}; it must be {wanted!r}."

    return check


def _names(resource: Seen, _options: Options) -> Iterator[str]:
    plan = plan_of(resource)
    if plan is None:
        return
    problems = [ENDPOINT_NAME.problem(plan.at("endpoint.name"), "The endpoint's name")]
    for key, deployment in plan.members("deployments"):
        model = ASSET_NAME if deployment.at("model.version") is None else USED_ASSET_NAME
        environment = deployment.at("environment.name")
        problems += [
            DEPLOYMENT_NAME.problem(key, "The deployment's name"),
            model.problem(deployment.at("model.name"), f"The model's name of deployment {key!r}"),
            USED_ASSET_NAME.problem(environment, f"The environment's name of deployment {key!r}"),
        ]
    yield from (problem for problem in problems if problem)


def _default_exists(resource: Seen, _options: Options) -> Iterator[str]:
    plan = plan_of(resource)
    deployments = None if plan is None else plan.at("deployments")
    if plan is None or not isinstance(deployments, Properties):
        return
    default = plan.at("default")
    if default is not UNKNOWN and (default is None or "." in str(default) or deployments.at(str(default)) is None):
        yield f"The plan's default is {shown(default)}, which is not one of its deployments."


def _few_enough(resource: Seen, options: Options) -> Iterator[str]:
    plan = plan_of(resource)
    if plan is None:
        return
    count, keep = len(list(plan.members("deployments"))), plan.at("keep")
    revisions = count * ((keep if is_number(keep) else 0) + 1)
    if revisions > options["deployments"]:
        yield (
            f"{count} deployments with {shown(keep)} kept revisions each make {revisions} during a release; "
            f"an endpoint can have {options['deployments']:g}."
        )


def _settings(resource: Seen, _options: Options) -> Iterator[str]:
    plan = plan_of(resource)
    for key, deployment in plan.members("deployments") if plan is not None else ():
        for setting, least in _LEAST.items():
            value = deployment.at(f"settings.{setting}")
            if value is not None and value is not UNKNOWN and not (isinstance(value, int) and value >= least):
                yield f"{setting} of deployment {key!r} is {shown(value)}; it must be a whole number from {least}."


def _nodes(marker: Seen, deployment: Properties, stack: Sequence[Seen]) -> int | None:
    """Return how many nodes the deployment's cluster may have; None if the stack does not say.

    The plan names the cluster by its id, which a preview may not know; the marker's dependencies are always known. Of
    several clusters, a preview that does not know which one it is judges by the largest.
    """
    clusters = [each for each in of_kind(stack, COMPUTE) if each.urn in marker.depends_on.get("input", ())]
    compute = deployment.at("compute")
    if len(clusters) != 1 and compute is not UNKNOWN:
        name = str(compute).rpartition("/")[2].casefold()
        clusters = [each for each in clusters if str(each.properties.at("name")).casefold() == name]
    most = [each.properties.at(MAX_NODES) for each in clusters]
    return max(most) if most and all(isinstance(each, int) for each in most) else None


def _deployments(stack: Sequence[Seen], setting: str) -> Iterator[tuple[Seen, str, int, int]]:
    """Yield each deployment whose cluster is known: marker, name, the setting's value and the cluster's nodes."""
    for marker in of_kind(stack, STASH):
        plan = plan_of(marker)
        for key, deployment in plan.members("deployments") if plan is not None else ():
            value, most = deployment.at(f"settings.{setting}"), _nodes(marker, deployment, stack)
            if isinstance(value, int) and most is not None:
                yield marker, key, value, most


def _fits_cluster(stack: Sequence[Seen], _options: Options) -> Iterator[Finding]:
    for marker, key, instances, most in _deployments(stack, "instanceCount"):
        if instances > most > 1:
            yield Finding(
                marker, f"Deployment {key!r} asks for {instances} instances; its cluster has at most {most} nodes."
            )


def _parallel_nodes(stack: Sequence[Seen], _options: Options) -> Iterator[Finding]:
    for marker, key, instances, most in _deployments(stack, "instanceCount"):
        if instances > 1 >= most:
            yield Finding(
                marker, f"Deployment {key!r} asks for {instances} instances in parallel; its cluster has one node."
            )


def _parallel_workers(stack: Sequence[Seen], _options: Options) -> Iterator[Finding]:
    for marker, key, workers, most in _deployments(stack, "maxConcurrencyPerInstance"):
        if workers > 1 >= most:
            yield Finding(marker, f"Deployment {key!r} asks for {workers} workers at once; its cluster has one node.")


RULES: Final[list[Rule]] = [
    ResourceRule(
        name="batch-release-schema",
        description="This policy pack can read the release plan.",
        kinds=(STASH,),
        check=_known_schema,
        remedy="Bring SCHEMA and the rules of policy/release.py up to the plan's schema.",
        url=f"{ML}concept-endpoints-batch",
        framework=limit("release plan"),
        severity=Severity.HIGH,
    ),
    ResourceRule(
        name="batch-endpoint-entra-only",
        description="The endpoint's body in a release accepts only Entra tokens.",
        kinds=(STASH,),
        check=_in_plan("endpoint.authMode", "AADToken"),
        remedy="Set AUTH_MODE to AADToken in components/endpoint.py; batch endpoints support nothing else.",
        url=f"{ML}how-to-authenticate-batch-endpoint",
        framework=control(51),
        severity=Severity.HIGH,
    ),
    ResourceRule(
        name="batch-deployment-names",
        description="The endpoint, deployments, models and environments have names that the service accepts.",
        kinds=(STASH,),
        check=_names,
        remedy="Rename the key under endpoints in the stack file, or the model or environment there.",
        url=LIMITS,
        framework=limit("names"),
    ),
    ResourceRule(
        name="batch-endpoint-default",
        description="The default deployment is one of the endpoint's.",
        kinds=(STASH,),
        check=_default_exists,
        remedy="Set endpoints.<name>.default to a key under endpoints.<name>.deployments.",
        url=f"{ML}how-to-use-batch-model-deployments",
        framework=limit("default deployment"),
    ),
    ResourceRule(
        name="batch-endpoint-deployments",
        description="An endpoint has no more deployments than the service allows, including kept revisions.",
        kinds=(STASH,),
        check=_few_enough,
        remedy="Lower endpoints.<name>.keep, or spread the deployments over several endpoints.",
        url=LIMITS,
        framework=limit("deployments of an endpoint"),
        options={"deployments": Option(20, "Most deployments of an endpoint.")},
    ),
    ResourceRule(
        name="batch-deployment-settings",
        description="Scoring settings are in the ranges that the service accepts.",
        kinds=(STASH,),
        check=_settings,
        remedy="Correct the setting under endpoints.<name>.deployments.<name> in the stack file.",
        url=f"{ML}reference-yaml-deployment-batch",
        framework=limit("scoring settings"),
    ),
    StackRule(
        name="batch-deployment-instances",
        description="A deployment asks for no more instances than its cluster has nodes.",
        check=_fits_cluster,
        remedy="Raise cluster.maxNodes, or lower the deployment's instanceCount.",
        url=f"{ML}reference-yaml-deployment-batch",
        framework=limit("instances of a deployment"),
        severity=Severity.HIGH,
    ),
    StackRule(
        name="batch-deployment-parallel-nodes",
        description="A cluster has more than one node if a deployment asks for several.",
        check=_parallel_nodes,
        remedy="Set cluster.maxNodes to 2 in the stack file, or lower the deployment's instanceCount to 1.",
        url=f"{ML}how-to-use-batch-model-deployments",
        framework=limit("instances of a deployment"),
        severity=Severity.HIGH,
    ),
    StackRule(
        name="batch-deployment-parallel-workers",
        description="A deployment with several workers on each node can use more than one node.",
        check=_parallel_workers,
        remedy="To spread jobs over nodes, raise cluster.maxNodes and the deployment's instanceCount.",
        url=f"{ML}how-to-use-batch-model-deployments",
        framework=limit("instances of a deployment"),
        severity=Severity.LOW,
        level=EnforcementLevel.ADVISORY,
    ),
]
