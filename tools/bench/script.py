"""The same as a release, with only azure-ai-ml: one model, one deployment, the default.

Arguments: resource group, workspace, cluster, endpoint, name of the deployment. Runs in the sandbox's environment.
"""

import os
import sys

from azure.ai.ml import MLClient
from azure.ai.ml.entities import (
    BatchRetrySettings,
    CodeConfiguration,
    Environment,
    Model,
    ModelBatchDeployment,
    ModelBatchDeploymentSettings,
)
from azure.identity import DefaultAzureCredential


def main(group: str, workspace: str, cluster: str, endpoint_name: str, name: str) -> None:
    """Register, deploy, switch, verify."""
    ml = MLClient(DefaultAzureCredential(), os.environ["AZURE_SUBSCRIPTION_ID"], group, workspace, show_progress=True)
    model = ml.models.create_or_update(
        Model(name="digits-script", path="examples/digits/model", type="custom_model", properties={"by": name})
    )
    ml.batch_deployments.begin_create_or_update(
        ModelBatchDeployment(
            name=name,
            endpoint_name=endpoint_name,
            model=model.id,
            code_configuration=CodeConfiguration(code="examples/digits/code", scoring_script="score.py"),
            environment=Environment(
                image="mcr.microsoft.com/azureml/openmpi4.1.0-ubuntu22.04:20250601.v1",
                conda_file="examples/digits/environment/conda.yaml",
            ),
            compute=cluster,
            settings=ModelBatchDeploymentSettings(
                mini_batch_size=10, instance_count=2, retry_settings=BatchRetrySettings(max_retries=3, timeout=30)
            ),
        )
    ).result()
    endpoint = ml.batch_endpoints.get(endpoint_name)
    endpoint.defaults = {"deployment_name": name}
    ml.batch_endpoints.begin_create_or_update(endpoint).result()
    live = ml.batch_endpoints.get(endpoint_name).defaults
    found = live.get("deployment_name") if isinstance(live, dict) else getattr(live, "deployment_name", None)
    if found != name:
        sys.exit(f"the default is {found}, not {name}")


if __name__ == "__main__":
    main(*sys.argv[1:])
