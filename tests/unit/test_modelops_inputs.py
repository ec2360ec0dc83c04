"""The inputs of jobs: which texts are addresses, what each names, what is said of local files.

That the sandbox scores each of them is shown in tests/modelops.
"""

import contextlib
import json
import os
import socket
import warnings
from collections.abc import Callable
from pathlib import Path

import pytest

from modelops.commands import terminal
from modelops.errors import UsageError
from modelops.plan import data_address
from modelops.plan.data_address import DataAsset, data_asset, is_address
from modelops.scoring import inputs
from modelops.scoring.inputs import JobInput, Kind
from modelops.scoring.local_files import notes, uploaded

GROUP = "subscriptions/s/resourceGroups/g"
WORKSPACE = f"{GROUP}/providers/Microsoft.MachineLearningServices/workspaces/ws"
LONG = "azureml://subscriptions/s/resourcegroups/g/workspaces/ws"

ADDRESSES: list[tuple[str, JobInput]] = [
    ("https://a.blob.core.windows.net/c/images/", JobInput("uri_folder", "https://a.blob.core.windows.net/c/images/")),
    ("https://a.blob.core.windows.net/c/images", JobInput("uri_folder", "https://a.blob.core.windows.net/c/images")),
    ("HTTP://a.blob.core.windows.net/c/v1.2/", JobInput("uri_folder", "HTTP://a.blob.core.windows.net/c/v1.2/")),
    ("https://a.b/c/images?sig=x.y", JobInput("uri_folder", "https://a.b/c/images?sig=x.y")),
    ("azureml://datastores/d/paths/p", JobInput("uri_folder", "azureml://datastores/d/paths/p")),
    (f"{LONG}/datastores/d/paths/p", JobInput("uri_folder", f"{LONG}/datastores/d/paths/p")),
    (f"/{WORKSPACE}/datastores/d/paths/p", JobInput("uri_folder", f"/{WORKSPACE}/datastores/d/paths/p")),
    (f"azureml:/{WORKSPACE}/datastores/d/paths/p", JobInput("uri_folder", f"/{WORKSPACE}/datastores/d/paths/p")),
    ("azureml://jobs/j/outputs/score/paths/p", JobInput("uri_folder", "azureml://jobs/j/outputs/score/paths/p")),
    ("wasbs://c@a.blob.core.windows.net/p", JobInput("uri_folder", "wasbs://c@a.blob.core.windows.net/p")),
    ("abfss://c@a.dfs.core.windows.net/p", JobInput("uri_folder", "abfss://c@a.dfs.core.windows.net/p")),
    ("azureml:data-1:3", JobInput(None, "azureml:data-1:3", asset=DataAsset("", "data-1", "3", ""))),
    ("azureml:data@latest", JobInput(None, "azureml:data@latest", asset=DataAsset("", "data", "", "latest"))),
    ("azureml:d:1", JobInput(None, "azureml:d:1", asset=DataAsset("", "d", "1", ""))),
    ("data.csv:1.0", JobInput(None, "data.csv:1.0", asset=DataAsset("", "data.csv", "1.0", ""))),
    ("data@latest", JobInput(None, "data@latest", asset=DataAsset("", "data", "", "latest"))),
    (
        f"/{WORKSPACE}/data/n/versions/1",
        JobInput(None, f"/{WORKSPACE}/data/n/versions/1", asset=DataAsset(WORKSPACE, "n", "1", "")),
    ),
    (
        f"azureml:/{WORKSPACE}/data/n/versions/1",
        JobInput(None, f"/{WORKSPACE}/data/n/versions/1", asset=DataAsset(WORKSPACE, "n", "1", "")),
    ),
    (
        f"{LONG}/data/n/versions/1.0",
        JobInput(None, f"{LONG}/data/n/versions/1.0", asset=DataAsset(LONG.removeprefix("azureml://"), "n", "1.0", "")),
    ),
    (
        "azureml://locations/eu/workspaces/ws/data/n/versions/labels/latest",
        JobInput(
            None,
            "azureml://locations/eu/workspaces/ws/data/n/versions/labels/latest",
            asset=DataAsset("locations/eu/workspaces/ws", "n", "", "latest"),
        ),
    ),
    (
        "azureml://locations/eu/workspaces/ws/data/n/labels/latest",
        JobInput(
            None,
            "azureml://locations/eu/workspaces/ws/data/n/labels/latest",
            asset=DataAsset("locations/eu/workspaces/ws", "n", "", "latest"),
        ),
    ),
    (
        "azureml://registries/r/data/n/versions/1",
        JobInput(None, "azureml://registries/r/data/n/versions/1", asset=DataAsset("registries/r", "n", "1", "")),
    ),
]


