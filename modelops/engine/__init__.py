"""The `pulumi` command as a child process: what a stack's state has, and what the engine says of it."""
