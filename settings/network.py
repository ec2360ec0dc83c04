"""Access to storage, vault and registry: `network` and `allowedIps`."""

import ipaddress

from components.workspace_parts.network import NetworkArgs
from settings.problems import editing, removing, setting
from settings.section import Section

_LONGEST_RANGE = 30
"""Storage firewalls do not accept ranges of one or two addresses; list the addresses instead:
https://learn.microsoft.com/azure/storage/common/storage-network-security-limitations"""

_PRIVATE = tuple(ipaddress.IPv4Network(each) for each in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"))
MOST = 200
"""Most rules of a registry, which allows the fewest:
https://learn.microsoft.com/azure/container-registry/container-registry-skus"""

_ALLOWED = (
    "public IPv4 addresses (203.0.113.7), or ranges of at least four addresses that start at their first one "
    "(203.0.113.0/24)"
)


def read_network(top: Section) -> NetworkArgs:
    """Read the network mode and the allowed addresses.

    An isolated network is refused: without private endpoints, nothing could reach the workspace, including `pulumi up`.
    """
    mode = top.choice("network", "open", ("open", "restricted", "isolated"))
    if mode == "isolated":
        top.problems.add(
            ("network",),
            top.shown("network"),
            "This version of the program does not create the private endpoints that you need to reach an "
            "isolated workspace. Allowed: open or restricted.",
            setting(("network",), "restricted"),
        )
    allowed = _read_addresses(top)
    if mode == "open" and allowed:
        top.problems.add(
            ("allowedIps",),
            top.shown("allowedIps"),
            "An open network lets every address in, so the list would have no effect. Allowed with network: "
            "restricted.",
            editing(("allowedIps",), "set network: restricted beside it, or remove allowedIps"),
        )
    if mode == "restricted" and not top.values.get("allowedIps"):
        top.problems.add(
            ("allowedIps",),
            "is not set",
            "With network: restricted it must include the address that `pulumi up` runs from, because models are "
            f"uploaded from there. Allowed: {_ALLOWED}.",
            setting(("allowedIps", "[0]"), "ADDRESS"),
        )
    return {"restricted": mode == "restricted", "allowed_ips": allowed}


def _read_addresses(top: Section) -> tuple[str, ...]:
    value = top.values.get("allowedIps", [])
    if not isinstance(value, list):
        top.wrong("allowedIps", f"an array of {_ALLOWED}", "[]")
        return ()
    found = []
    entries = top.entries("allowedIps", value)
    for key, each in entries.values.items():
        address = _address(each)
        if address is None:
            entries.wrong(key, _ALLOWED, "ADDRESS")
        else:
            found.append(address)
    if len(value) > MOST:
        top.problems.add(
            ("allowedIps",),
            f"has {len(value)} entries",
            f"Allowed: at most {MOST}, the limit of a container registry.",
            removing(("allowedIps", f"[{MOST}]")),
        )
    return tuple(dict.fromkeys(found))


def _address(value: object) -> str | None:
    """Return an address or range in its shortest form, or None if the services would refuse it."""
    if not isinstance(value, str):
        return None
    try:
        network = ipaddress.IPv4Network(value)
    except ValueError:
        return None
    if any(network.subnet_of(each) for each in _PRIVATE) or network.prefixlen == 0:
        return None
    if network.prefixlen == network.max_prefixlen:
        return str(network.network_address)
    return str(network) if network.prefixlen <= _LONGEST_RANGE else None
