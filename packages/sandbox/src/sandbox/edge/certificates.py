"""The sandbox's certificate authority, in its folder, and a TLS context for each host that it impersonates."""

import ssl

import trustme

from sandbox.edge.hosts import COMMON_NAMES, certificate_name
from sandbox.home import Home, write_private


class Certificates:
    """Issues certificates that only clients started with ``python -m sandbox run`` (or ``env``) trust."""

    def __init__(self, authority: trustme.CA) -> None:
        self._authority = authority
        common = self._issue(*COMMON_NAMES)
        self._contexts: dict[str, ssl.SSLContext] = dict.fromkeys(COMMON_NAMES, common)

    @classmethod
    def of(cls, home: Home) -> "Certificates":
        """Return the certificates of a sandbox; the first start creates the authority."""
        key = home.tls / "ca.key"
        if not (key.exists() and home.authority.exists()):
            made = trustme.CA(organization_name="azureml-batch-endpoint sandbox")
            # The key first: if only the key exists, the next start creates both again.
            write_private(key, made.private_key_pem.bytes().decode())
            write_private(home.authority, made.cert_pem.bytes().decode())
        return cls(trustme.CA.from_pem(home.authority.read_bytes(), key.read_bytes()))

    def context(self, host: str) -> ssl.SSLContext:
        """Return the server-side context for ``host``, issuing a certificate if no existing one covers it."""
        name = certificate_name(host.lower())
        if name not in self._contexts:
            self._contexts[name] = self._issue(name)
        return self._contexts[name]

    def _issue(self, *names: str) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        # Go clients offer HTTP/2 first; the sandbox speaks 1.1.
        context.set_alpn_protocols(["http/1.1"])
        self._authority.issue_cert(*names).configure_cert(context)
        return context
