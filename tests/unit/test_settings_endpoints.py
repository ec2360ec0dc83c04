"""The endpoints of the configuration: valid values, and the message for each mistake."""

import copy
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from modelops.plan.scoring_settings import SETTINGS, ScoringSettings
from tests.unit.settings_world import RIGHT, Config, changed, make_files, mlp, problems, read

MLP = "endpoints.digits.deployments.mlp"


@pytest.fixture(name="root")
def _root(tmp_path: Path) -> Path:
    return make_files(tmp_path)


def test_defaults_are_the_service_s(root: Path) -> None:
    endpoint = read(root, RIGHT).endpoints["digits"]
    assert (endpoint.description, endpoint.default, endpoint.pin, endpoint.keep) == ("A batch endpoint", "mlp", None, 3)
    assert endpoint.deployments == {
        "mlp": {
            "model": {"path": "models/mlp", "name": "digits-mlp", "type": "custom_model"},
            "compute": "aml",
            "code": "code",
            "scoring_script": "score.py",
            "environment": {"image": "example.com/base:1", "conda_file": "env/conda.yaml"},
            "description": "",
            "tags": {},
            "environment_variables": {},
            "settings": ScoringSettings(
                instance_count=1,
                max_concurrency_per_instance=1,
                mini_batch_size=10,
                max_retries=3,
                timeout_seconds=30,
                error_threshold=-1,
                logging_level="info",
                output_action="append_row",
                output_file_name="predictions.csv",
            ),
        }
    }
    assert endpoint.served == {
        "default": "mlp",
        "pin": None,
        "keep": 3,
        "deployments": endpoint.deployments,
        "most_nodes": {"mlp": 4},
        "archive_models": False,
        "require_released_in": None,
        "node_prices": {},
        "currency": "",
    }


def test_everything_set(root: Path) -> None:
    def change(config: Config) -> None:
        config["endpoints"]["digits"].update(description="Reads digits", keep=2, pin="mlp-0123abcd")
        mlp(config).update(
            model={"registry": "azureml", "name": "digits", "version": 7},
            code="./code/",
            environment={"name": "scoring", "version": "12"},
            description="Small",
            tags={"team": "ml"},
            environmentVariables={"THREADS": 1},
            instanceCount=4,
            maxConcurrencyPerInstance=2,
            miniBatchSize=1,
            maxRetries=0,
            timeoutSeconds=600,
            errorThreshold=0,
            loggingLevel="debug",
            outputAction="append_row",
            outputFileName="out.txt",
        )

    endpoint = read(root, changed(change)).endpoints["digits"]
    assert (endpoint.description, endpoint.pin, endpoint.keep) == ("Reads digits", "mlp-0123abcd", 2)
    assert endpoint.deployments["mlp"] == {
        "model": {"registry": "azureml", "name": "digits", "version": "7"},
        "compute": "aml",
        "code": "code",
        "scoring_script": "score.py",
        "environment": {"name": "scoring", "version": "12"},
        "description": "Small",
        "tags": {"team": "ml"},
        "environment_variables": {"THREADS": "1"},
        "settings": ScoringSettings(
            instance_count=4,
            max_concurrency_per_instance=2,
            mini_batch_size=1,
            max_retries=0,
            timeout_seconds=600,
            error_threshold=0,
            logging_level="debug",
            output_action="append_row",
            output_file_name="out.txt",
        ),
    }


@pytest.mark.parametrize(
    "image",
    [
        "example.com:5000/base:1",
        "base:2024.1",
        f"example.com/base@sha256:{'0' * 64}",
        f"base:1@sha256:{'0' * 64}",
    ],
)
def test_images_that_stay_what_they_are(root: Path, image: str) -> None:
    config = changed(lambda config: mlp(config)["environment"].update(image=image))
    environment = read(root, config).endpoints["digits"].deployments["mlp"].get("environment")
    assert environment == {"image": image, "conda_file": "env/conda.yaml"}


def _rename_endpoint(name: str) -> Callable[[Config], object]:
    return lambda config: config["endpoints"].update({name: config["endpoints"].pop("digits")})


