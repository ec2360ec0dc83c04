"""The keys of a stack file as JSON Schema: what settings/ takes of each, as far as one value by itself tells.

Patterns are in the dialect of ECMAScript, which editors have.
"""

from collections.abc import Mapping
from typing import Any, Final

from components import names
from modelops.plan.data_address import KINDS
from modelops.plan.rules import MODEL_TYPES, OUR_TAGS, TAG_VALUE
from modelops.plan.scoring_settings import SETTINGS, ScoringSettings, Setting
from modelops.plan.try_out import ANY, AT_LEAST, KEYS, MOST_SAMPLES, PER_FILE
from settings import tags as azure_tags
from settings import variables
from settings.access import CONTAINER, PRINCIPAL_TYPES
from settings.alerts import ACTION_GROUP, EMAIL
from settings.network import MOST as MOST_ADDRESSES
from settings.rehearsal import MODEL
from settings.stack import MOST_MINUTES as MOST_TIMEOUT
from settings.triggers import IDENTITIES, INPUT, START, ZONE
from settings.triggers import MOST as INTERVALS
from settings.try_out import MOST_MINUTES, NONE
from settings.workspace import REGISTRY_SKUS, STORAGE_SKUS

Schema = dict[str, Any]
Described = Mapping[tuple[str, str], str]
"""What the documentation says of each key: by the name of the object and the key."""


def _any_case(word: str) -> str:
    """Return a pattern for a word in any letters; editors' patterns have no option for that."""
    return "".join(f"[{each.lower()}{each.upper()}]" if each.isalpha() else each for each in word)


_HEX: Final = "[0-9a-fA-F]"
_VM_SIZE: Final = rf"^{_any_case('standard')}_[A-Za-z]+[0-9]+[A-Za-z0-9-]*(_[A-Za-z0-9]+)*$"
_UUID: Final = rf"{_HEX}{{8}}(-{_HEX}{{4}}){{3}}-{_HEX}{{12}}"
_OCTET: Final = r"(25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])"
_ADDRESS: Final = (
    r"^(?!10\.|172\.(1[6-9]|2[0-9]|3[01])\.|192\.168\.)"
    rf"({_OCTET}\.){{3}}{_OCTET}(/([1-9]|[12][0-9]|30|32))?$"
)
_ARM: Final = rf"/{_any_case('subscriptions')}/{_UUID}/{_any_case('resourceGroups')}/[^/]+/.+"
_NO_ROOT: Final = r"(?!/|[A-Za-z]:)(?!(.*/)?\.\.(/|$))[^\\]+"
_PATH: Final = f"^(?!azureml:){_NO_ROOT}$"
_IMAGE: Final = r"^(\S*@sha256:\S*|\S*:(?!latest$)[^/:\s]+)$"


def top(keys: Described) -> dict[str, Schema]:
    """Return the stack's own keys without the clusters and the endpoints."""
    return {
        "azure-native:location": _text(r"^[A-Za-z]+[A-Za-z0-9 ]*$"),
        "resourceGroup": _text(r"^([-\w.()\u00a0-\uffff]{0,89}[-\w()\u00a0-\uffff])?$"),
        "workspace": _only({"existing": _text(f"^{_ARM}$")}, description="Adopts a workspace"),
        "network": {"enum": ["open", "restricted"]},
        "allowedIps": {"type": "array", "maxItems": MOST_ADDRESSES, "items": _text(_ADDRESS)},
        "storageSku": {"enum": list(STORAGE_SKUS)},
        "registrySku": {"enum": list(REGISTRY_SKUS)},
        "softDeleteDays": _as_text_too(_whole(7, 90), "^([7-9]|[1-8][0-9]|90)$"),
        "logRetentionDays": _as_text_too(_whole(30, 730), "^([3-9][0-9]|[1-6][0-9]{2}|7([0-2][0-9]|30))$"),
        "timeoutMinutes": _as_text_too(_whole(0, MOST_TIMEOUT), "^([0-9]{1,3}|1[0-3][0-9]{2}|14[0-3][0-9]|1440)$"),
        **{key: _as_text_too({"type": "boolean"}, "^(true|false)$") for key in ("protect", "archiveModels")},
        "requireReleasedIn": _text(r"^[A-Za-z0-9_.-]*$"),
        "prices": _prices(keys),
        "rehearsal": _only(_with(keys, "rehearsal", {"models": _texts(f"^({MODEL})$", _text(_PATH))})),
        "alerts": _alerts(keys),
        "triggers": {"type": "object", **_named(names.WORKFLOW_KEY, _trigger(keys))},
        "dataAccess": {"type": "array", "items": _text(f"^{_ARM}$")},
        "jobWrites": {"type": "array", "items": _text(rf"^({CONTAINER}|\*)$")},
        "registryAccess": {"type": "array", "items": _text(f"^{_ARM}$")},
        "deployer": {**_principal(keys, "deployer"), "dependencies": _both("principalId", "principalType")},
        "tags": _tags(azure_tags.STORAGE_NAME),
    }


