"""Writes docs/stack-file.schema.json: a JSON Schema of Pulumi.STACK.yaml, for editors.

The keys' meanings, defaults and units are the tables of `PAGES`; what is allowed is what settings/ takes.
A schema cannot know files, other keys or Azure: what only settings/ finds is listed in tests/unit/settings_schema.py,
which compares the two in every test of the settings.
"""

import json
import re
from pathlib import Path
from typing import Any, Final

from tools.schemas.schema_file import run
from tools.schemas.stack_keys import cluster, clusters, endpoints, network, top

_ROOT: Final = Path(__file__).resolve().parents[2]
FILE: Final = _ROOT / "docs" / "stack-file.schema.json"

PAGES: Final = ("configuration", "models-and-environments", "try-outs", "access", "adopting", "operations")
"""The pages of docs/ that describe the keys of a stack file."""
_SECTIONS: Final = {
    "The stack's own keys": "",
    "cluster": "cluster",
    "prices": "prices",
    "rehearsal": "rehearsal",
    "alerts": "alerts",
    "triggers.NAME": "trigger",
    "endpoints.NAME": "endpoint",
    "endpoints.NAME.deployments.NAME": "deployment",
    "tryOut": "tryOut",
    "deployer": "deployer",
    "callers": "caller",
}
"""The headings of the pages whose tables have the keys of an object, and the object's name in `described`."""
_PULUMIS: Final = ("secretsprovider", "encryptedkey", "encryptionsalt", "environment")
"""What Pulumi itself has in a stack file: https://www.pulumi.com/docs/iac/concepts/projects/stack-settings-file/"""


def schema() -> dict[str, Any]:
    """Return the schema."""
    keys = described(pages())
    one = cluster(keys)
    own = {**top(keys), "cluster": one, "clusters": clusters(one), "endpoints": endpoints(keys)}
    for key, each in own.items():
        each.setdefault("description", keys["", key])
    namespaced = {f"^[A-Za-z0-9_.-]+:{key}$": {"$ref": f"#/properties/config/properties/{key}"} for key in own}
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "A stack of azureml-batch-endpoint",
        "type": "object",
        "properties": {
            "config": {
                "type": "object",
                "properties": {"azure-native:location": own.pop("azure-native:location"), **own},
                "patternProperties": {"^(azure-native|pulumi):": {}, **namespaced},
                "additionalProperties": False,
                "required": ["azure-native:location"],
                **network(),
            },
            **{key: {} for key in _PULUMIS},  # anything
        },
        "additionalProperties": False,
        "required": ["config"],
    }


def pages() -> str:
    """Return the text of all pages that describe keys."""
    return "\n".join((_ROOT / "docs" / f"{page}.md").read_text(encoding="utf-8") for page in PAGES)


def described(page: str) -> dict[tuple[str, str], str]:
    """Return what the pages say of each key, by the object and the key: plain text, with the default in front."""
    found: dict[tuple[str, str], str] = {}
    for part in re.split(r"^##+ ", page, flags=re.MULTILINE)[1:]:
        heading, _, text = part.partition("\n")
        if (of := _SECTIONS.get(heading.replace("`", "").strip())) is None:
            continue
        for row in re.findall(r"^\| `([^`]+)` \|(.*)\|$", text, re.MULTILINE):
            *_kind, default, allowed = ["", "", *(cell.strip() for cell in row[1].split(" | "))][-3:]
            found.setdefault((of, row[0]), _plain(default, allowed))
    return found


def _plain(default: str, allowed: str) -> str:
    text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", allowed).replace("`", "").replace("**", "")
    shown = default.replace("`", "")
    sentence = text[:1].upper() + text[1:]
    return ". ".join(filter(None, (sentence.removesuffix("."), f"Default: {shown}" if shown else "")))


def generate() -> str:
    """Return the file's text; the keys are in the order of the documentation."""
    return json.dumps(schema(), indent=1, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    raise SystemExit(run("stack_file", FILE, generate))
