"""What the live endpoint says of a plan: its number, and whether a rollback abandoned the revision that it names."""

from components.preflight.live_default import Live
from modelops.plan.plan import ReleasePlan
from modelops.rehearsal import located
from modelops.release.last_set import LastSet


def number(plan: ReleasePlan, live: Live) -> int | None:
    """Return the plan's number: the endpoint's, or the next one where there is something to do; None for 0.

    That is if its default is not the plan's, and if the plan is refused: an unchanged plan would run no hook.
    """
    record = LastSet.read(live.tags)
    found = record.number if record else 0
    is_refused = record is not None and record.refuses(plan.target, plan.pin)
    return (found if live.default == plan.target and not is_refused else found + 1) or None


def refusal(name: str, plan: ReleasePlan, live: Live, stack: str) -> str | None:
    """Return why a plan is refused that names a revision that a rollback abandoned, and what to do; else None.

    Args:
        name: the endpoint's name in the stack file.
        plan: complete.
        live: the endpoint.
        stack: the stack's name.
    """
    record = LastSet.read(live.tags)
    if record is None or not record.refuses(plan.target, plan.pin):
        return None
    again = located(f"python -m modelops rollback --to {plan.target} --endpoint {name} --stack {stack}")
    return (
        f"a rollback on {record.at} abandoned {plan.target}, which the stack file still makes the default. Nothing was "
        f"released; {record.default} still serves.\n"
        "  To release a fix: change the deployment, or go back in git\n"
        f"  To keep {record.default}: add a line below endpoints.{name} in Pulumi.{stack}.yaml: pin: {record.default}\n"
        f"  To let {plan.target} serve again: {again}"
    )
