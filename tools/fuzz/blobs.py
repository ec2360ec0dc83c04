"""Random requests to the blob endpoint of the estate's account: blobs, blocks, lists, ranges, conditions, a SAS."""

import base64
import random
from collections.abc import Callable
from dataclasses import replace

from tools.fuzz import values
from tools.fuzz.estate import Estate
from tools.fuzz.exchange import Request, encoded

_VERSION = ("x-ms-version", "2024-11-04")
_NAMES = ("a", "b", "dir/c", "dir/d e", "ü/ö", "x" * 200, "m/extra.txt")
_CONTAINERS = ("files", "files", "files", "other", "third")
_CONDITIONS = (
    ("If-None-Match", "*"),
    ("If-Match", "*"),
    ("If-Match", '"0x1"'),
    ("If-Modified-Since", "yesterday"),
    ("If-Unmodified-Since", "Mon, 01 Jan 2024 00:00:00 GMT"),
)
_RANGES = ("bytes=0-3", "bytes=2-", "bytes=-2", "bytes=9-1", "bytes=999-", "bytes=0-0,2-3", "items=1-2", "bytes=a-b",
           "", "bytes=" + "9" * 40 + "-", "bytes=0-" + "9" * 40)  # fmt: skip
_ODD_HEADERS = (
    ("x-ms-blob-type", "PageBlob"),
    ("x-ms-meta-a", "ü"),
    ("x-ms-meta-1a", "b"),
    ("x-ms-meta-", "b"),
    ("x-ms-blob-content-type", "a" * 2000),
    ("x-ms-blob-content-md5", "AAAA"),
    ("Content-MD5", "1B2M2Y8AsgTpgAmY7PhCfg=="),
    ("Content-MD5", "é"),
    ("x-ms-copy-source", "https://a/b"),
    ("x-ms-lease-id", "x"),
    ("x-ms-version", "2009-09-19"),
    ("x-ms-range", "bytes=1-2"),
    ("x-ms-range-get-content-md5", "true"),
    ("Expect", "100-continue"),
    ("Authorization", "SharedKey a:b"),
    ("Authorization", "SharedKey fuzz:AAAA"),
    ("Content-Length", "3"),
)
_LIST_PARTS = ("prefix=dir", "prefix=%ff", "delimiter=/", "delimiter=xx", "marker=x", "marker=!!", "maxresults=1",
               "maxresults=0", "maxresults=x", "maxresults=99999999999", "include=metadata", "include=x",
               "timeout=30")  # fmt: skip


