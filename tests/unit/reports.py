"""A page as a reader of HTML finds it, and the releases that tests make pages of."""

from dataclasses import dataclass, field, replace
from html.parser import HTMLParser
from typing import Final

from modelops.release.history import Entry

_EMPTY: Final = {"meta", "img", "br", "link", "input"}
"""Elements that are never closed."""

EARLIER: Final = {"mlp-1": "cd" * 32, "cnn-1": "ef" * 32}
"""SHA-256 of the models of the revisions before these releases."""
RELEASED: Final = Entry(
    endpoint="digits9",
    outcome="released",
    at="2026-11-30T08:44:47Z",
    who="ada@example.com",
    default="mlp-2",
    previous_default="mlp-1",
    set_at="2026-11-30T08:44:40Z",
    commit="0123456789" * 4,
    clean=False,
    run_url="https://dev.azure.com/org/p/_build/results?buildId=18",
    seconds=100.0,
    steps={"read what is live": 0.4, "create revisions": 24.6, "try out": 70.0, "switch the default": 5.0},
    done=("created mlp-2", "tried mlp-2 (20 rows, 41 s)", "default mlp-1 -> mlp-2"),
    tried=({"revision": "mlp-2", "job": "j-1", "rows": 20, "seconds": 41.0, "differences": ["compared with mlp-1:"]},),
    revisions={"mlp": "mlp-2", "cnn": "cnn-1"},
    digests={"mlp": "ab" * 32, "cnn": "ef" * 32},
    before={"mlp": "mlp-1", "cnn": "cnn-1"},
    released={"mlp": "mlp-1", "cnn": "cnn-1"},
)
FAILED: Final = Entry(
    endpoint="digits9",
    outcome="failed",
    at="2026-11-30T07:00:00Z",
    default="mlp-1",
    previous_default="mlp-1",
    seconds=3.0,
    steps={"read what is live": 0.5, "create revisions": 2.5},
    failed_at="create revisions",
    error="creating deployment mlp-2 failed: no nodes",
)
ROLLED_BACK: Final = Entry(
    endpoint="digits9",
    outcome="rolled back",
    at="2026-11-30T09:00:00Z",
    default="mlp-1",
    previous_default="mlp-2",
    done=("default mlp-2 -> mlp-1",),
)


def hostile(text: str) -> Entry:
    """Return an entry that has a text wherever an entry can have one of somebody else's."""
    found = ({"revision": text, "job": text, "rows": 1, "seconds": 1.0, "differences": [text]},)
    columns = [{"name": text, "numbers": 1, "largest": 1.0, "median": 1.0}]
    figures = {"rows": 1, "changed": 1, "added": 1, "missing": 1, "key": text, "columns": columns}
    return replace(
        FAILED,
        endpoint=text,
        who=text,
        default=text,
        previous_default=f"{text}2",
        commit=text,
        run_url=f"https://{text}",
        failed_at=text,
        error=text,
        details=(text, f"  {text}"),
        steps={text: 1.0},
        done=(text,),
        tried=found,
        compared=({"revision": text, "with": text, **figures},),
        timeline=({"step": text, "subject": text, "began": 0.0, "seconds": 1.0},),
        revisions={text: text},
        digests={text: text},
        before={text: f"{text}1"},
        released={text: f"{text}0"},
        why={text: [text]},
        warnings=(text,),
    )


@dataclass(slots=True)
class Found:
    """An element: its name, attributes, and all text within it."""

    name: str
    attributes: dict[str, str]
    texts: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        """The text, with single spaces."""
        return " ".join("".join(self.texts).split())


class Page(HTMLParser):
    """The elements of a page, in order; each is closed where it must be."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[Found] = []
        self._open: list[Found] = []
        self.feed(html)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = Found(tag, {name: value or "" for name, value in attrs})
        self.elements.append(found)
        if tag not in _EMPTY:
            self._open.append(found)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop().name == tag

    def handle_data(self, data: str) -> None:
        for each in self._open:
            each.texts.append(data)

    def all(self, name: str, style: str = "") -> list[Found]:
        """Return the elements of a name, and of a class if one is given."""
        return [
            each
            for each in self.elements
            if each.name == name and (not style or style in each.attributes.get("class", "").split())
        ]

    def texts(self, name: str, style: str = "") -> list[str]:
        """Return the texts of these."""
        return [each.text for each in self.all(name, style)]
