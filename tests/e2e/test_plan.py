"""`modelops plan` on the real engine: what becomes of each endpoint, above the engine's own list."""

import copy
import json
from pathlib import Path
from typing import Any

import jsonschema

from tests.e2e.rehearsal import Rehearsal

SCHEMA = json.loads((Path(__file__).resolve().parents[2] / "docs" / "schemas" / "plan.json").read_text("utf-8"))


def _plan(rehearsal: Rehearsal) -> dict[str, Any]:
    """Return what becomes of the endpoints; nothing is written."""
    before = rehearsal.mark()
    document = json.loads(rehearsal.run("python", "-m", "modelops", "plan", "--stack", "dev", "--json").ok().out)
    assert rehearsal.writes(before) == []
    jsonschema.validate(document, SCHEMA)
    assert document["succeeded"]
    found: dict[str, Any] = document["endpoints"]
    return found


def test_a_change_a_new_endpoint_and_one_that_leaves(deployed: Rehearsal) -> None:
    old = deployed.default
    assert {name: each["change"] for name, each in _plan(deployed).items()} == {"digits": "none"}

    def change(config: dict[str, Any]) -> None:
        endpoints = config["endpoints"]
        endpoints["letters"] = copy.deepcopy(endpoints["digits"])
        endpoints["digits"]["deployments"]["mlp"]["miniBatchSize"] = 20

    deployed.configure(change)
    planned = _plan(deployed)
    digits, letters = planned["digits"], planned["letters"]
    new = digits["default"]["after"]
    assert digits["rows"] == [
        ["default", old, f"-> {new}"],
        ["create revision", new, "miniBatchSize 10 -> 20"],
    ]
    # The workspace has the bytes already, although the endpoint is new.
    assert (letters["change"], letters["endpoint"], letters["models"]) == ("release", None, [])
    assert letters["rows"] == [["default", "(none)", f"-> {old}"], ["create revision", old, "first release"]]

    told = deployed.run("python", "-m", "modelops", "plan", "--stack", "dev").ok().out
    table, _, engines = told.partition("\nPreviewing update (dev):\n")
    assert table.splitlines()[1:3] == [
        f"  default          {old}  -> {new}",
        f"  create revision  {new}  miniBatchSize 10 -> 20",
    ]
    assert "digits-marker update [diff: ~input]" in engines
    assert new not in engines

    deployed.up()
    endpoint = deployed.outputs()["endpoints"]["letters"]
    deployed.configure(lambda config: config["endpoints"].pop("letters"))
    preview = deployed.pulumi("preview").ok()
    assert (
        f"warning: endpoint letters ({endpoint['name']}) is no longer in the stack file: {endpoint['scoringUri']} "
        "stops answering, and its deployments go with it; its jobs, models and what jobs wrote stay."
    ) in preview.flat
    assert _plan(deployed) == {
        "digits": {"change": "none", "endpoint": None, "rows": [], "notes": []},
        "letters": {
            "change": "removed",
            "endpoint": endpoint["name"],
            "rows": [
                [
                    "delete endpoint",
                    endpoint["name"],
                    (
                        f"{endpoint['scoringUri']} stops answering, and its deployments go with it; jobs and what "
                        "they wrote stay"
                    ),
                ]
            ],
            "notes": [],
        },
    }
