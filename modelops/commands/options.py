"""The options that several commands share, and the endpoints that they select."""

import shlex
from pathlib import Path
from typing import Annotated, Final, NamedTuple

import typer

from modelops.commands import targets
from modelops.errors import NoJobError, UsageError
from modelops.plan.plan import ReleasePlan
from modelops.rehearsal import located
from modelops.scoring import jobs
from modelops.workspace import Workspace, Workspaces

Stack = Annotated[
    str | None,
    typer.Option("--stack", metavar="NAME", help="The stack that deployed the endpoint. Default: the selected one."),
]
Outputs = Annotated[
    Path | None,
    typer.Option("--outputs", metavar="FILE", help="Saved outputs of the stack, instead of asking it."),
]
Endpoint = Annotated[
    str | None,
    typer.Option("--endpoint", metavar="NAME", help="Logical or physical name. Default: the only endpoint."),
]
EndpointOrAll = Annotated[
    str | None,
    typer.Option("--endpoint", metavar="NAME", help="Logical or physical name. Default: all endpoints."),
]
Directory = Annotated[
    Path,
    typer.Option("--directory", metavar="FOLDER", help="The program's folder. Default: this one.", show_default=False),
]
Subscription = Annotated[
    str | None,
    typer.Option(
        "--subscription",
        metavar="ID",
        help="Together with --resource-group, --workspace and --endpoint: use no stack.",
    ),
]
ResourceGroup = Annotated[str | None, typer.Option("--resource-group", metavar="NAME", help="See --subscription.")]
WorkspaceName = Annotated[str | None, typer.Option("--workspace", metavar="NAME", help="See --subscription.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object: docs/commands.md.")]


class Where(NamedTuple):
    """The source of a command's endpoints."""

    stack: str | None
    outputs: Path | None
    endpoint: str | None
    directory: Path

    def target(self) -> targets.Target:
        """Return the selected endpoint, or the only one.

        Raises:
            UsageError: There is no such endpoint, or there are several and none was selected.
        """
        return targets.choose(self._found(), self.endpoint)

    def one_or_all(self) -> list[targets.Target]:
        """Return the selected endpoint, or all.

        Raises:
            UsageError: There is none.
        """
        return self._selected(self._found())

    def with_history(self) -> list[targets.Target]:
        """Return the same, also if the first release failed: that one is in the history, too.

        Raises:
            UsageError: There is none.
        """
        if self.outputs is not None:
            return self.one_or_all()
        return self._selected(targets.from_stack(self.stack, self.directory, also_unreleased=True))

    def words(self) -> str:
        """Return the options that select the same endpoints, for a command that is printed; begins with a space.

        Empty if none was given.
        """
        given = {
            "--stack": self.stack,
            "--outputs": self.outputs,
            "--endpoint": self.endpoint,
            "--directory": None if self.directory == Path() else self.directory,
        }
        return "".join(f" {option} {shlex.quote(str(value))}" for option, value in given.items() if value is not None)

    def _selected(self, found: dict[str, targets.Target]) -> list[targets.Target]:
        return list(found.values()) if found and self.endpoint is None else [targets.choose(found, self.endpoint)]

    def _found(self) -> dict[str, targets.Target]:
        if self.outputs is not None:
            return targets.from_file(self.outputs)
        return targets.from_stack(self.stack, self.directory)


def by_names(
    subscription: str | None, resource_group: str | None, workspace: str | None, endpoint: str | None
) -> targets.Target | None:
    """Return the endpoint that options name without a stack; None without such options.

    Raises:
        UsageError: Some of them are missing.
    """
    if not (subscription or resource_group or workspace):
        return None
    if not (subscription and resource_group and workspace and endpoint):
        raise UsageError("--subscription, --resource-group, --workspace and --endpoint belong together: give all four.")
    return targets.Target(endpoint, subscription, resource_group, workspace, endpoint=endpoint)


def released(target: targets.Target) -> ReleasePlan:
    """Return an endpoint's released plan.

    Raises:
        UsageError: The endpoint was found in a file of outputs, which does not have the plan.
    """
    if target.plan is None:
        raise UsageError(
            f"this command needs the released plan of endpoint {target.logical}, which is in the stack's state and not "
            "in its outputs. Use --stack STACK instead of --outputs."
        )
    return target.plan


_workspaces: Final = Workspaces()


def workspace(target: targets.Target) -> Workspace:
    """Return an endpoint's workspace."""
    return _workspaces.get(target.subscription_id, target.resource_group, target.workspace)


class Place(NamedTuple):
    """The options that every command about jobs has."""

    stack: str | None
    outputs: Path | None
    endpoint: str | None
    directory: Path
    subscription: str | None
    resource_group: str | None
    workspace_name: str | None

    def endpoints(self) -> list[targets.Target]:
        """Return the endpoints: the one that is named, or all of the stack, also those whose first release failed."""
        named = by_names(*self[4:], self.endpoint)
        return [named] if named else Where(*self[:4]).with_history()

    def job(self, name: str) -> tuple[targets.Target, jobs.Job]:
        """Return an endpoint, which is in the job's workspace, and the job; it need not be one of that endpoint.

        Raises:
            UsageError: there is no such job.
        """
        named = by_names(*self[4:], self.endpoint or "ENDPOINT")
        target = named or Where(*self[:4]).with_history()[0]
        try:
            return target, jobs.found(workspace(target), name)
        except NoJobError as error:
            others = (
                list_command(named) if named else located(f"python -m modelops jobs list{Where(*self[:4]).words()}")
            )
            raise UsageError(f"{error} Its jobs: {others}") from None

    def target(self, endpoint: str | None) -> targets.Target:
        """Return the endpoint that is named, else the one called `endpoint` in Azure, else the stack's only one.

        Raises:
            UsageError: none is named, and the stack has several.
        """
        if named := by_names(*self[4:], self.endpoint or endpoint):
            return named
        where = Where(*self[:2], self.endpoint or endpoint, self.directory)
        found = {each.logical: each for each in where.with_history()}
        return targets.choose(found, where.endpoint)


def list_command(target: targets.Target) -> str:
    """Return the command that lists an endpoint's jobs, to print."""
    return located(f"python -m modelops jobs list{target.words()} --endpoint {target.endpoint}")


def jobs_command(target: targets.Target, what: str, job: str) -> str:
    """Return a command about a job in an endpoint's workspace, to print, e.g. `show`."""
    return jobs.command(workspace(target), f"{what} {job}", target.where)
