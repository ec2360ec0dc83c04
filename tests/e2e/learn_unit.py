"""The Learn unit "Deploy a model to a batch endpoint", its two code blocks as printed there, and what comes next.

Run in the sandbox's environment with the resource group and the workspace as arguments. Everything here is what
anybody writes who has azure-ai-ml and an Azure login; nothing knows of the sandbox.
"""

# The SDK types what is there after a `get` as optional, and the defaults as a plain dictionary.
# pyright: reportArgumentType=false, reportAttributeAccessIssue=false, reportOptionalMemberAccess=false

import os
import sys
from pathlib import Path

from azure.ai.ml import Input, MLClient
from azure.ai.ml.constants import AssetTypes, BatchDeploymentOutputAction
from azure.ai.ml.entities import (
    AmlCompute,
    BatchEndpoint,
    CodeConfiguration,
    Environment,
    Model,
    ModelBatchDeployment,
    ModelBatchDeploymentSettings,
)
from azure.identity import DefaultAzureCredential

resource_group, workspace, cluster, download = sys.argv[1:]
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

# The units that follow: a deployment, the default, a job.
digits = Path("examples/digits")
deployment = ModelBatchDeployment(
    name="digits-deployment",
    description="Reads digits",
    endpoint_name=endpoint.name,
    model=Model(path=digits / "model", name="digits-by-hand", type=AssetTypes.CUSTOM_MODEL),
    # The stack's own cluster: the unit's has no identity, and this workspace's storage takes nothing else.
    compute=cluster,
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
