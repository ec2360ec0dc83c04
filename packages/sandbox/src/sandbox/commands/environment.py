"""The environment that makes unmodified programs use the sandbox instead of Azure; nothing else differs.

Which variable is read by whom: the README of this package.
"""

import os
import shlex
import sys
from collections.abc import Mapping
from pathlib import Path

from sandbox.commands import inventory, plugins
from sandbox.commands.lifecycle import Running
from sandbox.home import Facts, Home

_REMOVED = (
    # gRPC's C core reads the lower-case spelling and would send the engine's local traffic to the proxy.
    "https_proxy",
    "http_proxy",
    "HTTP_PROXY",
    "all_proxy",
    "ALL_PROXY",
    # These would add certificates, or replace ours.
    "SSL_CERT_DIR",
    "CURL_CA_BUNDLE",
    # These would override or contradict the sandbox's Pulumi backend and plug-ins.
    "PULUMI_ACCESS_TOKEN",
    "PULUMI_CONFIG_PASSPHRASE_FILE",
    "PULUMI_IGNORE_AMBIENT_PLUGINS",
    "PULUMI_DEBUG_PROVIDERS",
    "PULUMI_OPTION_CONFIG_FILE",
)
_REMOVED_PREFIXES = ("AZURE_", "ARM_")
"""The user's real identity must not leak into a rehearsal: all of these are removed, and the sandbox's are set."""


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
        # The Azure CLI's login in the sandbox must not replace the user's own.
        "AZURE_CONFIG_DIR": str(home.root / "azure-cli" / principal),
        "AZURE_CORE_COLLECT_TELEMETRY": "false",
        # Without the file beside each state file, which the engine does not write atomically: if it is killed
        # meanwhile, it cannot read its state again ("failed to load checkpoint: EOF").
        "PULUMI_BACKEND_URL": f"file://{home.backend}?metadata=skip",
        "PULUMI_HOME": str(home.pulumi_home),
        "PULUMI_CONFIG_PASSPHRASE": facts.passphrase,
        "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
        "PULUMI_SKIP_UPDATE_CHECK": "true",
        "TQDM_DISABLE": "1",
        "AZUREML_RUN_POLLING_INTERVAL_MIN": "1",
        "AZUREML_RUN_POLLING_INTERVAL_MAX": "1",
        "SANDBOX_HOME": str(home.root),
        # How a program that prints a command says where it has to run.
        "REHEARSAL_COMMAND": f"{inventory.python()} -m sandbox run{_as(principal)} --",
        "REHEARSAL_URL": server.rehearsal_url,
    }


def _as(principal: str) -> str:
    """Return the option that signs in as a principal; the deployer needs none."""
    return "" if principal == "deployer" else f" --as {principal}"


def complete(
    home: Home,
    facts: Facts,
    server: Running,
    *,
    principal: str = "deployer",
    plugin_path: Path | None = None,
    base: Mapping[str, str] = os.environ,
) -> dict[str, str]:
    """Return the whole environment for a command: ``base`` without contradicting variables, plus the sandbox's.

    Links the plug-ins of ``plugin_path`` (see ``sandbox.commands.plugins.folder``). The programs of this Python
    environment come first on PATH.

    Raises:
        PluginError: the given folder with plug-ins does not exist.
    """
    source = plugins.folder(plugin_path, base)
    if source is not None:
        plugins.link(home, source)
    kept = {
        name: value for name, value in base.items() if name not in _REMOVED and not name.startswith(_REMOVED_PREFIXES)
    }
    own = str(Path(sys.executable).parent)
    path = [entry for entry in kept.get("PATH", os.defpath).split(os.pathsep) if entry != own]
    return kept | variables(home, facts, server, principal) | {"PATH": os.pathsep.join([own, *path])}


def exports(environment: Mapping[str, str], base: Mapping[str, str] = os.environ) -> str:
    """Return shell lines that turn the environment ``base`` into ``environment``, for ``eval "$(...)"``."""
    removed = sorted(name for name in base if name not in environment)
    changed = {name: value for name, value in sorted(environment.items()) if base.get(name) != value}
    lines = [f"unset {name}" for name in removed]
    lines += [f"export {name}={shlex.quote(value)}" for name, value in changed.items()]
    return "\n".join(lines)
