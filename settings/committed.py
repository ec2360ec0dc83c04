"""A stack's configuration as its committed file has it, without the engine: for what is asked before a deployment."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import yaml

from modelops.plan import documents
from settings import namespaces, stack_file
from settings.access import SERVICE_LOGINS, is_service_login
from settings.problems import SettingsError
from settings.stack import Settings, parse
from settings.stack_file import StackFile


@dataclass(frozen=True)
class Committed:
    """A stack file.

    Attributes:
        file: The lines of its keys.
        config: Its values, by their keys with namespace (`azure-native:location`, `PROJECT:cluster`).
        project: Name of the project.
        secrets_provider: What encrypts its secrets; None for a passphrase, or Pulumi Cloud.
        settings: What the program would read; None if the file is wrong.
        problems: What is wrong, for the user; empty if nothing is.
    """

    file: StackFile
    config: Mapping[str, Any]
    project: str
    secrets_provider: str | None = None
    settings: Settings | None = None
    problems: str = ""

    def provider(self, key: str) -> str | None:
        """Return a setting of the Azure provider, such as `subscriptionId`; None if the file does not have it."""
        found = self.config.get(f"azure-native:{key}")
        return None if found is None else str(found)


def read(folder: Path, stack: str) -> Committed:
    """Read a stack's file; secrets in it stay encrypted.

    Args:
        folder: The project's folder.
        stack: Name of the stack; of a full name (ORGANIZATION/PROJECT/STACK) the last part counts.

    Raises:
        SettingsError: There is no such file, or it is not YAML with an object `config`.
    """
    short = stack.rpartition("/")[2]
    path = folder / "Pulumi.yaml"
    try:
        path = stack_file.config_folder(folder) / f"Pulumi.{short}.yaml"
        document = documents.yaml_data(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise SettingsError(f"{path} cannot be read: {error.strerror}.") from None
    except documents.LimitError as error:
        raise SettingsError(f"{path} {error.problem}.") from None
    except (UnicodeDecodeError, yaml.YAMLError) as error:
        raise SettingsError(f"{path} is not a YAML file: {str(error).splitlines()[0]}.") from None
    config = document.get("config") if isinstance(document, Mapping) else None
    if not isinstance(config, Mapping):
        raise SettingsError(f"{path} does not have an object `config`.")
    project = str(stack_file.project(folder)["name"])
    file = stack_file.read(folder, short, project)
    everything = {str(key) if ":" in str(key) else f"{project}:{key}": value for key, value in config.items()}
    own = {key.partition(":")[2]: value for key, value in everything.items() if key.startswith(f"{project}:")}
    common = Committed(file, everything, project, _secrets_provider(document))
    try:
        settings = parse(
            own,
            secrets=frozenset(key for key, value in own.items() if _has_secret(value)),
            location=common.provider("location"),
            service_login=is_service_login({key: common.provider(key) for key in SERVICE_LOGINS}),
            project=project,
            stack=short,
            foreign=namespaces.foreign(everything, project),
            file=file,
            root=folder.resolve(),
        )
    except SettingsError as error:
        return replace(common, problems=str(error))
    return replace(common, settings=settings)


def _secrets_provider(document: Mapping[str, Any]) -> str | None:
    found = document.get("secretsprovider")
    return None if found in (None, "default", "passphrase") else str(found)


def _has_secret(value: Any) -> bool:
    if isinstance(value, Mapping):
        return list(value) == ["secure"] or any(_has_secret(each) for each in value.values())
    return isinstance(value, list) and any(_has_secret(each) for each in value)
