"""What a caller's text is made of: the endpoint's address, the input, and where the predictions go."""

import json
from dataclasses import dataclass
from typing import Any, Final

from modelops.scoring.inputs import WIRE, Kind

DATASTORE: Final = "workspaceblobstore"
"""The datastore that takes the predictions; the role of `callers` reads it."""
ENDED: Final = ("Completed", "Failed", "Canceled", "NotResponding")
"""The states that a job does not leave."""
POLL_SECONDS: Final = 30
PLACEHOLDER: Final = "https://ACCOUNT.blob.core.windows.net/CONTAINER/FOLDER/"
"""The input in a text that is printed without one."""


@dataclass(frozen=True, slots=True)
class Called:
    """An endpoint, and what a caller asks of it."""

    endpoint: str
    """Name in Azure."""
    scoring_uri: str
    container_uri: str
    """Address of the container behind `DATASTORE`."""
    input: str
    """As a request has it."""
    kind: Kind
    deployment: str | None = None
    """Name in Azure; None: the default answers."""
    poll_seconds: int = POLL_SECONDS

    @property
    def headers(self) -> dict[str, str]:
        """Headers of the request beside those of every request."""
        return {} if self.deployment is None else {"azureml-model-deployment": self.deployment}

    @property
    def input_type(self) -> str:
        """The kind of the input, in the data plane's words."""
        return WIRE[self.kind]

    def request(self, source: str, output_path: str) -> dict[str, Any]:
        """Return the request for a job.

        Args:
            source: the input's address, or an expression.
            output_path: path of the new file with the predictions, in `DATASTORE`.
        """
        return {
            "properties": {
                "InputData": {"input": {"JobInputType": self.input_type, "Uri": source}},
                "OutputData": {
                    "score": {
                        "JobOutputType": "UriFile",
                        "Uri": f"azureml://datastores/{DATASTORE}/paths/{output_path}",
                    }
                },
            }
        }

    def body(self, source: str, output_path: str) -> str:
        """Return the request as text."""
        return json.dumps(self.request(source, output_path))
