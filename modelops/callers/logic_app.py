"""A Logic App that calls a batch endpoint on a schedule: the definition that its code view takes.

Its identity signs in, with the audience that a batch endpoint needs:
https://learn.microsoft.com/azure/logic-apps/authenticate-with-managed-identity
"""

from collections.abc import Mapping
from typing import Any, Final

from modelops.callers.called import ENDED, Called

_SIGNED_IN: Final = {"type": "ManagedServiceIdentity", "audience": "https://ml.azure.com"}
_EVERY_DAY: Final = {"frequency": "Day", "interval": 1}
_SCHEMA: Final = (
    "https://schema.management.azure.com/providers/Microsoft.Logic/schemas/2016-06-01/workflowdefinition.json#"
)


def definition(called: Called) -> dict[str, Any]:
    """Return the code view's whole content: the definition, with its parameters."""
    return {"definition": workflow(called), "parameters": {}}


def workflow(
    called: Called, recurrence: Mapping[str, Any] | None = None, identity_id: str | None = None
) -> dict[str, Any]:
    """Return the workflow definition; a run fails if its job does not complete.

    Args:
        called: the endpoint.
        recurrence: when it runs, in the words of its trigger; None: once a day, the first time at once.
        identity_id: ARM id of the user-assigned identity that signs in; None: the system-assigned one.
    """
    signed_in = {**_SIGNED_IN, **({} if identity_id is None else {"identity": identity_id})}
    return {
        "$schema": _SCHEMA,
        "contentVersion": "1.0.0.0",
        "parameters": {},
        "triggers": {"Recurrence": {"type": "Recurrence", "recurrence": {**(recurrence or _EVERY_DAY)}}},
        "actions": {
            "Status": {
                "type": "InitializeVariable",
                "inputs": {"variables": [{"name": "status", "type": "string", "value": "NotStarted"}]},
                "runAfter": {},
            },
            "Start": _start(called, signed_in),
            "Finish": _finish(called, signed_in),
            "Judge": _judge(),
        },
        "outputs": {},
    }


def _start(called: Called, signed_in: Mapping[str, str]) -> dict[str, Any]:
    return {
        "type": "Http",
        "inputs": {
            "method": "POST",
            "uri": called.scoring_uri,
            "headers": {"Content-Type": "application/json", **called.headers},
            "body": called.request(called.input, "callers/@{workflow().run.name}.csv"),
            "authentication": {**signed_in},
            # A second request may start a second job.
            "retryPolicy": {"type": "none"},
        },
        "runAfter": {"Status": ["Succeeded"]},
    }


def _finish(called: Called, signed_in: Mapping[str, str]) -> dict[str, Any]:
    ended = ",".join(f"'{each}'" for each in ENDED)
    return {
        "type": "Until",
        "expression": f"@contains(createArray({ended}), variables('status'))",
        "limit": {"count": 5000, "timeout": "PT12H"},
        "actions": {
            "Pause": {
                "type": "Wait",
                "inputs": {"interval": {"count": called.poll_seconds, "unit": "Second"}},
                "runAfter": {},
            },
            "Look": {
                "type": "Http",
                "inputs": {
                    "method": "GET",
                    "uri": f"{called.scoring_uri}/@{{body('Start')['name']}}",
                    "authentication": {**signed_in},
                },
                "runAfter": {"Pause": ["Succeeded"]},
            },
            "Note": {
                "type": "SetVariable",
                "inputs": {"name": "status", "value": "@body('Look')['properties']['status']"},
                "runAfter": {"Look": ["Succeeded"]},
            },
        },
        "runAfter": {"Start": ["Succeeded"]},
    }


def _judge() -> dict[str, Any]:
    return {
        "type": "If",
        "expression": {"and": [{"equals": ["@variables('status')", "Completed"]}]},
        "actions": {},
        "else": {
            "actions": {
                "Stop": {
                    "type": "Terminate",
                    "inputs": {
                        "runStatus": "Failed",
                        "runError": {
                            "code": "BatchJob",
                            "message": "job @{body('Start')['name']} ended in state @{variables('status')}",
                        },
                    },
                    "runAfter": {},
                }
            }
        },
        "runAfter": {"Finish": ["Succeeded"]},
    }
