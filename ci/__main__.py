"""`python -m ci`: see ci/commands.py."""

from ci.commands import app

app(prog_name="python -m ci")
