"""Environments that only a container runs: said in the preview, rehearsed with a conda file that stands in."""

from typing import Any

from tests.e2e.rehearsal import SCORED, Rehearsal

CONDA = "examples/digits/environment/conda.yaml"
SAID = (
    "digits.mlp: the environment cannot be rehearsed, because nothing here runs containers: name a conda file as "
    "`rehearseWith`"
)
INVOKE = (
    "-m",
    "modelops",
    "invoke",
    "--stack",
    "dev",
    "--input",
    "examples/digits/data/images",
    "--download",
    "predictions",
)


def environment(config: dict[str, Any], **changed: Any) -> None:
    config["endpoints"]["digits"]["deployments"]["mlp"]["environment"] = changed


def test_a_build_context_is_deployed_and_rehearsed_with_a_stand_in(deployed: Rehearsal) -> None:
    (deployed.folder / "docker").mkdir()
    (deployed.folder / "docker" / "Dockerfile").write_text("FROM debian:12\n", encoding="utf-8")
    deployed.configure(lambda config: environment(config, build={"path": "docker"}))
    preview = deployed.pulumi("preview").ok()
    assert SAID in preview.flat
    assert SAID in deployed.up().flat
    failed = deployed.run("python", *INVOKE).failed()
    assert "cannot be rehearsed, because nothing here runs containers" in failed.flat
    assert "`rehearseWith` at the environment in the stack file" in failed.flat

    deployed.configure(lambda config: environment(config, build={"path": "docker"}, rehearseWith=CONDA))
    preview = deployed.pulumi("preview", "--expect-no-changes").ok()
    assert "cannot be rehearsed" not in preview.flat
    deployed.run("python", *INVOKE).ok()
    graded = deployed.run("python", "examples/digits/grade.py", "predictions").ok()
    assert graded.out.strip() == SCORED
