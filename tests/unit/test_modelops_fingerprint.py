"""Content identity: the same bytes are the same everywhere, other bytes never are."""

import errno
import hashlib
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

from modelops.errors import PlanError
from modelops.plan.files import files_of
from modelops.plan.fingerprint import Tree, digest
from modelops.plan.rules import check_image, require_fixed_image
from modelops.plan.staging import remove_abandoned, remove_staged, staged

REPOSITORY = Path(__file__).resolve().parents[2]


def tree(root: Path, files: dict[str, bytes]) -> Path:
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return root


def test_the_digest_is_this_one(tmp_path: Path) -> None:
    """Exact, so that no change of the rules goes unseen: every revision's name depends on it."""
    root = tree(tmp_path / "model", {"b.txt": b"two", "a/x.bin": b"one"})
    expected = hashlib.sha256(b"folder 2\n" + b"7 3\na/x.binone" + b"5 3\nb.txttwo").hexdigest()
    assert digest(root) == expected


def test_it_depends_on_content_alone(tmp_path: Path) -> None:
    first = tree(tmp_path / "first", {"a": b"1", "b/c": b"2"})
    second = tree(tmp_path / "second", {"b/c": b"2", "a": b"1"})
    os.utime(second / "a", (0, 0))
    (second / "a").chmod(0o600)
    assert digest(first) == digest(second)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"a": b"bc"}, {"ab": b"c"}),
        ({"s/t": b"u"}, {"st": b"u"}),
        ({"a": b"", "b": b"x"}, {"a": b"x", "b": b""}),
        ({"a": b"1"}, {"A": b"1"}),
        ({"a": b"1"}, {"a": b"1", "b": b""}),
        ({"a": b"x" * 99}, {"a": b"x" * 98 + b"y"}),
    ],
)
def test_trees_that_differ_have_different_digests(
    tmp_path: Path, one: dict[str, bytes], other: dict[str, bytes]
) -> None:
    """The first two pairs have the same upload hash in the SDK."""
    assert digest(tree(tmp_path / "one", one)) != digest(tree(tmp_path / "other", other))


def test_what_is_not_uploaded_does_not_count(tmp_path: Path) -> None:
    plain = tree(tmp_path / "plain", {"score.py": b"x"})
    dirty = tree(
        tmp_path / "dirty",
        {
            "score.py": b"x",
            "__pycache__/score.pyc": b"1",
            "deep/__pycache__/y": b"2",
            "z.pyc": b"3",
            ".git/HEAD": b"4",
            "deep/.git": b"gitdir: /home/me/repository/.git/modules/deep",
            ".gitignore": b"*",
            ".amlignore": b"*",
        },
    )
    assert digest(plain) == digest(dirty)
    assert [each.name for each in files_of(dirty)] == ["score.py"]


def test_one_file_is_named_by_its_own_name(tmp_path: Path) -> None:
    tree(tmp_path, {"m.onnx": b"x"})
    assert digest(tmp_path / "m.onnx") == hashlib.sha256(b"file 1\n6 1\nm.onnxx").hexdigest()


def test_the_copy_holds_what_was_hashed_and_goes_away(tmp_path: Path) -> None:
    root = tree(tmp_path / "any name", {"a": b"1", "b/c": b"2", "b/__pycache__/d.pyc": b"3"})
    with staged(root, "model", digest(root)) as copy:
        assert copy.name == "model"
        assert digest(copy) == digest(root)
        assert sorted(path.relative_to(copy).as_posix() for path in copy.rglob("*")) == ["a", "b", "b/c"]
    assert not copy.parent.exists()


def test_one_file_keeps_its_name_in_the_copy(tmp_path: Path) -> None:
    tree(tmp_path, {"m.onnx": b"x"})
    with staged(tmp_path / "m.onnx", "model", digest(tmp_path / "m.onnx")) as copy:
        assert (copy.name, copy.read_bytes()) == ("m.onnx", b"x")


def test_content_that_changed_since_is_refused(tmp_path: Path) -> None:
    root = tree(tmp_path / "model", {"a": b"1"})
    before = digest(root)
    tree(root, {"a": b"2"})
    with pytest.raises(PlanError) as refused, staged(root, "model", before):
        pass
    assert str(refused.value) == (
        f"'{root.as_posix()}' changed after the plan was made, so it was not released. Another release "
        "takes the current files."
    )


def test_copies_can_be_removed_without_unwinding(tmp_path: Path) -> None:
    root = tree(tmp_path / "model", {"a": b"1"})
    with staged(root, "model", digest(root)) as copy:
        remove_staged()
        assert not copy.exists()


@pytest.fixture(name="temporary")
def _temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder for temporary files that no other test sees."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


