"""Tests of prerequisites/: the checks with one thing wrong; plan and apply against the sandbox, over real HTTP."""
