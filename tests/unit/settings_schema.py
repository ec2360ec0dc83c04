"""The JSON Schema of the stack file beside the settings: what one takes and refuses, the other does too.

Called in every test of the settings that goes through `settings_world`. What only a program can know (files, other
keys, Azure) is in `_BEYOND`, by the words of the settings' messages.
"""

import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import jsonschema

_FILE = Path(__file__).resolve().parents[2] / "docs" / "stack-file.schema.json"
TEXT: dict[str, Any] = json.loads(_FILE.read_text())
SCHEMA = jsonschema.Draft7Validator(TEXT)

_BEYOND = re.compile(
    # of files
    r"there is no such|has no such file|File name too long|which is a file|whose MLmodel|has no file MLmodel"
    r"|name another path"
    r"|\. The (file|script) |is not a conda environment|and .* is an MLflow model|^\S+from is |\nedit .*\.ya?ml"
    # of the stack file as a whole
    r"|is set twice|belongs to another project|is a secret|is set to a secret"
    # of other keys
    r"|the same (name|tag) as|with the same names as|adds up to|is set beside|name of another stack"
    r"|at most (\d+|\S+maxNodes)( in one endpoint|, which is|\.)|which is less than|Allowed together with"
    r"|only one cluster|compute is |default is '|outputAction is|no inputType|only an MLflow model|needs one\."
    r"|leads out of the repository|looks like a secret|notSecret\[\d+\] is '"
    r"|tryOut(\.input|\.check)? is not set|\.endpoint is "
    # of a text that is more than a pattern
    r"|can be a file or a folder|not a valid address|does not name a version|begins or ends with a space"
    r"|start at their first one|name has no dot|key is '²'|which does not exist"
)
"""Problems that one value by itself does not show."""


def check(config: Mapping[str, Any], location: str | None, problems: Iterable[str]) -> None:
    """Fail if the schema takes what the settings refuse, or the other way round."""
    whole = {"config": {**({} if location is None else {"azure-native:location": location}), **config}}
    found = [f"{'.'.join(map(str, each.absolute_path))}: {each.message}" for each in SCHEMA.iter_errors(whole)]
    problems = list(problems)
    if not problems:
        assert found == [], f"the settings take this, and the schema refuses it: {found}"
    elif not all(_BEYOND.search(each) for each in problems):
        assert found != [], f"the schema takes this, and the settings refuse it: {problems}"