KILLED = """\
import os, signal, sys, tempfile
from pathlib import Path
from modelops.plan.fingerprint import digest
from modelops.plan.staging import staged
tempfile.tempdir = sys.argv[2]
root = Path(sys.argv[1])
with staged(root, "model", digest(root)):
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_copies_of_killed_processes_are_removed_and_no_others(tmp_path: Path, temporary: Path) -> None:
    root = tree(tmp_path / "model", {"a": b"1"})
    killed = subprocess.run([sys.executable, "-c", KILLED, str(root), str(temporary)], cwd=REPOSITORY, check=False)
    assert killed.returncode == -signal.SIGKILL
    (temporary / "azureml-batch-log-1").mkdir()
    (left,) = [path for path in temporary.iterdir() if path.name != "azureml-batch-log-1"]
    assert (left / "model" / "a").read_bytes() == b"1"
    with staged(root, "model", digest(root)) as copy:
        remove_abandoned()
        assert sorted(temporary.iterdir()) == sorted([temporary / "azureml-batch-log-1", copy.parent])
        assert (copy / "a").read_bytes() == b"1"


def test_without_a_temporary_folder_there_is_nothing_to_remove(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "none"))
    remove_abandoned()


def test_nothing_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(PlanError, match="does not exist"):
        digest(tmp_path / "none")
    tree(tmp_path / "empty", {"x.pyc": b"1"})
    with pytest.raises(PlanError, match="has no files to upload"):
        digest(tmp_path / "empty")


def test_a_git_lfs_pointer_is_refused(tmp_path: Path) -> None:
    pointer = b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 9\n"
    root = tree(tmp_path / "model", {"weights.bin": pointer})
    with pytest.raises(PlanError) as refused:
        digest(root)
    assert str(refused.value) == (
        f"'{root.as_posix()}/weights.bin' is a Git LFS pointer, not the file itself. Run `git lfs pull` and try again."
    )


def test_a_link_to_a_file_counts_as_its_content(tmp_path: Path) -> None:
    tree(tmp_path, {"big": b"content"})
    linked = tree(tmp_path / "linked", {})
    linked.mkdir()
    (linked / "a").symlink_to(tmp_path / "big")
    assert digest(linked) == digest(tree(tmp_path / "plain", {"a": b"content"}))


def _dangling(path: Path) -> None:
    path.symlink_to("nowhere")


def _loop(path: Path) -> None:
    path.symlink_to(path.name)


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (_dangling, "cannot be read (No such file or directory)"),
        (_loop, "cannot be read (Too many levels of symbolic links)"),
        (os.mkfifo, "is not a file"),
    ],
)
def test_what_cannot_be_read_is_refused_by_name(tmp_path: Path, make: Callable[[Path], None], why: str) -> None:
    root = tree(tmp_path / "model", {"a": b"1"})
    make(root / "b")
    with pytest.raises(PlanError) as refused:
        digest(root)
    assert str(refused.value) == (
        f"'{root.as_posix()}/b' {why}. Every file there is uploaded, so it must be a readable file, or a link to "
        "one. Fix it or remove it."
    )


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("caf\udce9", "caf\\\\xe9' has a name that is not UTF-8. Rename it."),
        (
            "/".join(["d" * 200] * 5),
            "d' cannot be uploaded: its blob's name would be longer than 1,024 characters. Rename it.",
        ),
    ],
    ids=["not UTF-8", "long"],
)
def test_a_name_that_no_blob_can_have_is_refused(tmp_path: Path, name: str, text: str) -> None:
    root = tree(tmp_path / "model", {"a": b"1", name: b"2"})
    with pytest.raises(PlanError) as refused:
        digest(root)
    assert str(refused.value).endswith(text)


def test_a_pipe_in_the_place_of_a_model_is_not_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "model")
    with pytest.raises(PlanError, match="/model' is not a file"):
        digest(tmp_path / "model")


def test_a_file_that_went_away_is_refused_by_name(tmp_path: Path) -> None:
    root = tree(tmp_path / "model", {"a": b"1"})
    listed = Tree(root)
    (root / "a").unlink()
    with (
        pytest.raises(PlanError, match=r"/a' cannot be read \(No such file or directory\)\. "),
        listed.open(listed.files[0]),
    ):
        pass


def test_a_folder_that_may_not_be_entered_is_not_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = tree(tmp_path / "model", {"a": b"1", "deep/b": b"2"})
    scandir = os.scandir

    def refuse(path: str) -> object:
        if path.endswith("deep"):
            raise PermissionError(errno.EACCES, "Permission denied", path)
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)
    with pytest.raises(PlanError, match=r"/deep' cannot be read \(Permission denied\)\. "):
        digest(root)


def test_what_fails_while_a_file_is_sent_is_not_taken_for_the_file_s_fault(tmp_path: Path) -> None:
    """Requests' own errors are OSErrors too."""
    listed = Tree(tree(tmp_path / "model", {"a": b"1"}))
    with pytest.raises(ConnectionError, match=r"^reset$"), listed.open(listed.files[0]):
        raise ConnectionError("reset")


def test_a_link_to_a_folder_is_refused(tmp_path: Path) -> None:
    root = tree(tmp_path / "model", {"a": b"1"})
    (root / "outside").symlink_to(tmp_path)
    with pytest.raises(PlanError, match="is a link to a folder"):
        digest(root)


@pytest.mark.parametrize("image", ["a:1", "host:5000/a/b:20250601.v1", f"a@sha256:{'0' * 64}"])
def test_images_that_stay_the_same(image: str) -> None:
    assert check_image(image) is None
    require_fixed_image(image)


@pytest.mark.parametrize("image", ["a", "host:5000/a", "a:latest", "a:"])
def test_images_that_do_not(image: str) -> None:
    with pytest.raises(PlanError) as refused:
        require_fixed_image(image)
    assert str(refused.value) == (
        f"image {image!r}: allowed is an image with a fixed tag (not `latest`) or an `@sha256:` digest, so that the "
        "same plan runs the same software. Nothing was changed; correct the stack file."
    )
