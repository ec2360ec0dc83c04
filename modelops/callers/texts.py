"""The text of each kind of caller."""

import json
import shlex
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from modelops.callers import logic_app, pipeline
from modelops.callers.called import DATASTORE, Called

_TEMPLATES: Final = Path(__file__).parent / "templates"


def _script(template: str, kind: str) -> Callable[[Called], str]:
    def render(called: Called) -> str:
        # Not needed by any other command.
        import jinja2  # noqa: PLC0415

        environment = jinja2.Environment(
            loader=jinja2.FileSystemLoader(_TEMPLATES),
            autoescape=False,  # noqa: S701 - no HTML; each value is quoted as the text's language does
            undefined=jinja2.StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            keep_trailing_newline=True,
        )
        environment.filters["shell"] = shlex.quote
        environment.filters["literal"] = json.dumps
        return environment.get_template(template).render(
            kind=kind,
            endpoint=called.endpoint,
            scoring_uri=called.scoring_uri,
            container_uri=called.container_uri,
            input=called.input,
            input_type=called.input_type,
            deployment=called.deployment,
            datastore=DATASTORE,
            poll_seconds=called.poll_seconds,
        )

    return render


def _pipeline(called: Called) -> str:
    return json.dumps(pipeline.pipeline(called), indent=2) + "\n"


def _logic_app(called: Called) -> str:
    return json.dumps(logic_app.definition(called), indent=2) + "\n"


KINDS: Final[Mapping[str, Callable[[Called], str]]] = {
    "curl": _script("curl.sh.j2", "curl"),
    "python": _script("call.py.j2", "python"),
    "databricks": _script("call.py.j2", "databricks"),
    "synapse": _pipeline,
    "synapse-notebook": _script("call.py.j2", "synapse-notebook"),
    "adf": _pipeline,
    "logic-app": _logic_app,
}
"""The kinds of callers, and what makes their texts."""
