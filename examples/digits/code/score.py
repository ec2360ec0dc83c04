"""Scoring script of the digits example: each image becomes one line, `file name,label,confidence`.

Azure Machine Learning imports this file in several processes, calls `init()` once in each that scores, and `run()` for
each mini-batch. An image that cannot be scored gets no line: the service counts a missing line as a failed item, and
`error_threshold` of the deployment says how many of those a job may have.
"""

import csv
import glob
import io
import json
import logging
import os
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnxruntime
from PIL import Image, UnidentifiedImageError

logger = logging.getLogger(__name__)
_session: onnxruntime.InferenceSession
_classes: list[int]
_size: tuple[int, int]


def init() -> None:
    """Load the model that lies anywhere below AZUREML_MODEL_DIR.

    The service puts the registered folder there under its own name (`.../model/model.onnx`), so this looks for the
    file instead of assuming a depth.

    Raises:
        RuntimeError: if there is not exactly one `.onnx` file.
    """
    global _session, _classes, _size  # noqa: PLW0603 -- init() and run() share nothing but the module
    root = Path(os.environ["AZUREML_MODEL_DIR"])
    # glob, and not Path.rglob, because it follows symbolic links: a mounted folder may be one.
    found = sorted(Path(each) for each in glob.glob(f"{glob.escape(str(root))}/**/*.onnx", recursive=True))  # noqa: PTH207
    if len(found) != 1:
        names = ", ".join(str(each.relative_to(root)) for each in found) or "none"
        raise RuntimeError(f"Expected one .onnx file below {root}, found {names}. Register the folder with one model.")
    facts = json.loads((found[0].parent / "model.json").read_text(encoding="utf-8"))
    _classes = facts["classes"]
    _size = (facts["input"]["width"], facts["input"]["height"])
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1  # the service starts one process per core; more threads would only compete
    _session = onnxruntime.InferenceSession(found[0], options, providers=["CPUExecutionProvider"])


def run(mini_batch: Sequence[str]) -> list[str]:
    """Score the files of one mini-batch in one call of the model; see the module's text for what comes back."""
    started = time.perf_counter()
    names: list[str] = []
    rows: list[np.ndarray] = []
    for path in mini_batch:
        pixels = _read(Path(path))
        if pixels is not None:
            names.append(Path(path).name)
            rows.append(pixels)
    if not rows:
        return []
    _labels, confidences = _session.run(None, {_session.get_inputs()[0].name: np.stack(rows)})
    best = confidences.argmax(axis=1)
    lines = [
        _line(name, _classes[column], float(confidences[row, column]))
        for row, (name, column) in enumerate(zip(names, best, strict=True))
    ]
    logger.info("scored %d of %d files in %.3f s", len(lines), len(mini_batch), time.perf_counter() - started)
    return lines


def _read(path: Path) -> np.ndarray | None:
    """Return the image as one row of float32 (0 to 255), or None, logged, if it is not an image of the right size."""
    try:
        with Image.open(path) as image:
            if image.size != _size:
                logger.error("%s is %s pixels; the model takes %s: not scored", path.name, image.size, _size)
                return None
            return np.asarray(image.convert("L"), dtype=np.float32).reshape(-1)
    except (UnidentifiedImageError, OSError) as problem:
        logger.error("%s is not a readable image (%s): not scored", path.name, problem)  # noqa: TRY400 -- no trace
        return None


def _line(name: str, label: int, confidence: float) -> str:
    """Quote like CSV: `append_row` writes a string as it is, and a file's name may hold a comma."""
    text = io.StringIO()
    csv.writer(text, lineterminator="").writerow([name, label, f"{confidence:.4f}"])
    return text.getvalue()
