"""Finding the endpoint that a command is about."""

import json
import stat
from pathlib import Path
from typing import Any

import pytest

from modelops.commands.options import Where, jobs_command, released
from modelops.commands.targets import Target, choose, from_export, from_file, from_outputs, from_stack
from modelops.errors import UsageError
from tests.unit.plans import plan_json

OUTPUTS: dict[str, Any] = {
    "subscriptionId": "sub",
    "resourceGroup": "rg",
    "workspace": "ws",
    "endpoints": {
        "digits": {"name": "digits1a2b", "default": "mlp-1", "deployments": {"mlp": "mlp-1 sha256:ab", "rf": "rf-2"}}
    },
}
EXPORT: dict[str, Any] = {
    "deployment": {
        "resources": [
            {"type": "pulumi:pulumi:Stack", "urn": "urn:pulumi:dev::p::pulumi:pulumi:Stack::p-dev"},
            {"type": "pulumi:index:Stash", "urn": "u::other", "inputs": {"input": "of another program"}},
            {
                "type": "pulumi:index:Stash",
                "urn": "urn:pulumi:dev::p::azureml-batch:index:ModelRelease$pulumi:index:Stash::digits-marker",
                "parent": "urn:pulumi:dev::p::azureml-batch:index:ModelRelease::digits",
                "inputs": {"input": plan_json()},
            },
        ]
    }
}


@pytest.fixture(autouse=True)
def _no_rehearsal(monkeypatch: pytest.MonkeyPatch) -> None:
    """Print commands as against Azure."""
    monkeypatch.delenv("REHEARSAL_COMMAND", raising=False)


