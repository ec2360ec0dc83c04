"""Batch jobs of MLflow models without a scoring script: what the generated driver reads, predicts and writes.

MLflow itself saves and loads the models, here in this environment: what a conda file asks for, and parquet files, are
left to the long tests.
"""

import io
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from mlflow.types import ColSpec, Schema
from PIL import Image

from blob_server import ACCOUNT
from job_bench import JobBench, Outcome
from sandbox.azure.jobs.driver import mlflow_scoring
from sandbox.azure.jobs.mlflow_model import SCRIPT, environment_of
from sandbox.azure.jobs.request import JobRequest, ModelFiles
from sandbox.azure.readings import Switches

AVRO = "Exception: File type 'avro' is not supported"


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models")
    program = Path(__file__).with_name("mlflow_models.py")
    subprocess.run([sys.executable, str(program), str(folder)], check=True, capture_output=True)
    return folder


def job(bench: JobBench, model: Path, files: dict[str, bytes], **settings: Any) -> JobRequest:
    """Return a job without a scoring script for a model's folder."""
    for file in model.glob("**/*"):
        if file.is_file():
            blob = f"LocalUpload/2/{model.name}/{file.relative_to(model).as_posix()}"
            bench.blobs.write(ACCOUNT, "data", blob, file.read_bytes())
    given = ModelFiles("folder", ACCOUNT, "data", f"LocalUpload/2/{model.name}/", model.name, "mlflow_model")
    return bench.request("", files, code=None, environment=None, model=given, scoring_script=SCRIPT, **settings)


def table(*rows: Sequence[object], columns: str = "a,b") -> bytes:
    return "\n".join([columns, *(",".join(map(str, row)) for row in rows), ""]).encode()


def image(mode: str, colour: Any) -> bytes:
    data = io.BytesIO()
    Image.new(mode, (4, 2), colour).save(data, "png")
    return data.getvalue()


def user_errors(done: Outcome) -> list[str]:
    """Return what the driver wrote of files that it could not score."""
    text = "".join(text for path, text in done.logs.items() if path.startswith("logs/user/stderr/"))
    return [line for line in text.splitlines() if line.startswith("ERROR:azureml:")]


def test_tables_give_a_line_of_row_prediction_and_file_for_each_row(bench: JobBench, models: Path) -> None:
    files = {"one.csv": table((1, 2), (3, 4), (0, 1)), "two.csv": table((5, 0.5))}
    done = bench.run(job(bench, models / "sum", files, mini_batch_size=1))
    assert (done.parent.status, done.parent.error) == ("Completed", None)
    # As the lab reads it: https://github.com/MicrosoftLearning/mslearn-azure-ml, Labs/11.
    read = pd.read_csv(
        io.BytesIO(done.output["predictions.csv"]), names=["patient", "prediction", "file"], index_col=0
    ).sort_values(["file", "patient"])
    assert read["file"].tolist() == ["one.csv", "one.csv", "one.csv", "two.csv"]
    assert read.index.tolist() == [0, 1, 2, 0]
    assert read["prediction"].round(6).tolist() == [4, 10, 1, 10.5]


def test_predictions_of_several_columns_are_written_as_lists(bench: JobBench, models: Path) -> None:
    done = bench.run(job(bench, models / "pairs", {"one.csv": table((1,), (7,), columns="a")}))
    assert done.lines == ["0,[1, 2],one.csv", "1,[7, 8],one.csv"]


def test_images_are_arrays_in_the_shape_and_type_of_the_signature(bench: JobBench, models: Path) -> None:
    files = {"grey.png": image("L", 7), "red.PNG": image("RGBA", (30, 0, 0, 255))}
    done = bench.run(job(bench, models / "image", files))
    assert done.lines == ["float32 (1, 2, 4, 3) 10,red.PNG", "float32 (1, 2, 4, 3) 7,grey.png"]


