"""Models, code, environments, data and the datastores that their files lie in."""
