"""The scoring settings: all that there is to say of one stands here, once.

What a stack file may hold, its errors, the arguments of the components, the plan and a revision's identity, the
arguments of the SDK and the table in docs/configuration.md (a test compares it) follow from this table. A new setting
is a line here and one in that table.

The defaults are the service's own, so that leaving a key out means the same here as in Azure:
https://learn.microsoft.com/azure/machine-learning/reference-yaml-deployment-batch
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Final, Literal, Self, get_type_hints

from modelops.plan.reader import Reader


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """What a scoring setting is beside its name, type and default."""

    key: str
    """Its name in the stack file and in the plan."""
    sdk: str
    """Its name in azure-ai-ml."""
    sdk_group: Literal["settings", "retry_settings"] = "settings"
    """Who takes it there: `ModelBatchDeploymentSettings` or `BatchRetrySettings`."""
    least: int | None = None
    most: int | None = None
    """Bounds of a whole number, which has at least the lower one."""
    words: tuple[str, ...] = ()
    """What a text may be, where it is one of a few words."""
    pattern: str = ".+"
    """What any other text must match as a whole."""
    unit: str
    """What a number counts, or what a text is, for errors and for the documentation."""
    help: str = ""
    """One line more for the documentation."""
    added: bool = False
    """Whether revisions were deployed before there was this setting: at its default it is then neither in the plan nor
    in the identity, so that those revisions keep their names."""

    @property
    def bounds(self) -> str:
        """The bounds of a whole number, in words."""
        return f"from {self.least}" + ("" if self.most is None else f" to {self.most}")


_OUTPUT_FILE: Final = r"[^/\\:*?\"<>|]*[^/\\:*?\"<>|.]"


@dataclass(frozen=True, slots=True)
class ScoringSettings:
    """How a job cuts its input and what it does with failures."""

    instance_count: Annotated[
        int,
        Setting(
            key="instanceCount",
            sdk="instance_count",
            least=1,
            unit="nodes that one job uses",
            help="At most `cluster.maxNodes`",
        ),
    ] = 1
    max_concurrency_per_instance: Annotated[
        int,
        Setting(
            key="maxConcurrencyPerInstance",
            sdk="max_concurrency_per_instance",
            least=1,
            unit="worker processes of a node",
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
            unit="how often a mini-batch is tried",
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
            unit="seconds for each call of run()",
        ),
    ] = 30
    error_threshold: Annotated[
        int,
        Setting(
            key="errorThreshold",
            sdk="error_threshold",
            least=-1,
            unit="failed files above which the job ends; -1 ignores all",
            help="With 0 the first one ends it",
        ),
    ] = -1
    logging_level: Annotated[
        str,
        Setting(
            key="loggingLevel",
            sdk="logging_level",
            words=("info", "debug", "warning"),
            unit="how much the job logs",
        ),
    ] = "info"
    output_action: Annotated[
        str,
        Setting(
            key="outputAction",
            sdk="output_action",
            words=("append_row", "summary_only"),
            unit="what becomes of the results",
            help="`append_row` makes one file of what `run()` returned; with `summary_only` the script writes its own",
        ),
    ] = "append_row"
    output_file_name: Annotated[
        str,
        Setting(
            key="outputFileName",
            sdk="output_file_name",
            pattern=_OUTPUT_FILE,
            unit="a file name without a folder",
        ),
    ] = "predictions.csv"

    @classmethod
    def from_json(cls, data: Mapping[str, Any], path: str, reader: Reader) -> Self:
        """Read the plan's JSON form."""
        defaults = cls()
        return cls(**{name: _read(data, path, SETTINGS[name], getattr(defaults, name), reader) for name in SETTINGS})

    def to_json(self) -> dict[str, Any]:
        """The plan's JSON form, which is also the settings' part of the identity."""
        defaults = type(self)()
        return {
            each.key: getattr(self, name)
            for name, each in SETTINGS.items()
            if not each.added or getattr(self, name) != getattr(defaults, name)
        }

    def sdk_arguments(self, group: Literal["settings", "retry_settings"]) -> dict[str, Any]:
        """The arguments that one of azure-ai-ml's two classes takes; see `Setting.sdk_group`."""
        return {each.sdk: getattr(self, name) for name, each in SETTINGS.items() if each.sdk_group == group}


SETTINGS: Final[Mapping[str, Setting]] = {
    name: hint.__metadata__[0] for name, hint in get_type_hints(ScoringSettings, include_extras=True).items()
}
"""The settings by the names of their fields."""


def _read(data: Mapping[str, Any], path: str, setting: Setting, default: object, reader: Reader) -> Any:
    """Read one; problems in the words of the plan's reader."""
    if setting.added and setting.key not in data:
        return default
    if setting.least is not None:
        return reader.integer(data, setting.key, path, setting.least, setting.most)
    value = reader.text(data, setting.key, path, setting.words)
    if value and not setting.words and not re.fullmatch(setting.pattern, value, re.DOTALL):
        reader.wrong(path, setting.key, value, setting.unit)
    return value
