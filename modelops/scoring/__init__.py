"""Scoring jobs on an endpoint."""
