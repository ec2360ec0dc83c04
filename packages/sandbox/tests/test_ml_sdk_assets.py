"""Models and environments of every kind that azure-ai-ml registers, over real HTTP; what a job then gets of them."""

import warnings
from typing import Any

import pytest

from sdk_client import CONDA, Client

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from azure.ai.ml.entities import BuildContext, Environment, Model

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

DOCKERFILE = b"FROM scratch\n"


def build_context(client: Client) -> str:
    """Return a folder with two Dockerfiles."""
    folder = client.files / "context"
    (folder / "gpu").mkdir(parents=True)
    for dockerfile in (folder / "Dockerfile", folder / "gpu" / "Dockerfile"):
        dockerfile.write_bytes(DOCKERFILE)
    return str(folder)


def test_names_may_have_dots(client: Client) -> None:
    model = client.ml.models.create_or_update(Model(name="churn.v2", path=client.model("dots")))
    assert client.ml.models.get("churn.v2", model.version).id.endswith("/models/churn.v2/versions/1")
    made = client.ml.environments.create_or_update(Environment(name="my.env_1-x", version="1.0", image="img:1"))
    found = client.ml.environments.get("my.env_1-x", "1.0")
    assert (found.id, found.image, found.conda_file, found.build) == (made.id, "img:1", None, None)


def test_an_environment_without_a_version_gets_the_next_one(client: Client) -> None:
    def registered(image: str, conda: Any = None) -> str:
        wanted = Environment(name="next", image=image, conda_file=conda)
        return str(client.ml.environments.create_or_update(wanted).version)

    versions = [registered("img:1"), registered("img:1"), registered("img:2"), registered("img:2", CONDA)]
    assert versions == ["1", "1", "2", "3"]
    assert client.ml.environments.get("next", label="latest").version == "3"


@pytest.mark.parametrize(("given", "answered"), [(None, "Dockerfile"), ("gpu/Dockerfile", "gpu/Dockerfile")])
def test_a_build_context_is_uploaded(client: Client, given: str | None, answered: str) -> None:
    build = BuildContext(path=build_context(client), dockerfile_path=given)
    name = f"built-{answered.count('/')}"
    made = client.ml.environments.create_or_update(Environment(name=name, version="1", build=build))
    account, _, path = made.build.path.removeprefix("https://").partition("/")
    assert (account, made.build.dockerfile_path) == ("stmlsdk.blob.core.windows.net", answered)
    assert (path.split("/")[1], path.split("/")[-2:]) == ("LocalUpload", ["context", ""])
    version = {"x-ms-version": "2023-11-03"}
    assert client.sandbox.request("GET", f"/{path}{answered}", host=account, headers=version).content == DOCKERFILE
