"""`python -m ci`: see ci/commands.py."""

import sys

from modelops.errors import missing_package

try:
    from ci.commands import app
except ModuleNotFoundError as error:
    sys.exit(missing_package(error, "ci"))

app(prog_name="python -m ci")
