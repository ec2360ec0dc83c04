"""A candidate is compared with what serves, on its try-out's input: real jobs in the sandbox.

How rows are paired and compared: tests/unit/test_comparison.py. What `pulumi up` makes of it:
tests/e2e/test_compared.py.
"""

import re
import uuid
from dataclasses import replace
from typing import Any

import pytest
from azure.ai.ml.entities import Data

from modelops.errors import RefusedPlanError, ReleaseError
from modelops.plan import fingerprint
from modelops.plan.plan import ReleasePlan
from modelops.plan.try_out import File
from modelops.release import preview, records, uploads
from modelops.release.context import READ, TRY, Context
from modelops.release.tryout import sample
from tests.modelops.compared import OTHER, SCRIPT, jobs, with_script
from tests.modelops.conftest import Bench, in_both_profiles, in_one_profile
from tests.unit.outlooks import said

# The SDK uses what the libraries below it have deprecated.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

RAISES = SCRIPT.replace("return os.path.getsize(path)", "raise ValueError('not these')")


def file(bench: Bench, name: str, text: str) -> File:
    (bench.root / name).write_text(text, encoding="utf-8")
    return File(name, fingerprint.digest(bench.root / name))


def refused(bench: Bench, plan: ReleasePlan) -> str:
    """Release a plan that is refused at the try-out, and return why; the default is unchanged."""
    before = bench.live().default
    with pytest.raises(ReleaseError) as raised:
        bench.release(plan)
    assert bench.steps[-1] == TRY
    assert bench.live().default == before
    return str(raised.value)


def differs(from_: str, value: str = "2") -> tuple[str, ...]:
    return (
        f"compared with {from_}, which serves:",
        "  1 of 2 rows differ (paired by column 1)",
        f"  column 2: 1 number differs, the largest difference is {value}, the median {value}",
    )


def released_input(bench: Bench, plan: ReleasePlan) -> str:
    """Release a plan, and return the address that its try-out's input was uploaded to."""
    before = bench.mark()
    bench.release(plan)
    (uploaded,) = {
        each.rpartition("/")[0] for each in bench.writes(before) if re.search(r"PUT .*/input/[ab]\.txt$", each)
    }
    return "azureml://datastores/workspaceblobstore/paths/LocalUpload/" + uploaded.partition("LocalUpload/")[2] + "/"


@in_both_profiles
def test_says_how_a_candidate_differs_from_what_serves(bench: Bench) -> None:
    first = with_script(bench, SCRIPT)
    (tried,) = bench.release(first).tried
    assert tried.differences == ()

    # The job of its own try-out has what serves, too.
    second, before = with_script(bench, OTHER), bench.mark()
    (line,) = [each for each in said(preview.from_live(bench.workspace, second, None)) if each.startswith("try out")]
    assert line == f"try out {second.target} on try-out, at most 80 min, compared with {first.target}"
    report = bench.release(second)
    (tried,) = report.tried
    assert tried.differences == differs(first.target)
    assert report.summary().splitlines()[1:] == [
        f"  {second.target} compared with {first.target}, which serves:",
        *(f"  {line}" for line in differs(first.target)[1:]),
    ]
    assert len(jobs(bench, before)) == 1
    assert bench.live().default == second.target


@in_one_profile
def test_what_serves_scores_another_input_once(bench: Bench) -> None:
    first = with_script(bench, SCRIPT)
    bench.release(first)
    (bench.root / "try-out" / "c.txt").write_text("new", encoding="utf-8")

    second, before = with_script(bench, OTHER, max_changed_rows=0.0), bench.mark()
    (line,) = [each for each in said(preview.from_live(bench.workspace, second, None)) if each.startswith("try out")]
    assert line == (
        f"try out {second.target} on try-out, at most 80 min, and as long for {first.target}, to compare with it"
    )
    assert "1 of 3 rows (33.3%) differ from those of what serves; tryOut.maxChangedRows allows 0.0%" in refused(
        bench, second
    )
    assert len(jobs(bench, before)) == 2
    assert records.sample(bench.live().deployments[first.target]) is not None

    before = bench.mark()
    third = with_script(bench, OTHER + "# other", max_changed_rows=0.4)
    (tried,) = bench.release(third).tried
    assert tried.differences[0] == f"compared with {first.target}, which serves:"
    assert len(jobs(bench, before)) == 1


