"""Merging a committed stack file into the sandbox's copy: spelling, salts and secrets."""

from pathlib import Path

import pytest

from sandbox.commands.stack_file import StackFileError, merge


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    return tmp_path / "Pulumi.dev.yaml", tmp_path / "own.yaml"


def test_scalars_keep_their_spelling(files: tuple[Path, Path]) -> None:
    committed, own = files
    config = 'config:\n  p:a: yes\n  p:b: 0123\n  p:c: "1"\n  p:d:\n    e: 1.0\n    f:\n    - no\n    - 1e3\n'
    committed.write_text(config)
    own.write_text("encryptionsalt: v1:own\n")
    assert merge(committed, own, "p") == []
    assert own.read_text() == "encryptionsalt: v1:own\n" + config


def test_a_file_that_is_no_yaml_is_named_with_the_line(files: tuple[Path, Path]) -> None:
    committed, own = files
    committed.write_text("config:\n  p:a: 1\n p:b: 2\n")
    own.write_text("encryptionsalt: v1:own\n")
    with pytest.raises(StackFileError) as refused:
        merge(committed, own, "p")
    assert str(refused.value) == (
        "Pulumi.dev.yaml, line 3: p:b: 2\n  The line is indented differently from those that belong with it. "
        "Nothing was changed; correct the file and try again."
    )
    assert own.read_text() == "encryptionsalt: v1:own\n"


def test_nothing_of_the_real_backend_is_taken_over(files: tuple[Path, Path]) -> None:
    committed, own = files
    committed.write_text(
        "secretsprovider: azurekeyvault://v\nencryptedkey: k\nencryptionsalt: v1:real\nenvironment: [e]\n"
        "config:\n  p:a: 1\n"
    )
    own.write_text("encryptionsalt: v1:own\n")
    assert merge(committed, own, "p") == []
    assert own.read_text() == "encryptionsalt: v1:own\nconfig:\n  p:a: 1\n"


def test_a_secure_value_waits_for_a_secret_of_the_sandboxs_own(files: tuple[Path, Path]) -> None:
    committed, own = files
    committed.write_text(
        "config:\n  p:top:\n    secure: v1:real\n  p:o:\n    list:\n    - secure: v1:real\n    - {n: 1}\n"
    )
    assert merge(committed, own, "p") == [("p:top", "p:top"), ("p:o", 'p:o["list"][0]')]
    assert "real" not in own.read_text()


def test_secrets_that_the_sandbox_has_are_kept(files: tuple[Path, Path]) -> None:
    committed, own = files
    committed.write_text("config:\n  p:top:\n    secure: v1:real\n  p:plain: new\n")
    own.write_text(
        "encryptionsalt: v1:own\nconfig:\n  p:top:\n    secure: v1:mine\n"
        "  p:only-here:\n    secure: v1:mine\n  p:plain: old\n  p:gone: x\n"
    )
    assert merge(committed, own, "p") == []
    assert own.read_text() == (
        "encryptionsalt: v1:own\nconfig:\n  p:top:\n    secure: v1:mine\n  p:plain: new\n"
        "  p:only-here:\n    secure: v1:mine\n"
    )


def test_a_key_without_a_namespace_is_the_projects(files: tuple[Path, Path]) -> None:
    committed, own = files
    committed.write_text("config:\n  azure-native:location: westeurope\n  top:\n    secure: v1:real\n  plain: {a: 1}\n")
    own.write_text("config:\n  p:top:\n    secure: v1:mine\n  p:plain: {a: 2}\n")
    assert merge(committed, own, "p") == []
    assert own.read_text() == (
        "config:\n  azure-native:location: westeurope\n  p:top:\n    secure: v1:mine\n  p:plain:\n    a: 1\n"
    )


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (
            "  p:a:\n    b: 1\n   c: 2\n",
            ", line 4: c: 2\n  The line is indented differently from those that belong with it",
        ),
        ("  p:a: 1\n\tp:b: 2\n", ", line 3: p:b: 2\n  The line is indented with a tab; use spaces"),
        ("  p:a: @x\n", ", line 2: p:a: @x\n  A value that starts with this character needs quotes"),
        ("  p:a: 'x\n  p:b: 1\n", ", line 2: the quote that opens here is never closed"),
        (
            "  p:a: b: c\n",
            ", line 2: p:a: b: c\n  A key inside a value: check this line and the one above, or add quotes",
        ),
        ("  p:a: 1\n  b\n  p:c: 2\n", ", line 4: p:c: 2\n  This line or the one above it has no colon after its key"),
        ("  p:a: *x\n", ", line 2: found undefined alias 'x'"),
    ],
)
def test_what_is_not_yaml_is_told_in_plain_words(files: tuple[Path, Path], lines: str, said: str) -> None:
    committed, own = files
    committed.write_text(f"config:\n{lines}")
    with pytest.raises(StackFileError) as refused:
        merge(committed, own, "p")
    assert str(refused.value) == f"Pulumi.dev.yaml{said}. Nothing was changed; correct the file and try again."
    assert not own.exists()


def test_a_key_that_is_set_twice_is_refused_as_pulumi_does(files: tuple[Path, Path]) -> None:
    committed, own = files
    committed.write_text("config:\n  p:a:\n    list:\n    - b: 1\n      b: 2\n")
    with pytest.raises(StackFileError) as refused:
        merge(committed, own, "p")
    assert str(refused.value) == (
        'Pulumi.dev.yaml, line 5: mapping key "b" already defined at line 4. Nothing was changed; correct the file and '
        "try again."
    )
    assert not own.exists()


def test_without_a_committed_file_the_own_salt_stays(files: tuple[Path, Path]) -> None:
    committed, own = files
    own.write_text("encryptionsalt: v1:own\n")
    assert merge(committed, own, "p") == []
    assert own.read_text() == "encryptionsalt: v1:own\n"
