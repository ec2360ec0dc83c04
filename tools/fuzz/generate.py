"""Random requests to the sandbox's routes: mostly valid ones, of which a part is changed."""

import json
import random
import re
from collections import deque
from dataclasses import replace
from typing import Any
from urllib.parse import unquote, urlsplit

from sandbox.azure.arm.routes import ARM_HOST
from tools.fuzz import values
from tools.fuzz.estate import Estate, version_for
from tools.fuzz.exchange import Answer, Request, encoded, with_query
from tools.fuzz.routes import Route, routes

_PLACEHOLDER = re.compile(r"\{(\w+)(:path)?\}")
_WITH_BODY = ("PUT", "PATCH", "POST")
_METHODS = ("GET", "PUT", "POST", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE", "MERGE", "get", "X" * 20)
_RARE = {"POST {endpoint}.{region}.inference.ml.azure.com/jobs": 0.05}
"""The part of the chosen requests that is sent where each starts processes."""
_KEEP_AT_FIRST = ("group", "workspace", "account", "container")
"""These are the estate's, except at the end of an address: below others, there would be little."""
_STABLE = ("subscription", "location", "region", *_KEEP_AT_FIRST)
_PRINCIPALS = ("deployer", "administrator", "second", "reader", "caller", "nobody", "")
_ODD_HEADERS = (
    ("If-Match", "*"),
    ("If-None-Match", "*"),
    ("If-Match", '"x"'),
    ("Content-Type", "text/xml"),
    ("Content-Type", "application/json; charset=latin-99"),
    ("Content-Type", "multipart/form-data"),
    ("Content-Encoding", "gzip"),
    ("Accept", "application/xml"),
    ("Accept-Encoding", "br;q=x"),
    ("Authorization", "Bearer x"),
    ("Authorization", "Bearer a.b.c"),
    ("Authorization", "Basic eDp5"),
    ("Authorization", "Bearer eyJhbGciOiJub25lIn0.eyJvaWQiOiJ4In0."),
    ("Authorization", ""),
    ("x-ms-client-request-id", "ü" * 50),
    ("x-ms-correlation-request-id", "a" * 5000),
    ("x-ms-version", "1999-01-01"),
    ("Range", "bytes=5-2"),
    ("Prefer", "respond-async"),
    ("Cookie", "a=b; " * 100),
    ("Azureml-Model-Deployment", "one"),
    ("azureml-model-deployment", "nonsense"),
    ("x-http-method-override", "DELETE"),
    ("Content-MD5", "x"),
)
_KEPT = 200
_OTHER = 0.3
"""The part of the names that are not of the estate, so that things come and go."""
_BUILT_FROM_ESTATE = 0.5
_EXAMPLES: dict[str, Any] = {
    "/import": {"properties": {"sourceAssetId": "", "destinationName": "m", "destinationVersion": "1"}},
    "/tempdatarefs": {"assetId": "", "temporaryDataReferenceType": "x"},
    "/datarefs": {"assetId": "", "blobUri": ""},
    "/runs/": {"runId": "", "tags": {"a": "b"}},
    "/rundata": {"runId": "", "selectRunMetadata": True},
    "/batchGetResolvedUris": {"values": [""]},
    "/checkNameAvailability": {"name": "fuzzstore1", "type": "Microsoft.Storage/storageAccounts"},
    "/jobs": {
        "properties": {"inputData": {"x": {"jobInputType": "UriFolder", "uri": "https://a/b"}}, "outputData": {}}
    },
}
"""Bodies of routes that no schema file describes, by a part of the template."""


class Generator:
    """Makes requests about one estate; it learns operations and jobs from the answers."""

    def __init__(self, chance: random.Random, estate: Estate) -> None:
        self._chance = chance
        self._estate = estate
        self._seen: deque[str] = deque(maxlen=_KEPT)
        self._names: deque[str] = deque(["x"], maxlen=_KEPT)
        principal = estate.facts.accounts["deployer"].principal.object_id
        self._examples = {
            each.target.partition("?")[0].lower(): json.loads(each.body)
            for each in (*estate.steps(), *estate.steps(principal))
            if each.host == ARM_HOST
        }
        self._examples["/jobs"] = json.loads(estate.job().body)

    def learn(self, answer: Answer) -> None:
        """Remember addresses and names in an answer, for later requests."""
        for name in ("location", "azure-asyncoperation"):
            if name in answer.headers:
                self._seen.append(answer.headers[name])
        if answer.status == 201 and b'"/subscriptions/' in answer.body:  # noqa: PLR2004 - created
            self._names.extend(re.findall(r'"name": "([^"]+)"', answer.body[:2000].decode(errors="replace")))

    def request(self) -> Request:
        """Return the next request."""
        chance = self._chance
        if self._seen and chance.random() < 0.04:  # noqa: PLR2004
            parts = urlsplit(chance.choice(self._seen))
            return Request("GET", parts.hostname or ARM_HOST, f"{parts.path}?{parts.query}", about="a followed address")
        route = chance.choice(routes())
        while chance.random() > _RARE.get(str(route), 1):
            route = chance.choice(routes())
        made = self._valid(route)
        how = chance.choice(_CHANGES)
        if how != "valid":
            made = replace(getattr(self, f"_with_{how}")(made, route), kind=how)
        return replace(made, method="GET") if self._removes_the_estate(made) else made

    def _removes_the_estate(self, made: Request) -> bool:
        """Say whether a request deletes most of what the other requests are about."""
        path = unquote(made.target.partition("?")[0]).lower().replace("//", "/").rstrip("/")
        files = f"{self._estate.storage}/blobServices/default/containers/files"
        kept = (self._estate.group, self._estate.storage, self._estate.workspace, files)
        return made.method.upper() == "DELETE" and any(path.endswith(each.lower()) for each in kept)

    def _valid(self, route: Route) -> Request:
        names = self._target_names(route)
        host = _filled(route.host, names, encode=False)
        path = _filled(route.template, names, encode=True)
        query = [("api-version", version_for(path))] if host == ARM_HOST else []
        query += [
            (name, encoded(values.text(self._chance, self._estate.ids))) for name in route.query if self._is_likely()
        ]
        if route.method not in _WITH_BODY:
            return Request(route.method, host, with_query(path, query), about=str(route))
        body = json.dumps(self._body(route, path)).encode()
        headers = (("Content-Type", "application/json"),)
        return Request(route.method, host, with_query(path, query), headers, body, about=str(route))

    def _target_names(self, route: Route) -> dict[str, str]:
        """Return a value for each placeholder."""
        chance, found = self._chance, dict(self._estate.names)
        used = [match[1] for match in _PLACEHOLDER.finditer(route.host + route.template)]
        last = used[-1] if used else ""
        for name in used:
            if name in ("scope", "resource"):
                found[name] = chance.choice(self._estate.ids).lstrip("/")
            elif name in ("job", "run", "operation", "guid"):
                found[name] = chance.choice((*list(self._names)[-5:], "00000000-0000-0000-0000-000000000000"))
            elif name == "namespace":
                found[name] = chance.choice(("Microsoft.Storage", "Microsoft.MachineLearningServices", "x"))
            elif name not in found or (name not in _STABLE and chance.random() < _OTHER):
                found[name] = chance.choice((f"{name}2", f"{name}3", "2", "c", "e"))
        if "/providers/Microsoft.MachineLearningServices/registries" in route.template:
            found["group"] = f"registry-{self._estate.names['registry']}"
        if last in _KEEP_AT_FIRST and (route.method == "DELETE" or chance.random() < _OTHER):
            found[last] = f"{found[last]}b"
        return found

    def _body(self, route: Route, path: str) -> Any:
        chance, ids = self._chance, self._estate.ids
        example = self._examples.get(path.lower())
        if example is None:
            similar = [body for key, body in self._examples.items() if key.rsplit("/", 2)[-2] in path.lower()]
            similar += [body for part, body in _EXAMPLES.items() if part in route.template]
            example = chance.choice(similar) if similar else None
        if example is not None and (route.schema is None or chance.random() < _BUILT_FROM_ESTATE):
            return example
        if route.schema is None:
            return {"location": self._estate.facts.location}
        return values.from_schema(chance, route.schema, ids)

    def _is_likely(self) -> bool:
        return self._chance.random() < 0.4  # noqa: PLR2004

    # Changes, by their names in _CHANGES ----------------------------------------------------------------------------

    def _with_body(self, made: Request, _: Route) -> Request:
        if not made.body:
            return replace(made, body=json.dumps(values.anything(self._chance, self._estate.ids)).encode())
        value = values.changed(self._chance, json.loads(made.body), self._estate.ids)
        return replace(made, body=json.dumps(value).encode())

    def _with_bytes(self, made: Request, _: Route) -> Request:
        return replace(made, body=values.spoiled(self._chance, made.body or b"{}"), chunked=self._is_likely())

    def _with_method(self, made: Request, _: Route) -> Request:
        return replace(made, method=self._chance.choice(_METHODS))

    def _with_headers(self, made: Request, _: Route) -> Request:
        odd = self._chance.sample(_ODD_HEADERS, self._chance.randint(1, 3))
        kept = "" if any(name == "Authorization" for name, _ in odd) else made.principal
        return replace(made, headers=(*made.headers, *odd, *odd[: self._chance.randrange(2)]), principal=kept)

    def _with_principal(self, made: Request, _: Route) -> Request:
        return replace(made, principal=self._chance.choice(_PRINCIPALS))

    def _with_name(self, made: Request, route: Route) -> Request:
        """Give one placeholder of the path an odd value."""
        names = [match[1] for match in _PLACEHOLDER.finditer(route.template)]
        if not names:
            return made
        found = self._target_names(route) | {self._chance.choice(names): self._chance.choice(values.ODD_TEXTS)}
        path = _filled(route.template, found, encode=True)
        return replace(made, target=with_query(path, _pairs(made.target)))

    def _with_path(self, made: Request, _: Route) -> Request:
        path, chance = made.target.partition("?")[0], self._chance
        segments = path.split("/")
        at = chance.randrange(len(segments))
        broken = chance.choice(
            (
                path + "/",
                path.replace("/", "//", 1),
                path.upper(),
                path.lower(),
                "/".join(segments[:at]) or "/",
                "/".join([*segments[:at], *segments[at:], *segments[at:]]),
                path + chance.choice(("%", "%zz", "%00", "%ff", "%ed%a0%80", "%2F", "%2e%2e", ";a=b", "#x", "%0d%0a")),
                "".join(f"%{ord(each):02x}" for each in path[:200] if ord(each) < 128) or "/",  # noqa: PLR2004
                path[:8000] + "/a" * chance.choice((10, 1000)),
                f"https://{made.host}{path}",
            )
        )
        return replace(made, target=with_query(broken, _pairs(made.target)))

    def _with_query(self, made: Request, route: Route) -> Request:
        chance, pairs = self._chance, _pairs(made.target)
        odd = encoded(values.text(chance, self._estate.ids))
        known = (*route.query, "api-version", "$filter", "$top", "$skiptoken", "$expand", "code", "sig")
        pairs = chance.choice(
            (
                [],
                [*pairs, *pairs],
                [*pairs, (chance.choice(known), odd)],
                [("api-version", chance.choice(("", "x", "2099-01-01", "2024-01-01-preview", odd)))],
                [*pairs, ("a" * 3000, odd)],
                [*pairs, ("%ff", "%zz")],
                [*pairs, (chance.choice(known).upper(), odd)],
                [*pairs, ("", "")],
            )
        )
        return replace(made, target=with_query(made.target.partition("?")[0], pairs))


_CHANGES = (*["valid"] * 6, *["body"] * 6, "bytes", "bytes", "method", "headers", "headers", "principal", "name",
            "name", "path", "query", "query")  # fmt: skip


def _filled(template: str, names: dict[str, str], *, encode: bool) -> str:
    def value(match: re.Match[str]) -> str:
        found = names[match[1]]
        return encoded(found, "/" if match[2] else "") if encode else found

    return _PLACEHOLDER.sub(value, template)


def _pairs(target: str) -> list[tuple[str, str]]:
    query = target.partition("?")[2]
    return [(each.partition("=")[0], each.partition("=")[2]) for each in query.split("&")] if query else []