@pytest.fixture
def pulumi(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return a function that puts a `pulumi` on PATH that prints these answers, by its first two arguments."""

    def install(answers: dict[str, object], code: int = 0, error: str = "") -> Path:
        script = tmp_path / "bin" / "pulumi"
        script.parent.mkdir()
        lines = [f'if [ "$1 $2" = "{verb}" ]; then echo \'{json.dumps(data)}\'; fi' for verb, data in answers.items()]
        asked = tmp_path / "asked"
        script.write_text(
            "\n".join(["#!/bin/sh", f'echo "$@" >> {asked}', *lines, f"echo '{error}' >&2", f"exit {code}"]),
            encoding="utf-8",
        )
        script.chmod(script.stat().st_mode | stat.S_IXUSR)
        monkeypatch.setenv("PATH", f"{script.parent}:/usr/bin:/bin")
        return asked

    return install


def test_the_outputs_name_the_endpoints() -> None:
    found = from_outputs(OUTPUTS)["digits"]
    assert (found.subscription_id, found.resource_group, found.workspace, found.endpoint) == (
        "sub",
        "rg",
        "ws",
        "digits1a2b",
    )
    assert found.plan is None
    assert found.revisions == {"mlp": "mlp-1", "rf": "rf-2"}


def test_a_command_that_needs_the_plan_says_where_it_is() -> None:
    with pytest.raises(UsageError) as refused:
        released(from_outputs(OUTPUTS)["digits"])
    assert str(refused.value) == (
        "this command needs the released plan of endpoint digits, which is in the stack's state and not in its "
        "outputs. Use --stack STACK instead of --outputs."
    )


def test_outputs_of_another_program_are_refused() -> None:
    with pytest.raises(UsageError) as refused:
        from_outputs({"url": "https://example.com"})
    assert str(refused.value) == (
        "these outputs are from another program or an older version: 'subscriptionId' is missing. "
        "Run `pulumi up` first."
    )


def test_the_markers_of_a_state_name_them_too() -> None:
    found = from_export(EXPORT)
    assert list(found) == ["digits"]
    assert found["digits"].endpoint == "digits1a2b"
    assert found["digits"].revisions == {"mlp": "mlp-86263ee2"}


def test_a_stack_is_asked_by_name(pulumi: Any, tmp_path: Path) -> None:
    asked = pulumi({"stack export": EXPORT})
    assert list(from_stack("dev", tmp_path)) == ["digits"]
    assert asked.read_text(encoding="utf-8") == "stack export --stack dev --non-interactive\n"


def test_commands_that_are_printed_name_the_stack(pulumi: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also the selected one: another may be selected when the command is typed."""
    pulumi({"stack export": EXPORT})
    monkeypatch.chdir(tmp_path)
    here, there = from_stack(None, Path())["digits"], from_stack("org/p/dev", tmp_path)["digits"]
    assert jobs_command(here, "show", "job-1") == "python -m modelops jobs show job-1 --stack dev"
    assert there.words() == f" --stack org/p/dev --directory {tmp_path}"
    saved = from_outputs(OUTPUTS)["digits"]
    assert saved.words() == " --subscription sub --resource-group rg --workspace ws"


def exported(*names: str) -> dict[str, Any]:
    """A state with the markers of these endpoints."""
    stack, _, marker = EXPORT["deployment"]["resources"]
    parents = [f"{marker['parent'].removesuffix('digits')}{name}" for name in names]
    return {"deployment": {"resources": [stack, *({**marker, "parent": each} for each in parents)]}}


@pytest.mark.parametrize("key", ["endpoints", "azureml-batch-endpoint:endpoints"])
def test_the_endpoints_are_in_the_stack_file_s_order(pulumi: Any, tmp_path: Path, key: str) -> None:
    pulumi({"stack export": exported("old", "a", "digits")})
    (tmp_path / "Pulumi.dev.yaml").write_text(f"config:\n  {key}: {{digits: {{}}, new: {{}}, a: {{}}}}\n", "utf-8")
    assert list(from_stack(None, tmp_path)) == ["digits", "a", "old"]


def test_without_a_stack_file_they_are_in_the_state_s_order(pulumi: Any, tmp_path: Path) -> None:
    pulumi({"stack export": exported("b", "a")})
    assert list(from_stack(None, tmp_path)) == ["b", "a"]


def test_the_markers_of_a_stack_count_and_not_its_outputs(pulumi: Any, tmp_path: Path) -> None:
    """When one release of an `up` fails, the engine keeps the old outputs, and so those of the others."""
    asked = pulumi({"stack output": OUTPUTS, "stack export": EXPORT})
    released = from_stack(None, tmp_path)["digits"].plan
    assert released is not None
    assert released.to_json() == plan_json()
    assert asked.read_text(encoding="utf-8") == "stack export --non-interactive\n"


def test_a_marker_that_is_about_to_be_deleted_does_not_count() -> None:
    *others, marker = EXPORT["deployment"]["resources"]
    assert from_export({"deployment": {"resources": [*others, {**marker, "delete": True}]}}) == {}


def test_a_stack_that_released_nothing_says_so(pulumi: Any, tmp_path: Path) -> None:
    pulumi({"stack export": {"deployment": None}})
    with pytest.raises(
        UsageError, match=r"^stack 'dev' has released nothing yet\. Run `pulumi up --stack dev` first\.$"
    ):
        from_stack("dev", tmp_path)


ENDPOINT: dict[str, Any] = {
    "type": "azure-native:machinelearningservices:BatchEndpoint",
    "urn": "urn:pulumi:dev::p::azureml-batch:index:BatchEndpoint$x::letters-endpoint",
    "parent": "urn:pulumi:dev::p::azureml-batch:index:BatchEndpoint::letters",
    "id": "/subscriptions/sub/resourceGroups/rg/providers/Microsoft.MachineLearningServices/workspaces/ws"
    "/batchEndpoints/letters1a2b",
}


def test_an_endpoint_whose_first_release_failed_has_a_history(pulumi: Any, tmp_path: Path) -> None:
    resources = EXPORT["deployment"]["resources"]
    gone = {**ENDPOINT, "id": ENDPOINT["id"].replace("1a2b", "0000"), "delete": True}
    pulumi({"stack export": {"deployment": {"resources": [*resources, ENDPOINT, gone]}}})
    found = Where("dev", None, None, tmp_path).with_history()
    assert [(each.logical, each.endpoint, each.plan is None) for each in found] == [
        *(("letters", "letters1a2b", True), ("digits", from_export(EXPORT)["digits"].endpoint, False)),
    ]
    assert [each.logical for each in Where("dev", None, None, tmp_path).one_or_all()] == ["digits"]
    assert found[0] == Target("letters", "sub", "rg", "ws", "letters1a2b", where=f" --stack dev --directory {tmp_path}")


def test_an_unknown_stack_is_told_in_the_cli_s_words(pulumi: Any, tmp_path: Path) -> None:
    pulumi({}, code=255, error="error: no stack named nope found")
    with pytest.raises(UsageError) as refused:
        from_stack("nope", tmp_path)
    assert str(refused.value) == (
        "`pulumi stack export --stack nope --non-interactive` failed: no stack named nope found. "
        "Check --stack, the login (`pulumi whoami`) and the folder."
    )


def test_outside_the_sandbox_of_the_folder(pulumi: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pulumi({}, code=255, error="error: PULUMI_ACCESS_TOKEN must be set for login")
    (tmp_path / ".sandbox").mkdir()
    ending = " This folder has a sandbox: to reach it, put `.venv/bin/python -m sandbox run --` before the command."
    with pytest.raises(UsageError) as refused:
        from_stack("dev", tmp_path)
    assert str(refused.value).endswith(f"and the folder.{ending}")
    monkeypatch.setenv("REHEARSAL_URL", "http://127.0.0.1:1/")
    with pytest.raises(UsageError) as inside:
        from_stack("dev", tmp_path)
    assert str(inside.value).endswith("and the folder.")


def test_no_pulumi_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UsageError, match=r"^the `pulumi` command is not on PATH\."):
        from_stack("dev", tmp_path)


def test_a_folder_that_is_none_is_told(pulumi: Any, tmp_path: Path) -> None:
    pulumi({"stack export": EXPORT})
    (tmp_path / "file").touch()
    for name in ("file", "none"):
        with pytest.raises(UsageError) as refused:
            from_stack("dev", tmp_path / name)
        assert str(refused.value) == (
            f"--directory '{tmp_path}/{name}' is not a folder. Name the folder with Pulumi.yaml."
        )


def test_a_pulumi_that_may_not_be_run_is_told(pulumi: Any, tmp_path: Path) -> None:
    pulumi({})
    (tmp_path / "bin" / "pulumi").write_text("no program", encoding="utf-8")
    with pytest.raises(UsageError, match=r"^the `pulumi` command cannot be run \(Exec format error\)\. "):
        from_stack("dev", tmp_path)


def test_what_pulumi_prints_is_checked(pulumi: Any, tmp_path: Path) -> None:
    asked = pulumi({})
    asked.parent.joinpath("bin", "pulumi").write_text("#!/bin/sh\necho hello\n", encoding="utf-8")
    with pytest.raises(
        UsageError, match=r"^`pulumi stack export --non-interactive` did not print JSON \(Expecting value"
    ):
        from_stack(None, tmp_path)


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (b"{", "is not JSON (Expecting property name enclosed in double quotes: line 1 column 2 (char 1))"),
        (b"\xff\xfe{", "is not JSON (it is not UTF-8)"),
        (b"[]", "contains an array, not an object of outputs"),
        (b"3", "contains a number, not an object of outputs"),
        (b"null", "contains null, not an object of outputs"),
    ],
)
def test_a_saved_file_that_holds_something_else_is_told(tmp_path: Path, content: bytes, text: str) -> None:
    saved = tmp_path / "outputs.json"
    saved.write_bytes(content)
    with pytest.raises(UsageError) as refused:
        from_file(saved)
    assert str(refused.value) == f"--outputs '{saved}' {text}. Create it with `pulumi stack output --json`."


