"""The command line: `python -m modelops`, one file per command."""
