"""Which texts name data in Azure, and not a path on this machine: the same for the command line and the stack file.

The forms are those that Azure documents for the input of a batch endpoint
(https://learn.microsoft.com/azure/machine-learning/how-to-access-data-batch-endpoints-jobs), and azure-ai-ml's short
ones for data assets.
"""

import re
from typing import Final, Literal, NamedTuple
from urllib.parse import urlsplit

Kind = Literal["uri_file", "uri_folder"]
KINDS: Final[tuple[Kind, ...]] = ("uri_file", "uri_folder")
"""The types of an input that a batch endpoint with a model takes, in azure-ai-ml's words."""

FORMS: Final = (
    "a URI (https://, azureml://, wasbs://, abfss://), a data asset (azureml:NAME:VERSION, azureml:NAME@latest) or the "
    "ARM id of a data asset or of a path in a datastore"
)
"""The allowed forms, for messages."""

_URI: Final = re.compile(r"(https?|azureml|wasbs?|abfss?)://.+", re.IGNORECASE)
_WORKSPACE: Final = (
    r"subscriptions/[^/]+/resource[gG]roups/[^/]+/providers/Microsoft\.MachineLearningServices/workspaces/[^/]+"
)
_ARM_ID: Final = re.compile(rf"(azureml:)?(?P<id>/{_WORKSPACE}/(data|datastores)/.+)", re.IGNORECASE)
# Without azureml: two letters at least, because a drive of Windows has one.
_NAMED: Final = re.compile(
    r"(azureml:|(?![\w-][:@]))(?!azureml[:@])(?P<name>[\w-][\w.-]*)(:(?P<version>[\w.-]+)|@(?P<label>[\w.-]+))"
)
_ASSET: Final = re.compile(
    rf"(azureml:/)?/(?P<place>{_WORKSPACE}|subscriptions/[^/]+/resourcegroups/[^/]+/workspaces/[^/]+"
    r"|locations/[^/]+/workspaces/[^/]+|registries/[^/]+)"
    # Azure's examples write both labels/LABEL and versions/labels/LABEL.
    r"/data/(?P<name>[^/]+)/((versions/)?labels/(?P<label>[^/]+)|versions/(?P<version>[^/]+))",
    re.IGNORECASE,
)

_DATASTORE: Final = re.compile(r"azureml://datastores/(?P<name>[^/]+)/", re.IGNORECASE)
# All of a query: which of its parts is a secret depends on who made it. A job's page in the studio has none,
# and neither has a build's page in Azure DevOps.
_QUERY: Final = re.compile(
    r"(?P<address>\b\w+://[^\s'\"<>?]*)\?"
    r"(?!(wsid=/subscriptions/[^\s'\"<>?&]*(&tid=[\w-]*)?|buildId=\d+)([\s'\"<>]|$))[^\s'\"<>]*"
)


class DataAsset(NamedTuple):
    """A data asset that a text names.

    Attributes:
        place: the beginning of its address, e.g. `locations/westeurope/workspaces/ws`; "" if only its name is given.
        name: its name.
        version: its version; "" if a label is named.
        label: its label; "" if a version is named.
    """

    place: str
    name: str
    version: str
    label: str

    def is_in(self, workspace_id: str) -> bool:
        """Say whether it is known to be in the workspace with this ARM id; a workspace's GUID does not tell."""
        if not self.place:
            return True
        place, own = self.place.lower(), workspace_id.strip("/").lower()
        if place.startswith("subscriptions/"):
            return place in (own, own.replace("/providers/microsoft.machinelearningservices", ""))
        return place.startswith("locations/") and place.rpartition("/")[2] == own.rpartition("/")[2]


def datastore(address: str) -> str | None:
    """Return the name of the datastore of the job's own workspace that an address begins with; None for others."""
    found = _DATASTORE.match(address)
    return found["name"] if found else None


def masked(text: str) -> str:
    """Return a text for people or a log, without the queries of its addresses: these can be secrets, as in a SAS."""
    return _QUERY.sub(r"\g<address>?***", text)


def is_address(text: str) -> bool:
    """Say whether a text names data in Azure; a path on this machine that looks like it is written `./NAME:VERSION`."""
    return any(each.fullmatch(text) for each in (_URI, _ARM_ID, _NAMED)) or text.startswith("azureml:")


def path(text: str) -> str:
    """Return a path so that it is not taken for an address."""
    return f"./{text}" if is_address(text) else text


def problem(address: str) -> str | None:
    """Return why no job can have an address as its input, and what is allowed; None if one can.

    The text goes on after the address: "does not name a version. Allowed: ...".
    """
    if address != address.strip():
        return "begins or ends with a space. Allowed: the same without it."
    try:
        urlsplit(address)
    except ValueError as error:
        return f"is not a valid address: {error}."
    if data_asset(address) is None and re.match(r"azureml:(?!//)", uri(address)):
        return "does not name a version. Allowed: azureml:NAME:VERSION, azureml:NAME@latest."
    return None


def kind(address: str) -> Kind | None:
    """Return `uri_folder` for an address that cannot be a file's; None where only a data asset or the user can tell.

    Folders can have a suffix too (`data.parquet/`), so a suffix alone does not tell.
    """
    if data_asset(address) is not None or "." in urlsplit(address).path.rpartition("/")[2]:
        return None
    return "uri_folder"


def data_asset(address: str) -> DataAsset | None:
    """Return the data asset that an address names; None for other addresses."""
    found = _NAMED.fullmatch(address) or _ASSET.fullmatch(uri(address))
    if found is None:
        return None
    parts = found.groupdict()
    return DataAsset(parts.get("place") or "", parts["name"], parts["version"] or "", parts["label"] or "")


def uri(address: str) -> str:
    """Return an address as a scoring request has it: an ARM id without the `azureml:` of the command line."""
    found = _ARM_ID.fullmatch(address)
    return found["id"] if found else address
