"""The commands in the user's shell."""
