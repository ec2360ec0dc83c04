"""The commands: `python -m modelops status|release|history|invoke|jobs` for people, `worker` for the program's hook."""

import sys

if sys.argv[1:] == ["worker"]:  # before typer is imported, because every deployment waits for this process
    from modelops.runner import worker

    worker.main()
else:
    from modelops.commands.app import main

    sys.exit(main(sys.argv[1:]))