def _prices(keys: Described) -> Schema:
    """Return `prices`: the currency belongs to them."""
    price = {"anyOf": [{"type": "number", "exclusiveMinimum": 0}, _text(r"^(?=.*[1-9])[0-9]*\.?[0-9]+$")]}
    sizes = {"type": "object", "patternProperties": {_VM_SIZE: price}, "additionalProperties": False}
    values = _with(keys, "prices", {"currency": _text("^[A-Z]{3}$"), "nodeHour": sizes})
    return _only(values, anyOf=[{"maxProperties": 0}, {"required": ["currency"]}])


def _alerts(keys: Described) -> Schema:
    """Return `alerts`: somebody has to be told."""
    told: dict[str, Schema] = {
        "emails": {"type": "array", "items": _text(f"^{EMAIL}$")},
        "actionGroups": {"type": "array", "items": _text(f"^{ACTION_GROUP}$")},
    }
    somebody = [{"properties": {key: {"minItems": 1}}, "required": [key]} for key in told]
    values = _with(keys, "alerts", {**told, "severity": _whole(0, 4)})
    return _only(values, anyOf=[{"maxProperties": 0}, *somebody])


def _trigger(keys: Described) -> Schema:
    """Return a trigger; whether its address is a file's or a folder's, only the settings know."""
    values: dict[str, Schema] = {
        "endpoint": _text("."),
        "input": _text(f"^({INPUT})$"),
        "inputType": {"enum": [*KINDS, None]},
        "startTime": _text(f"^{START}$"),
        "timeZone": _text(f"^{ZONE}$"),
        "frequency": {"enum": list(INTERVALS)},
        "interval": _whole(1, max(INTERVALS.values())),
        "identity": {"enum": list(IDENTITIES)},
        "enabled": {"type": "boolean"},
    }
    return _only(_with(keys, "trigger", values), required=["input", "startTime"])


def network() -> Schema:
    """Return what `network` asks of other keys."""
    restricted = {"properties": {"network": {"const": "restricted"}}, "required": ["network"]}
    needs = {"registrySku": {"const": "Premium"}, "allowedIps": {"minItems": 1}, "deployer": {"minProperties": 1}}
    return {
        "if": restricted,
        "then": {"properties": needs, "required": list(needs)},
        "else": {"properties": {"allowedIps": {"maxItems": 0}}},
    }


def clusters(one: Schema) -> Schema:
    """Return `clusters`: several by name, each as `cluster` describes one."""
    return {"type": "object", **_named(names.COMPUTE, one)}


def cluster(keys: Described) -> Schema:
    """Return one cluster."""
    made = {
        "vmSize": _text(_VM_SIZE),
        "priority": {"enum": ["dedicated", "lowPriority"]},
        "minNodes": _whole(0),
        "maxNodes": _whole(1),
        "idleSeconds": _whole(1),
    }
    return _only(
        _with(keys, "cluster", {**made, "existing": {"type": ["string", "null"], "pattern": f"^{_ARM}$"}}),
        anyOf=[
            {"not": {"required": ["existing"]}},
            {"properties": {"existing": {"type": "null"}}},
            {"not": {"anyOf": [{"required": [key]} for key in made]}},
        ],
    )


