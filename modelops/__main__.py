"""The commands: `python -m modelops status|release|history|invoke|jobs` for people, `worker` for the program's hook."""

import sys

if sys.argv[1:] == ["worker"]:  # before typer is imported, because every deployment waits for this process
    from modelops.runner import worker

    worker.main()
else:
    from modelops.errors import missing_package

    try:
        from modelops.commands.app import main
    except ModuleNotFoundError as error:
        sys.exit(missing_package(error, "modelops"))

    sys.exit(main(sys.argv[1:]))