def _rename_deployment(name: str) -> Callable[[Config], object]:
    def change(config: Config) -> None:
        digits = config["endpoints"]["digits"]
        digits.update(default=name, deployments={name: mlp(config)})

    return change


def _digits(**keys: object) -> Callable[[Config], object]:
    return lambda config: config["endpoints"]["digits"].update(keys)


def _mlp(**keys: object) -> Callable[[Config], object]:
    return lambda config: mlp(config).update(keys)


def _many(config: Config) -> None:
    config["endpoints"]["digits"]["deployments"] = {f"{'mlp' if n == 0 else f'd{n}'}": mlp(config) for n in range(8)}


WORDS = "letters, digits and single hyphens, starting with a letter and not ending with a hyphen"
*_FIRST, _LAST = sorted(
    [
        *("code", "compute", "description", "environment", "environmentVariables", "from", "model", "notSecret"),
        "scoringScript",
        "tags",
        "tryOut",
        *(each.key for each in SETTINGS.values()),
    ]
)
BATCH_KEYS = f"{', '.join(_FIRST)} or {_LAST}"
IMAGE = (
    "Allowed: an image with a tag other than latest, or with a digest (@sha256:...), so that the same "
    "configuration always "
    "means the same environment."
)
BELOW = "relative to the folder of Pulumi.yaml and inside it, with / as the separator"

