"""Every route that the services register: which one answers, and that it ignores no query parameter.

Does not prove what a route answers: the tests of its service do.
"""

import asyncio
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from made_world import close, make_world
from sandbox.azure.arm.errors import ArmError
from sandbox.azure.arm.requests import ArmRequest, ArmResponse
from sandbox.azure.arm.routes import Route, Router
from sandbox.azure.arm.store import Store
from sandbox.server import SERVICES

SUBSCRIPTION = "11111111-1111-1111-1111-111111111111"
GROUP = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg"
VALUES = {"subscription": SUBSCRIPTION, "group": "rg", "scope:path": GROUP[1:], "resource:path": GROUP[1:]}


class Open:
    """A router that lets everybody do everything, with the routes of all services."""

    def __init__(self, home: Path) -> None:
        self.world = make_world(home, SUBSCRIPTION, "tenant", [])
        for service in SERVICES:
            service.register(self.world)
        self.router = Router(self.world.store, SUBSCRIPTION, lambda *_: None)
        for route in self.world.router.routes:
            self.router.add(
                route.method, route.template, route.handler, query=route.query, host=route.host, need=route.need
            )
        self.world.store.put(GROUP, "Microsoft.Resources/resourceGroups", {"id": GROUP, "location": "westeurope"})

    def refused(self, route: Route, parameter: str) -> tuple[int, str, str]:
        """Send a request to a route with one query parameter more; return the refusal."""
        query = {"api-version": "2025-12-01", parameter: "1"}
        request = ArmRequest(route.method, filled(route.host), filled(route.template), query, {}, None, None, 1)
        with pytest.raises(ArmError) as caught:
            asyncio.run(self.router.dispatch(request))
        return caught.value.status, caught.value.code, caught.value.message


def filled(template: str) -> str:
    """Return a path or host that a template matches."""
    return re.sub(r"\{([^}]+)\}", lambda match: VALUES.get(match[1], f"some-{match[1]}"), template)


@pytest.fixture
def everything(tmp_path: Path) -> Iterator[Open]:
    made = Open(tmp_path)
    yield made
    close(made.world)


def test_every_route_refuses_a_query_parameter_that_it_does_not_read(everything: Open) -> None:
    """The refusal lists the route's own parameters: so it also proves that no route hides behind another."""
    assert len(everything.router.routes) > 100
    for route in everything.router.routes:
        what, known = f"{route.method} {filled(route.template)}", ", ".join(route.query) or "none"
        problem = f"The sandbox does not model the query parameter 'unmodelled' of {what} (only {known})."
        text = f"{problem} See behaviour.md of the sandbox for what it does."
        assert everything.refused(route, "unmodelled") == (501, "NotModelledInSandbox", text)


def test_no_two_routes_are_the_same(everything: Open) -> None:
    keys = [(route.method, route.host, route.template) for route in everything.router.routes]
    assert sorted(keys) == sorted(set(keys))


def test_these_routes_read_the_query(everything: Open) -> None:
    workspace = "/subscriptions/{subscription}/resourceGroups/{group}/providers"
    workspace += "/Microsoft.MachineLearningServices/workspaces/{workspace}"
    registry = f"/mferp/managementfrontend{workspace}".replace("workspaces/{workspace}", "registries/{registry}")
    parents = (workspace, registry)
    versions = {
        f"GET {parent}/{kind}/{{asset}}/versions": ("listViewType", "$orderBy", "$top", *query)
        for parent in parents
        for kind, query in (
            ("models", ()),
            ("environments", ()),
            ("data", ()),
            ("components", ()),
            ("codes", ("hash", "hashVersion")),
        )
    }
    containers = {
        f"GET {parent}/{kind}": ("listViewType",)
        for parent in parents
        for kind in ("models", "codes", "environments", "data", "components")
    }
    assert {f"{each.method} {each.template}": each.query for each in everything.router.routes if each.query} == {
        "GET /{scope:path}/providers/Microsoft.Authorization/roleAssignments": ("$filter",),
        "GET /{scope:path}/providers/Microsoft.Authorization/roleDefinitions": ("$filter",),
        "GET /subscriptions/{subscription}/resources": ("$filter", "$top", "$expand"),
        "POST /subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.Storage/storageAccounts/"
        "{account}/listKeys": ("$expand",),
        f"DELETE {workspace}": ("forceToPurge",),
        f"DELETE {workspace}/computes/{{compute}}": ("underlyingResourceAction",),
        f"GET {workspace}/datastores": ("isDefault", "count", "orderByAsc", "orderBy", "names", "searchText"),
        f"PUT {workspace}/datastores/{{datastore}}": ("skipValidation",),
        **containers,
        **versions,
        f"GET {workspace}/jobs": ("listViewType",),
        f"GET /history/v1.0{workspace}/runs/{{run}}/children": ("$top",),
        f"GET /mlflow/v1.0{workspace}/api/2.0/mlflow/runs/get": ("run_id",),
    }


def test_a_handler_reads_a_parameter_by_its_own_name_in_whatever_case_it_came(tmp_path: Path) -> None:
    with Store(tmp_path / "store.sqlite") as store:
        router = Router(store, SUBSCRIPTION, lambda *_: None)

        async def handler(request: ArmRequest) -> ArmResponse:
            return ArmResponse(200, dict(request.query))

        router.add("GET", "/x", handler, query=("$top",), host="h")
        answer = asyncio.run(router.dispatch(ArmRequest("GET", "h", "/x", {"$TOP": "1"}, {}, None, None, 1)))
    assert answer.body == {"$top": "1"}
