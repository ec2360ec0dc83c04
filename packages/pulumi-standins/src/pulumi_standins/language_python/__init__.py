"""A Python language host for a Pulumi CLI that was built from its Go module (docs/adr/0004-language-host.md).

The official host comes with the official CLI; it is not in the Go module. This one serves the part of
``pulumirpc.LanguageRuntime`` that deployments and policy packs need. It has no uv or poetry toolchains, no type
checker option and no debugger, and generates no code: each of these is refused by name.
"""
