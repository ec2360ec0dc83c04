"""Every spelling of a job's input, and every option of a job, against the sandbox over HTTP.

The script returns what it was given, so a row says which file was scored and with which settings.
"""

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from azure.ai.ml.entities import Data
from azure.storage.blob import ContainerClient

from modelops.commands import input_notes
from modelops.errors import ReleaseError, UsageError
from modelops.plan import fingerprint
from modelops.plan.plan import Code
from modelops.scoring import following, inputs, job_words, local_files, predictions, upload
from modelops.scoring import start as starting
from modelops.scoring.inputs import Kind
from modelops.scoring.start import JobOptions, PerhapsStartedError, StartedJob
from tests.modelops.conftest import Bench, Place, in_one_profile, new_bench
from tests.modelops.test_modelops_commands import run

# The SDK uses what the libraries below it have deprecated.
pytestmark = [pytest.mark.filterwarnings("ignore::DeprecationWarning"), in_one_profile]

SCRIPT = """\
import os, sys

def init(): ...

def run(batch):
    given = dict(zip(sys.argv[1::2], sys.argv[2::2]))
    settings = ",".join(given[f"--{name}"] for name in ("run_max_try", "run_invocation_timeout", "error_threshold"))
    return [f"{os.path.basename(path)},{len(batch)},{os.environ['AZUREML_NODE_COUNT']},{settings}" for path in batch]
"""
FILES = ("a.csv", "b.csv")


@dataclass
class Scored:
    """A released endpoint; the same data on this machine, in a container and as data assets."""

    bench: Bench
    folder: Path
    address: str
    """Of the folder with the data, as azureml://datastores/...; ends in /."""
    url: str
    """Of the same, over https."""
    container: ContainerClient
    jobs: int = 0

    @property
    def workspace_id(self) -> str:
        """ARM id of the workspace."""
        return self.bench.workspace.id

    def start(self, source: str, kind: Kind | None = None, /, **options: Any) -> StartedJob:
        """Start a job with these options."""
        read = inputs.read(source, kind)
        return starting.start(self.bench.workspace, self.bench.plan.endpoint.name, None, read, JobOptions(**options))

    def rows(self, job: StartedJob) -> list[str]:
        """Wait for a job, and return its rows."""
        following.follow(self.bench.workspace.ml, job.name, lambda _text, _seconds: None, "")
        self.jobs += 1
        (file,) = predictions.download(self.bench.workspace.ml, job.name, self.bench.root / f"p{self.jobs}")
        return sorted(file.read_text(encoding="utf-8").split())


@pytest.fixture(name="scored", scope="module")
def _scored(place: Place, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scored]:
    with pytest.MonkeyPatch.context() as monkeypatch:
        place.sandbox.enter(monkeypatch)
        with new_bench(place, tmp_path_factory.mktemp("scored")) as bench:
            _release(bench)
            folder = bench.root / "data"
            folder.mkdir()
            for name in FILES:
                (folder / name).write_text("x", encoding="utf-8")
            yield Scored(bench, folder, *_stored(bench, folder))


def _release(bench: Bench) -> None:
    (bench.root / "code" / "score.py").write_text(SCRIPT, encoding="utf-8")
    cluster = bench.place.get("computes/cpu")
    scale = {"scaleSettings": {"minNodeCount": 0, "maxNodeCount": 2}, "vmSize": "STANDARD_DS11_V2"}
    bench.place.put(
        "computes/two",
        {
            "location": cluster["location"],
            "identity": {
                "type": "UserAssigned",
                "userAssignedIdentities": {each: {} for each in cluster["identity"]["userAssignedIdentities"]},
            },
            "properties": {"computeType": "AmlCompute", "properties": scale},
        },
    )
    deployment = replace(
        bench.plan.deployments["mlp"],
        code=Code("code", fingerprint.digest(bench.root / "code"), "score.py"),
        compute=f"{bench.place.path}/computes/two",
    )
    bench.plan = replace(bench.plan, deployments={"mlp": deployment})
    bench.release()


