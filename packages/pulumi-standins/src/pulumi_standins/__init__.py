"""Plug-ins of Pulumi that stand in for binaries which a machine cannot get."""
