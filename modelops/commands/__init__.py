"""The command line: `python -m modelops`."""