def _stored(bench: Bench, folder: Path) -> tuple[str, str, ContainerClient]:
    """Store the files where the addresses of the table point, and register them as data assets."""
    ml = bench.workspace.ml
    datastore: Any = ml.datastores.get("workspaceblobstore")
    url = f"https://{datastore.account_name}.blob.core.windows.net/{datastore.container_name}/given/"
    container = ContainerClient.from_container_url(url.removesuffix("/given/"), credential=bench.workspace.credential)
    for name in FILES:
        container.upload_blob(f"given/{name}", (folder / name).read_bytes())
    address = "azureml://datastores/workspaceblobstore/paths/given/"
    for version in ("1", "2"):
        ml.data.create_or_update(Data(name="given-folder", version=version, type="uri_folder", path=address))
        ml.data.create_or_update(Data(name="given.file", version=version, type="uri_file", path=f"{address}b.csv"))
    return address, url, container


ASSETS = [
    "azureml:{name}:1",
    "{name}:1",
    "azureml:{name}@latest",
    "{name}@latest",
    "{id}/data/{name}/versions/1",
    "azureml:{id}/data/{name}/versions/1",
    "azureml:/{id}/data/{name}/versions/1",
    "azureml:/{short_id}/data/{name}/versions/1",
    "azureml:/{short_id}/data/{name}/labels/latest",
    "azureml://locations/{location}/workspaces/{workspace}/data/{name}/versions/1",
    "azureml://locations/{location}/workspaces/{workspace}/data/{name}/labels/latest",
    "azureml://locations/{location}/workspaces/{workspace}/data/{name}/versions/labels/latest",
]
FOLDERS = [
    "{folder}",
    "{url}",
    "{address}",
    "azureml://datastores/workspaceblobstore/paths/given",
    "azureml:/{short_id}/datastores/workspaceblobstore/paths/given/",
    "azureml:/{id}/datastores/workspaceblobstore/paths/given/",
    "azureml:{id}/datastores/workspaceblobstore/paths/given/",
    "{id}/datastores/workspaceblobstore/paths/given/",
    "wasbs://{container}@{account}.blob.core.windows.net/given/",
    "abfss://{container}@{account}.dfs.core.windows.net/given/",
]
FILE = [
    "{folder}/b.csv",
    "{url}b.csv",
    "{address}b.csv",
    "azureml:/{short_id}/datastores/workspaceblobstore/paths/given/b.csv",
    "{id}/datastores/workspaceblobstore/paths/given/b.csv",
    "wasbs://{container}@{account}.blob.core.windows.net/given/b.csv",
    "abfss://{container}@{account}.dfs.core.windows.net/given/b.csv",
]


def _spelled(scored: Scored, spelling: str, name: str = "") -> str:
    return spelling.format(
        name=name,
        id=scored.workspace_id,
        short_id=scored.workspace_id.replace("/providers/Microsoft.MachineLearningServices", ""),
        location=scored.bench.place.sandbox.location,
        workspace=scored.bench.place.workspace,
        folder=scored.folder,
        url=scored.url,
        address=scored.address,
        container=scored.container.container_name,
        account=scored.container.account_name,
    )


@pytest.mark.parametrize("spelling", [*FOLDERS, *ASSETS])
def test_a_folder_is_scored_however_it_is_spelled(scored: Scored, spelling: str) -> None:
    rows = scored.rows(scored.start(_spelled(scored, spelling, "given-folder")))
    assert rows == ["a.csv,2,1,3,30,-1", "b.csv,2,1,3,30,-1"]


@pytest.mark.parametrize("spelling", [*FILE, *ASSETS])
def test_a_file_is_scored_however_it_is_spelled(scored: Scored, spelling: str) -> None:
    # Nothing tells of an address outside this machine that it is a file's.
    kind: Kind | None = "uri_file" if spelling in FILE[1:] else None
    rows = scored.rows(scored.start(_spelled(scored, spelling, "given.file"), kind))
    assert rows == ["b.csv,1,1,3,30,-1"]


