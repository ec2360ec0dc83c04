"""Why Azure could not be reached, from the words of the libraries that could not.

The texts are those of Go (the provider), requests (the SDKs) and aiohttp (the stand-in for the provider), shortened.
"""

import pytest

from modelops import network

GO_PROXY = 'Put "https://management.azure.com/x": proxyconnect tcp: dial tcp 127.0.0.1:9: connect: connection refused'
REQUESTS_PROXY = (
    "HTTPSConnectionPool(host='acct.blob.core.windows.net', port=443): Max retries exceeded with url: /c (Caused by "
    "ProxyError('Unable to connect to proxy', NewConnectionError('[Errno 111] Connection refused')))"
)
AIOHTTP = 'GET "https://management.azure.com/x": Cannot connect to host 127.0.0.1:9 ssl:default [Connect call failed]'
GO_NAME = 'Get "https://management.azure.com/x": dial tcp: lookup management.azure.com: no such host'
REQUESTS_NAME = (
    "HTTPSConnectionPool(host='login.microsoftonline.com', port=443): Max retries exceeded (Caused by "
    "NameResolutionError(\"Failed to resolve 'login.microsoftonline.com' ([Errno -2] Name or service not known)\"))"
)
GO_CERTIFICATE = 'Get "https://management.azure.com/x": x509: certificate has expired or is not yet valid'
REQUESTS_CERTIFICATE = (
    "HTTPSConnectionPool(host='management.azure.com', port=443): Max retries exceeded (Caused by SSLError("
    "SSLCertVerificationError(1, '[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: it has expired')))"
)
DEAD = {"HTTPS_PROXY": "http://user:secret@127.0.0.1:9"}
CERTIFICATE = (
    "The certificate of management.azure.com is not valid here: check this machine's clock (`date`). Behind a "
    "company's proxy, set SSL_CERT_FILE and REQUESTS_CA_BUNDLE to the file with its certificate."
)


def through(host: str, variable: str = "HTTPS_PROXY", proxy: str = "http://127.0.0.1:9") -> str:
    way = f"Requests to {host} go through the proxy {proxy}, because of {variable}"
    return f"{way}: check that it runs, or unset {variable}."


@pytest.mark.parametrize(
    ("text", "environ", "said"),
    [
        (GO_PROXY, DEAD, through("management.azure.com")),
        (REQUESTS_PROXY, DEAD, through("acct.blob.core.windows.net")),
        (AIOHTTP, DEAD, through("management.azure.com")),
        (
            GO_NAME,
            {"https_proxy": "proxy.corp:3128"},
            through("management.azure.com", "https_proxy", "http://proxy.corp:3128"),
        ),
        (
            REQUESTS_PROXY,
            {"ALL_PROXY": "socks5://p:1"},
            through("acct.blob.core.windows.net", "ALL_PROXY", "socks5://p:1"),
        ),
        (
            GO_NAME,
            {**DEAD, "NO_PROXY": "localhost, .azure.com"},
            (
                "Requests to management.azure.com do not go through the proxy of HTTPS_PROXY (http://127.0.0.1:9), "
                "because NO_PROXY is 'localhost, .azure.com': take management.azure.com out of NO_PROXY, or check the "
                "network."
            ),
        ),
        (GO_PROXY, {**DEAD, "no_proxy": "localhost,azure.co"}, through("management.azure.com")),
        (
            REQUESTS_NAME,
            {},
            (
                "This machine cannot resolve the name login.microsoftonline.com: check DNS and the VPN. No proxy is "
                "set (HTTPS_PROXY)."
            ),
        ),
        (GO_CERTIFICATE, DEAD, CERTIFICATE),
        (REQUESTS_CERTIFICATE, {}, CERTIFICATE),
        (
            'Get "https://cloud.example/metadata/endpoints": lookup cloud.example: no such host',
            {"ARM_METADATA_HOSTNAME": "cloud.example"},
            (
                "ARM_METADATA_HOSTNAME names cloud.example as the host that describes the cloud: correct it, or unset "
                "it for Azure's public cloud."
            ),
        ),
        (AIOHTTP, {"HTTPS_PROXY": "http://[bad"}, through("management.azure.com", proxy="(not an address)")),
        ("connection reset by peer", {}, "Check the network and HTTPS_PROXY, then try again."),
    ],
)
def test_the_cause_is_named(text: str, environ: dict[str, str], said: str) -> None:
    assert network.is_about(text)
    assert network.advice(text, environ) == said


@pytest.mark.parametrize(
    "text", ['Status=403 Code="AuthorizationFailed" Message="no"', "endpoints.digits is not set", ""]
)
def test_what_a_server_answered_is_not_about_the_network(text: str) -> None:
    assert not network.is_about(text)
