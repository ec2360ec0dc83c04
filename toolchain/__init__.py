"""Sets up a checkout: the Python environment, the Pulumi CLI, and checkov.

The installer modules use the standard library only, because they run before anything is installed.
"""
