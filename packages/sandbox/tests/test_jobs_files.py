"""What a job's script may do with its files: change its inputs, and leave links, pipes and the like behind.

They prove what the sandbox stores and says, not how Azure's mounts answer a write (docs/behaviour.md).
"""

import os
import textwrap
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from blob_server import ACCOUNT
from job_bench import JobBench
from sandbox.azure.blobs.files import copy
from sandbox.azure.jobs.failures import JobFailed
from sandbox.azure.jobs.files import merge_output
from sandbox.azure.jobs.request import InputLocation, ModelFiles
from sandbox.azure.jobs.tree import Tree


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[JobBench]:
    made = JobBench(tmp_path / "home")
    yield made
    made.close()


WRITING = """
    import os, subprocess
    from pathlib import Path

    def init(): pass

    def run(mini_batch):
        model = os.environ["AZUREML_MODEL_DIR"]
        files = [*mini_batch, *(str(each) for each in Path(model).rglob("*") if each.is_file()), __file__]
        for file in files:
            subprocess.run(["/bin/sh", "-c", 'chmod u+w "$1"; {change}', "sh", file], check=True)
        return [Path(file).read_text() for file in mini_batch]
"""
CHANGES = {
    "overwrite": 'dd if=/dev/zero of="$1" bs=1 count=1 conv=notrunc status=none',
    "truncate": ': > "$1"',
    "append": 'echo more >> "$1"',
    "another mode": 'chmod 777 "$1"',
    "remove": 'rm "$1"; echo other > "$1"',
    "another name": 'mv "$1" "$1.old"; echo other > "$1"',
    "link": 'ln "$1" "$1.link"; echo other > "$1.link"',
}
READING = """
    import os
    from pathlib import Path
    def init(): pass
    def run(mini_batch):
        model = sorted(each.read_text() for each in Path(os.environ["AZUREML_MODEL_DIR"]).rglob("*") if each.is_file())
        return [f"{Path(file).name}={Path(file).read_text()} {','.join(model)}" for file in mini_batch]
"""


def stored(bench: JobBench) -> dict[str, tuple[bytes, int]]:
    """Return the bytes and the mode of every input, model and script in the store."""
    below = [("data", "input/"), ("data", "LocalUpload/"), ("code", "")]
    names = [(container, name) for container, prefix in below for name in bench.blobs.list(ACCOUNT, container, prefix)]
    paths = {f"{container}/{name}": bench.blobs.path(ACCOUNT, container, name) for container, name in names}
    return {name: (path.read_bytes(), path.stat().st_mode & 0o777) for name, path in paths.items()}


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("kind", ["folder", "file"])
def test_a_program_of_a_script_cannot_change_what_is_stored(bench: JobBench, change: str, kind: str) -> None:
    files = {"a": b"stored a", "b": b"stored b"}
    first = bench.request(WRITING.format(change=CHANGES[change]), files, mini_batch_size=1)
    if kind == "file":
        place = InputLocation("file", ACCOUNT, "data", f"input/{first.name}/a")
        model = ModelFiles("file", ACCOUNT, "data", "LocalUpload/1/model/weights.txt", "weights.txt", "custom_model")
        first = replace(first, input=place, model=model)
    before = stored(bench)
    assert bench.run(first).parent.status == "Completed"
    assert stored(bench) == before
    second = bench.request(READING, 1)
    done = bench.run(replace(second, input=first.input, model=first.model))
    expected = ["a=stored a weights", "b=stored b weights"]
    assert done.lines == (expected if kind == "folder" else expected[:1])


def test_the_output_of_a_job_that_the_next_one_reads_stays_as_it_was(bench: JobBench) -> None:
    script = """
        import os
        from pathlib import Path
        def init(): pass
        def run(mini_batch):
            Path(os.environ["AZUREML_BI_OUTPUT_PATH"], "more.txt").write_text("of the first job")
            return mini_batch
    """
    first = bench.run(bench.request(script, 1))
    output = bench.request(READING, 1).output
    place = InputLocation("folder", ACCOUNT, "data", "azureml/child-1/score/")
    changing = bench.run(replace(bench.request(WRITING.format(change=': > "$1"'), 1), input=place))
    assert changing.parent.status == "Completed"
    assert output.account == ACCOUNT
    assert first.output["more.txt"] == b"of the first job"
    assert bench.blobs.read(ACCOUNT, "data", "azureml/child-1/score/more.txt") == b"of the first job"


def test_an_output_that_has_a_second_name_elsewhere_is_stored_as_a_file_of_its_own(
    bench: JobBench, tmp_path: Path
) -> None:
    script = f"""
        import os
        from pathlib import Path
        def init(): pass
        def run(mini_batch):
            for file in ("{tmp_path}/mine", mini_batch[0]):
                Path("{tmp_path}/mine").write_text("at the end of the job")
                out = Path(os.environ["AZUREML_BI_OUTPUT_PATH"], Path(file).name)
                if not out.exists(): os.link("{tmp_path}/mine", out)
            return mini_batch
    """
    done = bench.run(bench.request(script, 1))
    assert done.output["mine"] == b"at the end of the job"
    (tmp_path / "mine").write_text("later")
    assert bench.blobs.read(ACCOUNT, "data", "azureml/child-1/score/mine") == b"at the end of the job"


