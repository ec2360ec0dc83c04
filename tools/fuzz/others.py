"""Random requests to the sign-in host and to the control API."""

import json
import random
from dataclasses import replace
from urllib.parse import urlencode

from sandbox.home import Facts
from tools.fuzz import values
from tools.fuzz.exchange import CONTROL, Request, encoded

_LOGIN = "login.microsoftonline.com"
_FORM = (("Content-Type", "application/x-www-form-urlencoded"),)
_BODIES = {
    "/faults": {"action": "delay", "match": {"method": "GET", "path": "never"}, "times": 1, "seconds": 0, "skip": 0},
    "/switches": {"callerAddress": "203.0.113.7", "rolePropagationPolls": 0, "packageIndex": False},
    "/stock": {"what": "model", "name": "stocked:1", "path": "/nowhere", "workspace": ""},
    "/rehearsal": {
        "deployments": [{"name": "x", "code": None, "environment": {"conda": "dependencies: []"}}],
        "inputs": [],
    },
}
_READS = ("/health", "/work?after=100", "/resources", "/faults", "/switches", "/token?principal=deployer",
          "/wait?count=0&timeout=0.01", "/wait?path=x&count=2&timeout=0.01", "/nothing", "/")  # fmt: skip
_ODD_QUERIES = ("after=x", "after=-1", "principal=nobody&seconds=-5", "principal=%ff", "seconds=x", "seconds=1e999",
                "count=x&timeout=0.01", "path=(&timeout=0.01", "method=[&timeout=0.01", "finished=x&timeout=0&count=1",
                "audience=%00", "timeout=-1&count=9", "seconds=" + "9" * 30, "token=x")  # fmt: skip


def sign_in(chance: random.Random, facts: Facts) -> Request:
    """Return a request to the token endpoint or the OpenID configuration, right or nearly so."""
    account = facts.accounts[chance.choice(("deployer", "reader"))]
    form = {
        "grant_type": "client_credentials",
        "client_id": account.principal.client_id,
        "client_secret": account.secret,
        "scope": "https://management.azure.com/.default",
    }
    path = f"/{facts.tenant_id}/oauth2/v2.0/token"
    made = Request("POST", _LOGIN, path, _FORM, urlencode(form).encode(), principal="", about="sign in")
    how = chance.choice(("valid", "body", "body", "body", "bytes", "path", "method", "headers"))
    if how == "body":
        name = chance.choice([*form, "client_assertion", "client_assertion_type"])
        changed = form | {name: values.text(chance, ("https://ml.azure.com/.default", "a.b.c", "scope"))}
        if chance.randrange(3) == 0:
            changed.pop(name)
        made = replace(made, body=urlencode(changed, errors="surrogatepass").encode())
    elif how == "bytes":
        made = replace(made, body=values.spoiled(chance, made.body), chunked=bool(chance.randrange(2)))
    elif how == "path":
        odd = encoded(chance.choice(values.ODD_TEXTS))
        paths = (
            f"/{odd}/oauth2/v2.0/token",
            "/common/discovery/instance",
            f"/{odd}/v2.0/.well-known/openid-configuration",
        )
        made = replace(made, target=chance.choice(paths), method=chance.choice(("GET", "POST")))
    elif how == "method":
        made = replace(made, method=chance.choice(("GET", "PUT", "OPTIONS")))
    elif how == "headers":
        types = (
            "application/json",
            "multipart/form-data",
            "multipart/form-data; boundary=x",
            "x",
            "text/plain; charset=x",
        )
        made = replace(made, headers=(("Content-Type", chance.choice(types)), ("client-request-id", "ü")))
    return replace(made, kind=how)


def control(chance: random.Random) -> Request:
    """Return a request to the control API; it never stops the server, and its faults meet nothing."""
    how = chance.choice(("valid", "valid", "body", "body", "body", "bytes", "query", "query", "method", "principal"))
    if how in ("body", "bytes", "valid"):
        path = chance.choice(list(_BODIES))
        body = json.dumps(_BODIES[path]).encode()
        if how == "body":
            body = json.dumps(values.changed(chance, _BODIES[path], ("x",))).encode()
        elif how == "bytes":
            body = values.spoiled(chance, body)
        headers = (("Content-Type", "application/json"),)
        made = Request("POST", CONTROL, path, headers, body, principal="control", about=f"control: POST {path}")
        if how == "valid" and chance.randrange(2):
            path = chance.choice(_READS)
            made = replace(made, method="GET", target=path, headers=(), body=b"", about=f"control: GET {path}")
        return replace(made, kind=how)
    path = chance.choice(_READS).partition("?")[0]
    made = Request("GET", CONTROL, path, principal="control", kind=how, about=f"control: GET {path}")
    if how == "query":
        return replace(made, target=f"{path}?{chance.choice(_ODD_QUERIES)}")
    if how == "method":
        return replace(made, method=chance.choice(("POST", "PUT", "PATCH", "OPTIONS", "HEAD", "x")))
    return replace(
        made, principal="", headers=(("Authorization", chance.choice(("", "Bearer ü", "Basic x", "Bearer "))),)
    )
