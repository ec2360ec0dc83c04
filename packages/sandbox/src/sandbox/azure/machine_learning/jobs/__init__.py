"""Scoring jobs for callers: invocation, history, results."""
