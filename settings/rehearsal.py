"""The key `rehearsal`: what stands in for models whose bytes are in Azure, where a pipeline rehearses a release.

Only ci/ reads it; nothing that is deployed depends on it.
"""

import re
from pathlib import Path
from typing import Final

from modelops.plan.files import link_out
from modelops.plan.rules import check_relative_path
from settings.problems import editing
from settings.section import Section

MODEL: Final = (
    r"azureml://registries/[^/\s]+/models/[^/\s]+/versions/[^/\s]+|azureml://jobs/[^/\s]+/outputs/[^/\s]+(/paths(/\S*)?)?"
    r"|azureml://datastores/[^/\s]+/paths/\S+|[^/:\s]+:[^/:\s]+"
)
"""Pattern of a model in Azure."""
_IN_WORDS: Final = (
    "NAME:VERSION, azureml://registries/REGISTRY/models/NAME/versions/VERSION, "
    "azureml://jobs/JOB/outputs/OUTPUT/paths/PATH or azureml://datastores/DATASTORE/paths/PATH"
)


def check_rehearsal(top: Section, root: Path) -> None:
    """Record what is wrong with the key.

    Args:
        top: The stack's whole configuration.
        root: The program's folder.
    """
    section = top.section("rehearsal", of="what a rehearsal uses")
    section.only("models")
    models = section.section("models", of="files by the model in Azure that they stand in for")
    for model, path in models.values.items():
        if re.fullmatch(MODEL, model):
            is_text = isinstance(path, str) and not check_relative_path(path)
            link = link_out(root / path) if is_text else None
            if not is_text or link or not (root / path).exists():
                # By hand: `pulumi config set` takes a key with a colon for one of another project.
                models.problems.add(
                    models.at(model),
                    f"is {path!r}" + (f", which leads out of the repository, to {link.target}" if link else ""),
                    "Allowed: the path of a file or folder of this repository, with / as the separator.",
                    editing(models.at(model), "name another path"),
                )
        else:
            models.problems.add(
                models.at(model),
                "does not name a model in Azure",
                f"Allowed: {_IN_WORDS}.",
                editing(models.at(model), f"rename {model}"),
            )
