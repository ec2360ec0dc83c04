"""The committed model and images are what `train.py` makes."""

import csv
import json
from pathlib import Path
from types import ModuleType

import numpy as np
import onnxruntime  # type: ignore[import-untyped]
import pytest
from numpy.typing import NDArray
from PIL import Image


def _confidences(model: Path, images: NDArray[np.float32]) -> NDArray[np.float32]:
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    return np.asarray(session.run(["probabilities"], {"X": images})[0])


def _pixels(folder: Path) -> dict[str, NDArray[np.uint8]]:
    return {path.name: np.asarray(Image.open(path)) for path in sorted(folder.iterdir())}


@pytest.fixture(name="made", scope="module")
def _made(train: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder that a fresh run of the whole script has filled."""
    folder = tmp_path_factory.mktemp("trained")
    assert train.main(["--out", str(folder)]) == 0
    return folder


def test_a_new_run_makes_a_model_that_says_the_same(made: Path, digits: Path) -> None:
    images = np.stack([each.reshape(-1) for each in _pixels(digits / "data" / "images").values()]).astype(np.float32)
    committed = _confidences(digits / "model" / "model.onnx", images)
    # Weights drift with the versions of numpy and BLAS; what the model says must not, beyond a rare close call.
    again = _confidences(made / "model" / "model.onnx", images)
    assert np.mean(committed.argmax(axis=1) == again.argmax(axis=1)) >= 0.99
    assert np.quantile(np.abs(committed - again), 0.99) < 0.05


def test_a_new_run_makes_the_same_facts(made: Path, digits: Path) -> None:
    committed = json.loads((digits / "model" / "model.json").read_text(encoding="utf-8"))
    again = json.loads((made / "model" / "model.json").read_text(encoding="utf-8"))
    assert committed["heldOut"].pop("accuracy") == pytest.approx(again["heldOut"].pop("accuracy"), abs=0.01)
    assert committed == again
    assert committed["heldOut"] == {"images": 360}
    assert committed["training"] == {"images": 1437, "splitSeed": 2026, "weightsSeed": 7}


def test_a_new_run_makes_the_same_images_and_labels(made: Path, digits: Path) -> None:
    # Pixels, not bytes of the files: how PNG compresses depends on the zlib of the machine.
    committed = _pixels(digits / "data" / "images")
    again = _pixels(made / "data" / "images")
    assert committed.keys() == again.keys()
    assert all(np.array_equal(committed[name], again[name]) for name in committed)
    tried = _pixels(digits / "data" / "try-out")
    assert {name: pixels.tolist() for name, pixels in _pixels(made / "data" / "try-out").items()} == {
        name: pixels.tolist() for name, pixels in tried.items()
    }
    assert (made / "data" / "labels.csv").read_bytes() == (digits / "data" / "labels.csv").read_bytes()


def test_the_images_are_8_by_8_grey_and_each_has_one_label(digits: Path) -> None:
    with (digits / "data" / "labels.csv").open(encoding="utf-8", newline="") as handle:
        rows = list(csv.DictReader(handle))
    images = sorted((digits / "data" / "images").iterdir())
    assert [row["file"] for row in rows] == [path.name for path in images]
    assert len(images) == 360
    assert {row["label"] for row in rows} == set("0123456789")
    for path in images:
        with Image.open(path) as image:
            assert (image.format, image.mode, image.size) == ("PNG", "L", (8, 8))


def test_no_held_out_image_was_learned_from(train: ModuleType) -> None:
    _pixels_of_all, labels, learn, held_out = train.split()
    assert not set(learn) & set(held_out)
    assert sorted([*learn, *held_out]) == list(range(len(labels)))


def test_the_worse_model_is_worse_and_leaves_the_data_alone(
    train: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert train.main(["--worse", "--model-only", "--out", str(tmp_path)]) == 0
    facts = json.loads((tmp_path / "model" / "model.json").read_text(encoding="utf-8"))
    assert 0.5 < facts["heldOut"]["accuracy"] < 0.9
    assert facts["training"]["images"] == 40
    assert [path.name for path in tmp_path.iterdir()] == ["model"]
    assert capsys.readouterr().out.startswith("learned from 40 images; accuracy on 360 held-out images ")
