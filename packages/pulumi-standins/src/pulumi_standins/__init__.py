"""Pulumi plug-ins in Python that replace binaries which a machine cannot download."""

__version__ = "0.1.0"
