"""What runs in the user's shell."""
