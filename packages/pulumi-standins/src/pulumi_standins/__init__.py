"""Plug-ins of Pulumi that stand in for binaries which a machine cannot get."""

__version__ = "0.1.0"
