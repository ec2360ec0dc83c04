"""The environment that makes unmodified programs talk to the sandbox instead of Azure; nothing else differs.

Which variable is read by whom: docs/sandbox.md.
"""

import os
import shlex
from collections.abc import Mapping
from pathlib import Path

from sandbox.commands.lifecycle import Running
from sandbox.home import REPOSITORY, Facts, Home

_REMOVED = (
    # gRPC's C core reads the lower-case spelling and would send the engine's own 127.0.0.1 traffic to the proxy.
    "https_proxy",
    "http_proxy",
    "HTTP_PROXY",
    "all_proxy",
    "ALL_PROXY",
    # These would add certificates, or replace ours.
    "SSL_CERT_DIR",
    "CURL_CA_BUNDLE",
    # These would win over, or contradict, the sandbox's own Pulumi backend and stand-in provider.
    "PULUMI_ACCESS_TOKEN",
    "PULUMI_CONFIG_PASSPHRASE_FILE",
    "PULUMI_IGNORE_AMBIENT_PLUGINS",
    "PULUMI_DEBUG_PROVIDERS",
    "PULUMI_OPTION_CONFIG_FILE",
)
_REMOVED_PREFIXES = ("AZURE_", "ARM_")
"""A caller's real identity must not leak into a rehearsal: all of these are removed and the sandbox's own set."""

_WRAPPER = """#!/bin/sh
# Made by `python -m sandbox`: the stand-in for Pulumi's azure-native provider.
exec {python} -P -m pulumi_standins.azure_native "$@"
"""


def variables(home: Home, facts: Facts, server: Running, principal: str = "deployer") -> dict[str, str]:
    """Return the variables that a rehearsal sets, except those of a stack (``sandbox.commands.stacks``)."""
    account = facts.accounts[principal]
    local = "127.0.0.1,localhost"
    identity = {
        "TENANT_ID": facts.tenant_id,
        "CLIENT_ID": account.principal.client_id,
        "CLIENT_SECRET": account.secret,
        "SUBSCRIPTION_ID": facts.subscription_id,
    }
    return {
        "HTTPS_PROXY": f"http://127.0.0.1:{server.proxy_port}",
        "NO_PROXY": local,
        "no_proxy": local,
        "REQUESTS_CA_BUNDLE": str(home.authority),
        "SSL_CERT_FILE": str(home.authority),
        **{f"AZURE_{name}": value for name, value in identity.items()},
        **{f"ARM_{name}": value for name, value in identity.items()},
        "AZURE_TOKEN_CREDENTIALS": "EnvironmentCredential",
        # Without the files beside each state file, which the engine writes in two steps: killed in between, it cannot
        # read its state again ("failed to load checkpoint: EOF"). docs/recovery.md.
        "PULUMI_BACKEND_URL": f"file://{home.backend}?metadata=skip",
        "PULUMI_HOME": str(home.pulumi_home),
        "PULUMI_CONFIG_PASSPHRASE": facts.passphrase,
        "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
        "PULUMI_SKIP_UPDATE_CHECK": "true",
        "TQDM_DISABLE": "1",
        "UV_OFFLINE": "1",
        "AZUREML_RUN_POLLING_INTERVAL_MIN": "1",
        "AZUREML_RUN_POLLING_INTERVAL_MAX": "1",
        "SANDBOX_HOME": str(home.root),
    }


def complete(
    home: Home,
    facts: Facts,
    server: Running,
    *,
    principal: str = "deployer",
    base: Mapping[str, str] = os.environ,
) -> dict[str, str]:
    """Return the whole environment for a command: ``base`` without what contradicts, with the sandbox's variables."""
    write_provider_wrapper(home)
    kept = {
        name: value for name, value in base.items() if name not in _REMOVED and not name.startswith(_REMOVED_PREFIXES)
    }
    own = [str(home.programs), str(REPOSITORY / ".venv" / "bin")]
    path = [entry for entry in kept.get("PATH", os.defpath).split(os.pathsep) if entry not in own]
    return kept | variables(home, facts, server, principal) | {"PATH": os.pathsep.join([*own, *path])}


def exports(environment: Mapping[str, str], base: Mapping[str, str] = os.environ) -> str:
    """Return shell lines that turn the environment ``base`` into ``environment``, for ``eval "$(...)"``."""
    removed = sorted(name for name in base if name not in environment)
    changed = {name: value for name, value in sorted(environment.items()) if base.get(name) != value}
    lines = [f"unset {name}" for name in removed]
    lines += [f"export {name}={shlex.quote(value)}" for name, value in changed.items()]
    return "\n".join(lines)


def write_provider_wrapper(home: Home) -> Path:
    """Write the executable that the engine finds as ``pulumi-resource-azure-native``; return its path."""
    file = home.programs / "pulumi-resource-azure-native"
    python = REPOSITORY / ".venv" / "bin" / "python"
    text = _WRAPPER.format(python=shlex.quote(str(python)))
    if not file.exists() or file.read_text(encoding="utf-8") != text:
        draft = file.with_name(f".{file.name}.{os.getpid()}")
        draft.write_text(text, encoding="utf-8")
        draft.chmod(0o700)
        draft.replace(file)
    return file
