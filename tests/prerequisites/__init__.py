"""`python -m prerequisites` against the sandbox, over real HTTP."""
