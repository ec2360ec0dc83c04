"""Runs public examples of batch endpoints as they stand, against a sandbox (docs/examples.md)."""
