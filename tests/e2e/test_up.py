"""A stack on the real engine: up, up again, refresh, destroy, and what a rehearsal leaves in the checkout."""

import json
import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.e2e.commands import COMMAND_SECONDS, command_lines, until
from tests.e2e.hosts import BOTH_HOSTS, BOTH_HOSTS_IN_LONG, PROGRAM
from tests.e2e.rehearsal import SCORED, Rehearsal

REVISION = re.compile(r"mlp-[0-9a-f]{8}")


@BOTH_HOSTS_IN_LONG
def test_up_makes_an_endpoint_whose_default_is_a_revision_of_the_one_deployment(deployed: Rehearsal) -> None:
    outputs = json.loads(deployed.run("pulumi", "stack", "output", "--json").ok().out)
    assert outputs == deployed.outputs()
    names = ["cluster", "endpoints", "location", "resourceGroup", "subscriptionId", "workspace"]
    assert sorted(outputs) == names
    assert list(outputs["endpoints"]) == ["digits"]
    endpoint = outputs["endpoints"]["digits"]
    assert sorted(endpoint) == ["default", "deployments", "name", "sample", "scoringUri"]
    assert REVISION.fullmatch(endpoint["default"])
    assert re.fullmatch(rf"{endpoint['default']} sha256:[0-9a-f]{{64}}", endpoint["deployments"]["mlp"])
    assert deployed.of_kind("batchEndpoints") == [endpoint["name"]]
    assert deployed.of_kind("batchEndpoints/deployments") == [endpoint["default"]]
    assert deployed.of_kind("models/versions") == ["1"]
    assert endpoint["scoringUri"].startswith(
        f"https://{endpoint['name']}.{outputs['location']}.inference.ml.azure.com/"
    )


@BOTH_HOSTS_IN_LONG
def test_up_again_changes_nothing_uploads_nothing_and_runs_no_hook(deployed: Rehearsal) -> None:
    before = deployed.mark()
    again = deployed.up("--expect-no-changes")
    assert again.steps == ()
    assert deployed.writes(before) == []
    assert [each["path"] for each in deployed.journal(before) if "/models/" in each["path"]] == []


@BOTH_HOSTS_IN_LONG
def test_preview_of_no_change_is_empty(deployed: Rehearsal) -> None:
    before = deployed.mark()
    assert deployed.pulumi("preview", "--expect-no-changes").ok().steps == ()
    assert deployed.writes(before) == []


@BOTH_HOSTS_IN_LONG
def test_preview_of_everything_makes_nothing(fresh: Rehearsal) -> None:
    preview = fresh.pulumi("preview").ok()
    assert {step.op for step in preview.steps} == {"create"}
    assert "digits-marker" in {step.name for step in preview.steps}
    assert fresh.writes() == []


@BOTH_HOSTS_IN_LONG
def test_refresh_and_then_up_changes_nothing(deployed: Rehearsal) -> None:
    # The release owns the endpoint's body, so the first refresh may record what the release set; the next may not.
    deployed.pulumi("refresh").ok()
    before = deployed.mark()
    assert deployed.up("--expect-no-changes").steps == ()
    deployed.pulumi("refresh", "--expect-no-changes").ok()
    assert deployed.writes(before) == []


@BOTH_HOSTS_IN_LONG
def test_destroy_leaves_nothing_but_soft_deleted_names(deployed: Rehearsal) -> None:
    deployed.pulumi("destroy").ok()
    assert deployed.state().get("resources", []) == []
    assert deployed.resources() == []
    kinds = {each.rsplit("/", 2)[1].lower() for each in deployed.soft_deleted()}
    assert kinds <= {"workspaces", "vaults"}


@BOTH_HOSTS_IN_LONG
def test_up_after_destroy_makes_it_again(deployed: Rehearsal) -> None:
    """Names that soft deletion still holds are not used again."""
    deployed.pulumi("destroy").ok()
    deployed.up()
    assert len(deployed.of_kind("batchEndpoints/deployments")) == 1


@BOTH_HOSTS_IN_LONG
def test_make_up_scores_the_example_and_make_down_removes_everything(fresh: Rehearsal) -> None:
    fresh.restore_try_outs()
    first = fresh.make("up").ok()
    assert SCORED in first.out.splitlines()
    assert re.search(r"; tried mlp-[0-9a-f]{8} \(20 rows, \d+ s\); default \(none\) -> mlp-", first.text)
    assert re.findall(r"^resources: (\d+) created \(\d+ s\)$", first.out, re.MULTILINE) == [str(len(_made(fresh)))]
    steps = re.findall(
        r"^digits +(\d/8 (?:\d+/\d+ )?[a-z ]*[a-z]|done) +(?:\d+ s|nothing to do)", first.out, re.MULTILINE
    )
    assert [each for each in steps if "try out" not in each] == [
        "1/8 read what is live",
        "2/8 register models",
        "3/8 create revisions",
        "5/8 switch the default",
        "6/8 verify",
        "7/8 prune",
        "8/8 record the history",
        "done",
    ]
    assert list((fresh.folder / "predictions").rglob("predictions.csv"))
    assert fresh.changed_files() == ""
    # It ended with a refresh of the endpoints, so that the plain check for drift does not tell the release.
    fresh.run("pulumi", "refresh", "--preview-only", "--expect-no-changes", "--non-interactive").ok()
    assert "DIFFERS" not in fresh.make("drift").ok().out
    before = fresh.of_kind("batchEndpoints/deployments")
    assert SCORED in fresh.make("up").ok().out.splitlines()
    assert fresh.of_kind("batchEndpoints/deployments") == before
    fresh.make("down").ok()
    assert fresh.state().get("resources", []) == []
    assert not fresh.processes()
    assert fresh.changed_files() == ""


