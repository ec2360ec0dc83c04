"""The common part of all emulated services: requests, routes, validation, the store and long-running operations."""
