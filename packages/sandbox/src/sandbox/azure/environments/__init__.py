"""The Python environments of jobs: what a conda file asks for, and where on this machine it is found or built."""

OFFLINE = "SANDBOX_OFFLINE"
"""Environment variable: 1 keeps the sandbox from package indexes, so that no conda file is built."""
