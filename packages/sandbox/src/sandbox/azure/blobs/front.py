"""The Blob service's REST API for ``<account>.blob.core.windows.net``: authorization, operations, and errors as XML.

Source of operations, codes and conditions: https://learn.microsoft.com/rest/api/storageservices/blob-service-rest-api.
"""

import logging
import re
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from urllib.parse import unquote

from aiohttp import web

from sandbox.azure.arm.requests import Principal
from sandbox.azure.arm.store import Resource, Store
from sandbox.azure.arm.types import STORAGE_ACCOUNT
from sandbox.azure.authorization.data import BlobPlace, Operation, blobs_allowed
from sandbox.azure.authorization.evaluation import Authorization
from sandbox.azure.blobs import containers, reads, sas, shared_key, writes
from sandbox.azure.blobs.call import MATCHES, Call
from sandbox.azure.blobs.errors import BlobError, invalid_header, not_modelled, refusal
from sandbox.azure.blobs.store import BlobStore
from sandbox.azure.firewalls import caller_address, lets_in

_log = logging.getLogger(__name__)

_VERSION = re.compile(r"^\d{4}-\d{2}-\d{2}$")
_META = "x-ms-meta-"


@dataclass(frozen=True, slots=True)
class _Operation:
    """``needed`` are SAS permissions, one of which is enough; "" = never with a SAS.

    ``action`` is the action that a token's principal needs on the container; of the data plane below ``blobs/``
    (https://learn.microsoft.com/rest/api/storageservices/authorize-with-azure-active-directory).
    """

    name: str
    handler: Callable[[Call], Awaitable[web.StreamResponse]]
    needed: str
    action: Operation
    query: frozenset[str] = frozenset()
    headers: frozenset[str] = frozenset()
    known: frozenset[str] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "known", self.query | {"restype", "comp", "timeout"} | sas.PARAMETERS)


_LIST = frozenset({"prefix", "delimiter", "marker", "maxresults", "include"})
_PUT = frozenset({"x-ms-blob-type", _META, "x-ms-blob-content-md5"}) | writes.CONTENT_HEADERS | MATCHES
_GET = frozenset({"x-ms-range", "x-ms-range-get-content-md5"}) | MATCHES
_OPERATIONS = {
    # The key: method, level, restype, comp.
    ("PUT", "container", "container", ""): _Operation(
        "Create Container", containers.create, "", "write", headers=frozenset({_META})
    ),
    ("GET", "container", "container", ""): _Operation("Get Container Properties", containers.properties, "", "read"),
    ("HEAD", "container", "container", ""): _Operation("Get Container Properties", containers.properties, "", "read"),
    ("DELETE", "container", "container", ""): _Operation("Delete Container", containers.delete, "", "delete"),
    ("GET", "container", "container", "list"): _Operation(
        "List Blobs", containers.list_blobs, "l", "blobs/read", _LIST
    ),
    ("PUT", "blob", "", ""): _Operation("Put Blob", writes.put_blob, "cw", "blobs/write", headers=_PUT),
    ("PUT", "blob", "", "block"): _Operation(
        "Put Block", writes.put_block, "cw", "blobs/write", frozenset({"blockid"})
    ),
    ("PUT", "blob", "", "blocklist"): _Operation(
        "Put Block List", writes.put_block_list, "cw", "blobs/write", headers=_PUT
    ),
    ("PUT", "blob", "", "metadata"): _Operation(
        "Set Blob Metadata", writes.set_metadata, "w", "blobs/write", headers=MATCHES | {_META}
    ),
    ("GET", "blob", "", ""): _Operation("Get Blob", reads.get, "r", "blobs/read", headers=_GET),
    ("HEAD", "blob", "", ""): _Operation("Get Blob Properties", reads.head, "r", "blobs/read", headers=MATCHES),
    ("GET", "blob", "", "metadata"): _Operation(
        "Get Blob Metadata", reads.metadata, "r", "blobs/read", headers=MATCHES
    ),
    ("HEAD", "blob", "", "metadata"): _Operation(
        "Get Blob Metadata", reads.metadata, "r", "blobs/read", headers=MATCHES
    ),
    ("DELETE", "blob", "", ""): _Operation("Delete Blob", reads.delete, "d", "blobs/delete", headers=MATCHES),
}


def storage_account(store: Store, name: str) -> Resource | None:
    """Return the storage account resource with this (globally unique) name, or None."""
    accounts = store.below("", STORAGE_ACCOUNT)
    return next((account for account in accounts if account.name.lower() == name.lower()), None)


