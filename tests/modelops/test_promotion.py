"""`promote`: the bytes that one stack serves get a version in a registry, once, and a line for another stack's file."""

import json
import re
from dataclasses import replace

import pytest

from modelops.errors import ReleaseError
from modelops.plan import fingerprint
from modelops.plan.plan import LocalModel, RegisteredModel
from modelops.release import records
from modelops.release.promotion import candidate, promote
from modelops.release.register import ensure_model
from modelops.release.registry import Registry
from tests.modelops.conftest import Bench, in_one_profile
from tests.modelops.test_modelops_commands import run, start

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

PROMOTE = "promote --from dev --to prod"
IN_SANDBOX = ".venv/bin/python -m sandbox run -- "
FILE = """\
config:
  endpoints:
    digits:
      deployments:
        mlp:
          model:
            path: model
            name: other
          code: code # ours
"""


@pytest.fixture
def shared(bench: Bench) -> Bench:
    """A released endpoint, the file of another stack, and a registry."""
    bench.release()
    (bench.root / "Pulumi.prod.yaml").write_text(FILE, encoding="utf-8")
    _stock(bench, what="registry", name="")
    return bench


def _stock(bench: Bench, **what: str) -> None:
    bench.place.sandbox.server.control("POST", "/stock", {"registry": _registry(bench), **what})


def _registry(bench: Bench) -> str:
    return f"registry-of-{bench.model_name}"


def _line(bench: Bench, version: int = 1) -> str:
    return f"model: {{registry: {_registry(bench)}, name: {bench.model_name}, version: {version}}}"


def _digest(bench: Bench) -> str:
    model = bench.plan.deployments["mlp"].model
    assert isinstance(model, LocalModel)
    return model.digest


def _noted(bench: Bench) -> list[tuple[str, str | None]]:
    """The versions of the bench's model in its registry, with their digests."""
    found = Registry(bench.workspace, _registry(bench)).versions(bench.model_name)
    return [(each.version, each.digest) for each in found]


def _promote(bench: Bench, *options: str, code: int = 0) -> str:
    """Promote with the bench's registry; return the output, or the error of a failed run."""
    ended, output, errors = run(bench, PROMOTE, "--registry", _registry(bench), *options)
    assert ended == code, errors
    return errors if code else output


def _share(bench: Bench) -> tuple[str, list[str]]:
    """Promote in this process, as the command does; return the version in the registry and what was said."""
    said: list[str] = []
    found = candidate(bench.live(), bench.plan, "mlp", "dev")
    made = promote(bench.workspace, found.model, _registry(bench), said.append)
    assert (made.registry, made.name) == (_registry(bench), bench.model_name)
    return made.version, [found.remark, *said]


def _imports(bench: Bench, after: int) -> int:
    return sum(each.endswith("/import") for each in bench.writes(after))


def test_a_model_is_shared_once(shared: Bench, profile: str) -> None:
    name, registry, place = shared.model_name, _registry(shared), shared.place.workspace
    keeps = profile == "lenient"  # import_keeps_properties
    before = shared.mark()
    said = _promote(shared).splitlines()
    assert said == [
        f"note: revision {shared.plan.target} was not tried out in stack dev",
        f"sharing model {name}:1 of workspace {place} with registry {registry} as {name}:1",
        *([] if keeps else [f"reading the bytes of model {name}:1 of registry {registry}, to note their digest"]),
        f"{shared.root}/Pulumi.prod.yaml, below endpoints.digits.deployments.mlp:",
        f"  {_line(shared)}",
    ]
    assert _imports(shared, before) == 1
    assert _noted(shared) == [("1", _digest(shared))]
    assert (shared.root / "Pulumi.prod.yaml").read_text(encoding="utf-8") == FILE
    before = shared.mark()
    said = _promote(shared, "--write").splitlines()
    assert said[1:] == [
        f"registry {registry} has model {name}:1 with the same bytes",
        f"{shared.root}/Pulumi.prod.yaml: endpoints.digits.deployments.mlp: {_line(shared)}",
        f"Run `{IN_SANDBOX}pulumi preview --stack prod` to see what it changes.",
    ]
    assert shared.writes(before) == []
    text = (shared.root / "Pulumi.prod.yaml").read_text(encoding="utf-8")
    assert text == re.sub(r"model:\n.*\n.*\n", f"{_line(shared)}\n", FILE)
    # From now on the file names the registry.
    ended, output, errors = run(shared, PROMOTE, "--write", "--json")
    key = "endpoints.digits.deployments.mlp"
    assert f"{shared.root}/Pulumi.prod.yaml has it already: {key}: {_line(shared)}" in errors.splitlines()
    names = {"endpoint": "digits", "deployment": "mlp", "revision": shared.plan.target}
    model = {"registry": registry, "name": name, "version": 1}
    assert ended == 0
    assert json.loads(output) == {"schemaVersion": 1, "models": [{**names, "model": model, "written": False}]}