def _made(rehearsal: Rehearsal) -> list[str]:
    """The types of all resources in the state but the providers, which the engine adds without counting them."""
    types = [str(each["type"]) for each in rehearsal.state()["resources"]]
    return [each for each in types if not each.startswith("pulumi:providers:")]


def _secrets(rehearsal: Rehearsal) -> list[str]:
    """Everything that a rehearsal signs in with."""
    facts = json.loads((rehearsal.home / "sandbox.json").read_text(encoding="utf-8"))
    principals = facts["principals"].values()
    return [facts["passphrase"], rehearsal.server["controlToken"], *(each["clientSecret"] for each in principals)]


@BOTH_HOSTS
def test_no_secret_is_in_a_command_line(deployed: Rehearsal) -> None:
    """Everybody on a machine can read the arguments of all its processes: looked at as long as an `up` releases."""
    deployed.change_one_byte_of_the_model()
    seen: set[str] = set()
    ours: set[str] = set()
    with ThreadPoolExecutor(1) as pool:
        up = pool.submit(deployed.begin("up").wait)

        def looked() -> bool:
            seen.update(command_lines())
            ours.update(deployed.processes())
            return up.done()

        until(looked, "the up to end", COMMAND_SECONDS)
    up.result().ok()
    for program in (r"pulumi up ", PROGRAM.pattern, r"-m pulumi_standins\.azure_native ", r"-m modelops worker"):
        assert any(re.search(program, each) for each in ours), f"never saw {program!r} run"
    assert [each for each in seen if any(secret in each for secret in _secrets(deployed))] == []


@BOTH_HOSTS_IN_LONG
def test_no_secret_is_in_the_state_or_in_a_log(deployed: Rehearsal) -> None:
    secrets = _secrets(deployed)
    files = [*(deployed.home / "log").rglob("*"), *(deployed.home / "pulumi").rglob("*")]
    texts = {file: file.read_text(encoding="utf-8", errors="replace") for file in files if file.is_file()}
    assert [str(file) for file, text in texts.items() if any(secret in text for secret in secrets)] == []
    tokens = re.compile(r"eyJ[\w-]{20,}\.[\w-]{20,}|[?&]sig=(?!REDACTED)\w|AccountKey=")
    assert [str(file) for file, text in texts.items() if tokens.search(text)] == []


@BOTH_HOSTS_IN_LONG
def test_a_rehearsal_leaves_the_checkout_clean_and_a_real_stack_can_be_made_in_it(
    deployed: Rehearsal, tmp_path: Path
) -> None:
    assert deployed.changed_files() == ""
    (tmp_path / "other").mkdir()
    real = {
        "PATH": f"{deployed.folder / '.venv' / 'bin'}:{deployed.environment['PATH']}",
        "PULUMI_BACKEND_URL": f"file://{tmp_path / 'other'}",
        "PULUMI_HOME": str(tmp_path / "other-home"),
        "PULUMI_CONFIG_PASSPHRASE": "another passphrase",
        "PULUMI_SKIP_UPDATE_CHECK": "true",
    }
    deployed.start("pulumi", "stack", "init", "dev", "--non-interactive", extra=real).wait().ok()
    secret = ("--secret", "--path", "tags.owner", "somebody")
    deployed.start("pulumi", "config", "set", "--stack", "dev", *secret, extra=real).wait().ok()
    assert deployed.changed_files() == " M Pulumi.dev.yaml\n"
    stack_file = (deployed.folder / "Pulumi.dev.yaml").read_text(encoding="utf-8")
    assert "encryptionsalt:" in stack_file

    # What an engine that was killed at the wrong moment leaves in a file backend, and what docs/recovery.md says to do.
    (cut_off,) = (tmp_path / "other").rglob("dev.json.attrs")
    cut_off.write_text("")
    refused = deployed.start("pulumi", "stack", "export", "--stack", "dev", extra=real).wait().failed()
    assert "failed to load checkpoint: EOF" in refused.err
    cure = ("find", str(tmp_path / "other" / ".pulumi"), "-name", "*.attrs", "-empty", "-delete")
    assert " ".join(cure[2:]).replace("*.attrs", "'*.attrs'") in (deployed.folder / "docs" / "recovery.md").read_text()
    deployed.start(*cure, extra=real).wait().ok()
    deployed.start("pulumi", "stack", "export", "--stack", "dev", extra=real).wait().ok()
    assert list((deployed.home).rglob("*.attrs")) == []

    # The stack file now belongs to that backend, with a secret that the sandbox cannot read; it still rehearses.
    preview = deployed.pulumi("preview").ok()
    assert "somebody" not in preview.text
    assert (deployed.folder / "Pulumi.dev.yaml").read_text(encoding="utf-8") == stack_file
