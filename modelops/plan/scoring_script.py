"""What is certain to be wrong with a scoring script, read from its text: nothing is imported or run.

The contract: https://learn.microsoft.com/azure/machine-learning/how-to-batch-scoring-script. Only what fails in every
environment is a problem. A name that comes from elsewhere (`from scoring import run`, `run = model.predict`) counts as
there, and a star import leaves open what it brings.
"""

import ast
import sys
import warnings
from collections.abc import Iterator
from typing import Final

_CALLS: Final = {"init": "init()", "run": "run(mini_batch)"}
"""The functions that the job calls, and how."""

_PYTHON: Final = f"{sys.version_info.major}.{sys.version_info.minor}"


def problem(content: bytes) -> str | None:
    """Return what is wrong with a script, or None: a phrase that continues "the script ..." and names the line.

    Args:
        content: The file's bytes.
    """
    try:
        text = content.decode("utf-8-sig")  # like azure-ai-ml, which also parses it before it creates a deployment
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        return f"is not UTF-8 (line {line}); save it as UTF-8"
    try:
        with warnings.catch_warnings(action="ignore"):  # of escapes such as "\d", which do no harm
            tree = ast.parse(text)
    except SyntaxError as error:
        return f"does not parse: line {error.lineno or 1}: {error.msg} (read by Python {_PYTHON})"
    except (ValueError, RecursionError, MemoryError) as error:  # a null character; nested too deeply
        return f"does not parse: {error or type(error).__name__}"
    return _missing(tree) or next(filter(None, map(_not_callable, _functions(tree))), None)


def _missing(tree: ast.Module) -> str | None:
    bound = {*_names(tree.body), *_globals(tree)}
    lacking = [] if "*" in bound else [call for name, call in _CALLS.items() if name not in bound]
    return f"does not define {' or '.join(lacking)}, which the job calls" if lacking else None


def _functions(tree: ast.Module) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Yield the functions the job calls, if the module itself defines them once: then it is certain which one runs."""
    bound = list(_names(tree.body))
    for node in tree.body:
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) or node.name not in _CALLS:
            continue
        if bound.count(node.name) == 1 and not node.decorator_list:  # a decorator may change the arguments
            yield node


def _not_callable(function: ast.FunctionDef | ast.AsyncFunctionDef) -> str | None:
    """Say why the job's call of a function fails, or None."""
    call, where = _CALLS[function.name], f"line {function.lineno}"
    if isinstance(function, ast.AsyncFunctionDef):
        return f"defines {call} with async def ({where}), and the job does not await it"
    given = 1 if function.name == "run" else 0
    args = function.args
    positional = [*args.posonlyargs, *args.args]
    if given > len(positional) and args.vararg is None:
        return f"defines run() without an argument ({where}); the job calls {call}"
    without_default = positional[: len(positional) - len(args.defaults)]
    needed = [arg.arg for arg in without_default[given:]]
    # The engine has a second argument for jobs with partitions; whether a batch deployment passes it is not documented.
    needed = needed[1:] if function.name == "run" else needed
    needed += [arg.arg for arg, default in zip(args.kwonlyargs, args.kw_defaults, strict=True) if default is None]
    if needed:
        return f"defines {function.name}() with required arguments ({', '.join(needed)}; {where}); the job calls {call}"
    return None


def _globals(tree: ast.Module) -> Iterator[str]:
    """Yield the names that may be bound in the module from elsewhere: in `init`, which runs first; `*` for any name."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Global):
            yield from node.names
        elif isinstance(node, ast.Name) and node.id in ("exec", "globals"):
            yield "*"


def _names(body: list[ast.stmt]) -> Iterator[str]:
    """Yield each name that these statements bind in the module, as often as they do; `*` for a star import."""
    for node in body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.name
            continue
        for child in ast.walk(node):
            if isinstance(child, ast.Name) and isinstance(child.ctx, ast.Store):
                yield child.id
            elif isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):  # inside if, try or with
                yield child.name
            elif isinstance(child, ast.Import | ast.ImportFrom):
                yield from (alias.asname or alias.name for alias in child.names)
