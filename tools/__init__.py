"""Benchmarks, the checkov scan, and the generators of schema files (`python -m tools.schemas.NAME`)."""
