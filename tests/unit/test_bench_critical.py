"""The critical path of an `up`, from a record of what the services worked on; the stacks that are measured.

Does not run a benchmark: times are never asserted.
"""

import pytest

from tools.bench import stacks
from tools.bench.critical import Path, Work, longest
from tools.bench.releases import Measured, chain, table

WORKSPACE = "/subscriptions/s/resourceGroups/g/providers/Microsoft.MachineLearningServices/workspaces/w"
ML = "Microsoft.MachineLearningServices/workspaces"


def work(what: str, subject: str, began: float, ended: float, endpoint: str = "") -> Work:
    """Return a piece of work that is not scaled."""
    return Work(what, subject, began, ended, ended - began, endpoint)


def made(endpoint: str, deployment: str, began: float, ended: float) -> Work:
    """Return the creation of a deployment."""
    subject = f"{WORKSPACE}/batchEndpoints/{endpoint}/deployments/{deployment}"
    return work(f"create {ML}/batchEndpoints/deployments", subject, began, ended, endpoint)


def test_an_endpoint_needs_the_workspace_that_it_lies_in() -> None:
    first = work(f"create {ML}", WORKSPACE, 0, 4)
    second = work(f"create {ML}/batchEndpoints", f"{WORKSPACE}/batchEndpoints/e", 5, 6)
    assert longest([second, first]) == Path((first, second))
    assert longest([second, first]).seconds == 5


def test_deployments_that_were_created_one_after_the_other_did_not_need_each_other() -> None:
    found = longest([made("e", "a", 0, 2), made("e", "b", 2, 5), made("e", "c", 5, 7)])
    assert found == Path((made("e", "b", 2, 5),))


def test_a_job_needs_a_deployment_of_its_own_endpoint_alone() -> None:
    ours, other = made("e", "a", 0, 2), made("f", "a", 0, 3)
    job = work("run job", "j", 4, 6, "e")
    assert longest([ours, other, job]) == Path((ours, job))


def test_nothing_needs_what_had_not_ended_when_it_began() -> None:
    model = work(f"create {ML}/models/versions", f"{WORKSPACE}/models/m/versions/1", 0, 3)
    deployment = made("e", "a", 1, 5)
    assert longest([model, deployment]) == Path((deployment,))


def test_the_phases_of_a_job_and_the_switch_are_one_chain() -> None:
    phases = [
        made("e", "a", 0, 1),
        work("build image", f"{WORKSPACE}/environments/n", 1, 9),
        work("start nodes", f"{WORKSPACE}/computes/c", 9, 12, "e"),
        work("run job", "j", 12, 13, "e"),
        work(f"update {ML}/batchEndpoints", f"{WORKSPACE}/batchEndpoints/e", 14, 15, "e"),
        work(f"delete {ML}/batchEndpoints/deployments", f"{WORKSPACE}/batchEndpoints/e/deployments/z", 15, 16, "e"),
    ]
    assert longest(phases) == Path(tuple(phases))


def test_without_work_there_is_no_path() -> None:
    assert longest([]) == Path(())
    assert Path(()).seconds == 0


@pytest.mark.parametrize(
    ("what", "subject", "address", "endpoint"),
    [
        (f"create {ML}/batchEndpoints", f"{WORKSPACE}/batchEndpoints/E1", "", "e1"),
        ("run job", "j", "e1.westeurope.inference.ml.azure.com/jobs", "e1"),
        ("start nodes", f"{WORKSPACE}/computes/c", f"management.azure.com{WORKSPACE}/batchEndpoints/e1/jobs", "e1"),
        ("build image", f"{WORKSPACE}/environments/n", "e1.westeurope.inference.ml.azure.com/jobs", ""),
        (f"create {ML}", WORKSPACE, f"management.azure.com{WORKSPACE}", ""),
    ],
)
def test_work_belongs_to_the_endpoint_of_its_subject_or_of_its_request(
    what: str, subject: str, address: str, endpoint: str
) -> None:
    entry = {"what": what, "subject": subject, "request": 7, "began": 1.0, "ended": 2.0, "azureSeconds": None}
    assert Work.read([entry, {**entry, "ended": None}], {7: address}) == [Work(what, subject, 1, 2, 0, endpoint)]


def test_a_path_at_full_length_keeps_what_is_not_scaled_as_it_is() -> None:
    # 60 s of Azure in one second, and half a second of real work.
    path = Path((Work("run job", "j", 0, 1.5, 60),))
    assert path.full(60) == 60.5
    row = Measured(4.5, path, 60)
    assert (row.own, row.least, row.full) == (3, 60.5, 63.5)
    assert table({"up": row}).splitlines()[-1] == "| up | 4.5 | 1.5 | 3.0 | 60.5 | 63.5 | 1.050 |"
    assert chain(path) == "run job 1.5"


def test_every_deployment_has_another_model() -> None:
    shape = stacks.Shape(2, 2)
    assert str(shape) == "2x2"
    assert shape.names == {"end1": ["dep1", "dep2"], "end2": ["dep1", "dep2"]}
    made = stacks.endpoints(shape, tries_out=True)
    assert [made[name]["default"] for name in made] == ["dep1", "dep1"]
    assert [made[name]["tryOut"] for name in made] == [{"input": "bench/input"}] * 2
    assert stacks.endpoints(shape, tries_out=False)["end1"]["tryOut"] == "none"
    models = [each["model"]["path"] for name in made for each in made[name]["deployments"].values()]
    assert models == [f"bench/models/{each}" for each in ("end1-dep1", "end1-dep2", "end2-dep1", "end2-dep2")]