def another_input(bench: Bench, script: str, **asked: Any) -> ReleasePlan:
    """Return a plan whose input no revision has scored."""
    (bench.root / "try-out" / "c.txt").write_text("new", encoding="utf-8")
    return with_script(bench, script, **asked)


@in_one_profile
def test_both_score_beside_each_other(bench: Bench) -> None:
    bench.release(with_script(bench, SCRIPT))
    second, before = another_input(bench, OTHER), bench.mark()
    bench.release(second)
    first_job = records.try_out(bench.live().deployments[second.target])
    assert first_job is not None
    journal = bench.place.sandbox.control.journal(before)
    lines = [f"{each['method']} {each['path'].partition('?')[0]}" for each in journal]
    followed = lines.index(f"GET {bench.place.path}/jobs/{first_job.job}")
    assert lines[:followed].count("POST /jobs") == 2
    assert lines[followed:].count("POST /jobs") == 0


@in_one_profile
@pytest.mark.parametrize("passes", [True, False], ids=["passes", "fails"])
def test_a_candidate_s_own_failure_comes_first(bench: Bench, passes: bool) -> None:
    """Whether a job of what serves was started is not known, which matters only if the candidate passes."""
    first = with_script(bench, SCRIPT)
    bench.release(first)
    second, before = another_input(bench, OTHER if passes else RAISES), bench.mark()
    control = bench.place.sandbox.control
    control.fault("reset-after", method="POST", path="/jobs$", skip=1)
    why = refused(bench, second)
    control.clear_faults()
    tried = records.try_out(bench.live().deployments[second.target])
    assert tried is not None
    if passes:
        assert tried.outcome == "started"
        assert "A job may have started. To look for it: " in why
        (found,) = bench.release(second).tried
        assert (found.job, found.differences[0]) == (tried.job, f"compared with {first.target}, which serves:")
    else:
        assert tried.outcome == "failed"
        assert "ValueError: not these" in why
        third = with_script(bench, OTHER)
        (found,) = bench.release(third).tried
        assert found.differences[0] == f"compared with {first.target}, which serves:"
    # One of the candidate, one of what serves, and one of the next candidate.
    assert len(jobs(bench, before)) == (2 if passes else 3)


@in_one_profile
def test_a_service_that_is_too_busy_is_asked_again_for_the_job_of_what_serves(bench: Bench) -> None:
    """Data that can change at its address is scored each time: the job of before is not taken for it."""
    first = with_script(bench, SCRIPT)
    address = released_input(bench, first)
    bench.release(with_script(bench, OTHER, input=address))
    third, before = with_script(bench, SCRIPT + "# other", input=address), bench.mark()
    control = bench.place.sandbox.control
    control.fault("status", method="POST", path="/jobs$", skip=1, status=429, headers={"Retry-After": "7"})
    (tried,) = bench.release(third).tried
    control.clear_faults()
    assert tried.differences[1] == "  1 of 2 rows differ (paired by column 1)"
    assert len(jobs(bench, before)) == 3


@in_one_profile
def test_too_many_changed_rows_are_refused(bench: Bench) -> None:
    first = with_script(bench, SCRIPT, max_changed_rows=0.4)
    bench.release(first)
    second = with_script(bench, OTHER, max_changed_rows=0.4)
    why = refused(bench, second)
    assert why.startswith(
        f"{second.target} failed its try-out; {first.target} still serves\n"
        "  1 of 2 rows (50.0%) differ from those of what serves; tryOut.maxChangedRows allows 40.0%\n"
        + "\n".join(f"  {line}" for line in differs(first.target))
        + "\n  Logs: "
    )
    noted = records.try_out(bench.live().deployments[second.target])
    assert noted is not None
    assert noted.outcome == "failed"


@in_one_profile
def test_the_user_checks_and_compares(bench: Bench) -> None:
    check = file(
        bench,
        "check.py",
        "def check(predictions, input):\n"
        "    rows = (predictions / 'predictions.csv').read_text().split()\n"
        "    assert sorted(rows[::2]) == sorted(each.name for each in input.iterdir())\n"
        "    assert '77' not in rows, 'a score of 77'\n",
    )
    compare = file(
        bench,
        "compare.py",
        "def compare(candidate, current):\n"
        "    ours, theirs = (each / 'predictions.csv' for each in (candidate, current))\n"
        "    if ours.read_text() != theirs.read_text():\n"
        "        raise ValueError('other scores')\n",
    )
    asked = {"check": check, "compare": compare}
    first = with_script(bench, SCRIPT, **asked)
    bench.release(first)
    assert ("\n  check.py refused its predictions: AssertionError: a score of 77 (check.py, line 4)\n") in refused(
        bench, with_script(bench, SCRIPT.replace("os.path.getsize(path)", "77"), **asked)
    )
    assert (
        "\n  compare.py refused it, compared with what serves: ValueError: other scores (compare.py, line 4)\n"
    ) in refused(bench, with_script(bench, OTHER, **asked))