WRONG: list[tuple[Callable[[Config], object], str]] = [
    (
        _rename_endpoint("digits-written-by-many-hands"),
        (
            "endpoints.digits-written-by-many-hands is not a valid batch endpoint name: it has 28 characters. "
            f"Allowed: 1 to 24 characters: {WORDS} (a suffix is added; the limit with it is 32).\n"
            "Pulumi.dev.yaml: rename digits-written-by-many-hands to digits-written-by-many-h"
        ),
    ),
    (
        _rename_endpoint("my digits"),
        (
            'endpoints["my digits"] is not a valid batch endpoint name: the service refuses some of its '
            f"characters, or their order. Allowed: 1 to 24 characters: {WORDS} "
            "(a suffix is added; the limit with it is 32).\n"
            "Pulumi.dev.yaml: rename my digits to my-digits"
        ),
    ),
    (
        lambda config: config["endpoints"].update(Digits=config["endpoints"]["digits"]),
        (
            "endpoints.Digits has the same name as digits. Allowed: names that differ in more than upper and lower "
            "case, because batch endpoint names are case-insensitive.\n"
            "Pulumi.dev.yaml: rename Digits to ANOTHER-NAME"
        ),
    ),
    (
        _rename_deployment("m" * 33),
        (
            f"endpoints.digits.deployments.{'m' * 33} is not a valid batch deployment name: it has 33 characters. "
            f"Allowed: 1 to 32 characters: {WORDS}.\n"
            f"Pulumi.dev.yaml: rename {'m' * 33} to {'m' * 32}"
        ),
    ),
    (
        lambda config: config.update(endpoints={}),
        (
            "endpoints is not set. Allowed: an object with at least one endpoint; docs/configuration.md has an "
            "example.\n"
            "Pulumi.dev.yaml: set endpoints.ENDPOINT.default to DEPLOYMENT"
        ),
    ),
    (
        _digits(default="forest"),
        ("endpoints.digits.default is 'forest'. Allowed: mlp.\nPulumi.dev.yaml: set endpoints.digits.default to mlp"),
    ),
    (
        _digits(default=None),
        ("endpoints.digits.default is not set. Allowed: mlp.\nPulumi.dev.yaml: set endpoints.digits.default to mlp"),
    ),
    (
        _digits(deployments={}),
        (
            "endpoints.digits.deployments is not set. Allowed: an object with at least one deployment.\n"
            "Pulumi.dev.yaml: set endpoints.digits.deployments.DEPLOYMENT.scoringScript to score.py"
        ),
    ),
    (
        _digits(deployments=["mlp"]),
        (
            "endpoints.digits.deployments is ['mlp']. Allowed: an object that describes the endpoint's deployments.\n"
            "Pulumi.dev.yaml: write an object below deployments: docs/configuration.md has its keys"
        ),
    ),
    (
        _digits(sample="examples/none"),
        (
            "endpoints.digits.sample is 'examples/none', and there is no such file or folder. Allowed: the path of a "
            "file or folder to score (or an address: azureml:NAME:VERSION, azureml://..., https://...).\n"
            "Pulumi.dev.yaml: set endpoints.digits.sample to PATH"
        ),
    ),
    (
        _digits(schedule={"input": "x"}),
        (
            "endpoints.digits.schedule is an unknown key. "
            "Allowed: callers, default, deployments, description, from, keep, pin, sample, tags or tryOut.\n"
            "Pulumi.dev.yaml: rename or remove schedule"
        ),
    ),
    (
        _digits(sample="https://a.b/c/images/?sv=1&sig=SECRET"),
        (
            "endpoints.digits.sample is 'https://a.b/c/images/?***', whose query would be in the stack's state. "
            "Allowed: a path in a datastore (azureml://datastores/NAME/paths/PATH), or a data asset "
            "(azureml:NAME:VERSION).\n"
            "Pulumi.dev.yaml: set endpoints.digits.sample to azureml:NAME:VERSION"
        ),
    ),
    (
        _digits(sample="azureml://datastores/d/paths/a.csv"),
        (
            "endpoints.digits.sample is 'azureml://datastores/d/paths/a.csv', which can be a file or a folder. "
            "Allowed: a data asset of it (azureml:NAME:VERSION); an address that ends in / is a folder.\n"
            "Pulumi.dev.yaml: set endpoints.digits.sample to azureml:NAME:VERSION"
        ),
    ),
    (
        _digits(pin="mlp"),
        (
            "endpoints.digits.pin is 'mlp'. Allowed: the name of an existing revision (`python -m modelops revisions "
            "--endpoint digits --stack dev` lists them).\n"
            "Pulumi.dev.yaml: set endpoints.digits.pin to DEPLOYMENT-01234567"
        ),
    ),
    (
        _digits(keep=0),
        (
            "endpoints.digits.keep is 0. Allowed: a whole number from 1 (revisions of each deployment, including "
            "the newest).\n"
            "Pulumi.dev.yaml: set endpoints.digits.keep to 3"
        ),
    ),
    (
        _many,
        (
            "endpoints.digits.keep is 3, with which 8 deployments would reach 32 revisions during a release. Allowed: "
            "at most 20 in one endpoint, which is the service's limit.\n"
            "Pulumi.dev.yaml: set endpoints.digits.keep to 1"
        ),
    ),
    (
        _mlp(code="x" * 300),
        (
            f"{MLP}.code is '{'x' * 300}', and there is no such folder. Allowed: the path of the folder with the "
            "scoring script.\n"
            f"Pulumi.dev.yaml: set {MLP}.code to PATH"
        ),
    ),
    (
        _mlp(model={"path": "models/mpl", "name": "digits-mlp"}),
        (
            f"{MLP}.model.path is 'models/mpl', and there is no such file or folder. Allowed: the path of the model's "
            "file or folder.\n"
            f"Pulumi.dev.yaml: set {MLP}.model.path to models/mlp"
        ),
    ),
    (
        _mlp(model={"path": "models/mlp"}),
        (
            f"{MLP}.model.name is not set. Allowed: a model's name, 1 to 255 characters: letters, digits, hyphens "
            "and underscores, starting with a letter or digit.\n"
            f"Pulumi.dev.yaml: set {MLP}.model.name to MODEL"
        ),
    ),
    (
        _mlp(model={"path": "models/mlp", "name": "digits", "type": "onnx"}),
        (
            f"{MLP}.model.type is 'onnx'. Allowed: custom_model or mlflow_model.\n"
            f"Pulumi.dev.yaml: set {MLP}.model.type to custom_model"
        ),
    ),
    (
        _mlp(model={"path": "models/mlp", "name": "digits", "version": 3}),
        (
            f"{MLP}.model.version is an unknown key. Allowed: name, path or type.\n"
            "Pulumi.dev.yaml: rename or remove version"
        ),
    ),
    (
        _mlp(model={"name": "digits"}),
        (
            f"{MLP}.model does not name a model. Allowed: path and name (a local model, or one that a job "
            "left in Azure), name and version (a model in the workspace), or registry, name and version.\n"
            f"Pulumi.dev.yaml: set {MLP}.model.path to PATH"
        ),
    ),
    (
        _mlp(model={"name": "digits", "version": "latest"}),
        (
            f"{MLP}.model.version is 'latest'. Allowed: a version, such as 3 (not latest: the same configuration "
            "must always mean the same version).\n"
            f"Pulumi.dev.yaml: set {MLP}.model.version to 1"
        ),
    ),
    (
        _mlp(code="code/score.py"),
        (
            f"{MLP}.code is 'code/score.py', and there is no such folder. Allowed: the path of the folder with "
            "the scoring script.\n"
            f"Pulumi.dev.yaml: set {MLP}.code to PATH"
        ),
    ),
    (
        _mlp(code="../code"),
        (
            f"{MLP}.code is '../code'. Allowed: the path of the folder with the scoring script, {BELOW}.\n"
            f"Pulumi.dev.yaml: set {MLP}.code to PATH"
        ),
    ),
    (
        _mlp(code="/tmp"),  # noqa: S108
        (
            f"{MLP}.code is '/tmp'. Allowed: the path of the folder with the scoring script, {BELOW}.\n"
            f"Pulumi.dev.yaml: set {MLP}.code to PATH"
        ),
    ),
    (
        _mlp(scoringScript="scroe.py"),
        (
            f"{MLP}.scoringScript is 'scroe.py', and code has no such file. Allowed: a file in the code folder.\n"
            f"Pulumi.dev.yaml: set {MLP}.scoringScript to score.py"
        ),
    ),
    (
        _mlp(scoringScript="score"),
        (
            f"{MLP}.scoringScript is 'score'. Allowed: a Python file, relative to the code folder.\n"
            f"Pulumi.dev.yaml: set {MLP}.scoringScript to score.py"
        ),
    ),
    (
        _mlp(environment={"image": "example.com/base:1", "condaFile": "env"}),
        (
            f"{MLP}.environment.condaFile is 'env', and there is no such file. Allowed: the path of the conda file.\n"
            f"Pulumi.dev.yaml: set {MLP}.environment.condaFile to PATH"
        ),
    ),
    (
        _mlp(environment={"image": "example.com:5000/base", "condaFile": "env/conda.yaml"}),
        (
            f"{MLP}.environment.image is 'example.com:5000/base'. {IMAGE}\n"
            f"Pulumi.dev.yaml: set {MLP}.environment.image to example.com:5000/base:TAG"
        ),
    ),
    (
        _mlp(environment={"image": "base:latest", "condaFile": "env/conda.yaml"}),
        (
            f"{MLP}.environment.image is 'base:latest'. {IMAGE}\n"
            f"Pulumi.dev.yaml: set {MLP}.environment.image to base:TAG"
        ),
    ),
    (
        _mlp(environment={}),
        (
            f"{MLP}.environment is not set, and a scoring script needs one. Allowed: image, or image and "
            "condaFile; build (a folder with a Dockerfile); name and version (an environment in the workspace), or "
            "registry, name and version.\n"
            f"Pulumi.dev.yaml: set {MLP}.environment.image to IMAGE:TAG"
        ),
    ),
    (
        _mlp(environmentVariables={"THREADS": True}),
        (
            f"{MLP}.environmentVariables.THREADS is true. Allowed: a text or a whole number (put everything "
            "else in quotes).\n"
            f"Pulumi.dev.yaml: set {MLP}.environmentVariables.THREADS to VALUE"
        ),
    ),
    (
        _mlp(instanceCount=5),
        (
            f"{MLP}.instanceCount is 5. Allowed: at most 4, which is cluster.maxNodes.\n"
            f"Pulumi.dev.yaml: set {MLP}.instanceCount to 4"
        ),
    ),
    (
        _mlp(miniBatchSize=-1),
        (
            f"{MLP}.miniBatchSize is -1. Allowed: a whole number from 1 (files for each call of run()).\n"
            f"Pulumi.dev.yaml: set {MLP}.miniBatchSize to 10"
        ),
    ),
    (
        _mlp(errorThreshold=-2),
        (
            f"{MLP}.errorThreshold is -2. Allowed: a whole number from -1 (failed files that a job tolerates; -1 "
            "ignores all).\n"
            f"Pulumi.dev.yaml: set {MLP}.errorThreshold to -1"
        ),
    ),
    (
        _mlp(outputAction="append"),
        (
            f"{MLP}.outputAction is 'append'. Allowed: append_row or summary_only.\n"
            f"Pulumi.dev.yaml: set {MLP}.outputAction to append_row"
        ),
    ),
    (
        _mlp(outputAction="summary_only", outputFileName="out.csv"),
        (
            f"{MLP}.outputFileName is 'out.csv', and outputAction is 'summary_only'. Allowed: no outputFileName unless "
            "outputAction is append_row.\n"
            f"Pulumi.dev.yaml: remove {MLP}.outputFileName"
        ),
    ),
    (
        _mlp(outputFileName="out/predictions.csv"),
        (
            f"{MLP}.outputFileName is 'out/predictions.csv'. Allowed: a file name without a folder, a pipe or "
            'any of ~ " # % & * : < > ? { }.'
            "\n"
            f"Pulumi.dev.yaml: set {MLP}.outputFileName to predictions.csv"
        ),
    ),
    (
        _mlp(miniBatchSzie=5),
        (
            f"{MLP}.miniBatchSzie is an unknown key. Did you mean miniBatchSize? Allowed: {BATCH_KEYS}.\n"
            "Pulumi.dev.yaml: rename miniBatchSzie to miniBatchSize"
        ),
    ),
]


