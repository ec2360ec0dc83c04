"""Compares the released plan with the live endpoint, for users and scheduled checks."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from modelops.plan.plan import ReleasePlan
from modelops.rehearsal import in_studio
from modelops.release import altered, last_set, live, records
from modelops.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Status:
    """One endpoint's state, and the differences from the released plan."""

    endpoint: live.LiveEndpoint
    released_default: str
    problems: tuple[str, ...]
    studio: str = ""
    """The endpoint's page in Azure Machine Learning studio; empty in a rehearsal, which has none."""
    not_passed: Mapping[str, str] = field(default_factory=dict)
    """Why a revision that works must not become the default, by its name in Azure: the end of a sentence."""

    @property
    def rolled_back(self) -> str | None:
        """When, by whom and from which revision it was rolled back; None if a release came after that, or none did."""
        record = self.endpoint.last_set
        if record is None or record.by != last_set.ROLLBACK:
            return None
        who = f" by {record.who}" if record.who else ""
        return f"{record.at}{who}, from {record.abandoned[0] if record.abandoned else '(unknown)'}"

    def states(self) -> dict[str, str]:
        """Return the state of each deployment, for users: one that failed its try-out is not just Succeeded."""
        return {
            name: f"{each.state}, but it {why}" if (why := self.not_passed.get(name)) else each.state
            for name, each in sorted(self.endpoint.deployments.items())
        }

    def lines(self) -> list[str]:
        """The lines for a user."""
        shown = [
            f"endpoint    {self.endpoint.name}",
            f"scoring URI {self.endpoint.scoring_uri or '(unknown)'}",
            *([f"studio      {self.studio}"] if self.studio else []),
            f"default     {self.endpoint.default or '(none)'}",
            *([f"rolled back {self.rolled_back}"] if self.rolled_back else []),
        ]
        for name, state in self.states().items():
            mark = "  (default)" if name == self.endpoint.default else ""
            shown.append(f"deployment  {name}  {state}{mark}")
        return [*shown, *(f"DIFFERS     {problem}" for problem in self.problems)]

    def to_json(self) -> dict[str, Any]:
        """The data for a program."""
        return {
            "endpoint": self.endpoint.name,
            "scoringUri": self.endpoint.scoring_uri,
            "studio": self.studio,
            "default": self.endpoint.default,
            "releasedDefault": self.released_default,
            "deployments": {name: each.state for name, each in sorted(self.endpoint.deployments.items())},
            "tryOuts": {name: tried.outcome for name, tried in self._tried()},
            "problems": list(self.problems),
        }

    def _tried(self) -> Iterator[tuple[str, records.Record]]:
        for name, each in sorted(self.endpoint.deployments.items()):
            if tried := records.try_out(each):
                yield name, tried


def status(workspace: Workspace, plan: ReleasePlan) -> Status:
    """Read the endpoint and compare it with the released plan.

    Raises:
        ReleaseError: Azure cannot be asked, or the endpoint does not exist.
    """
    endpoint = live.read(workspace, plan)
    problems: list[str] = []
    record = endpoint.last_set
    is_rolled_back = record is not None and record.refuses(plan.target, plan.pin)
    if is_rolled_back and record and endpoint.default != record.default:
        problems.append(f"the default is {endpoint.default or '(none)'}, a rollback set {record.default}")
    elif not is_rolled_back and endpoint.default != plan.target:
        problems.append(f"the default is {endpoint.default or '(none)'}, released was {plan.target}")
    problems += _deployments(workspace, plan, endpoint)
    serving = endpoint.deployments.get(endpoint.default or "")
    if serving and serving.compute and not live.compute_exists(workspace, serving.compute):
        problems.append(
            f"the default {serving.name} runs on cluster {serving.compute.rpartition('/')[2]}, which does not exist"
        )
    if endpoint.description != plan.endpoint.description:
        problems.append(f"the description is {endpoint.description!r}, released was {plan.endpoint.description!r}")
    if not live.same_tags(endpoint.tags, plan.endpoint.tags):
        problems.append(
            f"the tags are {last_set.without_ours(endpoint.tags)}, released were {dict(plan.endpoint.tags)}"
        )
    judged = {name: records.not_passed(endpoint, endpoint.deployments[name], plan) for name in endpoint.usable}
    return Status(
        endpoint,
        plan.target,
        tuple(problems),
        in_studio(_page(workspace, endpoint.name)),
        {name: why for name, why in judged.items() if why},
    )


def _page(workspace: Workspace, endpoint: str) -> str:
    """Return the address of an endpoint's page, in the form of the links in Microsoft's own pages."""
    return f"https://ml.azure.com/endpoints/batch/{endpoint}/detail?wsid={workspace.id}"


def _deployments(workspace: Workspace, plan: ReleasePlan, endpoint: live.LiveEndpoint) -> Iterator[str]:
    for name in sorted({*(each.revision for each in plan.made), plan.target}):
        found = endpoint.deployments.get(name)
        if found is None:
            yield f"deployment {name} is gone"
        elif found.state != live.SUCCEEDED:
            yield f"deployment {name} is in state {found.state}"
    for each in plan.made:
        if each.is_readable and endpoint.is_usable(each.revision):
            for what in altered.differences(workspace, each, endpoint.deployments[each.revision]):
                yield f"deployment {each.revision}: {what}"
