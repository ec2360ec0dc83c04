"""Compare the checks that checkov ran, and those that failed, with the expected ones: they must be exactly the same.

The number of failures proves nothing: checkov silently ignores types in the wrong case, and often lets absent members
pass.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from tools.scan.checks import Check
from tools.scan.scanner import Result


def problems(
    template: Mapping[str, Any], results: Iterable[Result], checks: Mapping[str, Check], stack: str
) -> list[str]:
    """Return a sentence for each difference from the expected result; [] if there is none."""
    results = list(results)
    failed = {each.check for each in results if not each.passed}
    found = [*_not_as_evaluated(template, results, checks)]
    for check in checks.values():
        reason = check.waived.get(stack)
        wrong = sorted(each.resource for each in results if each.check == check.id and not each.passed)
        if wrong and reason is None:
            values = ", ".join(sorted({repr(check.value(each)) for each in check.resources(template)}))
            found.append(f"{check.id} ({check.asks}) failed: {check.member} is {values} in {', '.join(wrong)}")
        if reason is not None and check.id not in failed:
            found.append(f"{check.id} passes, so remove its waiver for {stack} from tools/scan/checks.toml")
    return found


def _not_as_evaluated(
    template: Mapping[str, Any], results: Iterable[Result], checks: Mapping[str, Check]
) -> Iterable[str]:
    evaluated = {(each.check, each.resource) for each in results}
    wanted = set()
    for check in checks.values():
        resources = list(check.resources(template))
        if not resources and not check.conditional:
            yield f"{check.id} ({check.asks}) had nothing to check: the template has no {check.type}"
        wanted |= {(check.id, f"{check.type}.{each['name']}") for each in resources}
        if not check.optional:
            silent = [each["name"] for each in resources if check.value(each) is None]
            yield from (f"{check.id} does not apply to {name}: its {check.member} is absent" for name in silent)
    yield from (f"{name} did not evaluate {resource}" for name, resource in sorted(wanted - evaluated))
    for name, resource in sorted(evaluated - wanted):
        yield f"{name} evaluated {resource}, which tools/scan/checks.toml does not expect: add the check there"
