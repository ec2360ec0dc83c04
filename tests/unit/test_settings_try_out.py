"""`tryOut`: an endpoint's and a deployment's keys together, `none`, and the message for each mistake."""

from pathlib import Path
from typing import Any

import pytest

from modelops.plan.try_out import File, TryOut
from tests.unit.settings_world import Config, changed, make_files, mlp, problems, read

AT = "endpoints.digits.tryOut"
OWN = "endpoints.digits.deployments.mlp.tryOut"
INPUT = "a file or folder to score (or an address: azureml:NAME:VERSION, azureml://..., https://...)"
NULL = "null in YAML, which is the same as no value"
ONE_FILE = {"input": "azureml://datastores/d/paths/a.csv", "inputType": "uri_file"}
CHECKED = {"input": "images", "check": "check.py", "compare": "check.py", "maxChangedRows": 0.5}
EVERY_KEY = (
    *("input", "inputType", "rows", "key", "check", "compare", "python", "maxChangedRows"),
    *("imageMinutes", "queueMinutes", "runMinutes", "instanceCount"),
)
ROOT = "relative to the folder of Pulumi.yaml and inside it, with / as the separator"

NEEDED = (
    "Allowed: an object with the input that every new revision has to score before it may serve, or the word none.\n"
    f"Pulumi.dev.yaml: set {AT}.input to PATH"
)


@pytest.fixture(name="root")
def _root(tmp_path: Path) -> Path:
    make_files(tmp_path)
    (tmp_path / "images").mkdir()
    (tmp_path / "check.py").touch()
    return tmp_path


def _with(endpoint: object, deployment: object = None) -> Config:
    """A configuration with these; None leaves the key out, and `NULL` is written as null."""

    def plain(value: object) -> object:
        if isinstance(value, dict):
            return {key: plain(each) for key, each in value.items()}
        return None if value == NULL else value

    def change(config: Config) -> None:
        del config["endpoints"]["digits"]["tryOut"]
        for place, value in ((config["endpoints"]["digits"], endpoint), (mlp(config), deployment)):
            if value is not None:
                place["tryOut"] = plain(value)

    return changed(change)


def _read(root: Path, endpoint: object, deployment: object = None) -> TryOut | None:
    return read(root, _with(endpoint, deployment)).endpoints["digits"].deployments["mlp"].get("try_out")


def test_an_input_is_enough(root: Path) -> None:
    assert _read(root, {"input": "images"}) == TryOut(
        input=File("images", ""),
        per_file=False,
        least_rows=1,
        key=None,
        check=None,
        compare=None,
        python=None,
        max_changed_rows=None,
        image_minutes=40,
        queue_minutes=20,
        run_minutes=20,
        instance_count=None,
    )


def test_everything_set(root: Path) -> None:
    words = {
        "input": "azureml:digits:3",
        "rows": {"atLeast": 5},
        "key": 1,
        "check": "check.py",
        "compare": "check.py",
        "python": ".venv/bin/python",
        "maxChangedRows": 0.25,
        "imageMinutes": 60,
        "queueMinutes": 5,
        "runMinutes": 10,
        "instanceCount": 2,
        "samples": 3,
    }
    script = File("check.py", "")
    assert _read(root, words) == TryOut(
        "azureml:digits:3",
        per_file=False,
        least_rows=5,
        key="1",
        check=script,
        compare=script,
        python=".venv/bin/python",
        max_changed_rows=0.25,
        image_minutes=60,
        queue_minutes=5,
        run_minutes=10,
        instance_count=2,
        samples=3,
    )


