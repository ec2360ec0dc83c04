"""Drift on the real engine: quiet after every kind of release, loud after each change by hand, and fixed as printed.

That azure-native's comparison ignores what the program ignores as little as the stand-in's is read in its source.
"""

import re
import shlex
from collections.abc import Callable
from typing import Any

import pytest

from tests.e2e.commands import Done, until
from tests.e2e.profiles import HARSH
from tests.e2e.rehearsal import Rehearsal
from tests.e2e.test_going_back import API, batches_of, endpoint, live, move, pin, unpin

GONE = {"SANDBOX_PROVIDER_MISSING_ROLE_ASSIGNMENT": "gone"}
"""By this reading, a refresh tells a role that is gone, and does not fail on it."""
ENDPOINTS = "**$azure-native:machinelearningservices:BatchEndpoint::*"
QUIET = "28 resources match the state\ndigits matches its last release\n"
PRINTED = ".venv/bin/python -m sandbox run -- "


def drift(rehearsal: Rehearsal, **extra: str) -> Done:
    """Compare Azure with the state and the last release."""
    return rehearsal.run("python", "-m", "modelops", "drift", "--stack", "dev", extra=extra)


def is_quiet(rehearsal: Rehearsal) -> None:
    """Require that nothing differs."""
    assert drift(rehearsal).ok().out == QUIET


def is_quiet_by_the_plain_command(rehearsal: Rehearsal) -> None:
    """Require that Pulumi's own check finds nothing, after the refresh that ends `make up`."""
    rehearsal.pulumi("refresh", "--target", ENDPOINTS).ok()
    rehearsal.run("pulumi", "refresh", "--preview-only", "--expect-no-changes", "--non-interactive").ok()


def is_loud(rehearsal: Rehearsal, *lines: str, **extra: str) -> list[str]:
    """Require that exactly these lines differ; return the commands that are printed, without the sandbox's part."""
    found = drift(rehearsal, **extra)
    assert found.code == 1, found.text
    assert re.findall(r"^DIFFERS  (.*)$", found.out, re.MULTILINE) == list(lines)
    commands = re.findall(r"^  (\S.*)$", found.out, re.MULTILINE)
    assert all(each.startswith(PRINTED) for each in commands)
    return [each.removeprefix(PRINTED) for each in commands]


def named(rehearsal: Rehearsal, name: str) -> dict[str, Any]:
    """Return a resource of the state by its name in the program."""
    (found,) = [each for each in rehearsal.state()["resources"] if each["urn"].endswith(f"::{name}")]
    return dict(found)


def settings(change: Callable[[dict[str, Any]], object]) -> Callable[[Rehearsal], None]:
    """Return what changes the stack file's endpoint."""
    return lambda rehearsal: rehearsal.configure(lambda config: change(config["endpoints"]["digits"]))


def another_script(rehearsal: Rehearsal) -> None:
    """Change the scoring script."""
    script = rehearsal.folder / "examples" / "digits" / "code" / "score.py"
    script.write_text(script.read_text(encoding="utf-8") + "\n# another one\n", encoding="utf-8")


def second_deployment(config: dict[str, Any]) -> None:
    """Add a deployment of the same model."""
    deployments = config["deployments"]
    deployments["side"] = {**deployments["mlp"], "miniBatchSize": 7}


@pytest.mark.parametrize(
    "profile",
    [
        pytest.param(HARSH, marks=pytest.mark.long(part="series")),
        pytest.param("lenient", marks=pytest.mark.long(part="profiles")),
    ],
    indirect=True,
)
def test_after_every_kind_of_release_nothing_differs(deployed: Rehearsal) -> None:
    first = deployed.default
    is_quiet(deployed)
    batches_of(deployed, 3)
    deployed.up()
    is_quiet(deployed)
    is_quiet_by_the_plain_command(deployed)
    deployed.run("python", "-m", "modelops", "rollback", "--stack", "dev").ok()
    is_quiet(deployed)
    for change in (
        lambda rehearsal: pin(rehearsal, first),
        unpin_and_change_the_model,
        another_script,
        settings(lambda config: config.update(description="Reads digits")),
        lambda rehearsal: rehearsal.configure(lambda config: config.update(tags={"team": "vision"})),
        settings(second_deployment),
        settings(lambda config: config["deployments"].pop("side")),
        settings(lambda config: config.update(keep=1)),
    ):
        change(deployed)
        assert deployed.up().steps != ()
        is_quiet(deployed)
        is_quiet_by_the_plain_command(deployed)


def unpin_and_change_the_model(rehearsal: Rehearsal) -> None:
    """Release another model after the pin's."""
    unpin(rehearsal)
    rehearsal.change_one_byte_of_the_model()


