"""Conda's match specifications (``numpy>=1.2``, ``conda-forge::pip=*``) as requirements of Python packages.

Rules: https://docs.conda.io/projects/conda/en/stable/user-guide/concepts/pkg-specs.html.
"""

import re
from dataclasses import dataclass

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.utils import canonicalize_name

PYPI_NAMES = {
    "matplotlib-base": "matplotlib",
    "msgpack-python": "msgpack",
    "opencv": "opencv-python-headless",
    "py-opencv": "opencv-python-headless",
    "py-xgboost": "xgboost",
    "pytables": "tables",
    "python-graphviz": "graphviz",
    "pytorch": "torch",
}
"""Python packages that conda-forge calls otherwise than PyPI does.

Source: https://github.com/regro/cf-graph-countyfair (mappings/pypi), and the recipes in github.com/conda-forge;
opencv is the one without windows, as a node has none.
"""

NOT_PYTHON = re.compile(
    r"_.*|lib.*|cuda.*|cudnn|nccl|gcc.*|gxx.*|gfortran.*|.*-compiler|compilers|make|binutils.*|sysroot.*|blas|openblas"
    r"|nomkl|openssl|ca-certificates|zlib|xz|bzip2|readline|ncurses|sqlite|tk|ffmpeg|openjdk|nodejs|git|curl|wget"
    r"|r-.*|pytorch-cuda|pytorch-mutex|cpuonly"
)
"""Conda packages that hold no Python code. PyPI has other packages of some of these names, so it is never asked."""

_SPEC = re.compile(r"^(?:[^\s:]+::)?(?P<name>[A-Za-z0-9_][\w.-]*)\s*(?P<version>[^\[]*)(?P<keys>\[.*\])?$")
_KEYED_VERSION = re.compile(r"""version\s*=\s*(['"]?)([^'"\]]+)\1""")
_OPERATOR = re.compile(r"^(==|=|>=|<=|!=|~=|>|<)?\s*(.*)$")


@dataclass(frozen=True, slots=True)
class MatchSpec:
    """A conda dependency: ``name`` as on PyPI, ``versions`` as PEP 440 says them, ``text`` as in the file.

    ``is_python_package`` is False where the package is known to hold none; ``is_loose`` where PEP 440 cannot say the
    versions (``1.2|1.4``), so that any is taken.
    """

    text: str
    name: str
    versions: SpecifierSet
    is_python_package: bool
    is_loose: bool = False

    @classmethod
    def parse(cls, text: str) -> "MatchSpec":
        """Read one line of ``dependencies``; builds, channels and other keys do not matter here.

        Raises:
            ValueError: the line cannot be read.
        """
        found = _SPEC.match(text.strip())
        if found is None:
            raise ValueError(f"'{text}' is not a conda package")
        given = found["version"].strip()
        if found["keys"] and (keyed := _KEYED_VERSION.search(found["keys"])):
            given = keyed[2].strip()
        name = str(canonicalize_name(found["name"]))
        is_python = NOT_PYTHON.fullmatch(found["name"].lower()) is None
        try:
            return cls(text.strip(), PYPI_NAMES.get(name, name), SpecifierSet(_versions(given)), is_python)
        except InvalidSpecifier:
            return cls(text.strip(), PYPI_NAMES.get(name, name), SpecifierSet(), is_python, is_loose=True)

    @property
    def requirement(self) -> str:
        """The same as a requirement for pip."""
        return f"{self.name}{self.versions}"


def _versions(given: str) -> str:
    """Translate the part behind a package's name; "" means any version."""
    return ",".join(each for part in given.split(",") if (each := _version(part.strip())))


def _version(part: str) -> str:
    found = _OPERATOR.match(part)
    operator, rest = (found[1], found[2]) if found else ("", part)
    words = re.split(r"[\s=]+", rest.strip())  # behind the version stands the build
    version = words[0]
    if version in ("", "*"):
        return ""
    if version.endswith("*"):
        prefix = version.rstrip("*").rstrip(".")
        # In conda ">=1.2.*" is ">=1.2"; "1.2*" and "=1.2.*" are prefixes.
        return f"{operator}{prefix}" if operator in (">=", "<=", ">", "<", "~=") else f"{_equal(operator)}{prefix}.*"
    return f"=={version}.*" if operator == "=" and len(words) == 1 else f"{_equal(operator)}{version}"


def _equal(operator: str | None) -> str:
    return "==" if operator in (None, "", "=") else operator