@pytest.mark.parametrize(
    ("endpoints", "what"),
    [
        ([], "'endpoints' is []"),
        ({"digits": 3}, "'endpoints.digits' is 3"),
        ({"digits": {}}, "'endpoints.digits.name' is missing"),
        ({"digits": {"name": 7}}, "'endpoints.digits.name' is 7"),
    ],
)
def test_outputs_that_are_no_endpoints_are_told(endpoints: object, what: str) -> None:
    with pytest.raises(UsageError) as refused:
        from_outputs({**OUTPUTS, "endpoints": endpoints})
    assert str(refused.value) == (
        f"these outputs are from another program or an older version: {what}. Run `pulumi up` first."
    )


def test_a_saved_file_is_read(tmp_path: Path) -> None:
    saved = tmp_path / "outputs.json"
    saved.write_text(json.dumps(OUTPUTS), encoding="utf-8")
    assert list(from_file(saved)) == ["digits"]
    with pytest.raises(UsageError, match=r"No such file or directory\. Give the path of a saved file\.$"):
        from_file(tmp_path / "none")


def test_the_default_that_the_state_names_is_read_too() -> None:
    *others, marker = EXPORT["deployment"]["resources"]
    found = []
    for defaults in ({"deploymentName": "mlp-0"}, {"deploymentName": None}, None):
        endpoint = {
            "type": "azure-native:machinelearningservices:BatchEndpoint",
            "id": "/workspaces/ws/batchEndpoints/digits1a2b",
            "outputs": {"properties": {"defaults": defaults}},
        }
        found.append(from_export({"deployment": {"resources": [*others, endpoint, marker]}})["digits"].state_default)
    assert (found, from_export(EXPORT)["digits"].state_default) == (["mlp-0", None, None], None)


