"""Sources of the rules: frameworks, and links to the pages that give the reasons.

The row numbers are those of the control table in docs/security.md. Pages of PSRule for Azure are Microsoft's own; they
name the control of the Microsoft cloud security benchmark that a rule belongs to.
"""

from typing import Final

from pulumi_policy import PolicyComplianceFramework

LEARN: Final = "https://learn.microsoft.com/azure/"
ML: Final = f"{LEARN}machine-learning/"
STORAGE: Final = f"{LEARN}storage/"
LIMITS: Final = f"{ML}how-to-manage-quotas"
SECURE_BATCH: Final = f"{ML}how-to-secure-batch-endpoint"
PROTECT: Final = "https://www.pulumi.com/docs/iac/concepts/options/protect/"
IDENTITIES: Final = f"{ML}how-to-identity-based-service-authentication"


def psrule(rule: str) -> str:
    """Return the address of a rule's page in PSRule for Azure."""
    return f"https://azure.github.io/PSRule.Rules.Azure/en/rules/{rule}/"


def control(row: int, benchmark: str = "") -> PolicyComplianceFramework:
    """Return the framework entry of a row in the control table.

    Args:
        row: Number of the row in docs/security.md.
        benchmark: Id of the control in the Microsoft cloud security benchmark, if a public source names one.
    """
    if benchmark:
        name = "Microsoft cloud security benchmark"
        return PolicyComplianceFramework(name, "1", benchmark, f"docs/security.md, row {row}")
    return PolicyComplianceFramework("Control table", "1", f"row {row}", "docs/security.md")


def least_privilege(benchmark: str) -> PolicyComplianceFramework:
    """Return the framework entry of a rule on roles: a control of the Microsoft cloud security benchmark."""
    return PolicyComplianceFramework("Microsoft cloud security benchmark", "1", benchmark, "docs/security.md, roles")


def limit(what: str) -> PolicyComplianceFramework:
    """Return the framework entry of a limit of the service."""
    return PolicyComplianceFramework("Azure Machine Learning service limits", "2025-12-01", what, "docs/policy.md")
