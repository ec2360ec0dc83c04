"""What a user gives the sandbox beside Azure's API: content of registries, and what training left in workspaces."""
