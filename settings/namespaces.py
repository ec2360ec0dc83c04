"""The namespaces of keys: Pulumi takes two spellings of one key, and keys that nothing reads, in silence.

So a copy of the repository under another name, whose stack file has the old name before its keys, would be deployed
with the defaults: an open network and no protection.
"""

from collections.abc import Collection, Iterable

from settings.problems import Problems, editing, renaming

_EXAMPLES = {"azure-native:": "azure-native:location", "pulumi:": "pulumi:autonaming"}
"""The namespaces that the provider and Pulumi itself read, each with a key."""

_PULUMIS = tuple(_EXAMPLES)


def foreign(keys: Iterable[str], project: str) -> list[str]:
    """Return the keys, with their namespaces, that belong neither to the project nor to the provider or Pulumi."""
    return [key for key in keys if not key.startswith((f"{project}:", *_PULUMIS))]


def taken(project: str) -> str | None:
    """Return why a project cannot have its name, with what to do; None if it can.

    Pulumi allows any name, but under one of these the provider's keys would be read as this program's.
    """
    if f"{project}:" not in _PULUMIS:
        return None
    return (
        f"The project's name is {project!r}, which is the namespace of keys that are not this program's, such as "
        f"{_EXAMPLES[f'{project}:']}. Nothing was created or changed. Allowed: any other name. Change `name:` in "
        "Pulumi.yaml."
    )


def check(problems: Problems, strangers: Collection[str], project: str, known: Collection[str]) -> None:
    """Record keys that the file sets twice, and `foreign` ones.

    Args:
        problems: Where to record them; has the stack file.
        strangers: The foreign keys.
        project: Name of the project.
        known: The project's own keys, without its namespace.
    """
    for twice in problems.file.twice:
        problems.add(
            twice.path,
            f"is set twice, in lines {twice.first} and {twice.second}",
            f"Allowed: once{f', as {twice.path[0]} or {project}:{twice.path[0]}' if len(twice.path) == 1 else ''}.",
            editing(twice.path, f"remove this one, or the one in line {twice.second}"),
        )
    for key in sorted(strangers):
        name = key.rpartition(":")[2]
        problems.add(
            (key,),
            "belongs to another project or provider, so nothing reads it",
            f"Allowed: keys without a namespace, keys of this project ({project}:), {' and '.join(_PULUMIS)}.",
            renaming((key,), name) if name in known else editing((key,), f"remove {key}"),
        )
