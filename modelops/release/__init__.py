"""A release, one module for each step."""
