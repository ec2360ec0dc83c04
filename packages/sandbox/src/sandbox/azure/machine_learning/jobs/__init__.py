"""Scoring jobs as callers see them: invocation, history, results."""
