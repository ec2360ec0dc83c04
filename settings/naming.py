"""Names that users give to endpoints, deployments and clusters, and that become names in Azure."""

from components import names
from settings.problems import renaming
from settings.section import Section


def check_names(section: Section, rule: names.Rule) -> bool:
    """Record names that break the service's rule, and names that differ only in upper and lower case.

    Returns: Whether all can stay.
    """
    before = len(section.problems.found)
    seen: dict[str, str] = {}
    for key in section.values:
        why = rule.problem(key, autonamed=True)
        if why is not None:
            suffix = f" (a suffix is added; the limit with it is {rule.longest})" if rule.suffix else ""
            allowed = f"Allowed: {rule.allowed(autonamed=True)}{suffix}."
            section.problems.add(
                section.at(key),
                f"is not a valid {rule.kind} name: {why}",
                allowed,
                renaming(section.at(key), names.suggestion(rule, key)),
            )
        elif key.lower() in seen:
            section.problems.add(
                section.at(key),
                f"has the same name as {seen[key.lower()]}",
                f"Allowed: names that differ in more than upper and lower case, because {rule.kind} names are "
                "case-insensitive.",
                renaming(section.at(key), "ANOTHER-NAME"),
            )
        seen.setdefault(key.lower(), key)
    return len(section.problems.found) == before
