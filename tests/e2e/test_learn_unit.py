"""The code of the Learn unit works against the sandbox as it is printed, with nothing but environment variables."""

from tests.e2e.rehearsal import SCORED, Rehearsal


def test_the_learn_units_code_scores_the_example(deployed: Rehearsal) -> None:
    outputs = deployed.outputs()
    place = (outputs["resourceGroup"], outputs["workspace"], outputs["cluster"])
    deployed.run("python", "tests/e2e/learn_unit.py", *place, "predictions/learn").ok()
    graded = deployed.run("python", "examples/digits/grade.py", "predictions/learn").ok()
    assert graded.out == f"{SCORED}\n"
    assert "endpoint-example" in deployed.of_kind("batchEndpoints")
    assert "aml-cluster" in deployed.of_kind("computes")