def test_a_first_release_is_no_drift_and_a_default_that_was_cleared_is(deployed: Rehearsal) -> None:
    is_quiet(deployed)
    was = live(deployed)
    move(deployed, None)
    (command,) = is_loud(deployed, f"the default is (none), released was {was}")
    deployed.run(*shlex.split(command)).ok()
    is_quiet(deployed)


def test_a_description_that_was_changed_is_drift(deployed: Rehearsal) -> None:
    found = endpoint(deployed)
    found["properties"]["description"] = "by hand"
    deployed.arm("PUT", found["id"], API, {key: found[key] for key in ("location", "tags", "properties")})
    (command,) = is_loud(deployed, "the description is 'by hand', released was 'Reads handwritten digits'")
    assert command == "python -m modelops release --stack dev"
    deployed.run(*shlex.split(command)).ok()
    is_quiet(deployed)


def test_a_storage_account_that_was_changed_is_drift(deployed: Rehearsal) -> None:
    account = named(deployed, "mlbatchstorage")["id"]
    deployed.arm("PATCH", account, "2024-01-01", {"properties": {"minimumTlsVersion": "TLS1_0"}})
    (command,) = is_loud(
        deployed, 'StorageAccount mlbatchstorage: minimumTlsVersion is "TLS1_0", in the state it is "TLS1_2"'
    )
    assert command == "pulumi up --refresh --stack dev"
    deployed.run(*shlex.split(command), "--yes", "--skip-preview").ok()
    is_quiet(deployed)


@pytest.mark.parametrize("reading", ["error", "gone"])
def test_a_role_that_was_taken_away_is_drift(deployed: Rehearsal, reading: str) -> None:
    role = named(deployed, "mlbatch-compute-tables")
    deployed.arm("DELETE", role["id"], "2022-04-01", principal="administrator")
    extra = GONE if reading == "gone" else {}
    line = "RoleAssignment mlbatch-compute-tables does not exist in Azure"
    (command,) = is_loud(deployed, line if extra else f"{line}, and a refresh fails on it", **extra)
    if extra:
        assert command == "pulumi up --refresh --stack dev"
        deployed.run(*shlex.split(command), "--yes", "--skip-preview", extra=extra).ok()
    else:
        grant_as_printed(deployed, command)
    is_quiet(deployed)


def grant_as_printed(rehearsal: Rehearsal, command: str) -> None:
    """Send what the Azure CLI sends for a printed command (packages/sandbox/tests/test_azure_cli.py)."""
    words = shlex.split(command)
    assert words[:4] == ["az", "role", "assignment", "create"]
    given = dict(zip(words[4::2], words[5::2], strict=True))
    scope = given["--scope"]
    definitions = (
        f"/subscriptions/{rehearsal.facts().subscription_id}/providers/Microsoft.Authorization/roleDefinitions"
    )
    properties = {
        "principalId": given["--assignee-object-id"],
        "principalType": given["--assignee-principal-type"],
        "roleDefinitionId": f"{definitions}/{given['--role']}",
    }
    path = f"{scope}/providers/Microsoft.Authorization/roleAssignments/{given['--name']}"
    rehearsal.arm("PUT", path, "2022-04-01", {"properties": properties}, principal="administrator")


def test_a_deployment_that_was_changed_or_deleted_is_drift(deployed: Rehearsal) -> None:
    settings(second_deployment)(deployed)
    deployed.up()
    mlp = live(deployed)
    (side,) = set(deployed.of_kind("batchEndpoints/deployments")) - {mlp}
    path = f"{endpoint(deployed)['id']}/deployments"
    found = deployed.arm("GET", f"{path}/{mlp}", API)
    found["properties"] |= {"miniBatchSize": 99}
    del found["properties"]["provisioningState"]
    deployed.arm("PUT", f"{path}/{mlp}", API, {key: found[key] for key in ("location", "tags", "properties")})
    deployed.arm("DELETE", f"{path}/{side}", API)
    until(
        lambda: (
            [
                (each["name"], each["properties"]["provisioningState"])
                for each in deployed.arm("GET", path, API)["value"]
            ]
            == [(mlp, "Succeeded")]
        ),
        "the end of both operations",
    )
    (command,) = is_loud(
        deployed, f"deployment {side} is gone", f"deployment {mlp}: miniBatchSize is 99, released was 10"
    )
    assert command == "python -m modelops release --stack dev"
    done = deployed.run(*shlex.split(command)).ok()
    assert f"restored {mlp}, which was changed by hand; created {side}" in done.flat
    is_quiet(deployed)
