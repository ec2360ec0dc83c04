"""The release plan: what is read, what is refused, and what makes a new revision."""

import json
from dataclasses import replace
from typing import Any

import pytest

from modelops.errors import PlanError
from modelops.plan.plan import UNKNOWN, ReleasePlan
from modelops.plan.reader import UNREAD
from modelops.plan.rules import check_logical_name, check_relative_path
from modelops.plan.try_out import TryOut
from tests.unit.plans import changed, plan_json

DEPLOYMENT = ("deployments", "mlp")


class Leaf:
    """Stands for a leaf that the engine does not know yet, or for an object of the program."""


def read(data: object) -> ReleasePlan:
    return ReleasePlan.from_inputs(data, lambda value: isinstance(value, Leaf))


def problems(data: object) -> list[str]:
    with pytest.raises(PlanError) as refused:
        ReleasePlan.from_inputs(data)
    first, *lines = str(refused.value).splitlines()
    assert first == "The release plan is not valid:"
    return [line.removeprefix("  - ") for line in lines]


def test_it_comes_back_as_it_went() -> None:
    assert read(plan_json()).to_json() == plan_json()


def test_numbers_of_the_engine_are_whole_again() -> None:
    floats = json.loads(json.dumps(plan_json()), parse_int=float)
    floats["schema"] = 1.0
    assert read(floats) == read(plan_json())


def test_whether_models_are_archived_is_only_in_the_plan_where_they_are() -> None:
    plan = ReleasePlan.from_inputs({**plan_json(), "archiveModels": True})
    assert (plan.archive_models, plan.to_json()["archiveModels"]) == (True, True)
    assert "archiveModels" not in ReleasePlan.from_inputs(plan_json()).to_json()


def test_a_revision_is_named_by_its_content() -> None:
    plan = read(plan_json())
    assert plan.revisions == {"mlp": "mlp-86263ee2"}
    assert plan.target == "mlp-86263ee2"


def test_a_pin_is_the_target() -> None:
    assert read(changed("pin", value="mlp-00000000")).target == "mlp-00000000"


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ((*DEPLOYMENT, "model", "digest"), "d" * 64),
        ((*DEPLOYMENT, "model", "type"), "mlflow_model"),
        ((*DEPLOYMENT, "model"), {"name": "digits-mlp", "version": "1"}),
        ((*DEPLOYMENT, "model"), {"registry": "shared", "name": "digits-mlp", "version": "1"}),
        ((*DEPLOYMENT, "code", "digest"), "d" * 64),
        ((*DEPLOYMENT, "scoringScript"), "other.py"),
        ((*DEPLOYMENT, "environment", "image"), "image:2"),
        ((*DEPLOYMENT, "environment", "condaDigest"), "d" * 64),
        ((*DEPLOYMENT, "environment"), {"name": "env", "version": "1"}),
        ((*DEPLOYMENT, "compute"), "/computes/gpu"),
        ((*DEPLOYMENT, "environmentVariables"), {"MODE": "slow"}),
        *(
            ((*DEPLOYMENT, "settings", key), value)
            for key, value in {
                "instanceCount": 2,
                "maxConcurrencyPerInstance": 2,
                "miniBatchSize": 11,
                "maxRetries": 0,
                "timeoutSeconds": 31,
                "errorThreshold": 0,
                "loggingLevel": "debug",
                "outputAction": "summary_only",
                "outputFileName": "out.csv",
            }.items()
        ),
    ],
)
def test_everything_that_a_job_sees_makes_a_new_revision(path: tuple[str, ...], value: Any) -> None:
    assert read(changed(*path, value=value)).target != "mlp-86263ee2"


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ((*DEPLOYMENT, "description"), "Other"),
        ((*DEPLOYMENT, "tags"), {}),
        ((*DEPLOYMENT, "model", "path"), "elsewhere"),
        ((*DEPLOYMENT, "model", "name"), "other-name"),
        ((*DEPLOYMENT, "code", "path"), "elsewhere"),
        ((*DEPLOYMENT, "compute"), "/COMPUTES/CPU"),
        (("endpoint", "description"), "Other"),
        (("endpoint", "createdAt"), "2027-01-02T03:04:05Z"),
        (("keep",), 5),
    ],
)
def test_everything_else_does_not(path: tuple[str, ...], value: Any) -> None:
    assert read(changed(*path, value=value)).target == "mlp-86263ee2"


