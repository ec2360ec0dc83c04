"""Workspaces and the computes in them."""
