"""Reads YAML files of the Azure ML CLI (v2) into the words of the stack file, without azure-ai-ml."""
