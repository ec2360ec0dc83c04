"""The Learn unit "Deploy a model to a batch endpoint", its two code blocks as printed there, and what comes next.

Run in the sandbox's environment with these arguments: resource group, workspace, the folder for the predictions, and,
in a workspace without keys, the id of an identity for the cluster. The last line of the output is JSON: what the two
blocks made, read back. Everything here is what anybody writes who has azure-ai-ml and an Azure login; nothing knows of
the sandbox.
"""

# The SDK types the values after a `get` as optional, and the defaults as a plain dictionary.
# pyright: reportArgumentType=false, reportAttributeAccessIssue=false, reportOptionalMemberAccess=false

import json
import os
import sys
import time
from pathlib import Path

from azure.ai.ml import Input, MLClient
from azure.ai.ml.constants import AssetTypes, BatchDeploymentOutputAction
from azure.ai.ml.entities import (
    AmlCompute,
    BatchEndpoint,
    CodeConfiguration,
    Environment,
    IdentityConfiguration,
    ManagedIdentityConfiguration,
    Model,
    ModelBatchDeployment,
    ModelBatchDeploymentSettings,
)
from azure.identity import DefaultAzureCredential

resource_group, workspace, download, *identity = sys.argv[1:]
ml_client = MLClient(DefaultAzureCredential(), os.environ["AZURE_SUBSCRIPTION_ID"], resource_group, workspace)

# create a batch endpoint
endpoint = BatchEndpoint(
    name="endpoint-example",
    description="A batch endpoint",
)

ml_client.batch_endpoints.begin_create_or_update(endpoint)

cpu_cluster = AmlCompute(
    name="aml-cluster",
    type="amlcompute",
    size="STANDARD_DS11_V2",
    min_instances=0,
    max_instances=4,
    idle_time_before_scale_down=120,
    tier="Dedicated",
)

cpu_cluster = ml_client.compute.begin_create_or_update(cpu_cluster)

# What the two blocks made, once both operations have ended; the unit waits for neither.
cpu_cluster.result()
deadline = time.monotonic() + 60
while (made := ml_client.batch_endpoints.get("endpoint-example")).provisioning_state != "Succeeded":
    if time.monotonic() > deadline:
        sys.exit(f"the endpoint is still {made.provisioning_state}")
    time.sleep(0.2)
nodes = ml_client.compute.get("aml-cluster")
read_back = {
    "endpoint": [made.name, made.description, made.provisioning_state],
    "cluster": [nodes.name, nodes.type, nodes.size, nodes.tier, nodes.provisioning_state],
    "scale": [nodes.min_instances, nodes.max_instances, nodes.idle_time_before_scale_down],
    "identity": nodes.identity is not None,
}

if identity:
    # Where storage takes no keys, the nodes need an identity that may read and write it; the unit's cluster has none.
    given = [ManagedIdentityConfiguration(resource_id=each) for each in identity]
    nodes.identity = IdentityConfiguration(type="UserAssigned", user_assigned_identities=given)
    ml_client.compute.begin_update(nodes).result()

# The units that follow: a deployment, the default, a job.
digits = Path("examples/digits")
deployment = ModelBatchDeployment(
    name="digits-deployment",
    description="Reads digits",
    endpoint_name=endpoint.name,
    model=Model(path=digits / "model", name="digits-by-hand", type=AssetTypes.CUSTOM_MODEL),
    compute="aml-cluster",
    environment=Environment(
        image="mcr.microsoft.com/azureml/openmpi4.1.0-ubuntu22.04:20250601.v1",
        conda_file=digits / "environment" / "conda.yaml",
    ),
    code_configuration=CodeConfiguration(code=str(digits / "code"), scoring_script="score.py"),
    settings=ModelBatchDeploymentSettings(
        instance_count=2,
        max_concurrency_per_instance=1,
        mini_batch_size=20,
        output_action=BatchDeploymentOutputAction.APPEND_ROW,
        output_file_name="predictions.csv",
    ),
)
ml_client.batch_deployments.begin_create_or_update(deployment).result()

endpoint = ml_client.batch_endpoints.get("endpoint-example")
endpoint.defaults.deployment_name = deployment.name
ml_client.batch_endpoints.begin_create_or_update(endpoint).result()

images = Input(type=AssetTypes.URI_FOLDER, path=str(digits / "data" / "images"))
job = ml_client.batch_endpoints.invoke(endpoint_name=endpoint.name, input=images)
ml_client.jobs.stream(job.name)
if (status := ml_client.jobs.get(job.name).status) != "Completed":
    sys.exit(f"the job ended as {status}")
scoring_job = next(iter(ml_client.jobs.list(parent_job_name=job.name)))
ml_client.jobs.download(name=scoring_job.name, download_path=download, output_name="score")
print(json.dumps(read_back))  # noqa: T201 - the one thing that this file has to say