@pytest.mark.parametrize(
    ("endpoint", "deployment", "expected"),
    [
        ("none", None, None),
        (None, "none", None),
        ({"input": "images"}, "none", None),
        ("none", {"input": "images"}, TryOut(File("images", ""))),
        (None, {"input": "images"}, TryOut(File("images", ""))),
        ({"input": "images"}, NULL, TryOut(File("images", ""))),
        ("none", NULL, None),
        (NULL, "none", None),
        ({"input": "images"}, {}, TryOut(File("images", ""))),
        (CHECKED, {"check": "none", "compare": "none", "maxChangedRows": "none"}, TryOut(File("images", ""))),
        (
            CHECKED,
            dict.fromkeys(EVERY_KEY, NULL),
            TryOut(File("images", ""), check=File("check.py", ""), compare=File("check.py", ""), max_changed_rows=0.5),
        ),
        ({"input": "images", "samples": 3}, {"samples": 0}, TryOut(File("images", ""), samples=0)),
        ({"input": "images", "samples": 3}, {}, TryOut(File("images", ""), samples=3)),
        ({"input": "images", "key": 1}, {"rows": "any"}, TryOut(File("images", ""), least_rows=0, key="1")),
        ({"rows": "perFile"}, {"input": "images"}, TryOut(File("images", ""), per_file=True)),
        ({"input": "images", "rows": "perFile"}, {"rows": {"atLeast": 2}}, TryOut(File("images", ""), least_rows=2)),
    ],
)
def test_a_deployment_s_keys_replace_the_endpoint_s(
    root: Path, endpoint: object, deployment: object, expected: TryOut | None
) -> None:
    assert _read(root, endpoint, deployment) == expected


@pytest.mark.parametrize(
    ("words", "sampled"),
    [
        ("none", {}),
        ({"input": "images"}, {"sample": "images"}),
        ({"input": "azureml:a:1"}, {"sample": "azureml:a:1"}),
        ({"input": "./data:1"}, {"sample": "./data:1"}),
        (
            {"input": "azureml://datastores/d/paths/a.csv", "inputType": "uri_file"},
            {"sample": "azureml://datastores/d/paths/a.csv", "sampleType": "uri_file"},
        ),
    ],
)
def test_the_input_is_the_sample(root: Path, words: object, sampled: object) -> None:
    (root / "data:1").touch()
    assert read(root, _with(words)).endpoints["digits"].sampled == sampled


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("./images", File("images", "")),
        ("images/", File("images", "")),
        ("images/./a b ü.png", File("images/a b ü.png", "")),
        ("./data:1", File("data:1", "")),
        (".", File(".", "")),
        ("azureml:digits@latest", "azureml:digits@latest"),
        ("digits:3", "digits:3"),
        ("azureml://datastores/d/paths/a b/ü", "azureml://datastores/d/paths/a b/ü"),
        ("https://a.blob.core.windows.net/c/heart.csv/", "https://a.blob.core.windows.net/c/heart.csv/"),
    ],
)
def test_an_input_in_its_odder_spellings(root: Path, word: str, expected: object) -> None:
    for name in ("images/a b ü.png", "data:1"):
        (root / name).touch()
    found = _read(root, {"input": word})
    assert found is not None
    assert (found.input, found.input_type) == (expected, None)


@pytest.mark.parametrize("path", ["./check.py", "Prüfung a/über.py"])
def test_a_script_in_its_odder_spellings(root: Path, path: str) -> None:
    (root / path).parent.mkdir(exist_ok=True)
    (root / path).touch()
    found = _read(root, {"input": "images", "check": path, "compare": path, "python": "C:\\a b\\python.exe"})
    script = File(path.removeprefix("./"), "")
    assert found is not None
    assert (found.check, found.compare, found.python) == (script, script, "C:\\a b\\python.exe")


@pytest.mark.parametrize("path", ["/check.py", "../check.py", "C:/check.py", "a\\check.py", "images", "images.txt"])
def test_other_places_of_a_script_are_refused(root: Path, path: str) -> None:
    (root / "images.txt").touch()
    (told,) = problems(root, _with({"input": "images", "check": path}))
    assert told.startswith(f"{AT}.check is {path!r}")


@pytest.mark.parametrize(("endpoint", "deployment"), [(None, ONE_FILE), (ONE_FILE, None), (ONE_FILE, {"key": 1})])
def test_an_address_says_whether_it_is_a_file(root: Path, endpoint: object, deployment: object) -> None:
    found = _read(root, endpoint, deployment)
    assert found is not None
    assert (found.input, found.input_type) == (ONE_FILE["input"], "uri_file")


def test_a_deployment_s_input_has_a_type_of_its_own(root: Path) -> None:
    assert _read(root, ONE_FILE, {"input": "images"}) == TryOut(File("images", ""))


@pytest.mark.parametrize(
    ("written", "share"), [("0.05", 0.05), (".5", 0.5), ("1e-3", 0.001), (0, 0.0), ("0", 0.0), (1, 1.0), ("1.0", 1.0)]
)
def test_what_pulumi_config_set_writes_for_a_share_is_one(root: Path, written: object, share: float) -> None:
    """A text: `test_wrong_input` sets it by the command that a message prints."""
    expected = TryOut(File("images", ""), max_changed_rows=share)
    assert _read(root, {"input": "images", "maxChangedRows": written}) == expected


