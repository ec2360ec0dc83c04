"""What to do about an error of Azure that means no mistake of the stack: quota, capacity, throttling, locks, time.

The codes are those of Azure Resource Manager, of virtual machines and of machine learning's clusters:
https://learn.microsoft.com/azure/azure-resource-manager/troubleshooting/common-deployment-errors and
https://learn.microsoft.com/azure/machine-learning/how-to-manage-quotas.
"""

import os
import re
from collections.abc import Mapping
from typing import Final

from modelops import network

_QUOTA: Final = (
    "This is a quota of the subscription. `az ml compute list-usage --location REGION --output table` shows what is "
    "used. Ask for more on the page Quotas of the Azure portal "
    "(https://learn.microsoft.com/azure/machine-learning/how-to-manage-quotas), choose a smaller `vmSize` or "
    "`maxNodes`, or delete what is not needed. Then run the command again."
)
_SIZE: Final = (
    "This subscription cannot have that VM size in this region. `az vm list-skus --location REGION --resource-type "
    "virtualMachines --output table` lists the sizes with their restrictions. Choose another `vmSize` or region "
    "(https://learn.microsoft.com/azure/azure-resource-manager/troubleshooting/error-sku-not-available)."
)
_CAPACITY: Final = (
    "Azure has no free machines of that size in this region now, whatever the quota. Try again later, or choose "
    "another `vmSize` or region (https://learn.microsoft.com/troubleshoot/azure/virtual-machines/windows/allocation-failure)."
)
_LOCKED: Final = (
    "Somebody locked it. `az lock list --output table` lists the locks, and `az lock delete --ids ID` removes one. "
    "Then run the command again: it continues."
)
_NEW_IDENTITY: Final = (
    "A new identity takes minutes to be known everywhere in Entra ID. Run the command again: it continues."
)
_TOO_LONG: Final = (
    "The operation took longer than it may (`timeoutMinutes` in the stack file), and may go on in Azure. Run the "
    "command again: it continues. docs/recovery.md#what-takes-too-long says more."
)
_ADVICE: Final = (
    (re.compile(r"AllocationFailed|OverconstrainedAllocation|AllocationTimeout"), _CAPACITY),
    (re.compile(r"SkuNotAvailable|NotAvailableForSubscription"), _SIZE),
    (re.compile(r"QuotaReached|QuotaExceeded|OperationNotAllowed.*\b(quota|cores)\b", re.IGNORECASE), _QUOTA),
    (re.compile(r"ScopeLocked"), _LOCKED),
    (re.compile(r"PrincipalNotFound"), _NEW_IDENTITY),
    (re.compile(r"(?<!read )(?<!write )(?<!connect: )operation timed out"), _TOO_LONG),
)
_THROTTLED: Final = re.compile(r"Status=429|HTTP 429|TooManyRequests|Throttled|throttled")
_SECONDS: Final = re.compile(r"(?:try again|retry) (?:after|in) '?(\d+)'? ?s", re.IGNORECASE)
"""How long to wait, in ARM's text: "Number of 'write' requests for subscription '...' actor '...' exceeded. Please try
again after '10' seconds"."""


def about(text: str, environ: Mapping[str, str] = os.environ) -> str:
    """Return what to do about an error, in one or a few sentences; "" if its own text has to do, or says the same.

    Args:
        text: the error with its code, as a provider or an SDK has it.
        environ: the environment variables of the process that met it.
    """
    said = about_answer(text) or (network.advice(text, environ) if network.is_about(text) else "")
    return "" if said in " ".join(text.split()) else said


def about_answer(text: str) -> str:
    """Return the same for what Azure answered: of a job, for example, whose own network is not this machine's."""
    if said := next((said for pattern, said in _ADVICE if pattern.search(text)), ""):
        return said
    if _THROTTLED.search(text):
        found = _SECONDS.search(text)
        return throttled(float(found[1]) if found else None)
    return ""


def throttled(seconds: float | None) -> str:
    """Return what to do about requests that Azure throttles.

    Args:
        seconds: how long it asks to wait; None if it does not say.
    """
    wait = f"{seconds:.0f} s" if seconds else "some minutes"
    return f"Azure throttles these requests: wait {wait}, then run the command again; it continues."
