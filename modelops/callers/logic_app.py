"""A Logic App that calls a batch endpoint on a schedule: the definition that its code view takes.

Its identity signs in, with the audience that a batch endpoint needs:
https://learn.microsoft.com/azure/logic-apps/authenticate-with-managed-identity
"""

from typing import Any, Final

from modelops.callers.called import ENDED, Called

_SIGNED_IN: Final = {"type": "ManagedServiceIdentity", "audience": "https://ml.azure.com"}
_SCHEMA: Final = (
    "https://schema.management.azure.com/providers/Microsoft.Logic/schemas/2016-06-01/workflowdefinition.json#"
)


def definition(called: Called) -> dict[str, Any]:
    """Return the code view's whole content: the definition, with its parameters."""
    return {"definition": workflow(called), "parameters": {}}


def workflow(called: Called) -> dict[str, Any]:
    """Return the workflow definition: once a day; it fails if the job does not complete."""
    return {
        "$schema": _SCHEMA,
        "contentVersion": "1.0.0.0",
        "parameters": {},
        "triggers": {"Every_day": {"type": "Recurrence", "recurrence": {"frequency": "Day", "interval": 1}}},
        "actions": {
            "Status": {
                "type": "InitializeVariable",
                "inputs": {"variables": [{"name": "status", "type": "string", "value": "NotStarted"}]},
                "runAfter": {},
            },
            "Start": _start(called),
            "Finish": _finish(called),
            "Judge": _judge(),
        },
        "outputs": {},
    }


def _start(called: Called) -> dict[str, Any]:
    return {
        "type": "Http",
        "inputs": {
            "method": "POST",
            "uri": called.scoring_uri,
            "headers": {"Content-Type": "application/json", **called.headers},
            "body": called.request(called.input, "callers/@{workflow().run.name}.csv"),
            "authentication": _SIGNED_IN,
            # A second request may start a second job.
            "retryPolicy": {"type": "none"},
        },
        "runAfter": {"Status": ["Succeeded"]},
    }


def _finish(called: Called) -> dict[str, Any]:
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
                    "authentication": _SIGNED_IN,
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
