"""Send random ARM, blob, sign-in and control requests to the sandbox, and check every answer and what is stored."""
