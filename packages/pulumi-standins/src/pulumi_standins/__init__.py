"""Pulumi plug-ins in Python that replace binaries which a machine cannot download."""
