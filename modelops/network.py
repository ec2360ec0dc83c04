"""Says why Azure could not be reached: a dead proxy by its variable, a name that does not resolve, a certificate."""

import os
import re
from collections.abc import Mapping
from typing import Final
from urllib.parse import urlsplit

_HOST: Final = "management.azure.com"
_PROXIES: Final = ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy")
"""Variables that name a proxy for https, as Python's and Go's clients read them; Go ignores the last two."""
_EXCEPTIONS: Final = ("NO_PROXY", "no_proxy")
_METADATA: Final = "ARM_METADATA_HOSTNAME"

_NAMED: Final = re.compile(
    r"host='([^']+)'|host ([\w.-]+\.[a-z]+):\d|https?://([\w.-]+)|lookup ([\w.-]+)|'([\w.-]+)', p"
)
_PROXY: Final = re.compile(
    r"proxyconnect|ProxyError|ProxyConnection|to connect to proxy|through the proxy ", re.IGNORECASE
)
_NO_NAME: Final = re.compile(
    r"no such host|name or service not known|name resolution|NameResolutionError|nodename nor servname"
    r"|getaddrinfo failed|failed to resolve|No address associated with hostname",
    re.IGNORECASE,
)
_CERTIFICATE: Final = re.compile(
    r"certificate.verify.failed|x509: |certificate has expired|self.signed certificate", re.IGNORECASE
)
_LOST: Final = re.compile(
    r"connection (?:refused|reset|aborted)|connect call failed|cannot connect to host"
    r"|failed to establish a new connection|max retries exceeded|network is unreachable|no route to host|i/o timeout"
    r"|TLS handshake timeout|(?:connect|read) timed? ?out|could not be sent: ",
    re.IGNORECASE,
)


def is_about(text: str) -> bool:
    """Whether an error says that a server was not reached, and not what it answered."""
    return any(each.search(text) for each in (_PROXY, _NO_NAME, _CERTIFICATE, _LOST))


def advice(text: str, environ: Mapping[str, str] = os.environ) -> str:
    """Return what to do about an error of the network, in one or two sentences.

    Args:
        text: the error, in the words of any of the libraries.
        environ: the environment variables that its process had.
    """
    host = _host(text)
    if _METADATA in environ and environ[_METADATA] in text:
        return (
            f"{_METADATA} names {environ[_METADATA]} as the host that describes the cloud: correct it, or unset it for "
            "Azure's public cloud."
        )
    if _CERTIFICATE.search(text):
        return (
            f"The certificate of {host} is not valid here: check this machine's clock (`date`). Behind a "
            "company's proxy, set SSL_CERT_FILE and REQUESTS_CA_BUNDLE to the file with its certificate."
        )
    proxy = next((name for name in _PROXIES if environ.get(name)), None)
    if proxy is None:
        if _NO_NAME.search(text):
            return f"This machine cannot resolve the name {host}: check DNS and the VPN. No proxy is set (HTTPS_PROXY)."
        return "Check the network and HTTPS_PROXY, then try again."
    shown = _shown(environ[proxy])
    exception = next((name for name in _EXCEPTIONS if environ.get(name)), None)
    if exception and _excepts(environ[exception], host):
        return (
            f"Requests to {host} do not go through the proxy of {proxy} ({shown}), because {exception} is "
            f"{environ[exception]!r}: take {host} out of {exception}, or check the network."
        )
    return f"Requests to {host} go through the proxy {shown}, because of {proxy}: check that it runs, or unset {proxy}."


def _host(text: str) -> str:
    found = [next(filter(None, each)) for each in _NAMED.findall(text)]
    return next((each for each in found if "." in each and not each.replace(".", "").isdigit()), _HOST)


def _excepts(hosts: str, host: str) -> bool:
    """Whether a list of NO_PROXY has a host, or a domain that it is in."""
    each = [entry.strip().lstrip("*").strip(".").lower() for entry in hosts.split(",") if entry.strip()]
    return any(entry in ("", host) or host.endswith(f".{entry}") for entry in each)


def _shown(proxy: str) -> str:
    """The proxy's address without its user and password."""
    try:
        place = urlsplit(proxy if "://" in proxy else f"http://{proxy}")
        port = f":{place.port}" if place.port else ""
    except ValueError:
        return "(not an address)"
    return f"{place.scheme}://{place.hostname or ''}{port}"
