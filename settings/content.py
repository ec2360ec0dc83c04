"""The parts of a deployment's content: paths, the scoring script, versions of assets.

Everything here is part of a revision's identity, so it must mean the same on every machine and at any time: paths are
relative, versions are numbers.
"""

import difflib
from collections.abc import Callable
from pathlib import Path, PurePosixPath
from typing import Any, Final

from components import names
from modelops.plan import conda_file, scoring_script
from modelops.plan.files import link_out
from modelops.plan.rules import check_relative_path
from settings.problems import Edit
from settings.section import Section

NEEDED: Final = "and only an MLflow model runs without code and scoringScript"
"""Why `code` and `scoringScript` are required, where they are."""


def read_conda_file(section: Section, key: str, root: Path) -> str:
    """Read the path of a conda file, and what is in the file."""
    path = read_path(section, key, root, folder=False, what="the conda file")
    if path and is_there(root / path, folder=False) and (why := _judged(root / path, conda_file.problem)):
        section.problems.add_content(section.at(key), f"is {path!r}", f"The file {why}.", Edit(path))
    return path


def _judged(file: Path, problem: Callable[[bytes], str | None]) -> str | None:
    try:
        return problem(file.read_bytes())
    except OSError as error:
        return f"cannot be read: {error.strerror}"


def read_version(section: Section) -> str:
    """Read the version of a registered model or environment."""
    value: Any = section.values.get("version")
    if isinstance(value, int) and not isinstance(value, bool):  # YAML reads a plain 3 as a number
        return str(value)
    allowed = "a version, such as 3 (not latest: the same configuration must always mean the same version)"
    return section.text("version", None, pattern=r"(?!latest$|@)\S+", allowed=allowed, example="1")


def read_used_name(section: Section, what: str) -> str:
    """Read the name of an existing model or environment."""
    rule = names.USED_ASSET
    allowed = f"the name of an existing {what}, {rule.allowed()}"
    return section.text("name", None, pattern=rule.whole, allowed=allowed, example=what.upper())


def read_registry(section: Section) -> str:
    """Read the name of a registry; the rule: https://learn.microsoft.com/azure/machine-learning/how-to-manage-registries."""
    return section.text(
        "registry",
        None,
        pattern=r"[a-zA-Z0-9][a-zA-Z0-9_-]{1,32}",
        allowed="the name of a registry, 2 to 33 characters: letters, digits, hyphens and underscores, starting with a "
        "letter or digit",
        example="REGISTRY",
    )


def read_label(section: Section) -> str:
    """Read a label, which is resolved to a version later; the file that it is from has a warning."""
    return section.choice("label", None, ("latest",))


def read_script(section: Section, root: Path, code: str) -> str:
    """Read the scoring script, a file in the code folder; `code` is empty if it is not set."""
    script = section.text(
        "scoringScript",
        None,
        pattern=r"[^/\\].*\.py",
        allowed="a Python file, relative to the code folder",
        example="score.py",
        needed=NEEDED,
    )
    if script and code and (check_relative_path(script) or not is_there(root / code / script, folder=False)):
        record = section.wrong if check_relative_path(script) else section.wrong_file
        example = nearest(root / code, script, folder=False) or "SCRIPT.py"
        record("scoringScript", "a file in the code folder", example, because=f"and {code} has no such file")
    elif script and code and (why := _judged(root / code / script, scoring_script.problem)):
        file = (PurePosixPath(code) / script).as_posix()
        section.problems.add_content(section.at("scoringScript"), f"is {script!r}", f"The script {why}.", Edit(file))
    return script


def read_path(section: Section, key: str, root: Path, *, folder: bool | None, what: str, needed: str = "") -> str:
    """Read a path that exists below the program's folder; every machine must compute the same path for the plan.

    Args:
        section: The object that holds the key.
        key: The key.
        root: The program's folder.
        folder: True for a folder, False for a file, None for either.
        what: Description of the file or folder.
        needed: Why the key is required, if that is not plain: see `Section.text`.

    Returns: The path in its shortest POSIX form, or an empty text if there is a problem. While the endpoint is rolled
        back, it may be a path of nothing.
    """
    allowed = f"the path of {what}, relative to the folder of Pulumi.yaml and inside it, with / as the separator"
    value = section.text(key, None, allowed=allowed, example="PATH", needed=needed)
    if not value:
        return ""
    if check_relative_path(value):
        section.wrong(key, allowed, "PATH")
        return ""
    there = root / value
    if (link := link_out(there)) is not None:
        because = f"and {link.path.relative_to(root).as_posix()} leads out of the repository, to {link.target}"
        if not section.wrong_file(key, f"{allowed}, and links that stay in the repository", "PATH", because=because):
            return ""
    elif not is_there(there, folder):
        kind = {True: "folder", False: "file", None: "file or folder"}[folder]
        because = f"and there is no such {kind}"
        example = nearest(root, value, folder) or "PATH"
        if not section.wrong_file(key, f"the path of {what}", example, because=because):
            return ""
    return PurePosixPath(value).as_posix()


def nearest(root: Path, wrong: str, folder: bool | None) -> str | None:
    """Return the existing path below `root` that somebody meant who wrote `wrong`; None if none is like it.

    `folder` is that of `is_there`.
    """
    found = PurePosixPath()
    for part in PurePosixPath(wrong).parts:
        try:
            names = sorted(each.name for each in (root / found).iterdir())
        except OSError:
            return None
        like = [part] if part in names else difflib.get_close_matches(part, names, 1)
        if not like:
            return None
        found /= like[0]
    return found.as_posix() if is_there(root / found, folder) else None


def is_there(path: Path, folder: bool | None) -> bool:
    """Say whether the path is a folder (True), a file (False) or either (None); unreadable paths are neither."""
    try:
        return path.exists() if folder is None else path.is_dir() if folder else path.is_file()
    except OSError:  # the name is too long, or a folder is not accessible
        return False
