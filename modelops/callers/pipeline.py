"""A pipeline of Data Factory or Synapse that calls a batch endpoint, as the JSON that both take.

Neither has an activity for batch endpoints; this is made of activities that both document:
https://learn.microsoft.com/azure/data-factory/control-flow-web-activity, .../control-flow-until-activity and
.../control-flow-fail-activity.
"""

from typing import Any, Final

from modelops.callers.called import ENDED, Called

_SIGNED_IN: Final = {"type": "MSI", "resource": "https://ml.azure.com"}


def pipeline(called: Called) -> dict[str, Any]:
    """Return the pipeline; its parameters are the input, and the path of the new file with the predictions."""
    return {
        "name": f"score-{called.endpoint}",
        "properties": {
            "parameters": {
                "input_uri": {"type": "String", "defaultValue": called.input},
                "output_path": {"type": "String", "defaultValue": ""},
                "poll_seconds": {"type": "Int", "defaultValue": called.poll_seconds},
            },
            "variables": {
                "job": {"type": "String"},
                "status": {"type": "String", "defaultValue": "NotStarted"},
            },
            "activities": [_start(called), _keep(), _finish(called), _judge()],
        },
    }


def _start(called: Called) -> dict[str, Any]:
    given = "pipeline().parameters.output_path"
    path = f"@{{if(empty({given}),concat('callers/',pipeline().RunId,'.csv'),{given})}}"
    body = called.body("@{pipeline().parameters.input_uri}", path)
    return {
        "name": "Start",
        "type": "WebActivity",
        # A second request may start a second job.
        "policy": {"retry": 0, "timeout": "0.00:10:00"},
        "typeProperties": {
            "method": "POST",
            "url": called.scoring_uri,
            "headers": {"Content-Type": "application/json", **called.headers},
            "body": {"value": body, "type": "Expression"},
            "authentication": _SIGNED_IN,
        },
    }


def _keep() -> dict[str, Any]:
    return {
        "name": "Keep",
        "type": "SetVariable",
        "dependsOn": _after("Start"),
        "typeProperties": {"variableName": "job", "value": _expression("@activity('Start').output.name")},
    }


def _finish(called: Called) -> dict[str, Any]:
    """The loop; a failed activity in it does not end it, but its time does."""
    ended = ",".join(f"'{each}'" for each in ENDED)
    look = {
        "name": "Look",
        "type": "WebActivity",
        "dependsOn": _after("Pause"),
        "policy": {"retry": 3, "retryIntervalInSeconds": 30, "timeout": "0.00:10:00"},
        "typeProperties": {
            "method": "GET",
            "url": _expression(f"@concat('{called.scoring_uri}/',variables('job'))"),
            "authentication": _SIGNED_IN,
        },
    }
    note = {
        "name": "Note",
        "type": "SetVariable",
        "dependsOn": _after("Look"),
        "typeProperties": {
            "variableName": "status",
            "value": _expression("@activity('Look').output.properties.status"),
        },
    }
    pause = {
        "name": "Pause",
        "type": "Wait",
        "typeProperties": {"waitTimeInSeconds": _expression("@pipeline().parameters.poll_seconds")},
    }
    return {
        "name": "Finish",
        "type": "Until",
        "dependsOn": _after("Keep"),
        "typeProperties": {
            "timeout": "0.12:00:00",
            "expression": _expression(f"@contains(createArray({ended}),variables('status'))"),
            "activities": [pause, look, note],
        },
    }


def _judge() -> dict[str, Any]:
    fail = {
        "name": "Stop",
        "type": "Fail",
        "typeProperties": {
            "message": _expression("@concat('job ',variables('job'),' ended in state ',variables('status'))"),
            "errorCode": "BatchJob",
        },
    }
    return {
        "name": "Judge",
        "type": "IfCondition",
        "dependsOn": _after("Finish"),
        "typeProperties": {
            "expression": _expression("@equals(variables('status'),'Completed')"),
            "ifFalseActivities": [fail],
        },
    }


def _after(name: str) -> list[dict[str, Any]]:
    return [{"activity": name, "dependencyConditions": ["Succeeded"]}]


def _expression(value: str) -> dict[str, str]:
    return {"value": value, "type": "Expression"}
