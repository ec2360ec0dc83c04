"""Which revisions of an endpoint stay, and which go: a function of the plan and of what is live.

Only what a release made is looked at: a deployment without our mark stays, whatever it is.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from modelops.plan.plan import ReleasePlan
from modelops.release import records
from modelops.release.live import SUCCEEDED, LiveDeployment, LiveEndpoint

_SETTLED: Final = (SUCCEEDED, "Failed", "Canceled")
"""States of a deployment that nothing changes at the moment."""


@dataclass(frozen=True, slots=True)
class Surplus:
    """A revision that goes.

    Attributes:
        name: its name in Azure.
        logical: its name in the stack file, now or when it was made.
        why: the reason, for users.
        is_failed: whether it is a failed candidate.
        may_go_first: whether it may go before the new revisions are tried out: nobody is sent to it, and the next
            rollback does not go to it.
    """

    name: str
    logical: str
    why: str
    is_failed: bool
    may_go_first: bool


def surplus(
    plan: ReleasePlan,
    endpoint: LiveEndpoint,
    *,
    never: Collection[str] = (),
    gone: Collection[str] = (),
    replaced: Collection[str] = (),
) -> list[Surplus]:
    """Return the revisions to delete once the plan's default serves, in this order.

    1. Failed candidates, without the last one of each deployment, which stays to be looked at until the next attempt.
    2. Revisions that have no place any more: their cluster is gone, or their deployment has left the stack file. Those
       of such a deployment that were the endpoint's default count as revisions of the plan's default deployment
       instead, so that one can go back to them.
    3. What is beyond `keep`: by when it was the default, then by when it was made.

    Of each kind, the oldest goes first.

    Args:
        plan: complete. Its own revisions and its pin always stay.
        endpoint: what is live, before the switch or after it.
        never: names of others that stay.
        gone: ids of clusters, in lower case, that do not exist any more.
        replaced: names in the stack file of the deployments that get another revision: the next attempt.
    """
    own = {*plan.revisions.values(), plan.target}
    newest_first = sorted(
        (each for each in of_releases(endpoint) if each.name not in own),
        key=lambda each: _recency(endpoint, each),
        reverse=True,
    )
    failed = [each for each in newest_first if records.is_failed_candidate(endpoint, each)]
    homeless = [each for each in newest_first if each not in failed and (each.compute or "").lower() in gone]
    lines = _lines(plan, endpoint, (each for each in newest_first if each not in failed and each not in homeless))
    left = [each for each in lines.pop("") if each.name not in never]

    def going(each: LiveDeployment, why: str, *, safe: bool = True) -> Surplus:
        is_safe = safe and each.name not in _defaults(endpoint)[:2]
        return Surplus(each.name, each.logical or "", why, each in failed, is_safe)

    found = [going(each, "failed") for each in reversed(_but_one(plan, endpoint, failed, replaced))]
    found += [
        going(each, f"its cluster {(each.compute or '').rpartition('/')[2]} is gone") for each in reversed(homeless)
    ]
    found += [
        going(each, f"deployment {each.logical} is no longer in the stack file", safe=False) for each in reversed(left)
    ]
    for line in lines.values():
        found += [going(each, f"beyond keep: {plan.keep}") for each in reversed(line[plan.keep - 1 :])]
    return [each for each in found if each.name not in never]


def of_releases(endpoint: LiveEndpoint) -> list[LiveDeployment]:
    """Return the deployments that releases made, and that nothing changes at the moment."""
    return [each for each in endpoint.deployments.values() if each.logical is not None and each.state in _SETTLED]


def _but_one(
    plan: ReleasePlan, endpoint: LiveEndpoint, failed: Sequence[LiveDeployment], replaced: Collection[str]
) -> list[LiveDeployment]:
    """Leave out the newest of each deployment of the plan, unless it is replaced or the plan's own revision failed."""
    own = (endpoint.deployments.get(name) for name in plan.revisions.values())
    done = {
        *replaced,
        *(each.logical for each in own if each is not None and records.is_failed_candidate(endpoint, each)),
    }
    found = []
    for each in failed:
        if each.logical in plan.deployments and each.logical not in done:
            done.add(each.logical)
        else:
            found.append(each)
    return found


def _lines(
    plan: ReleasePlan, endpoint: LiveEndpoint, working: Iterable[LiveDeployment]
) -> dict[str, list[LiveDeployment]]:
    """Return the older revisions of each deployment of the plan, newest first; those without a deployment below ""."""
    lines: dict[str, list[LiveDeployment]] = {logical: [] for logical in (*plan.deployments, "")}
    for each in working:
        if each.logical in lines:
            lines[each.logical].append(each)
        else:
            lines[plan.default if each.name in _defaults(endpoint) else ""].append(each)
    return lines


def _recency(endpoint: LiveEndpoint, deployment: LiveDeployment) -> tuple[int, datetime]:
    defaults = _defaults(endpoint)
    rank = len(defaults) - defaults.index(deployment.name) if deployment.name in defaults else 0
    return rank, _time(deployment.created_at)


def _defaults(endpoint: LiveEndpoint) -> list[str]:
    """Return the live default and the former ones, the latest first, as far as the endpoint's tags say."""
    last = endpoint.last_set
    found = [endpoint.default, *([last.default, *last.earlier] if last else [])]
    return list(dict.fromkeys(each for each in found if each))


def _time(text: str) -> datetime:
    """Read ISO-8601; without a time, a revision counts as the oldest."""
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        return datetime.min.replace(tzinfo=UTC)
    return time if time.tzinfo else time.replace(tzinfo=UTC)