@in_one_profile
def test_other_bytes_get_the_next_version(shared: Bench) -> None:
    assert _share(shared)[0] == "1"
    first = _digest(shared)
    shared.plan = shared.with_model(b"other")
    shared.release()
    assert _share(shared)[0] == "2"
    assert _noted(shared) == [("1", first), ("2", _digest(shared))]


@in_one_profile
def test_what_serves_is_promoted_and_not_what_was_released_last(shared: Bench) -> None:
    first, old = shared.plan, _digest(shared)
    shared.plan = shared.with_model(b"worse")
    shared.release()
    shared.move(first.target)
    assert _share(shared)[1][0] == f"revision {first.target} was not tried out in stack dev"
    assert _noted(shared) == [("1", old)]


@in_one_profile
def test_a_registered_model_without_a_digest_is_read(shared: Bench) -> None:
    found = shared.place.get(f"models/{shared.model_name}/versions/1")["properties"]
    name = f"{shared.model_name}-by-hand"
    shared.place.put(
        f"models/{name}/versions/7",
        {"properties": {"modelUri": found["modelUri"], "modelType": "custom_model"}},
    )
    deployment = shared.plan.deployments["mlp"]
    other = replace(deployment, model=RegisteredModel(name, "7"))
    digest = _digest(shared)
    shared.plan = replace(shared.plan, deployments={"mlp": other})
    shared.release()
    _stock(shared, what="registry", name="")
    assert _share(shared)[0] == "1"
    assert _noted(shared) == [("1", digest)]


@in_one_profile
@pytest.mark.parametrize(("path", "kind"), [("model", "mlflow_model"), ("model/weights.bin", "custom_model")])
def test_a_model_of_another_kind_has_the_same_digest_there(bench: Bench, path: str, kind: str) -> None:
    (bench.root / "model" / "MLmodel").write_text("flavors: {}\n", encoding="utf-8")
    content = fingerprint.digest(bench.root / path)
    model = LocalModel(path, bench.model_name, kind, content)
    ensure_model(bench.context(), bench.plan, model)
    _stock(bench, what="registry", name="")
    promote(bench.workspace, RegisteredModel(model.name, "1"), _registry(bench), print)
    (found,) = Registry(bench.workspace, _registry(bench)).versions(model.name)
    assert (found.version, found.type, found.digest) == ("1", kind, content)
    assert Registry(bench.workspace, _registry(bench)).hashed(found) == content


@in_one_profile
def test_what_is_in_a_registry_already_is_passed_on(shared: Bench) -> None:
    _share(shared)
    model = RegisteredModel(shared.model_name, "1", _registry(shared))
    deployment = shared.plan.deployments["mlp"]
    shared.plan = replace(shared.plan, deployments={"mlp": replace(deployment, model=model)})
    shared.release()
    before = shared.mark()
    ended, output, errors = run(shared, PROMOTE)
    assert (ended, errors, output.splitlines()[-1]) == (0, "", f"  {_line(shared)}")
    assert shared.writes(before) == []
    ended, _, errors = run(shared, PROMOTE, "--registry", "another")
    assert ended == 2
    assert errors == (
        f"error: revision {shared.plan.target} has a model of registry {_registry(shared)}, and --registry is "
        "'another': only models of a workspace are shared. Leave out --registry.\n"
    )


