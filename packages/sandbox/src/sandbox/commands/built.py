"""What `status` says of the environments of jobs: whether they are built, and which were."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime

from sandbox.home import OFFLINE, Home


def lines(home: Home, *, uses_index: bool) -> Iterator[str]:
    """Yield a line about the package index, and one for each environment in ``home``, the last used first."""
    if uses_index:
        yield f"Package index: uv builds conda files, through your index settings ({OFFLINE}=1 turns this off)"
    else:
        yield f"Package index: not used ({OFFLINE} is set); jobs run in the sandbox's own environment"
    # A folder with a dot is a build that has not ended.
    files = sorted(
        home.environments.glob("[!.]*/environment.json"), key=lambda file: file.stat().st_mtime, reverse=True
    )
    if files:
        yield f"Environments: {len(files)} in '{home.environments}' (python -m sandbox reset removes them)"
    for file in files:
        python = json.loads(file.read_text(encoding="utf-8"))["python"]
        used = datetime.fromtimestamp(file.stat().st_mtime, UTC)
        yield f"  {file.parent.name}  Python {python}, last used {used:%Y-%m-%d}"
