"""Pulumi property values between protobuf and plain Python.

An unknown is `UNKNOWN`; secrets come without their wrapper (the stand-in does not mark secrets, like azure-native);
whole numbers are `int`, so that a request body has 1 and not 1.0. Nulls in maps are dropped, as in the provider.
"""

from collections.abc import Mapping
from typing import Any, Final

from google.protobuf.struct_pb2 import Struct, Value

from pulumi_standins.azure_native.errors import RefusedError

# The engine's own markers (sdk/go/common/resource and plugin/rpc.go in pulumi/pulumi).
_UNKNOWN_TEXT = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
_OTHER_UNKNOWNS = frozenset(
    {
        "3eeb2bf0-c639-47a8-9e75-3b44932eb421",  # bool
        "293be87c-9ee2-4dba-beab-bf4ccd7c7a1b",  # number, kept for old engines
        "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",  # array
        "030794c1-ac77-496b-92df-f27374a8bd58",  # asset
        "e48ece36-62e2-4504-bad9-02848725956a",  # archive
        "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",  # object
    }
)
_SIGNATURE = "4dabf18193072939515e22adb298388d"
_SECRET = "1b47061264138c4ac30d75fd1eb44270"  # noqa: S105 - a marker, not a secret
_OUTPUT = "d0e6a833031e9bbcd3f4e8bde6ca49a4"


class Unknown:
    """The type of `UNKNOWN`, a value that is only known after the deployment."""

    def __repr__(self) -> str:
        return "UNKNOWN"


UNKNOWN: Final = Unknown()


def decode(struct: Struct) -> dict[str, Any]:
    """A property map as a dict.

    Raises:
        RefusedError: it contains an asset or an archive, which no resource type here accepts.
    """
    return {name: decoded for name, value in struct.fields.items() if (decoded := _value(value)) is not None}


def _value(value: Value) -> Any:
    kind = value.WhichOneof("kind")
    if kind == "string_value":
        text = value.string_value
        return UNKNOWN if text == _UNKNOWN_TEXT or text in _OTHER_UNKNOWNS else text
    if kind == "number_value":
        number = value.number_value
        return int(number) if number.is_integer() else number
    if kind == "bool_value":
        return value.bool_value
    if kind == "list_value":
        return [_value(item) for item in value.list_value.values]
    if kind == "struct_value":
        return _object(value.struct_value)
    return None


def _object(struct: Struct) -> Any:
    signature = struct.fields[_SIGNATURE].string_value if _SIGNATURE in struct.fields else ""
    if not signature:
        return decode(struct)
    if signature in {_SECRET, _OUTPUT}:
        return _value(struct.fields["value"]) if "value" in struct.fields else UNKNOWN
    raise RefusedError(
        "an input is an asset, an archive or a resource reference; no supported resource type accepts one"
    )


def encode(values: Mapping[str, Any]) -> Struct:
    """A dict as a property map; `UNKNOWN` anywhere in it becomes the engine's marker."""
    struct = Struct()
    for name, value in values.items():
        _fill(struct.fields[name], value)
    return struct


def _fill(target: Value, value: Any) -> None:
    if value is None:
        target.null_value = 0  # type: ignore[assignment]  # the stub needs the enum, the wire its number
    elif isinstance(value, bool):
        target.bool_value = value
    elif isinstance(value, int | float):
        target.number_value = value
    elif isinstance(value, str):
        target.string_value = value
    elif isinstance(value, Unknown):
        target.string_value = _UNKNOWN_TEXT
    elif isinstance(value, Mapping):
        target.struct_value.SetInParent()
        for name, item in value.items():
            _fill(target.struct_value.fields[name], item)
    else:
        target.list_value.SetInParent()
        for item in value:
            _fill(target.list_value.values.add(), item)


def has_unknown(value: Any) -> bool:
    """Whether it contains an unknown, at any depth."""
    if isinstance(value, Mapping):
        return any(has_unknown(item) for item in value.values())
    if isinstance(value, list):
        return any(has_unknown(item) for item in value)
    return isinstance(value, Unknown)