@in_one_profile
def test_a_model_that_failed_is_not_promoted(shared: Bench) -> None:
    revision, name = shared.plan.target, shared.plan.endpoint.name
    records.write(shared.context(), name, revision, records.TRY_OUT, "failed job-1 0123456789ab")
    before = shared.mark()
    assert _promote(shared, code=1) == (
        f"error: revision {revision} of endpoint {name} failed its try-out (job job-1), so it is not promoted. Correct "
        f"it in stack dev. Run `{IN_SANDBOX}pulumi up --stack dev`, then promote again.\n"
    )
    shared.move(None)
    shared.plan = shared.changed(mini_batch_size=3)
    assert _promote(shared, code=1) == (
        f"error: revision {shared.plan.target} of endpoint {name} does not exist, so there is nothing to promote. Run "
        f"`{IN_SANDBOX}pulumi up --stack dev`, then promote again.\n"
    )
    assert _imports(shared, before) == 0


@in_one_profile
def test_a_model_that_passed_is_promoted_without_a_note(shared: Bench) -> None:
    name = shared.plan.endpoint.name
    records.write(shared.context(), name, shared.plan.target, records.TRY_OUT, "passed job-1 0123456789ab")
    assert candidate(shared.live(), shared.plan, "mlp", "dev").remark == ""


@in_one_profile
@pytest.mark.parametrize(
    ("options", "file", "error"),
    [
        (
            (),
            FILE,
            (
                "name the registry with --registry: neither {file} nor the released plan of endpoint digits has one "
                "for deployment mlp."
            ),
        ),
        (
            ("--deployment", "tree"),
            FILE,
            (
                "stack dev and {file} do not both have the deployment 'tree'. Stack dev has released: digits.mlp; the "
                "file has: digits.mlp. Add the deployment to the file first."
            ),
        ),
        (
            (),
            "config: {}\n",
            (
                "stack dev and {file} do not both have a deployment. Stack dev has released: digits.mlp; the file has: "
                "none. Add the deployment to the file first."
            ),
        ),
    ],
)
def test_mistakes_of_the_command_line(bench: Bench, options: tuple[str, ...], file: str, error: str) -> None:
    path = bench.root / "Pulumi.prod.yaml"
    path.write_text(file, encoding="utf-8")
    ended, output, errors = run(bench, PROMOTE, *options)
    assert (ended, output, errors) == (2, "", f"error: {error.format(file=path)}\n")


@in_one_profile
def test_a_registry_that_does_not_exist(bench: Bench) -> None:
    said = "^looking for registry nobody failed: ResourceNotFound: The registry 'nobody' was not found."
    with pytest.raises(ReleaseError, match=said):
        promote(bench.workspace, RegisteredModel("net", "1"), "nobody", print)


@in_one_profile
def test_a_missing_role_is_named(shared: Bench) -> None:
    sandbox = shared.place.sandbox
    reader = sandbox.facts.accounts["reader"]
    env = {"AZURE_CLIENT_ID": reader.principal.client_id, "AZURE_CLIENT_SECRET": reader.secret}
    shared.place = replace(shared.place, sandbox=replace(sandbox, env=sandbox.env | env))
    command = r"az role assignment create --assignee \S+ --role \"AzureML Registry User\" --scope /subscriptions/\S+"
    assert re.search(rf"{command}/registries/{_registry(shared)}\n$", _promote(shared, code=1))


