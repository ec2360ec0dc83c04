"""The table of the scoring settings: what it makes of the SDK's arguments, and how a setting can join it."""

from dataclasses import replace

import pytest

from modelops.errors import PlanError
from modelops.plan.plan import ReleasePlan
from modelops.plan.scoring_settings import SETTINGS, ScoringSettings
from tests.unit.plans import SCORING, changed, plan_json


def test_the_defaults_are_the_service_s() -> None:
    assert {key: value for key, value in ScoringSettings().to_json().items() if key in SCORING} == SCORING


def test_the_sdk_gets_what_it_calls_them() -> None:
    settings = ScoringSettings(mini_batch_size=4, max_retries=5, timeout_seconds=6)
    arguments = {
        "instance_count": 1,
        "max_concurrency_per_instance": 1,
        "mini_batch_size": 4,
        "error_threshold": -1,
        "logging_level": "info",
        "output_action": "append_row",
        "output_file_name": "predictions.csv",
    }
    assert arguments.items() <= settings.sdk_arguments("settings").items()
    assert settings.sdk_arguments("retry_settings") == {"max_retries": 5, "timeout": 6}


def test_every_default_is_allowed() -> None:
    plan = plan_json()
    plan["deployments"]["mlp"]["settings"] = ScoringSettings().to_json()
    assert ReleasePlan.from_inputs(plan).deployments["mlp"].settings == ScoringSettings()


@pytest.fixture(name="added")
def _added(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let `miniBatchSize`, from 1 to 20, be a setting that joined after revisions were deployed."""
    monkeypatch.setitem(SETTINGS, "mini_batch_size", replace(SETTINGS["mini_batch_size"], added=True, most=20))


@pytest.mark.usefixtures("added")
def test_a_setting_that_joins_changes_no_plan_and_no_revision_at_its_default() -> None:
    recorded = plan_json()
    del recorded["deployments"]["mlp"]["settings"]["miniBatchSize"]
    plan = ReleasePlan.from_inputs(recorded)
    assert plan.deployments["mlp"].settings.mini_batch_size == 10
    assert plan.to_json() == recorded
    assert ReleasePlan.from_inputs(plan_json()).revisions == plan.revisions
    other = ReleasePlan.from_inputs(changed("deployments", "mlp", "settings", "miniBatchSize", value=11))
    assert other.revisions != plan.revisions
    assert other.to_json()["deployments"]["mlp"]["settings"]["miniBatchSize"] == 11


@pytest.mark.usefixtures("added")
@pytest.mark.parametrize("value", [0, 21])
def test_a_number_has_both_its_bounds(value: int) -> None:
    with pytest.raises(PlanError) as refused:
        ReleasePlan.from_inputs(changed("deployments", "mlp", "settings", "miniBatchSize", value=value))
    assert str(refused.value).splitlines()[1:] == [
        f"  - deployments.mlp.settings.miniBatchSize: is {value}; allowed is a whole number from 1 to 20"
    ]


def test_one_that_was_always_there_must_be_in_the_plan() -> None:
    plan = plan_json()
    del plan["deployments"]["mlp"]["settings"]["miniBatchSize"]
    with pytest.raises(PlanError, match=r"miniBatchSize: is None; allowed is a whole number from 1$"):
        ReleasePlan.from_inputs(plan)


def test_an_output_file_belongs_to_append_row_alone() -> None:
    """azure-ai-ml refuses the pair of summary_only and a file name (entities/_deployment/batch_deployment.py)."""
    settings = ScoringSettings(output_action="summary_only")
    assert "outputFileName" not in settings.to_json()
    assert settings.sdk_arguments("settings").items() >= {"output_action": "summary_only"}.items()
    assert "output_file_name" not in settings.sdk_arguments("settings")
    plan = plan_json()
    plan["deployments"]["mlp"]["settings"] = settings.to_json()
    assert ReleasePlan.from_inputs(plan).to_json() == plan
    named = changed("deployments", "mlp", "settings", "outputAction", value="summary_only")
    assert ReleasePlan.from_inputs(named).to_json() == plan