def test_what_follows_from_a_misspelt_key_is_not_told(root: Path) -> None:
    config = copy.deepcopy(RIGHT)
    config["endpoint"] = config.pop("endpoints")
    (only,) = problems(root, config)
    assert only.startswith("endpoint is an unknown key. Did you mean endpoints? Allowed: ")
    assert only.endswith("\nPulumi.dev.yaml: rename endpoint to endpoints")


def test_a_default_by_the_right_name_of_a_wrong_one_is_not_told(root: Path) -> None:
    def change(config: Config) -> None:
        endpoint = config["endpoints"]["digits"]
        endpoint["deployments"]["my_mlp"] = endpoint["deployments"].pop("mlp")
        endpoint["default"] = "my-mlp"

    (only,) = problems(root, changed(change))
    assert only.startswith("endpoints.digits.deployments.my_mlp is not a valid batch deployment name: ")
    assert only.endswith("\nPulumi.dev.yaml: rename my_mlp to my-mlp")


@pytest.mark.parametrize(("change", "told"), WRONG)
def test_what_is_wrong_is_told(root: Path, change: Callable[[Config], object], told: str) -> None:
    assert problems(root, changed(change)) == [told]


@pytest.mark.parametrize(
    ("file", "content", "told"),
    [
        (
            "code/score.py",
            b"def init():\n    pass\n\n\ndef run():\n    return []\n",
            (
                f"{MLP}.scoringScript is 'score.py'. The script defines run() without an argument (line 5); the job "
                "calls run(mini_batch).\nedit code/score.py"
            ),
        ),
        (
            "env/conda.yaml",
            b"dependencies:\n",
            (
                f"{MLP}.environment.condaFile is 'env/conda.yaml'. The file has no dependencies: allowed is a list "
                "such as [python=3.10, pip, {pip: [pandas==2.2.3]}].\nedit env/conda.yaml"
            ),
        ),
    ],
)
def test_files_that_are_certain_to_fail(root: Path, file: str, content: bytes, told: str) -> None:
    (root / file).write_bytes(content)
    assert problems(root, RIGHT) == [told]