@in_one_profile
def test_a_digest_that_cannot_be_noted_is_a_warning(shared: Bench) -> None:
    control = shared.place.sandbox.control
    control.fault("status", method="PUT", path=WRITES["digest"][1], status=400, code="UserError", message="no")
    name, registry = shared.model_name, _registry(shared)
    version, said = _share(shared)
    assert said[-1].startswith(
        f"warning: noting the digest of model {name}:1 in registry {registry} failed: UserError: no (HTTP 400"
    )
    assert said[-1].endswith(" The next promotion reads the bytes again.")
    assert (version, _noted(shared)) == ("1", [("1", None)])
    before = shared.mark()
    version, again = _share(shared)
    assert again[1:] == [f"reading the bytes of model {name}:1 of registry {registry}, whose digest is not noted"]
    assert (version, _noted(shared)) == ("1", [("1", _digest(shared))])
    assert _imports(shared, before) == 0


@in_one_profile
def test_a_copy_with_other_bytes_is_refused(shared: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Registry, "hashed", lambda _, __: "f" * 64)
    with pytest.raises(ReleaseError) as caught:
        _share(shared)
    assert str(caught.value) == (
        f"model {shared.model_name}:1 of registry {_registry(shared)} has other bytes (sha256 ffffffffffff) than the "
        f"model that it is a copy of (sha256 {_digest(shared)[:12]}): something else was shared under this version at "
        "the same time, or the service did not copy the files as they are. No stack file names it; promote again."
    )
    monkeypatch.undo()
    shared.place.sandbox.enter(monkeypatch)
    assert _share(shared)[0] == "1"


@in_one_profile
def test_a_model_that_is_not_registered_is_not_promoted(shared: Bench) -> None:
    endpoint, revision = shared.live(), shared.plan.target
    odd = replace(endpoint.deployments[revision], model="azureml://datastores/d/paths/model")
    with pytest.raises(ReleaseError) as caught:
        candidate(replace(endpoint, deployments={revision: odd}), shared.plan, "mlp", "dev")
    assert str(caught.value) == (
        f"revision {revision} of endpoint {endpoint.name} has the model 'azureml://datastores/d/paths/model', which "
        "cannot be promoted; allowed is a version of a model, of the workspace or of a registry."
    )


WRITES = {
    "import": ("POST", "/import", 0),
    "the place of files that are not sent": ("PUT", "/tempdatarefs/", 0),
    "digest": ("PUT", "/registries/[^/]+/models/[^/]+/versions/", 0),
}
READS = {"end of the import": ("GET", "/mfeOperationResults/", 0), "bytes": ("POST", "/datarefs/", 0)}


@in_one_profile
def test_these_are_all_writes(shared: Bench) -> None:
    before = shared.mark()
    _share(shared)
    sent = [each for each in shared.writes(before) if "/datarefs/" not in each]
    assert [
        method == each.partition(" ")[0] and re.search(path, each) is not None
        for each, (method, path, _) in zip(sent, WRITES.values(), strict=True)
    ] == [True] * len(WRITES)


@in_one_profile
@pytest.mark.parametrize(
    ("method", "path", "skip"),
    [
        pytest.param(*each, id=name, marks=() if name == "bytes" else pytest.mark.long(part="kills"))
        for name, each in (WRITES | READS).items()
    ],
)
def test_a_killed_run_is_finished_by_the_next(shared: Bench, method: str, path: str, skip: int) -> None:
    control = shared.place.sandbox.control
    control.fault("delay", method=method, path=path, skip=skip, seconds=600)
    before = shared.mark()
    with start(shared, PROMOTE, "--registry", _registry(shared), "--write") as running:
        control.wait(method=method, path=path, count=skip + 1, after=before, finished=False)
        running.kill()
        running.communicate()
    control.clear_faults()
    assert (shared.root / "Pulumi.prod.yaml").read_text(encoding="utf-8") == FILE
    _promote(shared, "--write")
    assert _noted(shared) == [("1", _digest(shared))]
    assert _line(shared) in (shared.root / "Pulumi.prod.yaml").read_text(encoding="utf-8")
