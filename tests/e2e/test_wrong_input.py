"""Wrong input on the real engine: one clear message before anything is created. What each says exactly: tests/unit."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.commands import Done
from tests.e2e.hosts import BOTH_HOSTS, BOTH_HOSTS_IN_LONG
from tests.e2e.rehearsal import Rehearsal

Config = dict[str, Any]


@pytest.fixture(name="empty", scope="module")
def _empty(checkout: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rehearsal]:
    """Return a rehearsal in which nothing is ever deployed, so that these tests can share it."""
    place = tmp_path_factory.mktemp("empty")
    rehearsal = Rehearsal(checkout, place / "unused").copy_to(place)
    rehearsal.start_server()
    yield rehearsal
    rehearsal.stop()


@pytest.fixture(name="wrong")
def _wrong(empty: Rehearsal) -> Iterator[Rehearsal]:
    """Return the shared rehearsal; the stack file is as committed again after the test."""
    file = empty.folder / "Pulumi.dev.yaml"
    before = file.read_bytes()
    yield empty
    file.write_bytes(before)


def _mlp(config: Config) -> Config:
    return dict(config["endpoints"]["digits"]["deployments"]["mlp"])


def _long_name(config: Config) -> None:
    config["endpoints"]["digits-that-were-written-by-the-hands-of-many"] = config["endpoints"].pop("digits")


def _vm_size(config: Config) -> None:
    config["cluster"]["vmSize"] = "DS11 v2"


def _nodes(config: Config) -> None:
    config["cluster"].update(minNodes=3, maxNodes=2)


def _default(config: Config) -> None:
    config["endpoints"]["digits"]["default"] = "forest"


def _no_model(config: Config) -> None:
    config["endpoints"]["digits"]["deployments"]["mlp"]["model"]["path"] = "examples/digits/modle"


def _unknown_key(config: Config) -> None:
    config["clutser"] = {"maxNodes": 2}


def _unknown_nested_key(config: Config) -> None:
    config["endpoints"]["digits"]["deployments"]["mlp"]["miniBatchSzie"] = 10


def _mini_batch(config: Config) -> None:
    config["endpoints"]["digits"]["deployments"]["mlp"]["miniBatchSize"] = -1


def _told_once_and_nothing_made(done: Done, rehearsal: Rehearsal, before: int, *phrases: str) -> None:
    assert rehearsal.writes(before) == []
    assert done.steps == ()
    # Above the diagnostics the engine shows the first line of each as it comes.
    diagnostics = done.flat.partition("Diagnostics:")[2]
    for phrase in phrases:
        # Each problem is shown once, not again by every layer above it.
        assert diagnostics.count(phrase) == 1, f"{phrase!r} is shown {diagnostics.count(phrase)} times in:\n{done.text}"


WRONG: dict[str, tuple[Callable[[Config], None], list[str]]] = {
    "endpoint name too long": (_long_name, ["is not a valid batch endpoint name: it has 45 characters"]),
    "malformed VM size": (_vm_size, ["cluster.vmSize is 'DS11 v2'", ": set cluster.vmSize to STANDARD_DS11_V2"]),
    "more least than most nodes": (_nodes, ["cluster.maxNodes is 2, which is less than cluster.minNodes (3)"]),
    "default is not a deployment": (_default, ["endpoints.digits.default is 'forest'"]),
    "no model there": (_no_model, ["endpoints.digits.deployments.mlp.model.path is 'examples/digits/modle'"]),
    "unknown key": (_unknown_key, ["clutser is an unknown key", "Did you mean cluster?", "rename clutser to cluster"]),
    "unknown nested key": (
        _unknown_nested_key,
        ["miniBatchSzie is an unknown key", ": rename miniBatchSzie to miniBatchSize"],
    ),
    "negative mini-batch": (_mini_batch, ["endpoints.digits.deployments.mlp.miniBatchSize is -1"]),
}


QUICK = {"no model there", "unknown nested key"}
"""Those that every run tries: what the settings find, and what only the folder of the program tells."""


@BOTH_HOSTS_IN_LONG
@pytest.mark.parametrize(
    ("change", "phrases"),
    [
        pytest.param(*wrong, id=name, marks=() if name in QUICK else pytest.mark.long(part="series"))
        for name, wrong in WRONG.items()
    ],
)
def test_wrong_configuration_is_told_before_anything_is_made(
    wrong: Rehearsal, change: Callable[[Config], None], phrases: list[str]
) -> None:
    wrong.configure(change)
    before = wrong.mark()
    done = wrong.pulumi("up").failed()
    _told_once_and_nothing_made(done, wrong, before, *phrases)
    assert "nothing was created or changed" in done.flat


@BOTH_HOSTS
def test_all_problems_are_told_at_once(wrong: Rehearsal) -> None:
    for change in (_vm_size, _nodes, _default, _mini_batch):
        wrong.configure(change)
    before = wrong.mark()
    done = wrong.pulumi("up").failed()
    phrases = ("has 4 problems", "cluster.vmSize is", "cluster.maxNodes is 2", "'forest'", "miniBatchSize is -1")
    _told_once_and_nothing_made(done, wrong, before, *phrases)


def test_the_edit_for_a_share_mends_it(wrong: Rehearsal) -> None:
    """The line that is named, edited as told: nothing else in the file has to change."""
    wrong.configure(_default)
    tried = {"input": "examples/digits/data/try-out", "maxChangedRows": 5}
    wrong.configure(lambda config: config["endpoints"]["digits"].update(tryOut=tried))
    told = wrong.pulumi("preview").failed()
    assert "endpoints.digits.tryOut.maxChangedRows is 5." in told.flat
    number = re.search(r"Pulumi\.dev\.yaml:(\d+): set endpoints\.digits\.tryOut\.maxChangedRows to 0\.05", told.flat)
    assert number is not None, told.flat
    file = wrong.folder / "Pulumi.dev.yaml"
    lines = file.read_text(encoding="utf-8").splitlines(keepends=True)
    assert "maxChangedRows: 5" in lines[int(number[1]) - 1]
    lines[int(number[1]) - 1] = lines[int(number[1]) - 1].replace("maxChangedRows: 5", "maxChangedRows: 0.05")
    file.write_text("".join(lines), encoding="utf-8")
    told = wrong.pulumi("preview").failed()
    assert "has a problem" in told.flat
    assert "endpoints.digits.default is 'forest'" in told.flat


@BOTH_HOSTS_IN_LONG
def test_a_missing_passphrase_is_told_before_anything_is_made(wrong: Rehearsal) -> None:
    wrong.pulumi("preview").ok()  # makes the stack, with the sandbox's own passphrase
    before = wrong.mark()
    command = ("pulumi", "up", "--yes", "--skip-preview", "--non-interactive", "--color", "never")
    done = wrong.run("env", "-u", "PULUMI_CONFIG_PASSPHRASE", *command).failed()
    _told_once_and_nothing_made(done, wrong, before)
    assert "PULUMI_CONFIG_PASSPHRASE" in done.flat


@BOTH_HOSTS
def test_no_azure_login_is_told_before_anything_is_made(wrong: Rehearsal) -> None:
    before = wrong.mark()
    names = ("TENANT_ID", "CLIENT_ID", "CLIENT_SECRET", "SUBSCRIPTION_ID")
    unset = [part for name in names for prefix in ("ARM", "AZURE") for part in ("-u", f"{prefix}_{name}")]
    command = ("pulumi", "up", "--yes", "--skip-preview", "--non-interactive", "--color", "never")
    done = wrong.run("env", *unset, *command).failed()
    _told_once_and_nothing_made(done, wrong, before, "No usable Azure login was found", "az login,")