def test_a_sample_of_its_own_wins(root: Path) -> None:
    config = _with({"input": "images"})
    config["endpoints"]["digits"]["sample"] = "code"
    assert read(root, config).endpoints["digits"].sample == "code"


EITHER = (
    "can be a file or a folder. Allowed: inputType uri_file or uri_folder beside it; an address that ends in / is a "
    "folder"
)
ASSET = "input to azureml:NAME:VERSION"
WRONG: list[tuple[Any, Any, str]] = [
    (
        None,
        None,
        f"{AT} is not set. {NEEDED}",
    ),
    (NULL, NULL, f"{AT} is not set. {NEEDED}"),
    (NULL, None, f"{AT} is not set. {NEEDED}"),
    (
        True,
        None,
        (
            f"{AT} is true. Allowed: an object that describes the try-out, or the word none.\n"
            "Pulumi.dev.yaml: write an object below tryOut: docs/try-outs.md has its keys"
        ),
    ),
    (
        {"rows": "any"},
        None,
        f"{AT}.input is not set. Allowed: {INPUT}.\nPulumi.dev.yaml: set {AT}.input to PATH",
    ),
    (
        "none",
        {"rows": "any"},
        f"{OWN}.input is not set. Allowed: {INPUT}.\nPulumi.dev.yaml: set {OWN}.input to PATH",
    ),
    (
        {"input": "../images"},
        None,
        (f"{AT}.input is '../images'. Allowed: the path of {INPUT}, {ROOT}.\nPulumi.dev.yaml: set {AT}.input to PATH"),
    ),
    (
        {"input": "images", "rows": {"least": 1}},
        None,
        (
            f"{AT}.rows is {{'least': 1}}. Allowed: perFile, any or an object with atLeast, a number of rows.\n"
            f"Pulumi.dev.yaml: set {AT}.rows to perFile"
        ),
    ),
    (
        {"input": "images", "rows": {"atLeast": 0}},
        None,
        (
            f"{AT}.rows.atLeast is 0. Allowed: a whole number from 1 (rows).\n"
            f"Pulumi.dev.yaml: set {AT}.rows.atLeast to 1"
        ),
    ),
    (
        {"input": "images", "maxChangedRows": 5},
        None,
        (
            f"{AT}.maxChangedRows is 5. Allowed: a share from 0 to 1, or the word none.\n"
            f"Pulumi.dev.yaml: set {AT}.maxChangedRows to 0.05"
        ),
    ),
    (
        {"input": "images", "check": "gone.py"},
        None,
        (
            f"{AT}.check is 'gone.py', and there is no such file. Allowed: the path of a Python file with the function "
            f"check.\nPulumi.dev.yaml: set {AT}.check to PATH"
        ),
    ),
    (
        {"input": "images", "runMinutes": 0},
        None,
        (
            f"{AT}.runMinutes is 0. Allowed: a whole number from 1 to 10080 (minutes).\n"
            f"Pulumi.dev.yaml: set {AT}.runMinutes to 20"
        ),
    ),
    (
        {"input": "images", "key": True},
        None,
        (
            f"{AT}.key is true. Allowed: the name of a column of the predictions, or its position from 1.\n"
            f"Pulumi.dev.yaml: set {AT}.key to 1"
        ),
    ),
    *(
        (
            {"input": "images", "key": key},
            None,
            (
                f"{AT}.key is {key!r}. Allowed: the name of a column of the predictions, or its position from 1.\n"
                f"Pulumi.dev.yaml: set {AT}.key to 1"
            ),
        )
        for key in ("00", "01", "0", 0, -1, "-1", "²", " ")
    ),
    *(
        (
            {"input": address},
            None,
            f"{AT}.input is {address!r}, which {why}.\nPulumi.dev.yaml: set {AT}.{fix}",
        )
        for address, why, fix in (
            ("https://a.b/c/heart.csv", EITHER, "inputType to uri_file"),
            ("azureml://datastores/x/paths/a.csv", EITHER, "inputType to uri_file"),
            ("azureml:a", "does not name a version. Allowed: azureml:NAME:VERSION, azureml:NAME@latest", ASSET),
            ("https://[x", f"is not a valid address: Invalid IPv6 URL. Allowed: {INPUT}", ASSET),
            ("azureml:a:1 ", "begins or ends with a space. Allowed: the same without it", ASSET),
        )
    ),
    (
        {"input": "https://a.b/c d/heart.csv?sv=1&sig=SECRET"},
        None,
        (
            f"{AT}.input is 'https://a.b/c d/heart.csv?***', whose query would be in the stack's state. Allowed: a "
            "path in a datastore (azureml://datastores/NAME/paths/PATH), or a data asset (azureml:NAME:VERSION).\n"
            f"Pulumi.dev.yaml: set {AT}.{ASSET}"
        ),
    ),
    *(
        (
            {"input": source, "inputType": "uri_file"},
            None,
            (
                f"{AT}.inputType is 'uri_file'. Allowed: no inputType unless input is the address of a file or a "
                f"folder.\nPulumi.dev.yaml: remove {AT}.inputType"
            ),
        )
        for source in ("images", "azureml:a:1")
    ),
    (
        {"input": "https://a.b/c/heart.csv", "inputType": "file"},
        None,
        (
            f"{AT}.inputType is 'file'. Allowed: uri_file or uri_folder.\n"
            f"Pulumi.dev.yaml: set {AT}.inputType to uri_file"
        ),
    ),
    (
        {"input": "images"},
        {"inputType": "uri_file"},
        (
            f"{OWN}.inputType is 'uri_file', and input is not set here. Allowed: no inputType without the input that "
            f"it is about.\nPulumi.dev.yaml: remove {OWN}.inputType"
        ),
    ),
    *(
        (
            {"input": path},
            None,
            (f"{AT}.input is {path!r}. Allowed: the path of {INPUT}, {ROOT}.\nPulumi.dev.yaml: set {AT}.input to PATH"),
        )
        for path in ("/images", "C:/images", "images\\a", "images/../images")
    ),
    *(
        (
            {"input": "images", "maxChangedRows": value},
            None,
            (
                f"{AT}.maxChangedRows is {value!r}. Allowed: a share from 0 to 1, or the word none.\n"
                f"Pulumi.dev.yaml: set {AT}.maxChangedRows to 0.05"
            ),
        )
        for value in ("1.5", "5%", "nan", "-0", "")
    ),
]