OVERRIDES: list[tuple[dict[str, Any], str]] = [
    ({"mini_batch_size": 1}, "1,1,3,30,-1"),
    ({"instance_count": 2}, "2,2,3,30,-1"),
    ({"retries": 1}, "2,1,1,30,-1"),
    ({"timeout": 90}, "2,1,3,90,-1"),
    ({"error_threshold": 0}, "2,1,3,30,0"),
    ({"mini_batch_size": 1, "instance_count": 2, "retries": 2, "timeout": 1, "error_threshold": 5}, "1,2,2,1,5"),
]


@pytest.mark.parametrize(("options", "row"), OVERRIDES, ids=["+".join(options) for options, _ in OVERRIDES])
def test_a_job_has_its_own_settings(scored: Scored, options: dict[str, Any], row: str) -> None:
    assert scored.rows(scored.start(scored.address, **options)) == [f"a.csv,{row}", f"b.csv,{row}"]


@pytest.mark.parametrize("deployment", [None, "own"])
def test_more_nodes_than_the_cluster_has_are_refused_before_the_upload(scored: Scored, deployment: str | None) -> None:
    workspace, name = scored.bench.workspace, scored.bench.plan.endpoint.name
    own = scored.bench.plan.target if deployment else None
    before = scored.bench.mark()
    with pytest.raises(UsageError) as refused:
        starting.start(workspace, name, own, inputs.read(str(scored.folder)), JobOptions(instance_count=3))
    assert str(refused.value) == (
        "--instance-count 3: cluster two has at most 2 nodes. Nothing was uploaded or started. Run the command again "
        "with --instance-count 2 or less, or make the cluster's maximum larger first."
    )
    asked = [each["path"].partition("?")[0] for each in scored.bench.place.sandbox.control.journal(before)]
    path = scored.bench.place.path
    assert [each.removeprefix(path) for each in asked] == [
        f"/batchEndpoints/{name}",
        f"/batchEndpoints/{name}/deployments/{scored.bench.plan.target}",
        "/computes/two",
    ]


def test_a_cluster_that_one_may_not_read_is_left_to_the_service(scored: Scored) -> None:
    control = scored.bench.place.sandbox.control
    number = control.fault("status", method="GET", path="/computes/two", status=403, code="Forbidden", message="No")
    job = scored.start(scored.address, instance_count=2)
    assert control.hits(number) == 1
    control.clear_faults()
    assert len(scored.rows(job)) == len(FILES)


@pytest.mark.parametrize(
    ("options", "blob"),
    [
        ({"output_file_name": "mine.csv"}, "mine.csv"),
        ({"output_path": "azureml://datastores/workspaceblobstore/paths/out/1/"}, "out/1/predictions.csv"),
        ({"output_path": "azureml://datastores/workspaceblobstore/paths/out/2"}, "out/2/predictions.csv"),
        (
            {"output_path": "azureml://datastores/workspaceblobstore/paths/out/3", "output_file_name": "mine.csv"},
            "out/3/mine.csv",
        ),
        ({"output_path": "{id}/datastores/workspaceblobstore/paths/out/4"}, "out/4/predictions.csv"),
    ],
)
def test_the_output_goes_where_it_is_sent(scored: Scored, options: dict[str, str], blob: str) -> None:
    job = scored.start(scored.address, **{name: _spelled(scored, value) for name, value in options.items()})
    assert len(scored.rows(job)) == len(FILES)
    folder = scored.bench.root / f"p{scored.jobs}"
    assert [path.name for path in folder.iterdir()] == [Path(blob).name]
    if "/" in blob:
        assert blob in {each.name for each in scored.container.list_blobs(name_starts_with="out/")}


