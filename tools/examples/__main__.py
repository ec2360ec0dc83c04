"""``python -m tools.examples CHECKOUT``: run the public examples of your checkout, and print what came of them."""

import argparse
import contextlib
import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from tools.examples.catalogue import EXAMPLES
from tools.examples.place import Place
from tools.examples.run import run

_HEAD = ("| group | example | result | replacements |", "| --- | --- | --- | --- |")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the examples that the checkout has; return 1 if one of them did not come to its end, or it has none."""
    options = _parser().parse_args(arguments)
    known = {each.name: each for each in EXAMPLES}
    if unknown := set(options.only) - known.keys():
        raise SystemExit(f"examples: unknown example '{min(unknown)}'; allowed: {', '.join(known)}")
    chosen = [known[name] for name in options.only or known]
    present = [each for each in chosen if (options.checkout / each.path).is_file()]
    if absent := [each.path for each in chosen if each not in present] if options.only or not present else []:
        raise SystemExit(f"examples: '{options.checkout}' does not have {', '.join(absent)}")
    # Not resolved: a virtual environment's Python is a link, and its folder makes the environment.
    python = str(Path(options.python).absolute()) if os.sep in options.python else options.python
    outcomes = []
    with _folder(options.keep) as work:
        place = Place(work / "sandbox")
        try:
            for example in present:
                print(f"{example.name} ...", flush=True)
                outcomes.append(run(example, options.checkout.resolve(), work / example.name, place, python))
                print(f"{example.name}: {outcomes[-1].result}", flush=True)
        finally:
            place.stop()
    print("", *_HEAD, *(each.row for each in outcomes), sep="\n")
    return int(any(each.failed is not None for each in outcomes))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tools.examples",
        description="Run public examples of batch endpoints as they stand, in a separate sandbox. Only the Python "
        "packages of their environments are fetched; SANDBOX_OFFLINE=1 turns that off.",
    )
    parser.add_argument("checkout", type=Path, help="a checkout of Azure/azureml-examples, or of the Learn labs")
    parser.add_argument("only", nargs="*", metavar="NAME", help="the examples to run; default: all that are there")
    parser.add_argument(
        "--python", default=sys.executable, help="runs the notebooks: a Python with azure-ai-ml and all they import"
    )
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="leaves logs, copies and the sandbox there")
    return parser


@contextlib.contextmanager
def _folder(kept: Path | None) -> Iterator[Path]:
    """Give a folder for the run: the user's own, or one that is removed at the end."""
    if kept is not None:
        kept.mkdir(parents=True, exist_ok=True)
        yield kept.resolve()
        return
    with TemporaryDirectory(prefix="examples-") as folder:
        yield Path(folder)


if __name__ == "__main__":
    sys.exit(main())