def test_a_leaf_that_is_not_known_yet_leaves_the_rest_known() -> None:
    plan = read(changed(*DEPLOYMENT, "compute", value=Leaf()))
    assert plan.deployments["mlp"].compute == UNKNOWN
    assert plan.target == "mlp-????????"
    assert not plan.is_complete
    assert read(plan_json()).is_complete


def test_the_worker_reads_what_a_preview_could_not_know() -> None:
    plan = read(changed("endpoint", "id", value=Leaf()))
    assert ReleasePlan.from_inputs(plan.to_json()) == plan
    assert plan.target == "mlp-86263ee2"


def test_a_secret_is_refused_by_name() -> None:
    secret = {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", "value": "hush"}
    assert problems(changed(*DEPLOYMENT, "environmentVariables", "KEY", value=secret)) == [
        (
            "deployments.mlp.environmentVariables.KEY: is a secret. A release plan is shown in previews and logs; keep "
            "secrets in the key vault and let the scoring script read them with the job's identity"
        )
    ]


def test_an_object_of_the_program_is_refused_by_name() -> None:
    assert problems(changed("endpoint", "name", value=Leaf())) == [
        "endpoint.name: is a Leaf; allowed is plain data (texts and numbers)"
    ]


def test_all_problems_come_at_once() -> None:
    plan = changed(*DEPLOYMENT, "settings", "miniBatchSize", value=-1)
    plan["default"] = "other"
    plan["keep"] = "many"
    plan["deployments"]["mlp"]["model"] = {"path": "../outside", "name": "m", "type": "pickle", "digest": "d"}
    plan["deployments"]["mlp"]["environmentVariables"] = {"A": 1}
    del plan["workspace"]
    assert problems(plan) == [
        (
            "deployments.mlp.model.path: path '../outside': allowed is a path below the program's folder, with / as "
            "the separator"
        ),
        "deployments.mlp.model.type: is 'pickle'; allowed is one of custom_model, mlflow_model",
        "deployments.mlp.settings.miniBatchSize: is -1; allowed is a whole number from 1",
        "deployments.mlp.environmentVariables.A: is 1; allowed is a text",
        "default: is 'other'; allowed are mlp",
        "workspace: is None; allowed is a text",
        "keep: is 'many'; allowed is a whole number from 1",
    ]


def test_members_of_both_kinds_of_model_are_refused() -> None:
    model = {"path": "m", "name": "m", "type": "custom_model", "digest": "d", "version": "3"}
    assert problems(changed(*DEPLOYMENT, "model", value=model)) == [
        "deployments.mlp.model.version: unknown key; allowed are path, name, type, digest"
    ]


def test_another_schema_is_refused_before_anything_else() -> None:
    assert problems({"schema": 2}) == ["schema: is 2; this version reads 1: use the version that wrote the plan"]


def test_an_endpoint_without_deployments_is_refused() -> None:
    assert problems(changed("deployments", value={})) == [
        "deployments: is empty; an endpoint needs at least one deployment"
    ]


@pytest.mark.parametrize("name", ["a", "mlp", "a-1", "Net2", "a" * 32])
def test_names_that_a_deployment_can_have(name: str) -> None:
    assert check_logical_name(name) is None


@pytest.mark.parametrize("name", ["", "1a", "-a", "a-", "a--b", "a_b", "a" * 33, "a.b"])
def test_names_that_it_cannot_have(name: str) -> None:
    assert check_logical_name(name) == (
        f"deployment name {name!r}: allowed are 1 to 32 letters, digits and single hyphens, starting with a letter "
        "and not ending with a hyphen"
    )


def _revision(logical: str) -> str:
    plan = plan_json()
    plan["deployments"] = {logical: plan["deployments"]["mlp"]}
    return ReleasePlan.from_inputs({**plan, "default": logical}).revisions[logical]


def test_a_long_name_is_shortened_in_the_revisions_name() -> None:
    assert _revision("a" * 23) == f"{'a' * 23}-86263ee2"
    assert _revision("churn-gradient-boosting-2026") == "churn-gradient-b-95147f-86263ee2"


def test_names_with_the_same_beginning_stay_different() -> None:
    one, two = (_revision(f"churn-gradient-boosting-2026-{end}") for end in ("eu", "us"))
    assert (one[:17], two[:17]) == ("churn-gradient-b-", "churn-gradient-b-")
    assert one != two
    assert len(one) == len(two) == 32


@pytest.mark.parametrize("path", ["a", "a/b.c", "./a"])
def test_paths_that_a_plan_can_have(path: str) -> None:
    assert check_relative_path(path) is None


@pytest.mark.parametrize("path", ["", "/a", "a/../b", "..", "a\\b", "C:a"])
def test_paths_that_it_cannot_have(path: str) -> None:
    assert check_relative_path(path) == (
        f"path {path!r}: allowed is a path below the program's folder, with / as the separator"
    )


def test_code_and_environment_may_be_absent() -> None:
    recorded = plan_json()
    for key in ("code", "scoringScript", "environment"):
        del recorded["deployments"]["mlp"][key]
    recorded["deployments"]["mlp"]["model"]["type"] = "mlflow_model"
    plan = read(recorded)
    assert plan.to_json() == recorded
    assert (plan.deployments["mlp"].code, plan.deployments["mlp"].environment) == (None, None)
    with_environment = plan_json()["deployments"]["mlp"]["environment"]
    recorded["deployments"]["mlp"]["environment"] = with_environment
    assert read(recorded).to_json() == recorded
    assert read(recorded).target != plan.target


def test_a_script_without_its_code_or_environment_is_refused() -> None:
    plan = plan_json()
    del plan["deployments"]["mlp"]["code"]
    del plan["deployments"]["mlp"]["environment"]
    assert problems(plan) == [
        "deployments.mlp.environment: is None; allowed is an object",
        "deployments.mlp.code: is None; allowed is an object",
        "deployments.mlp.code.path: is None; allowed is a text",
        "deployments.mlp.code.digest: is None; allowed is a text",
        "deployments.mlp.environment.name: is None; allowed is a text",
        "deployments.mlp.environment.version: is None; allowed is a text",
    ]


def test_content_that_cannot_be_read_is_no_revision() -> None:
    """Only beside a pin, which must not fail for it."""
    plan = ReleasePlan.from_inputs({**changed("deployments", "mlp", "code", "digest", value=UNREAD), "pin": "mlp-1"})
    assert (plan.revisions, plan.made) == ({}, [])
    assert (plan.is_complete, plan.target) == (True, "mlp-1")
    assert plan.deployments["mlp"].identity() is None


def test_the_number_is_left_out_without_a_value() -> None:
    plain = ReleasePlan.from_inputs(plan_json())
    assert (plain.number, "number" in plain.to_json()) == (0, False)
    third = ReleasePlan.from_inputs({**plan_json(), "number": 3.0})
    assert (third.number, third.to_json()["number"]) == (3, 3)
    assert ReleasePlan.from_inputs({**plan_json(), "number": "?"}, lambda value: value == "?").number == 0


def test_beside_a_pin_only_the_pinned_revision_is_made() -> None:
    plain = plan_json()
    plain["deployments"]["mlp"]["tryOut"] = TryOut("azureml:digits:1").to_json()
    plan = ReleasePlan.from_inputs(plain)
    deployments = list(plan.deployments.values())
    assert (plan.made, plan.try_out_minutes) == (deployments, 160)
    old = replace(plan, pin="mlp-00000001")
    assert (old.made, old.try_out_minutes, old.revisions) == ([], 0, plan.revisions)
    assert replace(plan, pin=plan.target).made == deployments
