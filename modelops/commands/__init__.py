"""The command line: `python -m modelops`, one file for each command."""