@dataclass(frozen=True, slots=True)
class BlobFront:
    """The blob endpoint of every storage account of one sandbox."""

    store: Store
    blobs: BlobStore
    authorization: Authorization
    tenant_id: str

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Answer one request to a blob host.

        ``request["principal"]`` means that the edge has checked the caller's bearer token. For an account that does not
        exist, the connection is closed without an answer, because in Azure its name would not even resolve. Files that
        a user has put where they are in Azure are in public containers of another tenant.
        """
        account = request.host.split(".", 1)[0].lower()
        resource = storage_account(self.store, account)
        if resource is None and not self.blobs.containers(account):
            _log.warning(
                "%s %s: storage account '%s' does not exist; connection closed", request.method, request.path, account
            )
            if request.transport is not None:
                request.transport.abort()
            return web.Response(status=499)
        request_id = str(uuid.uuid4())
        try:
            response = await (self._serve(request, resource) if resource else self._serve_public(request, account))
        except BlobError as error:
            # Log refusals of unsupported features; other refusals are normal.
            level = logging.WARNING if error.status == 501 else logging.DEBUG  # noqa: PLR2004
            _log.log(level, "%s %s: %s", request.method, request.path, error)
            response = refusal(request, error, request_id)
        if not response.prepared:
            response.headers["x-ms-request-id"] = request_id
            response.headers["x-ms-version"] = request.headers.get("x-ms-version", "2024-11-04")
        return response

    async def _serve_public(self, request: web.Request, account: str) -> web.StreamResponse:
        """Let anybody read and list, without a login: the account's tenant does not know those of this one.

        https://learn.microsoft.com/azure/storage/blobs/anonymous-read-access-overview
        """
        call, operation, _ = self._read(request, account)
        if call.headers.get("Authorization") or operation is None or operation.action != "blobs/read":
            raise BlobError(401, "InvalidAuthenticationInfo", "Issuer validation failed. Issuer did not match.")
        call.refuse_unknown(operation.known, operation.headers)
        return await operation.handler(call)

    def _read(self, request: web.Request, account: str) -> tuple[Call, _Operation | None, str]:
        """Return what a request is about: the call, its operation (None: not emulated), and a name for it."""
        container, _, blob = unquote(request.rel_url.raw_path).lstrip("/").partition("/")
        call = Call(request, self.blobs, account, container, blob, request.query)
        restype, comp = call.query.get("restype", ""), call.query.get("comp", "")
        level = "blob" if blob else "container"
        operation = _OPERATIONS.get((request.method, level, restype, comp))
        unknown = f"{request.method} of a {level} with restype='{restype}' and comp='{comp}'"
        return call, operation, operation.name if operation else unknown

    async def _serve(self, request: web.Request, account: Resource) -> web.StreamResponse:
        call, operation, what = self._read(request, account.name.lower())
        container = call.container
        if not lets_in(account, caller_address(self.store)):
            raise BlobError(403, "AuthorizationFailure", "This request is not authorized to perform this operation.")
        self._authenticate(call, account, operation.needed if operation else "", what)
        if not container or operation is None:
            raise not_modelled(f"{what} ('{request.path}')" if container else f"operations on an account ({what})")
        self._authorize(call, account, operation)
        call.refuse_unknown(operation.known, operation.headers)
        return await operation.handler(call)

    def _authorize(self, call: Call, account: Resource, operation: _Operation) -> None:
        """Accept a SAS, a key, or a token whose principal has the permission.

        Raises:
            BlobError: 403 ``AuthorizationPermissionMismatch``, which names neither role nor scope, as in Azure.
        """
        caller: Principal | None = call.request.get("principal")
        if caller is None:
            return
        place = BlobPlace(account.id, call.container, call.blob or None, call.query.get("prefix", ""))
        if blobs_allowed(self.authorization, caller.object_id, place, operation.action):
            return
        raise BlobError(
            403,
            "AuthorizationPermissionMismatch",
            "This request is not authorized to perform this operation using this permission.",
        )

    def _authenticate(self, call: Call, account: Resource, needed: str, what: str) -> None:
        """Accept a bearer token, an account key or a SAS of this sandbox.

        Raises:
            BlobError: 401 without any, 403 for a SAS that does not cover the operation, and for forbidden account keys.
        """
        version = call.headers.get("x-ms-version")
        if version is not None and not _VERSION.match(version):
            raise invalid_header("x-ms-version", version, "a date, YYYY-MM-DD")
        if call.request.get("principal") is not None:
            if version is None:
                raise invalid_header("x-ms-version", "", "a date, YYYY-MM-DD: bearer tokens need the header")
            return
        if call.headers.get("Authorization", "").lower().startswith("sharedkey"):
            # Null and absent mean: allowed.
            if account.body.get("properties", {}).get("allowSharedKeyAccess") is not False:
                shared_key.check(call, account)
                return
            raise BlobError(
                403,
                "KeyBasedAuthenticationNotPermitted",
                "Key based authentication is not permitted on this storage account.",
            )
        if "sig" in call.query:
            place = sas.Place(call.account, call.container, call.blob)
            sas.check(call.store.sas_key, place, call.query, needed, what)
            return
        login = f"https://login.microsoftonline.com/{self.tenant_id}/oauth2/authorize"
        raise BlobError(
            401,
            "NoAuthenticationInformation",
            "Server failed to authenticate the request. Please refer to the information in the www-authenticate"
            " header.",
            {"WWW-Authenticate": f"Bearer authorization_uri={login} resource_id=https://storage.azure.com"},
        )
