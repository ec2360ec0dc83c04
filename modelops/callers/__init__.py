"""Text to paste into a service that calls a batch endpoint."""
