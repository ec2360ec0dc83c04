"""What people call resources, principals and roles, instead of GUIDs."""

import uuid
from typing import Any

import pytest

from sandbox.azure.arm.store import Resource
from sandbox.azure.arm.types import IDENTITY, VAULT, WORKSPACE
from sandbox.azure.authorization.built_in import READER
from sandbox.azure.authorization.evaluation import ASSIGNMENT, DEFINITION
from sandbox.azure.named import CLUSTERS, Names, Role, noun, order, short, title

GROUP = "/subscriptions/s/resourceGroups/g"
GUID = "12345678-1234-1234-1234-123456789abc"


def made(type_: str, path: str, **body: Any) -> Resource:
    namespace = type_.partition("/")[0]
    return Resource(f"{GROUP}/providers/{namespace}/{path}", type_, body)


def identity(name: str, principal: str) -> Resource:
    return made(IDENTITY, f"userAssignedIdentities/{name}", properties={"principalId": principal})


def cluster(name: str, *identities: str) -> Resource:
    ids: dict[str, Any] = {
        f"{GROUP}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/{each}": {} for each in identities
    }
    return made(CLUSTERS, f"workspaces/w/computes/{name}", identity={"userAssignedIdentities": ids})


def assigned(principal: str, role: str, scope: str = GROUP, **more: str) -> Resource:
    properties = {"principalId": principal, "roleDefinitionId": f"/x/{role}", "scope": scope, **more}
    resource_id = f"{scope}/providers/{ASSIGNMENT}/{uuid.uuid4()}"
    return Resource(resource_id, ASSIGNMENT, {"properties": properties})


@pytest.mark.parametrize(
    ("name", "text"),
    [
        (GUID, "12345678…"),
        (f"azureml-blobstore-{GUID}", "azureml-blobstore-12345678…"),
        ("ab" * 32, "abababab…"),
        ("mlp-6f3582d3", "mlp-6f3582d3"),
        ("deadbeef", "deadbeef"),
    ],
)
def test_guids_and_digests_are_shortened(name: str, text: str) -> None:
    assert short(name) == text


def test_versions_and_deployments_have_two_names() -> None:
    version = made(f"{WORKSPACE}/models/versions", "workspaces/w/models/m/versions/3")
    deployment = made(f"{WORKSPACE}/batchEndpoints/deployments", "workspaces/w/batchEndpoints/e/deployments/blue")
    assert (title(version), title(deployment)) == ("m:3", "e/blue")
    assert (noun(version.type), noun(deployment.type)) == ("model", "deployment")


def test_kinds_that_nobody_named_come_last_by_their_own_word() -> None:
    assert noun("Microsoft.Odd/things/parts") == "parts"
    assert order("Microsoft.Odd/things") > order(ASSIGNMENT) > order(WORKSPACE)


def test_an_identity_is_called_by_what_uses_it() -> None:
    alone = Names([identity("a", "P1"), cluster("cpu", "a")], {})
    assert alone.principal("p1") == "compute identity"
    both = Names([identity("a", "p1"), identity("b", "p2"), cluster("cpu", "a"), cluster("gpu", "b")], {})
    assert (both.principal("p1"), both.principal("p2")) == ("compute identity a", "compute identity b")
    unused = Names([identity("a", "p1")], {})
    assert unused.principal("p1") == "identity a"


def test_other_principals() -> None:
    workspace = made(WORKSPACE, "workspaces/w", identity={"principalId": "P1"})
    names = Names([workspace], {"D1": "deployer"})
    assert [names.principal(each) for each in ("p1", "d1", GUID)] == ["workspace", "deployer", GUID]


def test_places_have_names_where_there_are_several() -> None:
    one, two = made(VAULT, "vaults/a"), made(VAULT, "vaults/b")
    assert Names([one], {}).place(one.id.upper()) == "vault"
    assert Names([one, two], {}).place(one.id) == "vault a"
    assert [Names([], {}).place(each) for each in ("/subscriptions/s", GROUP)] == ["subscription", "g"]


def test_roles_of_all_sources_and_one_line_for_all_places() -> None:
    own = Resource(f"/subscriptions/s/providers/{DEFINITION}/{GUID}", DEFINITION, {"properties": {"roleName": "Ours"}})
    prepared = str(uuid.uuid4())
    vault = made(VAULT, "vaults/a")
    names = Names(
        [
            *(own, vault, assigned("d1", READER), assigned("d1", READER, vault.id, condition="@Resource[x]")),
            *(assigned("d1", GUID), assigned("d1", prepared), assigned("d1", GUID[::-1])),
        ],
        {"d1": "deployer"},
        {prepared: "Batch endpoint caller"},
    )
    assert names.roles() == [
        Role("Batch endpoint caller", "deployer", ("g",), is_limited=False),
        Role("Ours", "deployer", ("g",), is_limited=False),
        Role("Reader", "deployer", ("g", "vault"), is_limited=True),
        Role(f"custom role {short(GUID[::-1])}", "deployer", ("g",), is_limited=False),
    ]
    assert str(names.roles()[2]) == "Reader: deployer -> g, vault (with a condition)"
