"""The environment variables of a deployment: their names, and that none of them is a secret.

Everybody who may read the stack file, the stack's state, a preview or the deployment in Azure reads their values.
"""

import re
from typing import Final

from modelops.plan.secret_values import likeness
from settings.problems import editing, removing
from settings.section import Section, closest

KEY: Final = "environmentVariables"
CLEARED: Final = "notSecret"
NAME: Final = r"[A-Za-z_.-][A-Za-z0-9_.-]*"
"""What Kubernetes takes (https://kubernetes.io/docs/tasks/inject-data-application/define-environment-variable-container),
the narrowest of what Azure runs jobs on. Which names Azure itself refuses is not documented."""

_SERVICES_OWN: Final = {
    "AZUREML_MODEL_DIR": "Azure sets it to the model's folder",
    "PATH": "the image's own value leads to its Python",
}
"""Names that a deployment may have, but that others set too; which value wins in Azure is not documented."""


def read(section: Section) -> dict[str, str]:
    """Read `environmentVariables`; what looks like a secret is refused unless `notSecret` has its name."""
    variables = section.flat(KEY, of="environment variables", example="VALUE")
    inside = Section(section.at(KEY), variables, section.problems)
    cleared = _read_not_secret(section, variables)
    for name, value in variables.items():
        _check_name(inside, name, value)
        if name not in cleared and (why := likeness(name, value)):
            _refuse(section, name, why)
        elif name in _SERVICES_OWN:
            section.problems.warn(inside.at(name), f"is set, but {_SERVICES_OWN[name]}: leave it out if you can")
    return variables


def _check_name(inside: Section, name: str, value: str) -> None:
    # Without the value, which may be a secret.
    if not re.fullmatch(NAME, name):
        allowed = "Allowed: letters, digits and _ . -, not starting with a digit."
        said = "cannot be the name of an environment variable"
        inside.problems.add(inside.at(name), said, allowed, editing(inside.at(name), "rename or remove it"))
    elif "\0" in value:
        inside.problems.add(
            inside.at(name), "has a null character", "Allowed: a text without one.", removing(inside.at(name))
        )


def _refuse(section: Section, name: str, why: str) -> None:
    path = (*section.at(KEY), name)
    said = f"looks like a secret: {why}" if not section.problems.hides(path) else "looks like a secret"
    section.problems.add(
        path,
        said,
        "Allowed: values that everybody may read who sees the stack's files, its state or the deployment. A scoring "
        "script reads secrets from a key vault: docs/security.md#secrets-of-a-scoring-script. If this is not one, add "
        f"{CLEARED}: [{name}] to the deployment.",
        removing(path),
    )


def _read_not_secret(section: Section, variables: dict[str, str]) -> frozenset[str]:
    """Read the names of variables that look like secrets but are not."""
    entries = section.array(CLEARED, of="the name of one of the environment variables", example="NAME")
    for index, name in entries.values.items():
        if not isinstance(name, str) or name not in variables:
            near = closest(name, variables) if isinstance(name, str) else None
            allowed = f"a name in {KEY} of this deployment ({', '.join(variables) or 'which has none'})"
            entries.wrong(index, allowed, near or "NAME")
    return frozenset(each for each in entries.values.values() if isinstance(each, str))
