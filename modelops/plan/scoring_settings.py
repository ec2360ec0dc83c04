"""The scoring settings: this table has everything about each of them, once.

The stack file's keys and errors, the arguments of the components, the plan and a revision's identity, the arguments of
the SDK and the table in docs/configuration.md (a test compares it) all follow from this table. A new setting is a line
here and one in that table.

The defaults are those of the service, so that a missing key means the same here as in Azure:
https://learn.microsoft.com/azure/machine-learning/reference-yaml-deployment-batch
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Final, Literal, Self, get_type_hints

from modelops.plan.reader import Reader


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """Everything about a scoring setting, except its name, type and default."""

    key: str
    """Its name in the stack file and in the plan."""
    sdk: str
    """Its name in azure-ai-ml."""
    sdk_group: Literal["settings", "retry_settings"] = "settings"
    """The SDK's class for it: `ModelBatchDeploymentSettings` or `BatchRetrySettings`."""
    least: int | None = None
    most: int | None = None
    """Bounds of a whole number; the lower one is required."""
    words: tuple[str, ...] = ()
    """The allowed values of a text, if there are only a few."""
    pattern: str = ".+"
    """Pattern for the whole of any other text."""
    unit: str
    """The unit of a number, or the meaning of a text, for errors and documentation."""
    help: str = ""
    """One more line for the documentation."""
    only_with: tuple[str, str] | None = None
    """The field of another setting, and the value of it that this one belongs to. With any other value it has no
    meaning, and is in neither the plan nor the identity nor what is sent."""
    added: bool = False
    """Whether revisions were deployed before this setting existed: at its default it is then in neither the plan nor
    the identity, so that those revisions keep their names."""

    @property
    def bounds(self) -> str:
        """The bounds of a whole number, in words."""
        return f"from {self.least}" + ("" if self.most is None else f" to {self.most}")


# Both bounds are those of the engine that runs the jobs: azureml-pipeline-core 1.62.0, `_parallel_run_config_base.py`.
_LONGEST_TIMEOUT: Final = 259200
_NO: Final = r'~"#%&*:<>?/\\{|}'
_OUTPUT_FILE: Final = rf"[^{_NO}]*[^{_NO}.]"


@dataclass(frozen=True, slots=True)
class ScoringSettings:
    """How a job splits its input and handles failures."""

    instance_count: Annotated[
        int,
        Setting(
            key="instanceCount",
            sdk="instance_count",
            least=1,
            unit="nodes for one job",
            help="At most its cluster's `maxNodes`",
        ),
    ] = 1
    max_concurrency_per_instance: Annotated[
        int,
        Setting(
            key="maxConcurrencyPerInstance",
            sdk="max_concurrency_per_instance",
            least=1,
            unit="worker processes per node",
        ),
    ] = 1
    mini_batch_size: Annotated[
        int,
        Setting(key="miniBatchSize", sdk="mini_batch_size", least=1, unit="files for each call of run()"),
    ] = 10
    max_retries: Annotated[
        int,
        Setting(
            key="maxRetries",
            sdk="max_retries",
            sdk_group="retry_settings",
            least=0,
            unit="tries of a mini-batch",
            help="**Unconfirmed**: Microsoft's pages disagree whether 3 means 3 or 4 tries; the sandbox does 3 "
            "([behaviour.md](../packages/sandbox/docs/behaviour.md), `retries_are_tries`)",
        ),
    ] = 3
    timeout_seconds: Annotated[
        int,
        Setting(
            key="timeoutSeconds",
            sdk="timeout",
            sdk_group="retry_settings",
            least=1,
            most=_LONGEST_TIMEOUT,
            unit="seconds for each call of run()",
        ),
    ] = 30
    error_threshold: Annotated[
        int,
        Setting(
            key="errorThreshold",
            sdk="error_threshold",
            least=-1,
            unit="failed files that a job tolerates; -1 ignores all",
            help="If more files fail, the job fails. With -1 the predictions lack the rows of failed files, so "
            "check the number of rows",
        ),
    ] = -1
    logging_level: Annotated[
        str,
        Setting(
            key="loggingLevel",
            sdk="logging_level",
            words=("info", "debug", "warning"),
            unit="log level of the job",
        ),
    ] = "info"
    output_action: Annotated[
        str,
        Setting(
            key="outputAction",
            sdk="output_action",
            words=("append_row", "summary_only"),
            unit="what to do with the results",
            help="`append_row` writes everything that `run()` returned into one file; with `summary_only` the "
            "script writes its own files",
        ),
    ] = "append_row"
    output_file_name: Annotated[
        str,
        Setting(
            key="outputFileName",
            sdk="output_file_name",
            pattern=_OUTPUT_FILE,
            only_with=("output_action", "append_row"),
            unit='a file name without a folder, a pipe or any of ~ " # % & * : < > ? { }',
            help="Only with `append_row`",
        ),
    ] = "predictions.csv"

    @classmethod
    def from_json(cls, data: Mapping[str, Any], path: str, reader: Reader) -> Self:
        """Read the plan's JSON form."""
        defaults = cls()
        return cls(**{name: _read(data, path, SETTINGS[name], getattr(defaults, name), reader) for name in SETTINGS})

    def to_json(self) -> dict[str, Any]:
        """The plan's JSON form, also for the identity."""
        defaults = type(self)()
        return {
            each.key: getattr(self, name)
            for name, each in SETTINGS.items()
            if self.applies(each) and (not each.added or getattr(self, name) != getattr(defaults, name))
        }

    def applies(self, setting: Setting) -> bool:
        """Whether a setting has a meaning beside the others: see `Setting.only_with`."""
        return setting.only_with is None or getattr(self, setting.only_with[0]) == setting.only_with[1]

    def sdk_arguments(self, group: Literal["settings", "retry_settings"]) -> dict[str, Any]:
        """The arguments for one of azure-ai-ml's two classes; see `Setting.sdk_group`."""
        return {
            each.sdk: getattr(self, name)
            for name, each in SETTINGS.items()
            if each.sdk_group == group and self.applies(each)
        }


SETTINGS: Final[Mapping[str, Setting]] = {
    name: hint.__metadata__[0] for name, hint in get_type_hints(ScoringSettings, include_extras=True).items()
}
"""The settings by the names of their fields."""


def _read(data: Mapping[str, Any], path: str, setting: Setting, default: object, reader: Reader) -> Any:
    """Read one setting; the plan's reader reports problems."""
    if setting.key not in data and (setting.added or not _applies(data, setting)):
        return default
    if setting.least is not None:
        return reader.integer(data, setting.key, path, setting.least, setting.most)
    value = reader.text(data, setting.key, path, setting.words)
    if value and not setting.words and not re.fullmatch(setting.pattern, value, re.DOTALL):
        reader.wrong(path, setting.key, value, setting.unit)
    return value


def _applies(data: Mapping[str, Any], setting: Setting) -> bool:
    """Whether a setting of the plan's JSON form has a meaning: see `Setting.only_with`."""
    if setting.only_with is None:
        return True
    other, value = setting.only_with
    return data.get(SETTINGS[other].key) == value