def test_images_without_a_signature_are_bytes_as_they_stand(bench: JobBench, models: Path) -> None:
    done = bench.run(job(bench, models / "any", {"grey.png": image("L", 7)}))
    assert done.lines == ["uint8 (2, 4) 7,grey.png"]


@pytest.mark.parametrize(
    ("name", "data", "reason"),
    [
        ("a.csv", table(("value",), columns="a"), "invalid literal for int() with base 10: 'value'"),
        ("a.avro", b"", "File type 'avro' is not supported"),
    ],
)
def test_a_file_that_cannot_be_scored_fails_the_job_at_once(
    bench: JobBench, models: Path, name: str, data: bytes, reason: str
) -> None:
    done = bench.run(job(bench, models / "pairs", {name: data, "good.csv": table((1,), columns="a")}))
    text = f"Error processing input file: '{bench.folder.resolve()}/{done.parent.run_id}/input/{name}'."
    assert done.parent.status == "Failed"
    assert f"Error: {text} Exception: {reason} Please check logs for error." in done.error
    assert user_errors(done) == [f"ERROR:azureml:{text} Exception: {reason}"]
    assert "predictions.csv" not in done.output


def test_in_the_other_reading_such_a_file_has_no_rows(bench: JobBench, models: Path) -> None:
    bench.switches = Switches(mlflow_bad_file_fails_job=False)
    files = {"a.avro": b"", "good.csv": table((1,), columns="a")}
    done = bench.run(job(bench, models / "pairs", files))
    assert (done.parent.status, done.lines) == ("Completed", ["0,[1, 2],good.csv"])
    assert [line.partition(" Exc")[2] for line in user_errors(done)] == [AVRO.removeprefix("Exc")]
    # The cap on successes hides the file: one row too few for two files.
    assert done.child.metrics["Failed Items"] == 1


def test_in_the_other_reading_a_mini_batch_without_a_good_file_fails(bench: JobBench, models: Path) -> None:
    bench.switches = Switches(mlflow_bad_file_fails_job=False)
    done = bench.run(job(bench, models / "pairs", {"a.avro": b""}, max_retries=1))
    assert "NoResultToAppendError" in done.error
    assert "ValueError: No objects to concatenate" in done.logs["logs/user/error.txt"]


@pytest.mark.parametrize(
    ("mlmodel", "message"),
    [
        (None, "The model 'sum' has no file 'MLmodel'; a model that is scored without a scoring script needs it."),
        ("flavors: {onnx: {}}", "has no flavor 'python_function'"),
        ("flavors: {python_function: null}", "has no flavor 'python_function'"),
        ("flavors: {python_function: text}", "has no flavor 'python_function'"),
        ("flavors: {python_function: {loader_module: x}}", "has no conda file under flavors.python_function.env"),
        ("flavors: {python_function: {env: c.yml}}", "The model 'sum' has no file 'c.yml'"),
    ],
)
def test_a_model_that_mlflow_did_not_save_fails_its_job(
    bench: JobBench, tmp_path: Path, mlmodel: str | None, message: str
) -> None:
    folder = tmp_path / "sum"
    folder.mkdir()
    (folder / "model.pkl").write_bytes(b"x")
    if mlmodel is not None:
        (folder / "MLmodel").write_text(mlmodel)
    done = bench.run(job(bench, folder, {"one.csv": b"a\n1\n"}))
    assert message in done.error


@pytest.mark.parametrize("env", ["conda.yaml", "{conda: conda.yaml, virtualenv: python_env.yaml}"])
def test_the_environment_is_that_of_the_models_conda_file(bench: JobBench, tmp_path: Path, env: str) -> None:
    folder = tmp_path / "sum"
    folder.mkdir()
    (folder / "MLmodel").write_text(f"flavors: {{python_function: {{env: {env}}}}}")
    (folder / "conda.yaml").write_text("dependencies: [python=3.11, pip, {pip: [no-such-package==1.0]}]")
    done = bench.run(job(bench, folder, {"one.csv": b"a\n1\n"}))
    assert "Image build failed for environment 'MLflow model sum:conda.yaml'" in done.error
    assert "'no-such-package==1.0' is not installed." in done.error
    assert "azureml-core" not in done.error