class Blobs:
    """Makes requests about one account."""

    def __init__(self, chance: random.Random, estate: Estate) -> None:
        self._chance = chance
        self._estate = estate
        self._makers: tuple[Callable[[], Request], ...] = (
            self._put,
            self._put,
            self._get,
            self._get,
            self._block,
            self._blocks,
            self._metadata,
            self._delete,
            self._list,
            self._container,
            self._signed,
            self._put_unsound,
        )

    def request(self) -> Request:
        """Return the next request."""
        chance = self._chance
        made = chance.choice(self._makers)()
        how = chance.choice((*["valid"] * 6, "headers", "headers", "name", "condition", "query", "method", "bytes"))
        if how == "headers":
            made = replace(made, headers=(*made.headers, *chance.sample(_ODD_HEADERS, chance.randint(1, 2))))
        elif how == "name":
            odd = encoded(chance.choice(values.ODD_TEXTS))
            made = replace(
                made, target=f"/{chance.choice(('files', odd, ''))}/{odd}{'?' + made.target.partition('?')[2]}"
            )
        elif how == "condition":
            made = replace(made, headers=(*made.headers, chance.choice(_CONDITIONS)))
        elif how == "query":
            extra = chance.choice(
                ("comp=acl", "restype=account", "comp=", "comp=list", "a=b", "snapshot=x", "sig=x&sp=r")
            )
            made = replace(made, target=f"{made.target}{'&' if '?' in made.target else '?'}{extra}")
        elif how == "method":
            made = replace(made, method=chance.choice(("POST", "PATCH", "OPTIONS", "HEAD", "DELETE", "COPY", "put")))
        elif how == "bytes":
            made = replace(made, chunked=True, body=chance.randbytes(chance.randrange(3000)))
        return replace(made, kind=how)

    def _made(self, about: str, method: str, target: str, *headers: tuple[str, str], body: bytes = b"") -> Request:
        return Request(method, self._estate.blob_host, target, (_VERSION, *headers), body, about=f"blob: {about}")

    def _path(self) -> str:
        return f"/{self._chance.choice(_CONTAINERS)}/{encoded(self._chance.choice(_NAMES), '/')}"

    def _put(self) -> Request:
        body = self._chance.randbytes(self._chance.choice((0, 1, 10, 5000)))
        return self._made("put", "PUT", self._path(), ("x-ms-blob-type", "BlockBlob"), ("x-ms-meta-a", "b"), body=body)

    def _put_unsound(self) -> Request:
        return self._made("put without a type", "PUT", self._path(), body=b"abc")

    def _get(self) -> Request:
        ranged = (("x-ms-range", self._chance.choice(_RANGES)),) if self._chance.randrange(2) else ()
        return self._made("get", self._chance.choice(("GET", "HEAD")), self._path(), *ranged)

    def _block_id(self) -> str:
        return base64.b64encode(f"block-{self._chance.randrange(4)}".encode()).decode()

    def _block(self) -> Request:
        name = self._chance.choice((self._block_id(), self._block_id(), "", "!", "AAAA" * 40))
        target = f"{self._path()}?comp=block&blockid={encoded(name)}"
        return self._made("put block", "PUT", target, body=self._chance.randbytes(20))

    def _blocks(self) -> Request:
        names = "".join(f"<Latest>{self._block_id()}</Latest>" for _ in range(self._chance.randrange(4)))
        body = self._chance.choice(
            (
                f"<?xml version='1.0' encoding='utf-8'?><BlockList>{names}</BlockList>",
                f"<BlockList>{names}</BlockList>",
                f"<BlockList>{names}",
                f"<Other>{names}</Other>",
                f"<BlockList><Committed>x</Committed>{names}</BlockList>",
                "<!DOCTYPE a [<!ENTITY b 'c'>]><BlockList/>",
                "<BlockList><Latest>ü</Latest><Latest/></BlockList>",
                "<?xml version='1.0' encoding='utf-99'?><BlockList/>",
                "<?xml version='1.0' encoding='utf-16'?><BlockList/>",
                "<a>" * 3000,
                "",
            )
        )
        return self._made("put block list", "PUT", f"{self._path()}?comp=blocklist", body=body.encode())

    def _metadata(self) -> Request:
        return self._made(
            "metadata", self._chance.choice(("PUT", "GET")), f"{self._path()}?comp=metadata", ("x-ms-meta-k", "v")
        )

    def _delete(self) -> Request:
        return self._made("delete", "DELETE", self._path())

    def _list(self) -> Request:
        parts = self._chance.sample(_LIST_PARTS, self._chance.randrange(3))
        query = "&".join(["restype=container", "comp=list", *parts])
        return self._made("list", "GET", f"/{self._chance.choice(_CONTAINERS)}?{query}")

    def _container(self) -> Request:
        name = self._chance.choice(("other", "third", "A", "-a", "x" * 64))
        method = self._chance.choice(("PUT", "GET", "DELETE", "HEAD"))
        return self._made("container", method, f"/{name}?restype=container")

    def _signed(self) -> Request:
        parts = {"sv": "2024-11-04", "sr": "b", "sp": "rw", "se": "2099-01-01T00:00:00Z", "sig": "AAAA", "spr": "https"}
        for name in self._chance.sample(list(parts), 2):
            parts[name] = self._chance.choice(("", "x", "2099-13-01", "é", "AAA", "%"))
        query = "&".join(f"{name}={encoded(value)}" for name, value in parts.items())
        made = self._made("SAS", self._chance.choice(("GET", "PUT")), f"{self._path()}?{query}")
        return replace(made, principal="")
