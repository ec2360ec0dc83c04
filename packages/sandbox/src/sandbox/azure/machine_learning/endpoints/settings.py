"""A deployment's scoring settings: their ranges and the service's defaults.

https://learn.microsoft.com/azure/machine-learning/reference-yaml-deployment-batch
"""

import re
from typing import Any

from sandbox.azure.arm.bodies import fill
from sandbox.azure.arm.durations import parse_duration
from sandbox.azure.arm.errors import bad_request
from sandbox.azure.arm.store import Resource
from sandbox.azure.machine_learning.bodies import respelled
from sandbox.azure.readings import Switches

LARGEST = 2**31 - 1
_LONGEST_TIMEOUT_SECONDS = 259200
_BAD_IN_FILE_NAME = re.compile(r'[~"#%&*:<>?/\\{|}]')
_DEFAULTS: dict[str, Any] = {
    "description": None,
    "outputAction": "AppendRow",
    "outputFileName": "predictions.csv",
    "errorThreshold": -1,
    "loggingLevel": "Info",
    "miniBatchSize": 10,
    "maxConcurrencyPerInstance": 1,
    "environmentVariables": {},
    "environmentId": None,
    "codeConfiguration": None,
}
RANGES = {"miniBatchSize": (1, LARGEST), "maxConcurrencyPerInstance": (1, LARGEST), "errorThreshold": (-1, LARGEST)}


def complete_settings(switches: Switches, properties: dict[str, Any], compute: Resource) -> None:
    """Check a deployment's settings and fill in defaults.

    Raises:
        ArmError: 400 naming the setting, its value and the allowed values.
    """
    fill(properties, _DEFAULTS)
    for member, (low, high) in RANGES.items():
        check_range(f"properties.{member}", properties[member], low, high)
    check_file_name("properties.outputFileName", properties["outputFileName"])
    resources = properties.get("resources") or {}
    fill(resources, {"instanceCount": 1, "properties": {}})
    check_instances("properties.resources.instanceCount", resources["instanceCount"], compute)
    retry = properties.get("retrySettings") or {}
    fill(retry, {"maxRetries": 3, "timeout": "PT30S"})
    check_range("properties.retrySettings.maxRetries", retry["maxRetries"], 0, LARGEST)
    check_timeout("properties.retrySettings.timeout", retry["timeout"])
    retry["timeout"] = respelled(switches, retry["timeout"])
    properties |= {"resources": resources, "retrySettings": retry}


def check_range(member: str, value: int, low: int, high: int) -> None:
    """Refuse a number outside ``low`` to ``high``.

    Raises:
        ArmError: 400.
    """
    if not low <= value <= high:
        raise bad_request(f"'{member}' is {value}; allowed: {low} to {high}.", "UserError")


def check_instances(member: str, value: int, compute: Resource) -> None:
    """Refuse more instances than the cluster's maximum.

    Raises:
        ArmError: 400.
    """
    check_range(member, value, 1, LARGEST)
    most = compute.body["properties"]["properties"]["scaleSettings"]["maxNodeCount"]
    if value > most:
        raise bad_request(f"'{member}' is {value}; the cluster '{compute.name}' has at most {most} nodes.", "UserError")


def check_timeout(member: str, value: str) -> None:
    """Refuse a mini-batch's timeout that is not above 0 and at most 259200 seconds.

    Raises:
        ArmError: 400.
    """
    seconds = parse_duration(value)
    if not 0 < seconds <= _LONGEST_TIMEOUT_SECONDS:
        raise bad_request(
            f"'{member}' is '{value}' ({seconds:g} s); allowed: more than 0 to {_LONGEST_TIMEOUT_SECONDS} s.",
            "UserError",
        )


def check_file_name(member: str, value: str) -> None:
    """Refuse an output file name with characters that the service's driver refuses.

    Raises:
        ArmError: 400.
    """
    if not value or _BAD_IN_FILE_NAME.search(value):
        raise bad_request(
            f"""'{member}' is '{value}'; a file name without any of ~ " # % & * : < > ? / \\ {{ | }}""", "UserError"
        )