@in_one_profile
def test_a_check_gets_a_copy_of_data_in_azure(bench: Bench) -> None:
    """The second plan's input is where the first one's files were uploaded."""
    first = with_script(bench, SCRIPT)
    address = released_input(bench, first)
    check = file(
        bench,
        "check.py",
        "def check(predictions, input):\n    raise ValueError(sorted(each.name for each in input.iterdir()))\n",
    )
    why = refused(bench, with_script(bench, OTHER, input=address, check=check))
    assert "check.py refused its predictions: ValueError: ['a.txt', 'b.txt'] (check.py, line 2)" in why


@in_one_profile
@pytest.mark.parametrize("most", [None, 1.0])
def test_what_serves_may_fail_on_the_input(bench: Bench, most: float | None) -> None:
    """It was made before the input, for other data: then only a limit that was asked for is in the way."""
    first = with_script(bench, RAISES)
    bench.release(replace(first, deployments={"mlp": replace(first.deployments["mlp"], try_out=None)}))
    second = with_script(bench, SCRIPT, max_changed_rows=most)
    lost = rf"{first.target}, which serves, has no predictions to compare with: its job \S+ ended in state Failed"
    if most is None:
        (tried,) = bench.release(second).tried
        assert re.fullmatch(lost, "\n".join(tried.differences))
    else:
        assert re.search(
            rf"could not be tried out; {first.target} still serves\n  {lost}\. To release without the comparison, "
            r"remove tryOut\.maxChangedRows from the stack file for this release\.\n  Nothing shows that ",
            refused(bench, second),
        )


@in_one_profile
def test_a_check_that_cannot_be_imported_is_refused_before_anything_is_made(bench: Bench) -> None:
    plan = with_script(bench, SCRIPT, check=file(bench, "check.py", "import no_such_module\n"))
    before = bench.mark()
    with pytest.raises(RefusedPlanError, match=r"^tryOut\.check: check\.py imports no_such_module, which "):
        bench.release(plan)
    assert set(bench.steps) == {READ}
    assert bench.writes(before) == []


