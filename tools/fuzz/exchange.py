"""A request as it is sent, byte for byte, and its answer; a request can be written to a file and sent again."""

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Self
from urllib.parse import quote

CONTROL = "127.0.0.1"
"""Stands for the control API, which has no host name."""


@dataclass(frozen=True, slots=True)
class Request:
    """A request.

    Attributes:
        target: the address in the request line, percent-encoded or not.
        headers: in their order; names may be repeated. Host and the body's framing are added when it is sent.
        chunked: send the body in chunks and without a length.
        principal: whose token it has; "" for none, or one that `headers` has.
        kind: what was done to a valid request; `about` is the route or operation that it was made from.
    """

    method: str
    host: str
    target: str
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    chunked: bool = False
    principal: str = "deployer"
    kind: str = "valid"
    about: str = ""

    def without_header(self, index: int) -> Self:
        """Return it without one of its headers."""
        return replace(self, headers=self.headers[:index] + self.headers[index + 1 :])

    def raw(self, token: str, port: int) -> bytes:
        """Return the bytes to send; `port` is that of the control API, which answers under its own address only."""
        host = f"{CONTROL}:{port}" if self.host == CONTROL else self.host
        lines = [f"{self.method} {self.target} HTTP/1.1", f"Host: {host}"]
        lines += [f"{name}: {value}" for name, value in self.headers]
        if token:
            lines.append(f"Authorization: Bearer {token}")
        body = self.body
        if self.chunked:
            lines.append("Transfer-Encoding: chunked")
            pieces = [body[at : at + 1000] for at in range(0, len(body), 1000)]
            body = b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"
        elif body or self.method in {"PUT", "POST", "PATCH"}:
            lines.append(f"Content-Length: {len(body)}")
        return "\r\n".join(lines).encode("utf-8", "surrogateescape") + b"\r\n\r\n" + body

    def write(self, file: Path, answer: "Answer", origin: Mapping[str, Any]) -> None:
        """Write it to a JSON file, with what was answered and the ids and the number of the estate that it is about."""
        try:
            body: dict[str, Any] = {"text": self.body.decode()}
        except UnicodeDecodeError:
            body = {"base64": base64.b64encode(self.body).decode()}
        content = {
            "method": self.method,
            "host": self.host,
            "path": self.target,
            "headers": [list(each) for each in self.headers],
            "body": body,
            "chunked": self.chunked,
            "principal": self.principal,
            "kind": self.kind,
            "about": self.about,
            "origin": dict(origin),
            "answer": {"status": answer.status, "body": answer.body[:4000].decode(errors="replace")},
        }
        file.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")

    @classmethod
    def from_text(cls, text: str) -> Self:
        """Read the content of a file that ``write`` wrote."""
        found = json.loads(text)
        body = found["body"]
        content = base64.b64decode(body["base64"]) if "base64" in body else body["text"].encode()
        headers = tuple((name, value) for name, value in found["headers"])
        return cls(
            *(found["method"], found["host"], found["path"], headers, content),
            chunked=found["chunked"],
            principal=found["principal"],
            kind=found["kind"],
            about=found["about"],
        )


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer; ``status`` 0: none came, and ``lost`` says why. Names of headers are in lower case."""

    status: int
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    lost: str = ""


def encoded(text: str, safe: str = "") -> str:
    """Return a text percent-encoded; half a surrogate pair becomes the bytes that UTF-8 does not have."""
    return quote(text, safe=safe, errors="surrogatepass")


def with_query(path: str, pairs: Sequence[tuple[str, str]]) -> str:
    """Return a target of a path and query pairs, which are encoded already."""
    query = "&".join(f"{name}={value}" for name, value in pairs)
    return f"{path}?{query}" if query else path
