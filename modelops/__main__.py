"""The commands: `python -m modelops status|release|invoke` for people, `worker` for the program's hook."""

import sys

from modelops.commands.command_line import main

sys.exit(main(sys.argv[1:]))
