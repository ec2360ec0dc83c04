"""Models, code, environments, data, and the datastores with their files."""