@pytest.mark.parametrize(("endpoint", "deployment", "told"), WRONG)
def test_what_is_wrong_is_told(root: Path, endpoint: object, deployment: object, told: str) -> None:
    assert problems(root, _with(endpoint, deployment)) == [told]


@pytest.mark.parametrize(
    ("own", "shown"), [({}, "not set"), ({"check": "none"}, "'none'"), ({"check": None}, "not set")]
)
def test_a_script_that_writes_its_own_files_needs_a_check(root: Path, own: Config, shown: str) -> None:
    def change(config: Config) -> None:
        mlp(config)["outputAction"] = "summary_only"
        mlp(config)["tryOut"] = {"input": "images", **own}

    assert problems(root, changed(change)) == [
        (
            f"{OWN}.check is {shown}, and outputAction is 'summary_only'. Required: a Python file whose "
            "check(predictions, input) raises what is wrong with the files that the script writes; nothing else can "
            "tell.\n"
            f"Pulumi.dev.yaml: set {OWN}.check to check.py"
        )
    ]


def test_what_two_deployments_need_is_told_once(root: Path) -> None:
    def change(config: Config) -> None:
        del config["endpoints"]["digits"]["tryOut"]
        config["endpoints"]["digits"]["deployments"]["other"] = dict(mlp(config))

    (told,) = problems(root, changed(change))
    assert told.startswith(f"{AT} is not set.")


@pytest.mark.parametrize(
    ("endpoint", "deployment", "at"),
    [({"instanceCount": 9}, None, AT), ({}, {"instanceCount": 9}, OWN), ({"instanceCount": 9}, {"rows": "any"}, AT)],
)
def test_a_job_gets_no_more_nodes_than_its_cluster_has(
    root: Path, endpoint: Config, deployment: object, at: str
) -> None:
    told = (
        f"{at}.instanceCount is 9. Allowed: at most 4, which is cluster.maxNodes.\n"
        f"Pulumi.dev.yaml: set {at}.instanceCount to 4"
    )
    assert problems(root, _with({"input": "images", **endpoint}, deployment)) == [told]
