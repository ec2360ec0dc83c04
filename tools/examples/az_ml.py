"""In place of ``az ml``, an extension that no package index has: its words, said to the SDK that it is made of.

``python az_ml.py NOUN VERB OPTIONS``. It knows what the scripts of the examples use, and runs in the notebooks' Python
(with azure-ai-ml and jmespath), not in ours.
"""

from __future__ import annotations

import json
import os
import sys
from typing import Any

import jmespath  # pyright: ignore[reportMissingModuleSource]
from azure.ai.ml import Input, MLClient, load_batch_endpoint, load_data
from azure.ai.ml.entities import AmlCompute, BatchEndpoint, Data, Model
from azure.ai.ml.entities._load_functions import load_model_batch_deployment  # azure.ai.ml has no public name for it
from azure.identity import DefaultAzureCredential

_SHORT = {"-n": "name", "-f": "file", "-o": "output", "-g": "resource_group", "-w": "workspace_name"}
_FLAGS = {"web", "yes", "set_default"}

Options = dict[str, Any]  # by the long name with underscores; `set` is a list of KEY=VALUE


def read(words: list[str]) -> Options:
    """Return the options of a command line."""
    options: Options = {"set": []}
    rest = iter(words)
    for word in rest:
        name = _SHORT.get(word) or word.removeprefix("--").replace("-", "_")
        if name in _FLAGS:
            options[name] = True
        elif name == "set":
            options["set"].append(next(rest))
        else:
            options[name] = next(rest)
    return options


class Commands:
    """The commands, by ``NOUN VERB``; each returns what ``az`` would print."""

    def __init__(self, client: MLClient) -> None:
        self._client = client

    def compute_create(self, options: Options) -> Any:
        least, most = int(options["min_instances"]), int(options["max_instances"])
        size = options.get("size")
        cluster = AmlCompute(name=options["name"], size=size, min_instances=least, max_instances=most)
        return _shown(self._client.compute.begin_create_or_update(cluster))

    def workspace_show(self, _: Options) -> Any:
        workspace: Any = self._client.workspaces.get(self._client.workspace_name)
        return {"location": workspace.location}

    def model_create(self, options: Options) -> Any:
        kept = {key: options[key] for key in ("name", "type", "path") if key in options}
        return _shown(self._client.models.create_or_update(Model(**kept)))

    def model_show(self, options: Options) -> Any:
        return _shown(self._client.models.get(options["name"], label=options["label"]))

    def data_create(self, options: Options) -> Any:
        if "file" in options:
            return _shown(self._client.data.create_or_update(load_data(options["file"])))
        kept = {key: options[key] for key in ("name", "version", "type", "path")}
        return _shown(self._client.data.create_or_update(Data(**kept)))

    def batch_endpoint_create(self, options: Options) -> Any:
        endpoint = BatchEndpoint(name=options["name"])
        if "file" in options:
            endpoint = load_batch_endpoint(options["file"], params_override=[{"name": options["name"]}])
        return _shown(self._client.batch_endpoints.begin_create_or_update(endpoint))

    def batch_endpoint_show(self, options: Options) -> Any:
        return _shown(self._client.batch_endpoints.get(options["name"]))

    def batch_endpoint_update(self, options: Options) -> Any:
        return self._set_default(options["name"], options["set"][0].removeprefix("defaults.deployment_name="))

    def _set_default(self, name: str, deployment: str) -> Any:
        endpoint: Any = self._client.batch_endpoints.get(name)
        endpoint.defaults.deployment_name = deployment
        return _shown(self._client.batch_endpoints.begin_create_or_update(endpoint))

    def batch_endpoint_delete(self, options: Options) -> Any:
        self._client.batch_endpoints.begin_delete(options["name"]).result()

    def batch_endpoint_invoke(self, options: Options) -> Any:
        overrides = _given(options)
        for option, key in (("mini_batch_size", "mini_batch_size"), ("instance_count", "compute.instance_count")):
            if option in options:
                overrides.append({key: options[option]})
        if "output_path" in options:
            store, _, path = options["output_path"].removeprefix("azureml://datastores/").partition("/paths/")
            overrides.append({"output_dataset.datastore_id": f"azureml:{self._client.datastores.get(store).id}"})
            overrides.append({"output_dataset.path": f"/{path}"})
        job = self._client.batch_endpoints.invoke(
            endpoint_name=options["name"],
            deployment_name=options.get("deployment_name"),
            input=Input(type=options.get("input_type", "uri_folder"), path=options["input"]),
            params_override=overrides,
        )
        return {"name": job.name, "id": job.id}

    def batch_deployment_create(self, options: Options) -> Any:
        overrides = [{"endpoint_name": options["endpoint_name"]}, *_given(options)]
        deployment = load_model_batch_deployment(options["file"], params_override=overrides)
        made = _shown(self._client.batch_deployments.begin_create_or_update(deployment))
        if "set_default" in options:
            self._set_default(options["endpoint_name"], made["name"])
        return made

    def batch_deployment_show(self, options: Options) -> Any:
        return _shown(self._client.batch_deployments.get(options["name"], options["endpoint_name"]))

    def batch_deployment_delete(self, options: Options) -> Any:
        self._client.batch_deployments.begin_delete(options["name"], options["endpoint_name"]).result()

    def batch_deployment_list_jobs(self, options: Options) -> Any:
        jobs = self._client.batch_deployments.list_jobs(options["endpoint_name"], name=options["name"])
        return [{"name": job.name} for job in jobs]

    def job_show(self, options: Options) -> Any:
        job = self._client.jobs.get(options["name"])
        return {"name": job.name, "status": str(getattr(job.status, "value", job.status)), "studio": job.studio_url}

    def job_stream(self, options: Options) -> Any:
        self._client.jobs.stream(options["name"])

    def job_download(self, options: Options) -> Any:
        self._client.jobs.download(
            options["name"], output_name=options["output_name"], download_path=options["download_path"]
        )


def _given(options: Options) -> list[dict[str, str]]:
    """Return what ``--set`` changes, in the SDK's form."""
    return [dict([each.split("=", 1)]) for each in options["set"]]


def _shown(made: Any) -> Any:
    """Return an entity as ``az ml`` prints it; wait for it first, if it is still being made."""
    entity = made.result() if hasattr(made, "result") else made
    return json.loads(json.dumps(entity._to_dict(), default=str))  # noqa: SLF001 - the extension prints that too


def main(words: list[str]) -> None:
    """Run a command and print its answer."""
    place = (os.environ[name] for name in ("AZURE_SUBSCRIPTION_ID", "EXAMPLE_GROUP", "EXAMPLE_WORKSPACE"))
    client = MLClient(DefaultAzureCredential(), *place)
    command = getattr(Commands(client), f"{words[0]}_{words[1]}".replace("-", "_"))
    options = read(words[2:])
    answer = command(options)
    if "query" in options:
        answer = jmespath.search(options["query"], answer)
    if options.get("output") == "tsv":
        answer = "\n".join(map(str, answer if isinstance(answer, list) else [answer]))
    print(answer if isinstance(answer, str) else json.dumps(answer, indent=2))


if __name__ == "__main__":
    main(sys.argv[1:])
