"""`modelops plan` with a `pulumi` that writes what the engine and the program would write."""

import json
import sys
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from modelops.commands.app import main
from modelops.plan.plan import ReleasePlan
from modelops.release.outlook import Outlook
from modelops.release.preview import from_plans
from modelops.runner.protocol import Done, encode
from tests.unit.plans import changed, plan_json
from tests.unit.test_engine_planned import ENDPOINT, PROGRAM, RELEASE
from tests.unit.test_engine_running import install

SCHEMA = json.loads((Path(__file__).resolve().parents[2] / "docs" / "schemas" / "plan.json").read_text("utf-8"))
RELEASED = ReleasePlan.from_inputs(plan_json())
CHANGED = ReleasePlan.from_inputs(changed("deployments", "mlp", "settings", "miniBatchSize", value=20))
PRINTED = """Previewing update (dev):
Loading policy packs...: starting

@ previewing update....
    pulumi:pulumi:Stack program-dev running
 ~  pulumi:index:Stash digits-marker update [diff: ~input]
    pulumi:pulumi:Stack program-dev
Resources:
    ~ 1 to update

"""


def body(outlook: Outlook, *, code: int = 0) -> str:
    """Return a `pulumi` in which one endpoint is released, one is unchanged, and one is removed."""
    outputs = {"name": "churn1a2b", "properties": {"scoringUri": "https://churn.example/jobs"}}
    return f"""
write(resourcePreEvent={{"metadata": {{"op": "same", "urn": "{PROGRAM}{RELEASE}::quiet-marker"}}}})
write(resourcePreEvent={{"metadata": {{"op": "delete", "urn": "{PROGRAM}{ENDPOINT}::churn",
    "old": {{"outputs": {outputs}}}}}}})
pathlib.Path(os.environ["RELEASE_EVENTS"]).write_bytes({encode(Done("digits", "text", outlook.to_json()))!r})
write(summaryEvent={{"durationSeconds": 1, "resourceChanges": {{"same": 40, "update": 1}}}})
pathlib.Path("arguments").write_text(" ".join(arguments[:arguments.index("--color")]))
print({PRINTED!r})
sys.exit({code})
"""


@pytest.fixture(autouse=True)
def _logging(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("logging.disable", lambda _level: None)  # it would be for the whole test run


def test_a_table_for_each_endpoint_and_then_the_engine_s_list(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    install(tmp_path, body(from_plans(CHANGED, RELEASED)), monkeypatch)
    words = ["plan", "--stack", "dev", "--directory", str(tmp_path)]
    assert main([*words, "--", "--policy-pack", "policy"]) == 0
    assert capsys.readouterr().out == (
        "digits (digits1a2b)\n"
        f"  default          mlp-86263ee2  -> {CHANGED.target}\n"
        f"  create revision  {CHANGED.target}  miniBatchSize 10 -> 20\n"
        "\n"
        "churn (churn1a2b)\n"
        "  delete endpoint  churn1a2b  https://churn.example/jobs stops answering, and\n"
        "                              its deployments go with it; jobs and what they\n"
        "                              wrote stay\n"
        "\n"
        "unchanged: quiet\n"
        "\n"
        "Previewing update (dev):\n"
        "\n"
        " ~  pulumi:index:Stash digits-marker update [diff: ~input]\n"
        "Resources:\n"
        "    ~ 1 to update\n"
    )
    assert (tmp_path / "arguments").read_text() == (
        "preview --suppress-outputs --policy-pack policy --stack dev --non-interactive"
    )


def test_as_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    install(tmp_path, body(from_plans(CHANGED, RELEASED)), monkeypatch)
    assert main(["plan", "--json", "--directory", str(tmp_path)]) == 0
    said = capsys.readouterr()
    document: dict[str, Any] = json.loads(said.out)
    jsonschema.validate(document, SCHEMA)
    assert said.err == ""
    assert document["resources"] == {"same": 40, "update": 1}
    assert {name: each["change"] for name, each in document["endpoints"].items()} == {
        "quiet": "none",
        "churn": "removed",
        "digits": "release",
    }
    assert document["endpoints"]["digits"]["revisions"] == [
        {"name": CHANGED.target, "deployment": "mlp", "action": "create", "why": ["miniBatchSize 10 -> 20"]}
    ]


def test_a_preview_that_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    refused = Outlook("digits1a2b", refusal="no room.\n  az resource delete")
    install(tmp_path, body(refused, code=255), monkeypatch)
    assert main(["plan", "--directory", str(tmp_path)]) == 1
    assert (
        "digits (digits1a2b)\n  `pulumi up` will refuse this: no room.\n    az resource delete\n\nchurn (churn1a2b)\n"
    ) in capsys.readouterr().out
    assert main(["plan", "--json", "--directory", str(tmp_path)]) == 1
    said = capsys.readouterr()
    document = json.loads(said.out)
    jsonschema.validate(document, SCHEMA)
    assert (document["succeeded"], document["endpoints"]["digits"]["change"]) == (False, "refused")
    assert said.err.startswith("Previewing update (dev):\n")


def test_a_preview_that_only_warns_of_a_refusal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    install(tmp_path, body(Outlook("digits1a2b", refusal="no room.")), monkeypatch)
    assert main(["plan", "--directory", str(tmp_path)]) == 1
    assert "  `pulumi up` will refuse this: no room.\n" in capsys.readouterr().out
    assert main(["plan", "--json", "--directory", str(tmp_path)]) == 1
    document = json.loads(capsys.readouterr().out)
    assert (document["succeeded"], document["endpoints"]["digits"]["change"]) == (False, "refused")


def test_without_pulumi(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("PATH", str(Path(sys.executable).parents[1] / "nowhere"))
    assert main(["plan", "--directory", str(tmp_path)]) == 2
    assert "the `pulumi` command is not on PATH." in capsys.readouterr().err