@in_one_profile
def test_a_job_of_what_serves_that_a_killed_release_started_is_found(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = with_script(bench, SCRIPT)
    bench.release(first)
    (bench.root / "try-out" / "c.txt").write_text("new", encoding="utf-8")
    second = with_script(bench, OTHER)

    class KilledError(BaseException):
        """Stands for the end of the process."""

    write = records.write

    def killed(context: Context, endpoint: str, revision: str, tag: str, value: str) -> None:
        if tag == records.SAMPLE:
            raise KilledError
        write(context, endpoint, revision, tag, value)

    before = bench.mark()
    monkeypatch.setattr(records, "write", killed)
    with pytest.raises(KilledError):
        bench.release(second)
    assert len(jobs(bench, before)) == 2
    monkeypatch.setattr(records, "write", write)
    before = bench.mark()
    (tried,) = bench.release(second).tried
    assert tried.differences[0] == f"compared with {first.target}, which serves:"
    assert jobs(bench, before) == []
    assert records.sample(bench.live().deployments[first.target]) is not None


@in_one_profile
def test_what_serves_is_asked_again_if_its_predictions_are_gone(bench: Bench) -> None:
    """A rule of the storage account may remove old ones."""
    bench.release(with_script(bench, SCRIPT))
    with uploads.container(bench.workspace) as container:
        for name in container.list_blob_names():
            if name.endswith("/predictions.csv"):
                container.delete_blob(name)
    before = bench.mark()
    (tried,) = bench.release(with_script(bench, OTHER)).tried
    assert tried.differences[1:] == differs("")[1:]
    assert len(jobs(bench, before)) == 2


@in_one_profile
@pytest.mark.parametrize("fault", ["cluster", "refused"])
def test_what_serves_may_take_no_job(bench: Bench, fault: str) -> None:
    first = with_script(bench, SCRIPT)
    bench.release(first)
    (bench.root / "try-out" / "c.txt").write_text("new", encoding="utf-8")
    second = with_script(bench, OTHER)
    control = bench.place.sandbox.control
    if fault == "cluster":
        name = first.deployments["mlp"].compute.rpartition("/")[2]
        control.fault(
            "status", method="GET", path=f"/computes/{name}", status=404, code="ResourceNotFound", message="No"
        )
        lost = f"its cluster {name} does not exist"
    else:
        control.fault("status", method="POST", path="/jobs$", skip=1, status=400, code="BadRequest", message="No")
        lost = "a job on it was refused: "
    (tried,) = bench.release(second).tried
    control.clear_faults()
    assert "\n".join(tried.differences).startswith(
        f"{first.target}, which serves, has no predictions to compare with: {lost}"
    )


@in_one_profile
def test_a_check_that_says_nothing_is_not_the_candidates_fault(bench: Bench) -> None:
    text = "import os\ndef check(predictions, input):\n    os.write(2, b'out of memory')\n    os._exit(9)\n"
    plan = with_script(bench, SCRIPT, check=file(bench, "check.py", text))
    assert (
        "could not be tried out; the endpoint has no default\n  tryOut.check: check.py ended with exit code "
        f"9 before it said how it went.\n  out of memory\n  Nothing shows that {plan.target} is at fault.\n"
    ) in refused(bench, plan)
    noted = records.try_out(bench.live().deployments[plan.target])
    assert noted is not None
    assert noted.outcome == "started"


@in_one_profile
def test_what_serves_may_be_on_a_cluster_with_fewer_nodes(bench: Bench) -> None:
    first = with_script(bench, SCRIPT)
    bench.release(first)
    (bench.root / "try-out" / "c.txt").write_text("new", encoding="utf-8")
    cluster = bench.place.get("computes/cpu")
    cluster["properties"]["properties"]["scaleSettings"]["maxNodeCount"] = 4
    asked = {"location": cluster["location"], "identity": cluster["identity"], "properties": cluster["properties"]}
    bench.place.put("computes/larger", asked)
    second = with_script(bench, OTHER, instance_count=2)
    deployment = replace(second.deployments["mlp"], compute=f"{bench.place.path}/computes/larger")
    (tried,) = bench.release(replace(second, deployments={"mlp": deployment})).tried
    assert "\n".join(tried.differences) == (
        f"{first.target}, which serves, has no predictions to compare with: a job on it was refused: "
        "tryOut.instanceCount is 2: cluster cpu has at most 1 node. No job was started. Set tryOut.instanceCount to 1 "
        "or less, or make the cluster's maximum larger first."
    )


@in_one_profile
@pytest.mark.parametrize("has_check", [True, False])
def test_a_refused_read_of_the_input_is_not_the_candidates_fault(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, *, has_check: bool
) -> None:
    """Without a check only the files' names are missing, by which rows are paired."""

    def files(*_: object) -> None:
        raise ReleaseError("listing the job's input failed: too many requests")

    check = file(bench, "check.py", "def check(predictions, input):\n    list(input.iterdir())\n")
    bench.release(with_script(bench, SCRIPT))
    plan = with_script(bench, OTHER, check=check if has_check else None)
    monkeypatch.setattr(sample, "files", files)
    if not has_check:
        (tried,) = bench.release(plan).tried
        assert "(not paired: the names of the input's files are not known)" in tried.differences[1]
        return
    assert "\n  listing the job's input failed: too many requests\n  Logs: " in refused(bench, plan)
    noted = records.try_out(bench.live().deployments[plan.target])
    assert noted is not None
    assert noted.outcome == "started"


@in_one_profile
def test_a_check_gets_the_file_of_a_data_asset_of_one_file(bench: Bench) -> None:
    (bench.root / "only.txt").write_text("content", encoding="utf-8")
    asset = Data(name=f"only-{uuid.uuid4().hex[:8]}", version="1", type="uri_file", path=str(bench.root / "only.txt"))
    made = bench.workspace.ml.data.create_or_update(asset)
    text = "def check(predictions, input):\n    raise ValueError((input.name, input.read_text()))\n"
    plan = with_script(bench, SCRIPT, input=f"azureml:{made.name}:1", check=file(bench, "check.py", text), least_rows=1)
    assert "check.py refused its predictions: ValueError: ('only.txt', 'content') (check.py, line 2)" in refused(
        bench, plan
    )