def endpoints(keys: Described) -> Schema:
    """Return the endpoints with their deployments."""
    endpoint = {
        "from": _text(_PATH),
        "description": _text("."),
        "tags": _tags(azure_tags.NAME),
        "default": _text("."),
        "pin": _nullable(_text(r"^[a-zA-Z]([a-zA-Z0-9]|-(?!-))*-[0-9a-f]{8}$")),
        "keep": _whole(1),
        "sample": _nullable(_data()),
        "tryOut": _try_out(keys),
        "callers": {"type": "array", "items": {**_principal(keys, "caller"), "required": ["principalId"]}},
        "deployments": {"type": "object", "minProperties": 1, **_named(names.DEPLOYMENT, _deployment(keys))},
    }
    one = _only(_with(keys, "endpoint", endpoint), required=["default", "deployments"])
    return {"type": "object", "minProperties": 1, **_named(names.ENDPOINT, one)}


def _deployment(keys: Described) -> Schema:
    defaults = ScoringSettings()
    own = {
        "from": _text(_PATH),
        "type": {"enum": ["model"], "description": "May be left out"},
        "model": {"anyOf": [_reference("model"), *_models()]},
        "code": _nullable(_text(_PATH)),
        "scoringScript": _nullable(_text(r"^(?!.*(^|/)\.\.(/|$))[^/\\].*\.py$")),
        "environment": {"anyOf": [_reference("environment"), *_environments(), {"type": "null"}]},
        "compute": _text("."),
        "tryOut": _try_out(keys),
        "description": _text(""),
        "tags": _tags(azure_tags.NAME),
        variables.KEY: _texts(f"^{variables.NAME}$", {"type": "string", "pattern": "^[^\\u0000]*$"}),
        variables.CLEARED: {"type": "array", "items": _text(f"^{variables.NAME}$")},
        **{each.key: _setting(each, getattr(defaults, name)) for name, each in SETTINGS.items()},
    }
    return _only(
        _with(keys, "deployment", own),
        anyOf=[
            {"required": ["from"]},  # the file has the rest
            {"required": ["model"], "dependencies": _both("code", "scoringScript")},
        ],
    )


def _try_out(keys: Described) -> Schema:
    script = {"anyOf": [{"const": NONE}, _text(rf"^{_NO_ROOT}\.py$"), {"type": "null"}]}
    share = {"anyOf": [{"type": "number", "minimum": 0, "maximum": 1}, _text(_share()), {"type": "null"}]}
    values: dict[str, Schema] = {
        "input": _nullable(_data()),
        "inputType": {"enum": [*KINDS, None]},
        "rows": {"anyOf": [{"enum": [PER_FILE, ANY, None]}, _only({AT_LEAST: _whole(1)}, required=[AT_LEAST])]},
        "key": {"anyOf": [_whole(1), _text(r"^(?!\s*$)(?![+\-\s]*[0-9]+\s*$)|^[1-9][0-9]*$"), {"type": "null"}]},
        "check": script,
        "compare": script,
        "python": _nullable(_text(".")),
        "maxChangedRows": share,
        **{key: _nullable(_whole(1, MOST_MINUTES)) for key in ("imageMinutes", "queueMinutes", "runMinutes")},
        "instanceCount": _nullable(_whole(1)),
        "samples": _nullable(_whole(0, MOST_SAMPLES)),
    }
    unknown = set(KEYS) - set(values)
    if unknown:
        raise LookupError(f"tryOut has keys without a schema: {', '.join(sorted(unknown))}")
    return {"anyOf": [{"const": NONE}, {"type": "null"}, _only(_with(keys, "tryOut", values))]}


def _share() -> str:
    return rf"^(0+|0*\.[0-9]+|1(\.0+)?|[0-9]*\.?[0-9]+e-[0-9]+|{NONE})$"


def _models() -> list[Schema]:
    kind = {"enum": list(MODEL_TYPES)}
    there = r"azureml://jobs/[^/\s]+/outputs/[^/\s]+(/paths(/\S*)?)?/?|azureml://datastores/[^/\s]+/paths/\S+|runs:/[^/?\s]+/\S+"
    path = _text(rf"^({there}|(?![a-z]+:/|azureml:){_NO_ROOT})$")
    return [
        _only({"path": path, "name": _name(names.ASSET), "type": kind}, required=["path", "name"]),
        *_registered(type=kind),
    ]


