"""What every emulated Azure service shares: requests, routes, validation, the store and long-running operations."""