def test_tags_of_an_endpoint_are_beside_the_stacks(root: Path) -> None:
    config = changed(lambda config: config["endpoints"]["digits"].update(tags={"Owner": "vision", "cost": 12}))
    settings = read(root, {**config, "tags": {"owner": "ml", "team": "data"}})
    assert settings.endpoints["digits"].tags == {
        "project": "azureml-batch-endpoint",
        "stack": "dev",
        "team": "data",
        "Owner": "vision",
        "cost": "12",
    }
    assert settings.tags["owner"] == "ml"


def test_names_that_shorten_alike_are_refused(root: Path) -> None:
    def change(config: Config) -> None:
        one = config["endpoints"]["digits"]["deployments"]["mlp"]
        config["endpoints"]["digits"]["deployments"] |= {
            "churn-gradient-boosting-2026": one,
            "churn-gradient-b-95147f": one,
        }

    assert problems(root, changed(change)) == [
        (
            "endpoints.digits.deployments.churn-gradient-b-95147f would have revisions with the same names as "
            "churn-gradient-boosting-2026. Allowed: names that differ where they are shortened: both would be "
            "churn-gradient-b-95147f.\nPulumi.dev.yaml: rename churn-gradient-b-95147f to ANOTHER-NAME"
        )
    ]


@pytest.mark.parametrize(
    "sample",
    [
        "env",
        "env/conda.yaml",
        "azureml:images:1",
        "images@latest",
        "azureml://datastores/d/paths/i",
        "https://a.blob.core.windows.net/data/i",
    ],
)
def test_a_sample_is_a_path_or_an_address(root: Path, sample: str) -> None:
    with_it, without = (
        read(root, changed(change)).endpoints["digits"] for change in (_digits(sample=sample), _digits())
    )
    assert (with_it.sampled, without.sampled) == ({"sample": sample}, {})
    assert with_it.served == without.served


