"""The pages about the stack file: their example stacks are valid, and they name every key."""

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

import settings
from modelops.plan.scoring_settings import SETTINGS, ScoringSettings, Setting
from modelops.plan.try_out import File, TryOut
from settings import SettingsError
from tools.schemas import stack_file

ROOT = Path(__file__).resolve().parents[2]
PAGE = stack_file.pages()
LOGIN = (ROOT / "docs" / "login.md").read_text()
PROJECT = "azureml-batch-endpoint"


def _read(stack_file: str, root: Path = ROOT) -> settings.Settings:
    config: dict[str, Any] = yaml.safe_load(stack_file)["config"]
    raw = {
        key: value if isinstance(value, str) else json.dumps(value) for key, value in config.items() if ":" not in key
    }
    return settings.parse(raw, location=config["azure-native:location"], project=PROJECT, stack="dev", root=root)


_ALWAYS = ("compute", "description", "environment_variables", "model", "settings", "tags")
EXAMPLES: list[str] = re.findall(r"```yaml\n(config:.*?)```", PAGE, re.DOTALL)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A copy of the examples, and the build context that the page names."""
    shutil.copytree(ROOT / "examples", tmp_path / "examples", ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "docker" / "scoring").mkdir(parents=True)
    (tmp_path / "docker" / "scoring" / "Dockerfile").touch()
    return tmp_path


def test_every_example_is_taken(root: Path) -> None:
    whole, several, content, callers, network, adopted = (_read(each, root) for each in EXAMPLES)
    assert {name: sorted(each) for name, each in content.endpoints["digits"].deployments.items()} == {
        "plain": [*_ALWAYS],
        "file": sorted([*_ALWAYS, "code", "environment", "scoring_script"]),
        "container": sorted([*_ALWAYS, "code", "environment", "scoring_script"]),
        "trained": [*_ALWAYS],
    }
    assert content.endpoints["digits"].deployments["trained"]["model"] == {
        "uri": "azureml://jobs/calm_pear/outputs/model",
        "name": "diabetes",
        "type": "mlflow_model",
    }
    assert several.endpoints["digits"].deployments["mlp"]["compute"] == "gpu"
    assert len(whole.endpoints) == 1
    assert [each["principal_type"] for each in callers.callers["digits"]] == ["ServicePrincipal", "User"]
    assert network.workspace.profile == {
        "network": {"restricted": True, "allowed_ips": ("203.0.113.0/24", "198.51.100.20")},
        "storage_sku": "Standard_GZRS",
        "registry_sku": "Premium",
        "soft_delete_days": 30,
        "log_retention_days": 365,
        "job_writes": (),
        "protect": True,
    }
    assert adopted.resource_group == "team"
    assert str(adopted.clusters["aml"].existing).endswith("/workspaces/theirs/computes/shared")


def test_the_whole_stack_is_taken() -> None:
    read = _read(EXAMPLES[0])
    assert read.endpoints["digits"].sample == "examples/digits/data/images"
    assert read.endpoints["digits"].deployments["mlp"].get("try_out") == TryOut(
        File("examples/digits/data/images", ""), per_file=True, max_changed_rows=0.05
    )
    assert "try_out" not in read.endpoints["digits"].deployments["shared"]
    assert read.resource_group == "rg-scoring"
    assert read.clusters["aml"].max_nodes == 8
    assert list(read.endpoints["digits"].deployments) == ["mlp", "shared"]


@pytest.mark.parametrize(("stack", "restricted"), [("dev", False), ("staging", True), ("prod", True)])
def test_each_committed_stack_is_taken(stack: str, restricted: bool) -> None:
    read = _read((ROOT / f"Pulumi.{stack}.yaml").read_text())
    assert read.workspace.network["restricted"] is restricted
    assert (read.deployer.principal_id is not None) is restricted


def test_the_dev_stack_is_taken() -> None:
    endpoint = _read((ROOT / "Pulumi.dev.yaml").read_text()).endpoints["digits"]
    assert endpoint.default == "mlp"
    assert endpoint.deployments["mlp"]["model"].get("name") == "digits-mlp"
    assert endpoint.deployments["mlp"].get("settings") == ScoringSettings(instance_count=2, mini_batch_size=10)


@pytest.mark.parametrize("key", sorted(yaml.safe_load((ROOT / "Pulumi.yaml").read_text())["config"]))
def test_every_declared_key_is_explained(key: str) -> None:
    assert f"`{key}`" in PAGE or key in PAGE.replace("`", "")


def test_every_key_that_the_program_takes_is_explained() -> None:
    """The program says itself what it takes, when it meets a key that it does not know."""
    stack: dict[str, Any] = {
        "nokey": 1,
        "workspace": {"nokey": 1},
        "cluster": {"nokey": 1},
        "clusters": {"c": {"nokey": 1}},
        "deployer": {"nokey": 1},
        "prices": {"nokey": 1},
        "rehearsal": {"nokey": 1},
        "alerts": {"nokey": 1},
        "triggers": {"t": {"nokey": 1}},
        "endpoints": {
            "e": {
                "nokey": 1,
                "callers": [{"nokey": 1}],
                "tryOut": {"nokey": 1},
                "deployments": {
                    "d": {
                        "nokey": 1,
                        "model": {"nokey": 1, "registry": "r", "version": "1"},
                        "environment": {"nokey": 1},
                    },
                    "f": {"model": {"nokey": 1, "path": "p"}},
                    "g": {"environment": {"build": {"nokey": 1}}},
                },
            }
        },
    }
    with pytest.raises(SettingsError) as raised:
        settings.parse(stack, location="westeurope", project=PROJECT, stack="dev", root=ROOT)
    lists = re.findall(r"nokey is an unknown key\. (?:Did you mean key\? )?Allowed: (.*)\.", str(raised.value))
    keys = {key for each in lists for key in re.split(r", | or ", each)}
    assert len(lists) == 16
    assert keys >= {each.key for each in SETTINGS.values()}
    assert len(keys - {each.key for each in SETTINGS.values()}) == 83
    assert [key for key in sorted(keys) if f"`{key}`" not in PAGE] == []


def test_a_pipeline_sets_what_the_table_names_and_no_secret() -> None:
    github, devops = [yaml.safe_load(each) for each in re.findall(r"```yaml\n(.*?)```", LOGIN, re.DOTALL)]
    assert github["permissions"]["id-token"] == "write"
    exported = re.findall(r"(\w+)=", devops[0]["inputs"]["inlineScript"])
    variables = [*github["steps"][0]["env"], *devops[0]["env"], *exported]
    table = LOGIN.partition("\n## ")[0]
    assert [name for name in variables if f"`{name}" not in table] == []
    assert [name for name in variables if "SECRET" in name] == []


def _row(setting: Setting, default: object) -> str:
    """What the page must say of a scoring setting."""
    kind, shown = ("integer", str(default)) if isinstance(default, int) else ("text", f"`{default}`")
    allowed = setting.unit.replace("run()", "`run()`")
    if setting.words:
        *first, last = (f"`{word}`" for word in setting.words)
        allowed = f"{allowed}: {', '.join(first)} or {last}"
    elif setting.least is not None:
        allowed = f"{allowed}, {setting.bounds}"
    return f"| `{setting.key}` | {kind} | {shown} | {allowed}{f'. {setting.help}' if setting.help else ''} |"


def test_the_scoring_settings_are_told_as_their_table_has_them() -> None:
    """A row that is missing is printed here as it must be in the page."""
    defaults = ScoringSettings()
    rows = [_row(each, getattr(defaults, name)) for name, each in SETTINGS.items()]
    assert [row for row in rows if row not in PAGE.splitlines()] == []
