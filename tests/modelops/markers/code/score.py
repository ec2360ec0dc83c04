"""Stands for a scoring script."""
