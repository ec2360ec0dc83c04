"""What the flat program has instead of releases: models, code, environment and deployments as declared resources.

It uploads the files itself, with azure-storage-blob. It registers a model for every deployment, tries nothing out and
sets no default: an endpoint cannot name a deployment that needs the endpoint.
"""

from collections.abc import Mapping
from typing import Any

from tools.bench import flat, stacks

_PROGRAM = """
import os
import pathlib

from azure.identity import DefaultAzureCredential
from azure.storage.blob import ContainerClient

ROOT = pathlib.Path("../..")
credential = DefaultAzureCredential()
place = {{"resource_group_name": {group}.name, "workspace_name": {workspace}.name}}


def uploaded(folder):
    def upload(known):
        account, workspace_id, *_ = known
        url = f"https://{{account}}.blob.core.windows.net"
        container = ContainerClient(url, f"azureml-blobstore-{{workspace_id}}", credential)
        for file in (ROOT / folder).iterdir():
            container.upload_blob(f"{{folder}}/{{file.name}}", file.read_bytes(), overwrite=True)
        return f"{{url}}/{{container.container_name}}/{{folder}}"

    granted = [{grants}]
    return pulumi.Output.all({storage}.name, {workspace}.workspace_id, *granted).apply(upload)


code = machinelearningservices.CodeVersion(
    "code", name="flat", version="1", properties={{"code_uri": uploaded({code!r})}}, **place
)
environment = machinelearningservices.EnvironmentVersion(
    "environment",
    name="flat",
    version="1",
    properties={{"image": {image!r}, "conda_file": (ROOT / {conda_file!r}).read_text()}},
    **place,
)
for endpoint, folders in {endpoints}.items():
    for deployment, folder in folders.items():
        name = folder.rpartition("/")[2]
        model = machinelearningservices.ModelVersion(
            f"{{name}}-model",
            name=name,
            version="1",
            properties={{"model_type": "custom_model", "model_uri": uploaded(folder)}},
            **place,
        )
        machinelearningservices.BatchDeployment(
            name,
            endpoint_name=globals()[endpoint].name,
            deployment_name=deployment,
            location={workspace}.location,
            properties={{
                "model": {{"reference_type": "Id", "asset_id": model.id}},
                "code_configuration": {{"code_id": code.id, "scoring_script": {script!r}}},
                "environment_id": environment.id,
                "environment_variables": {{"SECONDS": "0"}},
                "compute": {cluster}.id,
                "resources": {{"instance_count": 1}},
            }},
            **place,
        )
"""


def program(state: Mapping[str, Any], shape: stacks.Shape) -> str:
    """Return the source that follows `flat.program` of the same state.

    Raises:
        StopIteration: the state has no workspace, storage account, cluster or one of the shape's endpoints.
    """
    found = {f"r{number}": each for number, each in enumerate(flat.resources(state), 1)}

    def variable(kind: str, name: str = "") -> str:
        return next(key for key, each in found.items() if each["type"].endswith(kind) and _is(each, name))

    return _PROGRAM.format(
        group=variable(":ResourceGroup"),
        workspace=variable("machinelearningservices:Workspace"),
        storage=variable(":StorageAccount"),
        cluster=variable(":Compute"),
        grants=", ".join(f"{key}.id" for key, each in found.items() if each["type"].endswith(":RoleAssignment")),
        code=stacks.CODE,
        script=stacks.SCRIPT,
        image=stacks.IMAGE,
        conda_file=stacks.CONDA_FILE,
        endpoints={
            variable(":BatchEndpoint", endpoint): {each: stacks.model_of(endpoint, each) for each in deployments}
            for endpoint, deployments in shape.names.items()
        },
    )


def _is(resource: Mapping[str, Any], name: str) -> bool:
    """Say whether a resource has this name in the program, or whether none is asked for."""
    return not name or resource["urn"].rpartition("::")[2] == name
