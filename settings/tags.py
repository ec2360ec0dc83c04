"""Azure tags: of the whole stack, of an endpoint and of a deployment."""

import re
from collections.abc import Mapping

from modelops.plan.rules import OUR_TAGS, TAG_VALUE
from settings.problems import editing, renaming, setting
from settings.section import Section

# https://learn.microsoft.com/azure/azure-resource-manager/management/tag-resources#limitations
MOST = 40
"""Tags of one resource: 50 less those that a release writes on an endpoint."""
NAME = 512
"""Characters in a tag's name."""
STORAGE_NAME = 128
"""Characters in the name of a storage account's tag, and so of a tag that all resources have."""
_REFUSED = r"[<>%&\\?/]"


def read_tags(section: Section, *, longest: int = NAME) -> dict[str, str]:
    """Read the `tags` of an object; whole numbers are texts.

    Args:
        section: The object.
        longest: Most characters in a name.
    """
    tags = section.flat("tags", of="Azure tags", example="VALUE")
    inside = Section(section.at("tags"), tags, section.problems)
    seen: dict[str, str] = {}
    for name, value in tags.items():
        if not name or len(name) > longest or re.search(_REFUSED, name):
            inside.problems.add(
                inside.at(name),
                "has a name that Azure refuses",
                f"Allowed: a name of 1 to {longest} characters without < > % & \\ ? /.",
                renaming(inside.at(name), re.sub(_REFUSED, "-", name)[:longest] or "NAME"),
            )
        elif name.lower().startswith(OUR_TAGS):
            inside.problems.add(
                inside.at(name),
                "has a name that only releases use",
                f"Allowed: names that do not begin with {OUR_TAGS}: a release writes on the endpoint and its revisions "
                "what it did, in such tags.",
                renaming(inside.at(name), name[len(OUR_TAGS) :] or "NAME"),
            )
        elif name.lower() in seen:
            inside.problems.add(
                inside.at(name),
                f"is the same tag as {seen[name.lower()]}",
                "Allowed: names that differ in more than upper and lower case, because the names of tags are "
                "case-insensitive.",
                renaming(inside.at(name), "ANOTHER-NAME"),
            )
        if not value or len(value) > TAG_VALUE:
            inside.problems.add(
                inside.at(name),
                inside.shown(name),
                f"Allowed: a value of 1 to {TAG_VALUE} characters, because Azure refuses a tag without a value.",
                setting(inside.at(name), "VALUE"),
            )
        seen.setdefault(name.lower(), name)
    return tags


def merged(below: Mapping[str, str], above: Mapping[str, str]) -> dict[str, str]:
    """Return the tags `below`, replaced by those `above` of the same name in any letters."""
    taken = {name.lower() for name in above}
    return {**{name: value for name, value in below.items() if name.lower() not in taken}, **above}


def check_number(section: Section, tags: Mapping[str, str]) -> None:
    """Record more tags than one resource can have; `tags` are all of them, `section` is the object that adds some."""
    if len(tags) > MOST:
        section.problems.add(
            section.at("tags"),
            f"adds up to {len(tags)} tags, with those that every resource of the stack has",
            f"Allowed: {MOST}, because Azure allows 50 on one resource, and a release adds its own to an endpoint.",
            editing(section.at("tags"), f"remove {len(tags) - MOST} of them"),
        )
