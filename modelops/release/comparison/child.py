"""Runs a function of the user's file in the interpreter that they name.

    python child.py FILE FUNCTION ANSWER [ARGUMENT...]

Without arguments it only imports the file. ANSWER is the file that says how it went: JSON with `problem` (`module`,
`import`, `function`, `raised` or null) and `text`. An empty argument is None for the function, any other a path. The
process ends when its standard input closes, so it does not outlive the one that started it.

Nothing of ours is imported here, and nothing that old versions of Python do not have.
"""

import importlib.util
import json
import os
import sys
import threading
import traceback
from pathlib import Path
from types import ModuleType
from typing import Sequence


def _end_with(parent: int) -> None:
    """End once this descriptor closes."""
    while os.read(parent, 1):
        pass
    os._exit(1)


def _imported(file: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(file.stem, str(file))
    if spec is None or spec.loader is None:
        raise ImportError(f"{file.name} has no name of a Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[file.stem] = module
    spec.loader.exec_module(module)
    return module


def _told(error: BaseException, file: Path) -> str:
    """The exception, with the last line of the user's file that it came through."""
    text = "".join(traceback.format_exception_only(type(error), error)).strip()
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == str(file)]
    return f"{text} ({file.name}, line {lines[-1]})" if lines else text


def _run(file: Path, function: str, arguments: Sequence[str]) -> object:
    """Import the file and call the function; return the answer."""
    sys.dont_write_bytecode = True
    sys.path[0] = str(file.parent)  # it was this file's folder, whose modules could hide the user's
    try:
        module = _imported(file)
    except ModuleNotFoundError as error:
        traceback.print_exc()
        return {"problem": "module", "text": str(error.name)}
    except BaseException as error:  # noqa: BLE001 - also SystemExit: whatever ends it is the answer
        traceback.print_exc()
        return {"problem": "import", "text": _told(error, file)}
    called = getattr(module, function, None)
    if not callable(called):
        return {"problem": "function", "text": ""}
    if arguments:
        try:
            called(*[Path(each) if each else None for each in arguments])
        except BaseException as error:  # noqa: BLE001
            traceback.print_exc()
            return {"problem": "raised", "text": _told(error, file)}
    return {"problem": None, "text": ""}


def main() -> None:
    """Import, call, answer; see the module's docstring."""
    # The user's code gets an empty standard input: `exit()` closes it.
    parent = os.dup(0)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    threading.Thread(target=_end_with, args=(parent,), daemon=True).start()
    answer = _run(Path(sys.argv[1]), sys.argv[2], sys.argv[4:])
    Path(sys.argv[3]).write_text(json.dumps(answer), encoding="utf-8")


if __name__ == "__main__":
    main()
