"""How a machine without Pulumi gets it: an installer, and a Python language host for a CLI built from source.

The installer modules use the standard library only, because they run before anything is installed.
"""