def rolled_back(root: Path, config: Config) -> list[str]:
    """The warnings about files of a stack with this configuration and a pin."""
    config["endpoints"]["digits"]["pin"] = "mlp-0123abcd"
    found = read(root, config)
    assert found.endpoints["digits"].pin == "mlp-0123abcd"
    end = " The rollback does not need it, but a release without the pin does."
    return [each.removesuffix(end) for each in found.warnings if each.endswith(end)]


def test_content_that_cannot_work_does_not_stop_a_rollback(root: Path) -> None:
    (root / "code/score.py").write_text("def init(): pass\n")
    (root / "env/conda.yaml").write_text("dependencies:\n")
    assert rolled_back(root, changed(_digits())) == [
        f"{MLP}.scoringScript is 'score.py': The script does not define run(mini_batch), which the job calls.",
        (
            f"{MLP}.environment.condaFile is 'env/conda.yaml': The file has no dependencies: allowed is a list such as "
            "[python=3.10, pip, {pip: [pandas==2.2.3]}]."
        ),
    ]


def test_files_that_are_gone_do_not_stop_a_rollback(root: Path) -> None:
    shutil.rmtree(root / "code")
    (root / "env/conda.yaml").unlink()
    shutil.rmtree(root / "models")
    assert rolled_back(root, changed(_digits())) == [
        f"{MLP}.model.path is 'models/mlp', and there is no such file or folder.",
        f"{MLP}.code is 'code', and there is no such folder.",
        f"{MLP}.scoringScript is 'score.py', and code has no such file.",
        f"{MLP}.environment.condaFile is 'env/conda.yaml', and there is no such file.",
    ]


@pytest.mark.parametrize("code", [{}, {"code": None, "scoringScript": None, "environment": None}])
@pytest.mark.parametrize(
    ("description", "told"),
    [
        (None, "is 'models/mlp', which has no file MLmodel"),
        (b"flavors: [\xff", "is 'models/mlp', whose MLmodel is not a YAML file with flavors"),
        (b"flavors: {onnx: {}}", "is 'models/mlp', whose MLmodel has onnx"),
    ],
)
def test_an_mlflow_model_that_is_broken_does_not_stop_a_rollback(
    root: Path, code: Config, description: bytes | None, told: str
) -> None:
    if description is not None:
        (root / "models/mlp/MLmodel").write_bytes(description)
    config = changed(_mlp(model={"path": "models/mlp", "name": "m", "type": "mlflow_model"}, **code))
    with_code_any_flavor = description is not None and b"onnx" in description and not code
    assert rolled_back(root, config) == ([] if with_code_any_flavor else [f"{MLP}.model.path {told}."])