@pytest.mark.parametrize(("address", "expected"), ADDRESSES, ids=[address for address, _ in ADDRESSES])
def test_reads_every_spelling_of_an_address(address: str, expected: JobInput) -> None:
    assert is_address(address)
    assert inputs.read(address) == expected


@pytest.mark.parametrize("kind", inputs.KINDS)
def test_an_address_that_may_be_either_is_what_it_is_said_to_be(kind: Kind) -> None:
    address = "https://a.blob.core.windows.net/c/a.csv"
    assert inputs.read(address, kind) == JobInput(kind, address)


def test_a_local_path_that_looks_like_an_asset_is_written_with_a_dot(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data:1").touch()
    assert not is_address("./data:1")
    assert inputs.read("./data:1") == JobInput("uri_file", "./data:1", is_local=True)


@pytest.mark.parametrize("path", ["images", "C:images", "C:/images", "a/b:1", "./x@latest", "/subscriptions/mine"])
def test_a_path_is_not_an_address(path: str) -> None:
    assert not is_address(path)


@pytest.mark.parametrize(
    ("source", "kind", "said"),
    [
        (
            "https://a.blob.core.windows.net/c/a.csv?sig=x",
            None,
            (
                "--input 'https://a.blob.core.windows.net/c/a.csv?sig=x' can be a file or a folder. Add --input-type "
                "uri_file or --input-type uri_folder; an address that ends in / is a folder."
            ),
        ),
        (
            "azureml:data",
            None,
            "--input 'azureml:data' does not name a version. Allowed: azureml:NAME:VERSION, azureml:NAME@latest.",
        ),
        (
            "azureml:data:1 ",
            None,
            "--input 'azureml:data:1 ' begins or ends with a space. Allowed: the same without it.",
        ),
        ("file.csv", "uri_folder", "--input-type uri_folder: --input 'file.csv' is a file."),
        ("folder", "uri_file", "--input-type uri_file: --input 'folder' is a folder."),
        (
            "nowhere",
            None,
            (
                "--input 'nowhere' is neither an existing file or folder nor a URI (https://, azureml://, wasbs://, "
                "abfss://), a data asset (azureml:NAME:VERSION, azureml:NAME@latest) or the ARM id of a data asset or "
                "of a path in a datastore."
            ),
        ),
        ("https://[x/", None, "--input 'https://[x/' is not a valid address: Invalid IPv6 URL."),
        ("empty", None, "--input 'empty' is a folder without files, so there is nothing to score."),
    ],
)
def test_says_what_is_wrong_with_an_input(
    source: str, kind: Kind | None, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file.csv").touch()
    for folder in ("folder", "empty"):
        (tmp_path / folder).mkdir()
    (tmp_path / "folder" / "a").touch()
    with pytest.raises(UsageError) as wrong:
        inputs.read(source, kind)
    assert str(wrong.value) == said


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("data:1", True),
        (f"/{WORKSPACE}/data/n/versions/1", True),
        (f"/{WORKSPACE}/data/n/versions/1".lower(), True),
        (f"{LONG}/data/n/versions/1", True),
        ("azureml://locations/eu/workspaces/WS/data/n/versions/1", True),
        ("azureml://locations/eu/workspaces/0b1c/data/n/versions/1", False),
        ("azureml://registries/ws/data/n/versions/1", False),
        (f"/{WORKSPACE}2/data/n/versions/1", False),
    ],
)
def test_knows_the_assets_of_a_workspace(address: str, *, expected: bool) -> None:
    asset = data_asset(address)
    assert asset is not None
    assert asset.is_in(f"/{WORKSPACE}") is expected


