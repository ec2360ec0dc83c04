"""The steps of the Learn unit for several endpoints, one after the other, as its code blocks would run in a loop.

Arguments: resource group, workspace, cluster, endpoints, deployments of each. Runs in the sandbox's environment, in a
workspace and on a cluster that exist. The unit: tests/e2e/learn_unit.py.
"""

import os
import sys
import uuid
from pathlib import Path

import yaml
from azure.ai.ml import Input, MLClient
from azure.ai.ml.constants import AssetTypes
from azure.ai.ml.entities import (
    BatchEndpoint,
    CodeConfiguration,
    Environment,
    Model,
    ModelBatchDeployment,
    ModelBatchDeploymentSettings,
)
from azure.identity import DefaultAzureCredential

from tools.bench import stacks


def main(group: str, workspace: str, cluster: str, endpoints: str, deployments: str) -> None:
    """Make every endpoint with its deployments, set its default, and let a job of it run."""
    ml = MLClient(DefaultAzureCredential(), os.environ["AZURE_SUBSCRIPTION_ID"], group, workspace)
    own = uuid.uuid4().hex[:8]
    # A new image, which has to be built, as in a new workspace.
    conda_file = Path("bench") / f"conda-{own}.yaml"
    conda_file.write_text(yaml.safe_dump({**yaml.safe_load(Path(stacks.CONDA_FILE).read_text()), "name": own}))
    for logical, names in stacks.Shape(int(endpoints), int(deployments)).names.items():
        name = f"{logical}-{own}"
        ml.batch_endpoints.begin_create_or_update(BatchEndpoint(name=name)).result()
        for deployment in names:
            ml.batch_deployments.begin_create_or_update(
                ModelBatchDeployment(
                    name=deployment,
                    endpoint_name=name,
                    model=Model(path=stacks.model_of(logical, deployment), name=name, type=AssetTypes.CUSTOM_MODEL),
                    code_configuration=CodeConfiguration(code=stacks.CODE, scoring_script=stacks.SCRIPT),
                    environment=Environment(image=stacks.IMAGE, conda_file=conda_file),
                    compute=cluster,
                    settings=ModelBatchDeploymentSettings(
                        mini_batch_size=10, instance_count=1, environment_variables={"SECONDS": "0"}
                    ),
                )
            ).result()
        endpoint = ml.batch_endpoints.get(name)
        endpoint.defaults = {"deployment_name": names[0]}
        ml.batch_endpoints.begin_create_or_update(endpoint).result()
        files = Input(type=AssetTypes.URI_FOLDER, path=stacks.INPUT)
        job = ml.batch_endpoints.invoke(endpoint_name=name, input=files)
        ml.jobs.stream(str(job.name))
        if (status := ml.jobs.get(str(job.name)).status) != "Completed":
            sys.exit(f"the job of {name} ended as {status}")


if __name__ == "__main__":
    main(*sys.argv[1:])