def test_a_deployment_that_is_named_is_not_kept_for_the_next_job(scored: Scored) -> None:
    bench, endpoint = scored.bench, scored.bench.plan.endpoint.name
    read = inputs.read(scored.address)
    assert len(scored.rows(starting.start(bench.workspace, endpoint, bench.plan.target, read))) == len(FILES)
    with pytest.raises(UsageError, match=f"^--deployment: endpoint {endpoint} has no deployment 'nobody'"):
        starting.start(bench.workspace, endpoint, "nobody", read)
    assert len(scored.rows(starting.start(bench.workspace, endpoint, None, read))) == len(FILES)


def test_says_where_the_job_is_in_the_studio(scored: Scored) -> None:
    job = scored.start(scored.address)
    assert job.studio.startswith(f"https://ml.azure.com/runs/{job.name}?wsid=/subscriptions/")


@pytest.mark.parametrize(
    ("source", "kind", "said"),
    [
        ("given-folder:1", "uri_file", "--input-type uri_file: data asset given-folder:1 is of type uri_folder."),
        (
            "given.file@latest",
            "uri_folder",
            "--input-type uri_folder: data asset given.file@latest is of type uri_file.",
        ),
        (
            "azureml://registries/r/data/n/versions/1",
            None,
            (
                "--input 'azureml://registries/r/data/n/versions/1' can be a file or a folder. Add --input-type "
                "uri_file or --input-type uri_folder; an address that ends in / is a folder."
            ),
        ),
    ],
)
def test_says_what_is_wrong_with_a_data_asset(scored: Scored, source: str, kind: Kind | None, said: str) -> None:
    before = scored.bench.mark()
    with pytest.raises(UsageError) as wrong:
        scored.start(source, kind)
    assert str(wrong.value) == said
    assert scored.bench.writes(before) == []


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("nothing:1", r"workspace \S+ has no data asset 'nothing'\. Allowed are: .*given-folder.*\."),
        (
            "nothing@latest",
            r"workspace \S+ has no data asset 'nothing'\. Allowed are: .*given-folder.*\.",
        ),
        ("given-folder:9", r"data asset given-folder has no version '9'\. Allowed are: 1(, \d+)*\."),
        (
            "azureml://datastores/nostore/paths/a/",
            r"workspace \S+ has no datastore 'nostore'\. Allowed .*",
        ),
    ],
)
def test_data_that_does_not_exist_is_a_wrong_command_line(scored: Scored, source: str, said: str) -> None:
    with pytest.raises(UsageError, match=f"^{said} No job was started\\.$"):
        scored.start(source)


def test_a_deployment_that_does_not_exist_is_a_wrong_command_line(scored: Scored) -> None:
    read, plan = inputs.read(scored.address), scored.bench.plan
    with pytest.raises(UsageError) as wrong:
        starting.start(scored.bench.workspace, plan.endpoint.name, "pickyy", read)
    assert str(wrong.value) == (
        f"--deployment: endpoint {plan.endpoint.name} has no deployment 'pickyy'. Allowed are: {plan.target}. No job "
        "was started."
    )


def test_a_label_that_does_not_exist_is_a_wrong_command_line(scored: Scored) -> None:
    before = scored.bench.mark()
    with pytest.raises(UsageError) as wrong:
        scored.start("given-folder@first")
    assert str(wrong.value) == (
        "data asset given-folder has no label 'first'. Allowed are: latest. No job was started."
    )
    assert scored.bench.writes(before) == []


@pytest.mark.parametrize("fault", [{"action": "status", "status": 503}, {"action": "reset-after"}])
def test_a_job_is_asked_for_once(scored: Scored, fault: dict[str, Any]) -> None:
    """The service may have started it in spite of its answer, or without one."""
    control = scored.bench.place.sandbox.control
    number = control.fault(method="POST", path="/jobs$", times=5, **fault)
    with pytest.raises(PerhapsStartedError, match=r"^starting a job on endpoint bench-\d+ failed: "):
        scored.start(scored.address)
    assert control.hits(number) == 1
    control.clear_faults()


