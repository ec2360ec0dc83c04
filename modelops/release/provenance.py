"""What a new revision and a new model version carry of the release that made them: commit, run, and who."""

from typing import Final

from modelops.plan.rules import OUR_TAGS, TAG_VALUE
from modelops.release import signed_in
from modelops.release.context import Context

COMMIT: Final = "gitCommit"
"""Property: the commit's whole hash."""
CLEAN: Final = "gitClean"
"""Property: `true` or `false`: whether the working tree had no changes."""
RUN: Final = "runUrl"
"""Property: address of the run."""
WHO: Final = "releasedBy"
"""Property: a user's name, or the client id of an application."""
OURS: Final = (COMMIT, CLEAN, RUN, WHO)


def properties(context: Context) -> dict[str, str]:
    """Return the properties, of what is known.

    Raises:
        ReleaseError: nobody is signed in.
    """
    texts = context.about.texts()
    found = {
        COMMIT: texts.get("commit"),
        CLEAN: texts.get("clean"),
        RUN: texts.get("runUrl"),
        WHO: signed_in.name(context.workspace),
    }
    return {name: value for name, value in found.items() if value}


def tags(context: Context) -> dict[str, str]:
    """Return tags with commit and run, by which the studio can be searched."""
    found = {f"{OUR_TAGS}commit": context.about.commit, f"{OUR_TAGS}run": context.about.run_url}
    return {name: value for name, value in found.items() if 0 < len(value) <= TAG_VALUE}
