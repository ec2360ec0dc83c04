"""Generators of the schema files under sandbox/schemas; `python -m scripts.<name>` writes one."""
