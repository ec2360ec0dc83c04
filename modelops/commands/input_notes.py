"""What is to be known about a job's input before the job starts."""

import os
from contextlib import suppress
from pathlib import Path

from modelops import rehearsal
from modelops.errors import RehearsalError
from modelops.scoring import data_assets, local_files
from modelops.scoring.inputs import JobInput
from modelops.workspace import Workspace


def notes(workspace: Workspace, source: JobInput) -> list[str]:
    """Return sentences about local files that are not scored like others, or about data that a rehearsal does not have.

    Raises:
        UsageError: nothing of a local folder would be uploaded.
        ReleaseError: in a rehearsal, the service refused to read the data asset.
    """
    if source.is_local:
        return local_files.notes(Path(source.path))
    if not os.environ.get(rehearsal.VARIABLE):
        return []
    found = data_assets.registered(workspace, source)
    with suppress(RehearsalError):  # the job's own log says it too
        return rehearsal.ask_about_input(source.path if found is None else str(found.path))
    return []
