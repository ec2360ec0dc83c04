"""What is said beneath an error of Azure that means no mistake of the stack."""

import re

import pytest

from modelops import advice

THROTTLED = (
    "Status=429 Code=\"SubscriptionRequestsThrottled\" Message=\"Number of 'write' requests for subscription 's' actor "
    "'a' exceeded. Please try again after '300' seconds after additional tokens are available.\""
)
CORES = (
    "OperationNotAllowed: Operation could not be completed as it results in exceeding approved Total Regional Cores "
    "quota. Current Limit: 10, Current Usage: 8, Additional Required: 8"
)


@pytest.mark.parametrize(
    ("text", "begins", "names"),
    [
        ('Status=400 Code="ClusterCoreQuotaReached" Message="x"', "This is a quota", "az ml compute list-usage"),
        ('Status=400 Code="QuotaExceeded" Message="x"', "This is a quota", "Quotas of the Azure portal"),
        (CORES, "This is a quota", "how-to-manage-quotas"),
        ('Status=409 Code="SkuNotAvailable" Message="x"', "This subscription cannot have", "az vm list-skus"),
        ("NotAvailableForSubscription", "This subscription cannot have", "error-sku-not-available"),
        ("ZonalAllocationFailed: We do not have sufficient capacity", "Azure has no free machines", "another `vmSize`"),
        ("AllocationFailed", "Azure has no free machines", "whatever the quota"),
        (THROTTLED, "Azure throttles these requests", "wait 300 s, then"),
        ("TooManyRequests: slow down (HTTP 429)", "Azure throttles these requests", "wait some minutes, then"),
        ('Status=409 Code="ScopeLocked" Message="x"', "Somebody locked it", "az lock list"),
        ('Status=400 Code="PrincipalNotFound" Message="x"', "A new identity takes minutes", "Run the command again"),
        ("resource created but read failed: operation timed out", "The operation took longer", "timeoutMinutes"),
    ],
)
def test_what_to_do(text: str, begins: str, names: str) -> None:
    said = advice.about_answer(text)
    assert said.startswith(begins)
    assert names in said
    assert advice.about(text) == said


@pytest.mark.parametrize(
    "text",
    [
        "OperationNotAllowed: the workspace is being deleted",
        'Status=403 Code="AuthorizationFailed" Message="no"',
        "tags.costCenter is ''. Allowed: a value of 1 to 256 characters",
    ],
)
def test_an_error_that_speaks_for_itself_gets_no_advice(text: str) -> None:
    assert advice.about(text) == ""


def test_what_an_error_says_itself_is_not_said_again() -> None:
    told = f"error: no usable answer: HTTP 429.\n  {advice.throttled(60)}"
    assert advice.about(told.replace("60 s", "some minutes").replace(": wait", ":\n  wait")) == ""
    assert advice.about("HTTP 429") == advice.throttled(None)


def test_only_an_error_of_this_machine_is_about_its_network() -> None:
    refused = "score.py, line 7, in run: ConnectionError: [Errno 111] Connection refused"
    assert advice.about_answer(refused) == ""
    assert re.match("Requests to |Check the network", advice.about(refused))


@pytest.mark.parametrize(
    "text",
    ["TimeoutError: The read operation timed out", "dial tcp 20.1.1.1:443: connect: operation timed out"],
)
def test_a_connection_that_timed_out_is_no_operation_of_azure(text: str) -> None:
    assert "timeoutMinutes" not in advice.about(text, {})