ODD = """
    import os, socket, subprocess
    from pathlib import Path

    def init(): pass

    def run(mini_batch):
        for folder in FOLDERS:
            folder = Path(folder)
            folder.mkdir(exist_ok=True)
            (folder / "real").mkdir()
            (folder / "real" / "file.txt").write_text("kept")
            os.mkfifo(folder / "pipe")
            here = os.getcwd()
            os.chdir(folder)  # a socket's path is short
            socket.socket(socket.AF_UNIX).bind("socket")
            os.chdir(here)
            (folder / "dangling").symlink_to("nowhere")
            (folder / "loop").symlink_to("loop")
            (folder / "linked folder").symlink_to("/etc")
            (folder / "linked file").symlink_to("/etc/passwd")
            (folder / "two\\nlines").write_text("kept too")
            (Path(os.fsencode(folder).decode()) / "caf\\udce9").write_text("not text")
            long = folder.joinpath(*["d" * 200] * 5, "f" * 100)
            long.parent.mkdir(parents=True)
            long.write_text("too long")
        return mini_batch
"""
SENTENCE = (
    "Left out, because blob storage has only files: 'caf\\xe9' (its name is not UTF-8), 'dangling' (a link),"
    " 'dddddddddddddddddddddddddddddddddddddddd...' (its blob's name is longer than 1024 characters),"
    " 'linked file' (a link), 'linked folder' (a link) and 3 more."
)


def test_a_script_may_leave_anything_behind_and_the_files_are_stored(bench: JobBench) -> None:
    folders = 'os.environ["AZUREML_BI_OUTPUT_PATH"], "odd", EntryScript().log_dir'
    script = "from azureml_user.parallel_run import EntryScript\n" + textwrap.dedent(ODD).replace(
        "FOLDERS", f"[{folders}]"
    )
    done = bench.run(bench.request(script, 1))
    assert done.parent.status == "Completed"
    assert {name: data for name, data in done.output.items() if name != "predictions.csv"} == {
        "real/file.txt": b"kept",
        "two\nlines": b"kept too",
    }
    logs = "logs/user/entry_script_log/0"
    assert done.logs[f"{logs}/real/file.txt"] == "kept"
    assert [path for path in done.logs if "linked" in path or "pipe" in path] == []
    lines = done.logs["logs/azureml/executionlogs.txt"].splitlines()
    assert [line.partition("] ")[2] for line in lines if "Left out" in line] == [f"Output: {SENTENCE}"]
    assert not (bench.folder / "batchjob-1").exists()


@pytest.mark.parametrize("kind", ["os.mkfifo(file)", "os.symlink('/dev/full', file)", "os.symlink('loop', file)"])
def test_the_rows_are_stored_whatever_the_script_has_put_in_their_place(bench: JobBench, kind: str) -> None:
    script = f"""
        import os
        file = os.path.join(os.environ["AZUREML_BI_OUTPUT_PATH"], "predictions.csv")
        def init():
            {kind}
            os.mkfifo(os.path.join(os.path.dirname(file), "temp_1_2_predictions.csv"))
        def run(mini_batch): return ["a row"]
    """
    assert bench.run(bench.request(script, 1)).lines == ["a row"]


def test_a_folder_in_the_place_of_the_rows_fails_the_job(bench: JobBench) -> None:
    script = """
        import os
        def init(): os.mkdir(os.path.join(os.environ["AZUREML_BI_OUTPUT_PATH"], "predictions.csv"))
        def run(mini_batch): return mini_batch
    """
    done = bench.run(bench.request(script, 1))
    told = "The script has made a folder 'predictions.csv' in the output, where the file of this name goes."
    assert (done.parent.status, told in done.error) == ("Failed", True)


def test_a_blob_whose_name_no_file_can_have_fails_the_job_with_that_name(bench: JobBench) -> None:
    name = "n" * 300
    done = bench.run(bench.request(READING, {name: b"x"}))
    assert done.error.endswith(f"The name '{name}' is too long for a file: most are 255 bytes.")


@pytest.mark.parametrize("without", ["copy_file_range of the kernel", "copy_file_range between these file systems"])
def test_a_copy_is_whole_where_the_kernel_cannot_copy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, without: str
) -> None:
    def refuses(*_: object) -> int:
        raise OSError(18, "Invalid cross-device link")

    if without.endswith("kernel"):
        monkeypatch.delattr(os, "copy_file_range")
    else:
        monkeypatch.setattr(os, "copy_file_range", refuses)
    (tmp_path / "a").write_bytes(b"x" * 3_000_001)
    copy(tmp_path / "a", tmp_path / "b")
    assert (tmp_path / "b").read_bytes() == b"x" * 3_000_001


def test_an_output_folder_that_the_script_has_replaced_by_a_link(tmp_path: Path) -> None:
    theirs = tmp_path / "home"
    theirs.mkdir()
    (theirs / "results.csv").write_text("precious")
    (theirs / "temp_0_0_results.csv").write_text("rows")
    output = tmp_path / "output"
    output.symlink_to(theirs)
    tree = Tree.of(output)
    assert (tree.files, tree.told) == (
        [],
        "Left out, because blob storage has only files: 'output' (the script has replaced the folder).",
    )
    with pytest.raises(JobFailed, match="The script has replaced its output folder"):
        merge_output(output, "results.csv")
    assert sorted(each.name for each in theirs.iterdir()) == ["results.csv", "temp_0_0_results.csv"]
    assert (theirs / "results.csv").read_text() == "precious"
