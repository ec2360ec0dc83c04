"""The generated gRPC code that the Pulumi SDK ships, without the SDK: a plug-in starts with every command."""

import importlib.util
import sys
import types


def use_protocol_only() -> None:
    """Make `pulumi.runtime.proto` importable without the rest of the Pulumi SDK, which takes longer than a plug-in.

    Call it before any import of the SDK.

    Raises:
        SystemExit: the SDK is not installed.
    """
    for name in ("pulumi", "pulumi.runtime", "pulumi.runtime.proto"):
        spec = importlib.util.find_spec(name)
        if spec is None or spec.submodule_search_locations is None:
            sys.exit("the Pulumi SDK is not installed in this environment. Install it: pip install pulumi")
        module = types.ModuleType(name)
        module.__path__ = list(spec.submodule_search_locations)
        sys.modules[name] = module