def test_requests_with_the_same_id_start_one_job(scored: Scored) -> None:
    read, plan = inputs.read(scored.address), scored.bench.plan
    first, second, other = (
        starting.start(scored.bench.workspace, plan.endpoint.name, plan.target, read, request_id=each).name
        for each in ("a", "a", "b")
    )
    assert (first == second, first == other) == (True, False)


def test_a_busy_service_says_when_to_ask_again(scored: Scored) -> None:
    control = scored.bench.place.sandbox.control
    for status, headers in (
        (429, {"Retry-After": "7"}),
        (503, {"Retry-After": "7"}),
        (500, {"Retry-After": "7"}),
        (429, {}),
    ):
        control.fault("status", method="POST", path="/jobs$", status=status, headers=headers)
    waits: list[float | None] = []
    for _ in range(4):
        with pytest.raises(PerhapsStartedError) as busy:
            scored.start(scored.address)
        waits.append(busy.value.retry_after)
    assert waits == [7, 7, None, None]


@pytest.mark.parametrize("status", [400, 501])
def test_a_job_that_is_refused_has_not_started(scored: Scored, status: int) -> None:
    control = scored.bench.place.sandbox.control
    control.fault("status", method="POST", path="/jobs$", status=status)
    with pytest.raises(ReleaseError) as refused:
        scored.start(scored.address)
    control.clear_faults()
    assert not isinstance(refused.value, PerhapsStartedError)


