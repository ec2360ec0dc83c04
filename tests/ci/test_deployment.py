"""The issue of a stack that drifted; tests/e2e/test_pipelines.py has one from the command itself."""

from typing import Any

from ci.deployment import drift

STORE = "urn:pulumi:dev::p::azureml-batch:index:S$azure-native:storage:StorageAccount::store"
ROLE = "urn:pulumi:dev::p::azure-native:authorization:RoleAssignment::role"


def _resource(urn: str, change: str, reason: str | None = None, *paths: str) -> dict[str, Any]:
    members = [{"path": path, "state": "a", "live": "secret"} for path in paths]
    return {"urn": urn, "change": change, "reason": reason, "members": members}


def test_an_issue_names_resources_and_members_without_their_values() -> None:
    found = {
        "differs": True,
        "missed": 2,
        "resources": [
            _resource(STORE, "changed", None, "tags", "sku.name"),
            _resource(ROLE, "deleted"),
            _resource(ROLE, "unreadable", "no answer"),
        ],
        "endpoints": {"digits": {"problems": ["its default was moved"]}},
    }
    assert drift("dev", found, "footer") == (
        "What Azure has of stack `dev` differs from what was deployed and released.\n\n"
        "- StorageAccount `store`: `tags` changed\n"
        "- StorageAccount `store`: `sku.name` changed\n"
        "- RoleAssignment `role`: deleted\n"
        "- RoleAssignment `role`: unreadable: no answer\n"
        "- 2 more could not be compared\n"
        "- endpoint `digits`: its default was moved\n\n"
        "The commands that fix it are printed by\n\n"
        "```text\npython -m modelops drift --stack dev\n```\n\n"
        "This issue is edited by each check, and closed when nothing differs.\n\nfooter"
    )


def test_there_is_no_issue_if_nothing_differs() -> None:
    assert drift("dev", {"differs": False, "missed": 0, "resources": [], "endpoints": {}}, "footer") is None
