"""The emulated services: Resource Manager and the services behind it."""
