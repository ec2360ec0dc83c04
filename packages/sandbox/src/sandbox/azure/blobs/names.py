"""The names of storage accounts and containers: (pattern, what is allowed)."""

ACCOUNT_NAME = (r"[a-z0-9]{3,24}", "3 to 24 lower-case letters and digits")
CONTAINER_NAME = (
    r"(?!.*--)[a-z0-9][a-z0-9-]{1,61}[a-z0-9]",
    "3 to 63 lower-case letters, digits and single hyphens, no hyphen at an end",
)
"""https://learn.microsoft.com/rest/api/storageservices/naming-and-referencing-containers--blobs--and-metadata"""
