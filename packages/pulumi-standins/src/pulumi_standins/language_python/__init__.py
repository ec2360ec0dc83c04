"""A Python language host for a Pulumi CLI that was built from its Go module.

The official host comes with the official CLI; it is not in the Go module. This one implements the part of
``pulumirpc.LanguageRuntime`` that deployments and policy packs need. It refuses uv and poetry toolchains, the type
checker option, debuggers and code generation.
"""
