"""Checks in Azure before anything is created."""
