"""What somebody changed of a revision by hand.

A revision is never edited: it has the settings that it was created with, and those are in its plan. So any difference
was made by others. The service lets a PUT change a deployment's model, environment, cluster and settings in place; its
code, script and number of nodes are fixed (REST specification, 2025-12-01: `x-ms-mutability`).

Not compared: what only a digest says (code, an environment that has no name), description and tags, and members that
the service does not answer with. Variables that the plan does not have are left out, too: the service may add its own.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

import isodate

from modelops import azure
from modelops.plan.deployment_plan import DeploymentPlan
from modelops.plan.models import UriModel
from modelops.plan.plan import NamedEnvironment, RegisteredModel
from modelops.plan.registered import Registered
from modelops.plan.scoring_settings import SETTINGS
from modelops.release import live, register
from modelops.workspace import Workspace

_MEMBERS: Final = {
    "instanceCount": ("resources", "instanceCount"),
    "maxRetries": ("retrySettings", "maxRetries"),
    "timeoutSeconds": ("retrySettings", "timeout"),
}
"""Where the service has a setting, if not under its own name."""
_MODELS_API: Final = "2023-08-01-preview"  # as azure-ai-ml 1.35


def differences(workspace: Workspace, planned: DeploymentPlan, found: live.LiveDeployment) -> list[str]:
    """Return what differs, one sentence each; reads the version of a model that the release registered.

    Nothing of a deployment that is not the planned revision: see `deploy.settle`.

    Raises:
        ReleaseError: Azure cannot be asked.
    """
    if found.identity is None or found.identity != planned.identity():
        return []
    return [*_settings(planned, found.body), *_parts(planned, found), *_model(workspace, planned, found.model)]


def _settings(planned: DeploymentPlan, body: Mapping[str, Any]) -> Iterator[str]:
    for key, value in planned.settings.to_json().items():
        answered: Any = body
        for name in _MEMBERS.get(key, (key,)):
            answered = (answered or {}).get(name)
        if answered is not None and _plain(key, answered) != value:
            yield _said(key, _plain(key, answered), value)
    answered = body.get("environmentVariables") or {}
    for name, value in sorted(planned.environment_variables.items()):
        if answered.get(name) != value:
            yield _said(f"environment variable {name}", answered.get(name), value)


def _plain(key: str, answered: Any) -> Any:
    """Return a value of the service's as the plan spells it."""
    if key == "timeoutSeconds":
        return int(isodate.parse_duration(answered).total_seconds())
    words = next(each.words for each in SETTINGS.values() if each.key == key)
    return next((word for word in words if word.replace("_", "") == str(answered).replace("_", "").lower()), answered)


def _parts(planned: DeploymentPlan, found: live.LiveDeployment) -> Iterator[str]:
    if found.compute and found.compute.lower() != planned.compute.lower():
        yield _said("cluster", found.compute.rpartition("/")[2], planned.compute.rpartition("/")[2])
    script = (found.body.get("codeConfiguration") or {}).get("scoringScript")
    if planned.code and script and script != planned.code.scoring_script:
        yield _said("scoringScript", script, planned.code.scoring_script)
    environment, answered = planned.environment, str(found.body.get("environmentId") or "")
    if isinstance(environment, NamedEnvironment) and answered:
        wanted = f"environments/{environment.name}/versions/{environment.version}"
        if not answered.lower().endswith(wanted.lower()):
            *_, name, _versions, version = answered.split("/")
            yield _said("environment", f"{name}:{version}", f"{environment.name}:{environment.version}")


def _model(workspace: Workspace, planned: DeploymentPlan, model_id: str | None) -> Iterator[str]:
    model, answered = planned.model, Registered.of_model(model_id) if model_id else None
    if answered is None:
        return
    named = f"{answered.name}:{answered.version}"
    if isinstance(model, RegisteredModel):
        if answered.identity() != model.identity():
            yield _said("model", named, f"{model.name}:{model.version}")
        return
    path = f"models/{answered.name}/versions/{answered.version}"
    with azure.step(f"reading {path}"):
        version = live.found(workspace, path, _MODELS_API)
    if version is None:
        yield f"its model {named} does not exist"
        return
    properties = version["properties"].get("properties") or {}
    if not register.recognized_by(model).items() <= properties.items():
        what = model.uri if isinstance(model, UriModel) else model.digest
        yield _said("model", named, f"a version of {model.name} with {what}")


def _said(what: str, answered: object, planned: object) -> str:
    return f"{what} is {'not set' if answered is None else answered}, released was {planned}"