def test_an_upload_says_how_far_it_is(scored: Scored, tmp_path: Path) -> None:
    mebibyte = 1024 * 1024
    (tmp_path / "in").mkdir()
    for number in range(3):
        (tmp_path / "in" / f"{number}.bin").write_bytes(os.urandom(mebibyte))
    large = tmp_path / "large.bin"
    large.write_bytes(os.urandom(mebibyte) * 66)  # up to 64 MiB a file is sent in one request
    told: list[str] = []

    def report(text: str, _seconds: float) -> None:
        told.append(text)

    upload.uploaded(scored.bench.workspace, tmp_path / "in", report)
    assert told == [f"Uploading, {number} of 3 files, {number} of 3 MiB" for number in (1, 2, 3)]
    told.clear()
    upload.uploaded(scored.bench.workspace, large, report)
    assert (told[0], told[-1]) == ("Uploading, 4 of 66 MiB", "Uploading, 66 of 66 MiB")
    told.clear()
    upload.uploaded(scored.bench.workspace, large, report)
    assert told == []  # the same content is not sent again
    for name in ("tiny/1.txt", "tiny/2.txt", "one.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(f"{name} {os.urandom(8).hex()}")
    upload.uploaded(scored.bench.workspace, tmp_path / "tiny", report)
    upload.uploaded(scored.bench.workspace, tmp_path / "one.txt", report)
    assert set(told) == {"Uploading, 1 of 2 files", "Uploading, 2 of 2 files", "Uploading"}, (
        "no MiB below the first one"
    )


def test_a_symbolic_link_is_uploaded_as_what_it_names(scored: Scored, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "real.csv").write_text("real", encoding="utf-8")
    (tmp_path / "in" / "a.csv").symlink_to("../real.csv")
    address = upload.uploaded(scored.bench.workspace, tmp_path / "in", lambda _text, _seconds: None)
    blob = scored.container.get_blob_client(f"{address.rpartition('/paths/')[2]}/a.csv")
    assert blob.download_blob().readall() == b"real"


def test_what_is_said_of_local_files_is_what_happens(scored: Scored, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    for name, content in {"a.csv": "1", ".b": "1", "c.csv": "", "d.csv": "1", "in/e.csv": "1"}.items():
        (tmp_path / name).write_text(content, encoding="utf-8")
    (tmp_path / ".amlignore").write_text("d.csv", encoding="utf-8")
    assert local_files.notes(tmp_path) == [
        "1 file is excluded by .amlignore and not uploaded: d.csv.",
        "1 file is in sub-folders: Azure's documentation says that these are not scored; move them up: in/e.csv.",
        "2 files are hidden, and uploaded and scored like all others: .amlignore, .b.",
        "1 file is empty, and scored like all others: c.csv.",
    ]
    rows = scored.rows(scored.start(str(tmp_path)))
    assert [row.partition(",")[0] for row in rows] == [".amlignore", ".b", "a.csv", "c.csv"]


def test_a_job_has_its_own_words(scored: Scored) -> None:
    words = JobOptions(tags={"team": "a", "run": "7"}, display_name="weekly", description="of May")
    job = scored.start(scored.address, **words._asdict())
    before = scored.bench.mark()
    assert job_words.settle(scored.bench.workspace, job.name, words) == []
    # The service names endpoint and deployment in the description, whatever the request has.
    assert [each.partition(" ")[0] for each in scored.bench.writes(before)] == ["PATCH"]
    found: Any = scored.bench.workspace.ml.jobs.get(job.name)
    assert found.tags.items() >= words.tags.items()
    assert (found.display_name, found.description) == ("weekly", "of May")


def test_words_that_a_job_does_not_get_are_told(scored: Scored) -> None:
    """As documented, a model deployment's job stays in the endpoint's experiment."""
    words = JobOptions(tags={"team": "a"}, experiment="mine")
    job = scored.start(scored.address, **words._asdict())
    assert job_words.settle(scored.bench.workspace, job.name, words) == [
        "--experiment is not set: the service did not take it."
    ]
    control = scored.bench.place.sandbox.control
    control.fault("status", method="GET", path=f"/jobs/{job.name}$", status=403, code="Forbidden", message="No")
    settled = job_words.settle(scored.bench.workspace, job.name, words)
    control.clear_faults()
    assert [each.partition(" (")[0] for each in settled] == [
        "--tag is not set: Forbidden: No",
        "--experiment is not set: Forbidden: No",
    ]


def test_a_rehearsal_is_asked_about_data_that_it_does_not_have(scored: Scored) -> None:
    data = Data(name="elsewhere", version="1", type="uri_folder", path="https://elsewhere.blob.core.windows.net/c/x/")
    scored.bench.workspace.ml.data.create_or_update(data)
    for source in ("azureml:elsewhere:1", data.path):
        (said,) = input_notes.notes(scored.bench.workspace, inputs.read(str(source)))
        assert "elsewhere" in said
    assert input_notes.notes(scored.bench.workspace, inputs.read(scored.address)) == []


def test_every_option_of_the_command_reaches_the_job(scored: Scored) -> None:
    datastore = "azureml://datastores/workspaceblobstore/paths"
    options = {
        "--input": f"{datastore}/given/b.csv",
        "--input-type": "uri_file",
        "--download": str(scored.bench.root / "by-command"),
        "--deployment": "mlp",
        "--instance-count": "2",
        "--mini-batch-size": "3",
        "--retries": "4",
        "--timeout": "50",
        "--error-threshold": "6",
        "--output-path": f"{datastore}/by-command",
        "--output-file-name": "rows.csv",
        "--tag": "team=a",
        "--display-name": "weekly",
        "--description": "of May",
        "--experiment": "mine",
    }
    words = [word for each in options.items() for word in each]
    code, output, errors = run(scored.bench, "invoke", *words, "--json")
    assert code == 0, errors
    said = json.loads(output)
    (file,) = said["predictions"]
    assert Path(file).name == "rows.csv"
    assert Path(file).read_text(encoding="utf-8") == "b.csv,1,2,4,50,6\n"
    assert [each.name for each in scored.container.list_blobs("by-command/")] == ["by-command/rows.csv"]
    assert said["deployment"] == scored.bench.plan.target
    job: Any = scored.bench.workspace.ml.jobs.get(said["job"])
    assert (job.tags["team"], job.display_name, job.description) == ("a", "weekly", "of May")
    assert "note: --experiment is not set: the service did not take it.\n" in errors
    assert said["studio"].startswith(f"https://ml.azure.com/runs/{said['job']}?")
    assert said["studio"] not in errors  # a rehearsal has no studio