def _environments() -> list[Schema]:
    more: dict[str, Schema] = {"rehearseWith": _text(_PATH)}
    build = _only({"path": _text(_PATH), "dockerfilePath": _text(_PATH)}, required=["path"])
    return [
        _only({"image": _text(_IMAGE), "condaFile": _text(_PATH), **more}, required=["image"]),
        _only({"build": build, **more}, required=["build"]),
        *_registered(**more),
        _only(more, required=list(more)),
    ]


def _registered(**more: Schema) -> list[Schema]:
    version = {"anyOf": [{"type": "integer"}, _text(r"^(?!latest$|@)\S+$")]}
    named = {"name": _name(names.USED_ASSET), "version": version, **more}
    registry = _text(r"^[a-zA-Z0-9][a-zA-Z0-9_-]{1,32}$")
    return [_only({"registry": registry, **named}, required=["name", "version"])]


def _reference(kind: str) -> Schema:
    """Azure ML's own text for something registered."""
    name = names.USED_ASSET.pattern
    in_registry = rf"azureml://registries/[^/\s]+/{kind}s/{name}/versions/(?!latest/?$)[^/\s]+/?"
    return _text(rf"^(azureml:{name}:(?!latest$)[^:@/\s]+|{in_registry})$")


def _setting(setting: Setting, default: object) -> Schema:
    if isinstance(default, int):
        return {**_whole(setting.least or 0, setting.most), "default": default}
    if setting.words:
        return {"enum": list(setting.words), "default": default}
    return {**_text(f"^{setting.pattern}$"), "default": default}


def _principal(keys: Described, of: str) -> Schema:
    own = {"principalId": _text(f"^{_UUID}$"), "principalType": {"enum": list(PRINCIPAL_TYPES)}}
    return _only(_with(keys, of, own))


def _tags(longest: int) -> Schema:
    """Tags: names and values that Azure takes, and no name that is a release's own."""
    value = {"type": "string", "minLength": 1, "maxLength": TAG_VALUE}
    return {
        **_texts(rf"^(?!{_any_case(OUR_TAGS)})[^<>%&\\?/]{{1,{longest}}}$", value),
        "maxProperties": azure_tags.MOST,
    }


def _texts(name: str, value: Schema) -> Schema:
    """Return an object of texts, in which whole numbers are texts too."""
    return {
        "type": ["object", "null"],
        "propertyNames": {"pattern": name},
        "additionalProperties": {"anyOf": [value, {"type": "integer"}]},
    }


def _data() -> Schema:
    """Return data to score: a path in the repository, or an address without a query."""
    return _text(r"^(azureml:[^?]+|[a-z][a-z0-9+.-]+://[^?]+|" + rf"(?!azureml:|[a-z][a-z0-9+.-]*://){_NO_ROOT})$")


def _name(rule: names.Rule) -> Schema:
    return _text(rf"^(?=.{{{rule.shortest},{rule.longest}}}$){rule.pattern}$")


def _named(rule: names.Rule, value: Schema) -> Schema:
    """Return objects by names to which a suffix is added in Azure."""
    least, most = max(1, rule.shortest - rule.suffix), rule.room
    return {
        "propertyNames": {"pattern": rf"^(?=.{{{least},{most}}}$){rule.pattern}$"},
        "additionalProperties": value,
    }


def _only(properties: dict[str, Schema], **more: Any) -> Schema:
    return {"type": "object", "properties": properties, "additionalProperties": False, **more}


def _with(keys: Described, of: str, properties: dict[str, Schema]) -> dict[str, Schema]:
    """Return the properties with what the documentation says of them."""
    return {
        key: {"description": keys[of, key], **each} if (of, key) in keys else each for key, each in properties.items()
    }


def _text(pattern: str) -> Schema:
    return {"type": "string", "pattern": pattern}


def _nullable(schema: Schema) -> Schema:
    return {"anyOf": [schema, {"type": "null"}]}


def _whole(least: int, most: int | None = None) -> Schema:
    bounds = {"minimum": least} if most is None else {"minimum": least, "maximum": most}
    return {"type": "integer", **bounds}


def _as_text_too(schema: Schema, pattern: str) -> Schema:
    """`pulumi config set` writes numbers and booleans as texts, too."""
    return {"anyOf": [schema, _text(pattern)]}


def _both(*keys: str) -> dict[str, list[str]]:
    return {key: [other for other in keys if other != key] for key in keys}
