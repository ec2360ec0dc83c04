"""What an MlWorkspace is put together from."""