def test_an_mlflow_model_that_is_gone_does_not_stop_a_rollback(root: Path) -> None:
    shutil.rmtree(root / "models")
    model = {"path": "models/mlp", "name": "m", "type": "mlflow_model"}
    assert rolled_back(root, changed(_mlp(model=model, code=None, scoringScript=None, environment=None))) == [
        f"{MLP}.model.path is 'models/mlp', and there is no such file or folder."
    ]


@pytest.mark.parametrize(
    ("build", "told"),
    [
        ({"path": "nowhere"}, "path is 'nowhere', and there is no such folder"),
        ({"path": "env"}, "dockerfilePath is 'Dockerfile', and env has no such file"),
        ({"path": "env", "dockerfilePath": "a/b"}, "dockerfilePath is 'a/b', and env has no such file"),
    ],
)
def test_a_build_context_that_is_broken_does_not_stop_a_rollback(root: Path, build: Config, told: str) -> None:
    assert rolled_back(root, changed(_mlp(environment={"build": build}))) == [f"{MLP}.environment.build.{told}."]


def test_a_path_that_no_plan_can_have_is_wrong_beside_a_pin_too(root: Path) -> None:
    config = changed(_mlp(environment={"build": {"path": "env", "dockerfilePath": "../Dockerfile"}}))
    config["endpoints"]["digits"]["pin"] = "mlp-0123abcd"
    (told,) = problems(root, config)
    assert told.startswith(f"{MLP}.environment.build.dockerfilePath is '../Dockerfile', and env has no such file.")


def test_files_beside_the_deployments_do_not_stop_a_rollback(root: Path) -> None:
    config = changed(_digits(tryOut={"input": "rows", "check": "check.py"}, sample="images"))
    assert rolled_back(root, config) == [
        "endpoints.digits.tryOut.input is 'rows', and there is no such file or folder.",
        "endpoints.digits.tryOut.check is 'check.py', and there is no such file.",
    ]
    assert [each for each in read(root, config).warnings if "sample" in each] == [
        (
            "endpoints.digits.sample is 'images', and there is no such file or folder. The rollback does not need it, "
            "but `python -m modelops score` does."
        ),
    ]


def test_a_rehearsal_s_commands_are_printed_as_they_must_be_typed(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REHEARSAL_COMMAND", ".venv/bin/python -m sandbox run --")
    (told,) = problems(root, changed(lambda config: config["endpoints"]["digits"].update(pin="mlp")))
    assert (
        "(`.venv/bin/python -m sandbox run -- python -m modelops revisions --endpoint digits --stack dev` lists them)"
        in told
    )


@pytest.mark.parametrize("value", ["true", True])
def test_models_are_archived_for_every_endpoint(root: Path, value: object) -> None:
    settings = read(root, {**RIGHT, "archiveModels": value})
    assert settings.endpoints["digits"].served["archive_models"] is True
    assert read(root, RIGHT).endpoints["digits"].served["archive_models"] is False


def test_whether_models_are_archived_is_true_or_false(root: Path) -> None:
    assert problems(root, {**RIGHT, "archiveModels": "sometimes"}) == [
        "archiveModels is 'sometimes'. Allowed: true or false.\nPulumi.dev.yaml: set archiveModels to false"
    ]


def test_a_model_may_have_to_be_released_in_another_stack_first(root: Path) -> None:
    settings = read(root, {**RIGHT, "requireReleasedIn": "staging"})
    assert settings.endpoints["digits"].served["require_released_in"] == "staging"


@pytest.mark.parametrize("value", ["dev", "org/project/staging", "a stack"])
def test_that_stack_is_another_one_of_this_project(root: Path, value: object) -> None:
    assert problems(root, {**RIGHT, "requireReleasedIn": value}) == [
        (
            f"requireReleasedIn is {value!r}. Allowed: the name of another stack of this project.\n"
            "Pulumi.dev.yaml: set requireReleasedIn to staging"
        )
    ]