@pytest.mark.parametrize(
    ("model", "conda", "added"),
    [
        ("image", None, True),
        ("any", None, False),
        ("sum", None, False),
        ("image", "dependencies: [pip, {pip: [Pillow==10.0.0]}]", False),
        ("image", "dependencies: 7", False),
    ],
)
def test_the_environment_of_a_model_that_takes_arrays_can_read_images(
    bench: JobBench, models: Path, model: str, conda: str | None, *, added: bool
) -> None:
    request = job(bench, models / model, {})
    if conda is not None:
        bench.blobs.write(ACCOUNT, "data", f"{request.model.path}conda.yaml", conda.encode())
    saved = bench.blobs.read(ACCOUNT, "data", f"{request.model.path}conda.yaml").decode()
    made = environment_of(bench.blobs, request.model).conda_file
    assert (made == saved) is not added
    assert ("- pillow" in made) is added


def test_tables_are_read_with_the_types_of_the_signature(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kinds = ["boolean", "integer", "long", "float", "double", "string", "datetime"]
    schema = Schema([ColSpec(kind, kind) for kind in kinds])
    file = tmp_path / "one.csv"
    file.write_bytes(table(("True", 1, 2, 3, 4, 5, "2024-01-02", 6), columns=",".join([*kinds, "more"])))
    wanted = ["bool", "int32", "int64", "float32", "float64", "object", "datetime64[ns]", "int64"]
    assert [str(kind) for kind in mlflow_scoring.read_table(file, schema).dtypes] == wanted
    monkeypatch.setattr(pd, "read_parquet", lambda path: pd.read_csv(path.with_suffix(".csv")))
    for suffix in (".parquet", ".pqt"):
        assert [str(kind) for kind in mlflow_scoring.read_table(file.with_suffix(suffix), schema).dtypes] == wanted
    # Without a signature nothing is enforced.
    assert str(mlflow_scoring.read_table(file, None).dtypes["double"]) == "int64"


@pytest.mark.parametrize(
    ("prediction", "expected"),
    [
        ([1, "a"], [1, "a"]),
        (np.array([1, 2]), [1, 2]),
        (np.array([[1.5], [2.5]]), [1.5, 2.5]),
        (np.array([[1, 2], [3, 4]]), [[1, 2], [3, 4]]),
        (pd.Series(["x", "y"]), ["x", "y"]),
        (pd.DataFrame({"p": [True, False]}), [True, False]),
        (pd.DataFrame({"p": [1], "q": ["z"]}), [[1, "z"]]),
        ("text", ["text"]),
        (np.float64(2.0), [2.0]),
    ],
)
def test_whatever_a_model_predicts_becomes_plain_values(prediction: object, expected: list[object]) -> None:
    assert mlflow_scoring.values(prediction) == expected


def test_one_image_takes_the_shape_of_the_tensor() -> None:
    pixels = np.zeros((2, 4, 3))
    assert mlflow_scoring.fitted(pixels, (-1, 24)).shape == (1, 24)
    assert mlflow_scoring.fitted(pixels, (-1, 2, 4, 3)).shape == (1, 2, 4, 3)
    assert mlflow_scoring.fitted(pixels, (-1, -1, -1, 3)).shape == (1, 2, 4, 3)
    with pytest.raises(ValueError, match="cannot reshape array of shape"):
        mlflow_scoring.fitted(pixels, (-1, -1, 5, 3))


def test_a_given_environment_replaces_the_models_own(bench: JobBench, models: Path) -> None:
    request = job(bench, models / "sum", {"one.csv": table((1, 2))})
    done = bench.run(replace(request, environment=bench.request("").environment))
    assert len(done.lines) == 1
