"""What is emulated: Resource Manager and the services behind it."""