def test_the_only_endpoint_needs_no_name() -> None:
    one = {"digits": _target("digits")}
    assert choose(one, None).logical == "digits"
    assert choose(one, "digits-physical").logical == "digits"
    with pytest.raises(UsageError, match=r"^--endpoint: unknown endpoint 'x'\. Allowed are: digits\.$"):
        choose(one, "x")


def test_several_endpoints_need_one() -> None:
    two = {name: _target(name) for name in ("digits", "letters")}
    assert choose(two, "letters").endpoint == "letters-physical"
    with pytest.raises(UsageError) as refused:
        choose(two, None)
    assert str(refused.value) == ("there are 2 endpoints; name one with --endpoint. Allowed are: digits, letters.")


def _target(logical: str) -> Target:
    return Target(logical, "sub", "rg", "ws", f"{logical}-physical")


def test_the_sample_of_an_endpoint_is_in_the_outputs() -> None:
    sample = "examples/digits/data/images"
    endpoints = {"digits": {**OUTPUTS["endpoints"]["digits"], "sample": sample}}
    assert from_outputs({**OUTPUTS, "endpoints": endpoints})["digits"].sample == sample
    stack, *others = EXPORT["deployment"]["resources"]
    exported = {"deployment": {"resources": [{**stack, "outputs": {"endpoints": endpoints}}, *others]}}
    assert from_export(exported)["digits"].sample == sample
    assert (from_outputs(OUTPUTS)["digits"].sample, from_export(EXPORT)["digits"].sample) == (None, None)


def test_a_rehearsals_own_command_is_advised(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REHEARSAL_COMMAND", ".venv/bin/python -m sandbox run --")
    with pytest.raises(UsageError, match=r"Run `\.venv/bin/python -m sandbox run -- pulumi up` first\.$"):
        from_outputs({})
    saved = tmp_path / "saved.json"
    saved.write_text("[]", encoding="utf-8")
    with pytest.raises(UsageError, match=r"with `\.venv/bin/python -m sandbox run -- pulumi stack output --json`\.$"):
        from_file(saved)
