"""Train the example's digit classifier and write the example's model and data.

    python examples/digits/train.py                      writes model/ and data/ beside this file
    python examples/digits/train.py --worse --model-only --out DIR    a deliberately weak model, for tests

The data is scikit-learn's bundled copy of the UCI handwritten digits: nothing is downloaded. The split, the initial
weights and the order of the samples use fixed seeds, so the same versions give the same model; with other versions of
numpy or BLAS the last digits of the weights may differ.

The model is written as ONNX: a graph of numbers that a runtime evaluates. Loading a pickle could run any code.
"""

import argparse
import csv
import json
import sys
from collections import Counter
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from skl2onnx import to_onnx
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import MinMaxScaler
from threadpoolctl import threadpool_limits  # comes with scikit-learn

HERE = Path(__file__).resolve().parent
HELD_OUT = 360
"""Images kept out of training: one in five, the same share of each digit."""
SPLIT_SEED = 2026
WEIGHTS_SEED = 7
TRIED_OF_EACH = 2
"""Images of each digit that every new revision has to score before it may serve."""
GREY_STEP = 15
"""The data set has 17 grey levels, 0 to 16; as bytes they are 0 to 240."""
SIDE = 8
WORSE_SAMPLES = 40
"""Training images of the deliberately weak model: about four of each digit."""
OPSETS = {"": 17, "ai.onnx.ml": 3}
"""Older than skl2onnx's default, so that the runtime pinned in environment/conda.yaml can read it."""


def split() -> tuple[NDArray[np.float64], NDArray[np.int64], NDArray[np.intp], NDArray[np.intp]]:
    """Return pixels (0 to 240, one row of 64 per image), labels, and the row numbers to learn from and to hold out."""
    digits = load_digits()
    rows = np.arange(len(digits.target))
    learn, held_out = train_test_split(rows, test_size=HELD_OUT, random_state=SPLIT_SEED, stratify=digits.target)
    return digits.data * GREY_STEP, digits.target, learn, np.sort(held_out)


def train(pixels: NDArray[np.float64], labels: NDArray[np.int64]) -> Pipeline:
    """Fit a network of one hidden layer. Scaling is part of it, so the scoring script passes plain bytes."""
    network = MLPClassifier(hidden_layer_sizes=(64,), alpha=1e-3, max_iter=2000, random_state=WEIGHTS_SEED)
    # One thread trains such a small network faster than several that wait for each other.
    with threadpool_limits(limits=1):
        return make_pipeline(MinMaxScaler(), network).fit(pixels, labels)


def write_model(folder: Path, model: Pipeline, *, learned_from: int, accuracy: float) -> None:
    """Write `model.onnx` and `model.json` (input, output, accuracy) to `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    network = model[-1]
    graph = to_onnx(
        model,
        np.zeros((1, SIDE * SIDE), dtype=np.float32),
        name="digits",
        target_opset=OPSETS,
        options={id(network): {"zipmap": False}},
    )
    (folder / "model.onnx").write_bytes(graph.SerializeToString())
    facts = {
        "input": {"mode": "L", "width": SIDE, "height": SIDE, "values": "one float32 per pixel, 0 to 255, row by row"},
        "classes": [int(each) for each in network.classes_],
        "training": {"images": learned_from, "splitSeed": SPLIT_SEED, "weightsSeed": WEIGHTS_SEED},
        "heldOut": {"images": HELD_OUT, "accuracy": round(accuracy, 4)},
    }
    (folder / "model.json").write_text(json.dumps(facts, indent=2) + "\n", encoding="utf-8")


def write_data(folder: Path, pixels: NDArray[np.float64], labels: NDArray[np.int64], rows: NDArray[np.intp]) -> None:
    """Write one PNG for each row to `folder`/images, named after its row in the data set, and `folder`/labels.csv.

    The first images of each digit are in `folder`/try-out, too.
    """
    images, try_out = folder / "images", folder / "try-out"
    images.mkdir(parents=True, exist_ok=True)
    try_out.mkdir(exist_ok=True)
    tried: Counter[int] = Counter()
    with (folder / "labels.csv").open("w", encoding="utf-8", newline="") as handle:
        table = csv.writer(handle, lineterminator="\n")
        table.writerow(["file", "label"])
        for row in rows:
            name = f"digit-{row:04d}.png"
            image = Image.fromarray(pixels[row].reshape(SIDE, SIDE).astype(np.uint8))
            image.save(images / name)
            tried[int(labels[row])] += 1
            if tried[int(labels[row])] <= TRIED_OF_EACH:
                image.save(try_out / name)
            table.writerow([name, int(labels[row])])


def main(arguments: list[str]) -> int:
    """Train, write and report; see the module's docstring for the options."""
    parser = argparse.ArgumentParser(description="Train the digits example.")
    parser.add_argument("--out", type=Path, default=HERE, help="folder for model/ and data/ (default: %(default)s)")
    parser.add_argument("--worse", action="store_true", help=f"learn from {WORSE_SAMPLES} images only")
    parser.add_argument("--model-only", action="store_true", help="do not write data/")
    chosen = parser.parse_args(arguments)

    pixels, labels, learn, held_out = split()
    if chosen.worse:
        learn = learn[:WORSE_SAMPLES]
    model = train(pixels[learn], labels[learn])
    accuracy = float(model.score(pixels[held_out], labels[held_out]))
    write_model(chosen.out / "model", model, learned_from=len(learn), accuracy=accuracy)
    if not chosen.model_only:
        write_data(chosen.out / "data", pixels, labels, held_out)
    print(f"learned from {len(learn)} images; accuracy on {HELD_OUT} held-out images {accuracy:.2%}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
