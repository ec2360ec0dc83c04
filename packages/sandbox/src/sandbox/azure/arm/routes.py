"""Routes from method, host and ARM path template to a service's handler; paths are case-insensitive."""

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Any

from sandbox.azure.arm.actions import Need, derived
from sandbox.azure.arm.errors import ArmError, not_modelled
from sandbox.azure.arm.queries import modelled_query
from sandbox.azure.arm.requests import ArmRequest, ArmResponse, Principal
from sandbox.azure.arm.service_time import ServiceTime
from sandbox.azure.arm.store import Store

Handler = Callable[[ArmRequest], Awaitable[ArmResponse]]

Require = Callable[[Principal | None, str, str, Any], None]
"""Check that a principal may do an action at a scope with this request body; raise ArmError (403) if not."""

ARM_HOST = "management.azure.com"
_API_VERSION = re.compile(r"^\d{4}-\d{2}-\d{2}(-preview|-privatepreview|-dataplanepreview)?$")


def _compile(template: str) -> re.Pattern[str]:
    """``{name}`` matches one segment, ``{name:path}`` one or more."""
    parts = []
    for piece in re.split(r"(\{[^}]+\})", template):
        if not piece.startswith("{"):
            parts.append(re.escape(piece))
        elif piece.endswith(":path}"):
            parts.append(f"(?P<{piece[1:-6]}>.+?)")
        else:
            parts.append(f"(?P<{piece[1:-1]}>[^/]+)")
    return re.compile("^" + "".join(parts) + "$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Route:
    """One route: ``host`` and ``template`` with placeholders, ``query`` the parameters in addition to api-version."""

    method: str
    host: str
    template: str
    query: tuple[str, ...]
    handler: Handler
    need: Need | None
    host_pattern: re.Pattern[str]
    path_pattern: re.Pattern[str]

    @property
    def is_arm(self) -> bool:
        """Whether the route is one of ARM's own, which need an api-version."""
        return self.host == ARM_HOST


ANYBODY = Need("", "")
"""For routes of ARM that every signed-in principal may use, and for those whose handler checks the permission."""


class Router:
    """The routes of all services of one sandbox; a route's handler only runs for callers that ``require`` allows."""

    def __init__(
        self, store: Store, subscription_id: str, require: Require, service_time: ServiceTime | None = None
    ) -> None:
        self._store = store
        self._service_time = service_time or ServiceTime(store)
        self._subscription_id = subscription_id
        self._require = require
        self._routes: list[Route] = []

    @property
    def routes(self) -> tuple[Route, ...]:
        """Every route, in matching order."""
        return tuple(self._routes)

    def add(
        self,
        method: str,
        template: str,
        handler: Handler,
        *,
        query: tuple[str, ...] = (),
        host: str = ARM_HOST,
        need: Need | None = None,
    ) -> None:
        """Serve ``method template``, for example ``PUT /subscriptions/{subscription}/resourceGroups/{group}``.

        Use the placeholder names ``subscription`` and ``group`` for those two: the router checks that they exist.
        ``host`` may also contain placeholders (``{endpoint}.{region}.inference.ml.azure.com``); they join ``params``.
        ``query`` lists the query parameters that the handler reads, in addition to api-version; every other one is
        refused. ``need`` is what the caller must be allowed: by default what ARM derives from method and template, and
        nothing on other hosts.
        """
        host_pattern = re.compile(
            "^" + re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>[^.]+)", re.escape(host)) + "$", re.IGNORECASE
        )
        if need is None and host == ARM_HOST:
            need = derived(method, template)
        need = None if need is ANYBODY else need
        self._routes.append(Route(method, host, template, query, handler, need, host_pattern, _compile(template)))

    def serves(self, host: str, path: str) -> bool:
        """Whether there is a route, with any method."""
        return any(each.host_pattern.match(host) and each.path_pattern.match(path) for each in self._routes)

    async def dispatch(self, request: ArmRequest) -> ArmResponse:
        """Answer a request.

        Raises:
            ArmError: a refusal by the router (no such route, api-version, subscription, no permission, no such resource
                group, an unmodelled query parameter) or by the service.
        """
        other_methods: set[str] = set()
        for route in self._routes:
            host = route.host_pattern.match(request.host)
            path = route.path_pattern.match(request.path) if host else None
            if host is None or path is None:
                continue
            if route.method != request.method:
                other_methods.add(route.method)
                continue
            params = host.groupdict() | path.groupdict()
            if route.is_arm:
                self._check_version(request)
                self._check_subscription(params)
            if route.need is not None:
                scope = route.need.scope_for(params)
                self._require(request.principal, route.need.action, scope, request.body)
            if route.is_arm:
                self._check_group(request, params)
            query = modelled_query(request, route.query)
            if route.is_arm:
                await self._service_time.pass_for(request)
            return await route.handler(replace(request, params=params, query=query))
        if other_methods:
            allowed = ", ".join(sorted(other_methods))
            raise ArmError(
                405,
                "MethodNotAllowed",
                f"{request.method} is not modelled for '{request.path}'; the sandbox has {allowed}.",
                headers={"Allow": allowed},
            )
        raise not_modelled(f"{request.method} https://{request.host}{request.path}")

    def _check_version(self, request: ArmRequest) -> None:
        if "api-version" not in request.query:
            raise ArmError(
                400,
                "MissingApiVersionParameter",
                "The api-version query parameter (?api-version=) is required for all requests.",
            )
        if not _API_VERSION.match(request.api_version):
            raise ArmError(400, "InvalidApiVersionParameter", f"The api-version '{request.api_version}' is invalid.")

    def _check_subscription(self, params: dict[str, str]) -> None:
        subscription = params.get("subscription")
        if subscription is not None and subscription.lower() != self._subscription_id.lower():
            raise ArmError(404, "SubscriptionNotFound", f"The subscription '{subscription}' could not be found.")

    def _check_group(self, request: ArmRequest, params: dict[str, str]) -> None:
        group = params.get("group")
        is_group_itself = request.path.lower().rstrip("/").endswith(f"/resourcegroups/{(group or '').lower()}")
        if group is None or is_group_itself:
            return
        if self._store.get(f"/subscriptions/{params['subscription']}/resourceGroups/{group}") is None:
            raise ArmError(404, "ResourceGroupNotFound", f"Resource group '{group}' could not be found.")