@pytest.fixture(name="folder")
def _folder(tmp_path: Path) -> Callable[..., Path]:
    """Return a function that makes a folder with these files and their contents."""

    def make(**files: str) -> Path:
        for name, content in files.items():
            path = tmp_path / name
            path.parent.mkdir(exist_ok=True)
            path.write_text(content, encoding="utf-8")
        return tmp_path

    return make


def _load_sdk() -> None:
    """Import what reads the rules; it uses what the libraries below it have deprecated."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import azure.ai.ml._utils._asset_utils  # noqa: F401, PLC0415


def test_nothing_is_said_of_plain_files(folder: Callable[..., Path]) -> None:
    made = folder(**{"a.csv": "1", "b.csv": "2"})
    assert notes(made) == []
    assert notes(made / "a.csv") == []


def test_files_that_one_may_not_expect_are_named(folder: Callable[..., Path]) -> None:
    made = folder(**{"a.csv": "1", "x/b.csv": "2", "x/c.csv": "2", ".DS_Store": "3", "e.csv": "", "y/.f": ""})
    assert notes(made) == [
        (
            "3 files are in sub-folders: Azure's documentation says that these are not scored; move them up: x/b.csv, "
            "x/c.csv, y/.f."
        ),
        "2 files are hidden, and uploaded and scored like all others: .DS_Store, y/.f.",
        "2 files are empty, and scored like all others: e.csv, y/.f.",
    ]
    assert notes(made / "e.csv") == ["The file is empty."]


def test_a_link_to_nothing_is_refused(folder: Callable[..., Path]) -> None:
    made = folder(**{"a.csv": "1"})
    (made / "b.csv").symlink_to("gone.csv")
    with pytest.raises(UsageError) as wrong:
        notes(made)
    assert str(wrong.value) == (
        f"{made} has links to files that do not exist: b.csv. Nothing was uploaded. Remove or fix the links, then run "
        "the command again."
    )


def _socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as made, contextlib.chdir(path.parent):  # a socket's path is short
        made.bind(path.name)


def _to_itself(path: Path) -> None:
    path.symlink_to(path.name)


def _to_the_folder(path: Path) -> None:
    path.symlink_to(path.parent)


def _to_each_other(path: Path) -> None:
    for here, there in (("x", "y"), ("y", "x")):
        (path.parent / here).mkdir()
        (path.parent / here / path.name).symlink_to(path.parent / there)


def _deep(path: Path) -> None:
    deep = path.parent.joinpath(*["d" * 200] * 5)
    deep.mkdir(parents=True)
    (deep / path.name).touch()


@pytest.mark.parametrize(
    ("name", "make", "shown"),
    [
        ("b", os.mkfifo, "b (a pipe)"),
        ("b", _socket, "b (a socket)"),
        ("b", lambda path: path.symlink_to("/dev/null"), "b (a device)"),
        ("b", _to_the_folder, "b (a link to a folder that it is in)"),
        ("b", _to_each_other, "x/b/b (a link to a folder that it is in), y/b/b (a link to a folder that it is in)"),
        ("caf\udce9", Path.touch, "caf\\xe9 (its name is not UTF-8)"),
        ("b", _deep, f"{'/'.join(['d' * 200] * 5)}/b (its blob's name would be longer than 1,024 characters)"),
    ],
    ids=["pipe", "socket", "device", "link to the folder", "links to each other", "not UTF-8", "long"],
)
def test_what_no_blob_can_be_is_refused_before_anything_is_uploaded(
    folder: Callable[..., Path], name: str, make: Callable[[Path], None], shown: str
) -> None:
    made = folder(**{"a.csv": "1"})
    make(made / name)
    with pytest.raises(UsageError) as wrong:
        notes(made)
    assert str(wrong.value) == (
        f"{made} has what cannot be uploaded: {shown}. Nothing was uploaded. Remove it, then run the command again."
    )


def test_a_link_to_another_folder_is_followed_and_a_line_break_is_a_name_like_others(
    folder: Callable[..., Path], tmp_path: Path
) -> None:
    made = folder(**{"in/a\nb": "1"}) / "in"
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "c").write_text("1")
    (made / "linked").symlink_to(tmp_path / "other")
    assert uploaded(made) == (["a\nb", "linked/c"], "", [])


def test_a_link_to_itself_is_refused(folder: Callable[..., Path]) -> None:
    made = folder(**{"a.csv": "1"})
    _to_itself(made / "b")
    with pytest.raises(UsageError, match=r"links to files that do not exist: b\. Nothing was uploaded\."):
        notes(made)


def test_what_is_left_out_may_be_anything(folder: Callable[..., Path]) -> None:
    _load_sdk()
    made = folder(**{"a.csv": "1", ".amlignore": "pipe\n.amlignore"})
    os.mkfifo(made / "pipe")
    assert notes(made) == ["2 files are excluded by .amlignore and not uploaded: .amlignore, pipe."]


@pytest.mark.parametrize("ignore", [".amlignore", ".gitignore"])
def test_files_that_are_not_uploaded_are_named(folder: Callable[..., Path], ignore: str) -> None:
    _load_sdk()
    made = folder(**{ignore: "*.csv\n!e.csv\n", **{f"{name}.csv": "1" for name in "abcde"}})
    assert notes(made) == [
        f"4 files are excluded by {ignore} and not uploaded: a.csv, b.csv, c.csv and 1 more.",
        f"1 file is hidden, and uploaded and scored like all others: {ignore}.",
    ]


def test_a_folder_of_which_nothing_is_uploaded_is_refused(folder: Callable[..., Path]) -> None:
    _load_sdk()
    made = folder(**{".amlignore": "*", "a.csv": "1"})
    with pytest.raises(UsageError) as wrong:
        notes(made)
    assert str(wrong.value) == f"all files of {made} are excluded by its .amlignore, so nothing would be uploaded."


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("--input 'https://a.b/c/x.csv?sv=1&sig=ab%2B/c=' can be", "--input 'https://a.b/c/x.csv?***' can be"),
        ("wasbs://c@a.b/x?sig=1", "wasbs://c@a.b/x?***"),
        ("what? https://a.b/c no? yes", "what? https://a.b/c no? yes"),
        # A job's page in the studio is of no use without its query.
        (
            "https://ml.azure.com/runs/j?wsid=/subscriptions/s/resourcegroups/g/workspaces/w&tid=0-1",
            "https://ml.azure.com/runs/j?wsid=/subscriptions/s/resourcegroups/g/workspaces/w&tid=0-1",
        ),
        ("https://a.b/c?wsid=/subscriptions/s&tid=1&sig=2 is", "https://a.b/c?*** is"),
        # Neither is a build's page in Azure DevOps.
        ("https://a.b/_build/results?buildId=18 is", "https://a.b/_build/results?buildId=18 is"),
        ("https://a.b/results?buildId=18&sig=2 is", "https://a.b/results?*** is"),
    ],
)
def test_the_query_of_an_address_is_never_shown(text: str, shown: str) -> None:
    assert data_address.masked(text) == shown


def test_no_output_has_the_query_of_an_address(capsys: pytest.CaptureFixture[str]) -> None:
    terminal.say("at https://a.b/c?sig=1")
    terminal.say_error("'https://a.b/c?sig=1' is wrong")
    terminal.say_json({"job": "https://a.b/c?sig=1", "files": ["https://a.b/d?sig=1"], "seconds": None})
    shown = capsys.readouterr()
    assert json.loads(shown.out.partition("\n")[2]) == {
        "job": "https://a.b/c?***",
        "files": ["https://a.b/d?***"],
        "seconds": None,
    }
    assert (shown.out.partition("\n")[0], shown.err) == (
        "at https://a.b/c?***",
        "error: 'https://a.b/c?***' is wrong\n",
    )
