"""Registries of machine learning: models, environments, code, data and components that workspaces share."""
