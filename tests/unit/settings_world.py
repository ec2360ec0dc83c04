"""A program's folder and a configuration that is right, for the tests of the settings to break one thing at a time."""

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import settings
from settings import SettingsError
from tests.unit import settings_schema

Config = dict[str, Any]

RIGHT: Config = {
    "endpoints": {
        "digits": {
            "default": "mlp",
            "tryOut": "none",
            "deployments": {
                "mlp": {
                    "model": {"path": "models/mlp", "name": "digits-mlp"},
                    "code": "code",
                    "scoringScript": "score.py",
                    "environment": {"image": "example.com/base:1", "condaFile": "env/conda.yaml"},
                }
            },
        }
    }
}


SCRIPT = "def init():\n    pass\n\n\ndef run(mini_batch):\n    return mini_batch\n"
CONDA = "dependencies: [python=3.11, pip: [azureml-core, 'azureml-dataset-runtime[fuse]']]\n"


def make_files(root: Path) -> Path:
    """Lay down the files that `RIGHT` names."""
    for name, text in (("models/mlp/model.onnx", ""), ("code/score.py", SCRIPT), ("env/conda.yaml", CONDA)):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return root


def mlp(config: Config) -> Config:
    """The one deployment of a configuration."""
    found: Config = config["endpoints"]["digits"]["deployments"]["mlp"]
    return found


def changed(change: Callable[[Config], object]) -> Config:
    """The right configuration after a change."""
    config = copy.deepcopy(RIGHT)
    change(config)
    return config


def read(root: Path, config: Config, **options: Any) -> settings.Settings:
    """Parse a configuration in the engine's form: objects and arrays as JSON texts."""
    raw = {key: value if isinstance(value, str) else json.dumps(value) for key, value in config.items()}
    options = {"location": "westeurope", "project": "azureml-batch-endpoint", "stack": "dev", **options}
    try:
        found = settings.parse(raw, root=root, **options)
    except SettingsError as error:
        settings_schema.check(config, options["location"], _problems(error))
        raise
    settings_schema.check(config, options["location"], [])
    return found


def problems(root: Path, config: Config, **options: Any) -> list[str]:
    r"""The problems of a wrong configuration, each as "what\\ncommand"; fails when there is none."""
    try:
        read(root, config, **options)
    except SettingsError as error:
        return _problems(error)
    msg = "this configuration was taken"
    raise AssertionError(msg)


def _problems(error: SettingsError) -> list[str]:
    first, *lines, last = str(error).split("\n")
    assert last == "docs/configuration.md describes every key."
    assert first.endswith("so nothing was created or changed.")
    texts = [line.strip() for line in lines]
    pairs = list(zip(texts[::2], texts[1::2], strict=True))
    return [f"{what.partition('. ')[2]}\n{command}" for what, command in pairs]
