"""No phrase that was translated word by word, in any message, docstring, comment or page (docs/style.md).

Does not prove that a text is good English: it keeps known phrases from coming back.
"""

import io
import re
import subprocess
import tokenize
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).resolve().parents[2]


class Phrase(NamedTuple):
    """A phrase as a regular expression, and the wording to use instead."""

    pattern: str
    better: str


PHRASES = [
    Phrase(
        r"(?<!there )\b(?:is|was|are|were) no (?!longer\b|larger\b|more\b|less\b|use\b|different\b)\w+",
        "is not a ...; unknown ...",
    ),
    Phrase(r"(?<!there )\b(?:is|are|was|be) (?-i:none)\b", "is not one; does not exist"),
    Phrase(r"\b(?:is|are|was|were) not there\b", "does not exist; is missing; is absent"),
    Phrase(r"\bwhat is (?:not )?there\b", "what exists; the existing ..."),
    Phrase(r"\b(?:it|that|this) is there\b", "it exists; it is set"),
    Phrase(r"\bis in no\b", "no ... has it"),
    Phrase(r"\b(?:has|have) not[,.;:)]", "does not have it"),
    Phrase(r"\bnames? (?:no|none)\b", "does not name a ..."),
    Phrase(r"\bnone that\b", "no ... that"),
    Phrase(r"\bthat will do\b", "that is suitable"),
    Phrase(r"\b(?:says?|said|knows?|knew) nothing of\b", "does not mention; does not know about"),
    Phrase(r"\bwho (?:deploys|lacks)\b", "the deployer; the deploying principal; is missing"),
    Phrase(r"\bwhoever\b", "the person who; anybody who"),
    Phrase(r"\bnobody (?:should|else's|has|can|knows)\b", "use the passive, or name the actor"),
    Phrase(r"\b(?:he|his|him|himself)\b", "they, their, them, themselves"),
    Phrase(
        r"\bof (?:its|their|our|his) own\b(?! (?!(?:and|but|for|in|of|on|or|that|to|which|with)\b)\w)",
        "its own ...; separate",
    ),
    Phrase(r"\ban? \w+ of (?:ours|theirs)\b", "our ...; their ..."),
    Phrase(r"\bgoes with it\b", "is included"),
    Phrase(r"\bfor ever\b", "forever; always"),
    Phrase(r"\banew\b", "again"),
    Phrase(r"\bas ever\b", "as usual"),
    Phrase(r"\bmend(?:s|ed|ing)?\b", "fix"),
    Phrase(r"\b(?:put|puts|set|sets|sets it|puts it) right\b", "fix; repair; correct"),
    Phrase(r"\bstands? (?:readable|written|under|above|below|beside|in (?!for\b))", "is in ...; is under ..."),
    Phrase(r"\bwithout case\b", "case-insensitively"),
    Phrase(r"\bgreatest (?:number|size|count)\b", "most; maximum"),
    Phrase(r"\bcan(?:not)? be had\b", "is available"),
    Phrase(r"\bmust be so\b", "the requirement"),
    Phrase(r"\bin nobody's way\b", "does not disturb"),
    Phrase(r"\bon trust\b", "without a check"),
    Phrase(r"\bit is no use\b", "there is no point in"),
    Phrase(r"\bwhat there is\b", "what exists"),
    Phrase(r"\bof which there\b", "split the sentence"),
    Phrase(r"\bis (?:still )?to come\b", "does not exist yet"),
    Phrase(r"\ball the same\b", "anyway"),
    Phrase(r"\bneed be\b", "if needed"),
    Phrase(r"\bbrought back\b", "restored"),
    Phrase(r"\bharsher\b", "stricter"),
    Phrase(r"\bwithout a word\b", "silently"),
    Phrase(r"\bborn with\b", "has from the start"),
    Phrase(r"\bunder way\b", "running; in progress"),
    Phrase(r"\b(?:problem|mistake|phrase|what is (?:wrong|missing)) (?:is|are) told\b", "is shown; is reported"),
    Phrase(r"\bsays the rest\b", "describes the others"),
    Phrase(r"\bnothing beside\b", "nothing else; alone"),
]

EXEMPT = (
    "tests/unit/test_words.py",
    "requirements",
    "packages/sandbox/src/sandbox/azure/arm/schema_files/",
)
"""This list, and generated files."""


def _files() -> list[str]:
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, check=True, capture_output=True, text=True).stdout.split(
        "\n"
    )
    return [
        name
        for name in listed
        if (name.endswith((".py", ".md", ".yaml", ".toml")) or name == "Makefile") and not name.startswith(EXEMPT)
    ]


@cache
def _said(file: Path) -> list[tuple[int, str]]:
    """Return each text of a file with its line: strings and comments of Python, paragraphs of anything else."""
    return list(_python(file) if file.suffix == ".py" else _paragraphs(file))


def _paragraphs(file: Path) -> Iterator[tuple[int, str]]:
    line = 1
    text = file.read_text(encoding="utf-8")
    if file.name == "CHANGELOG.md":
        text = "## ".join(re.split(r"^## ", text, flags=re.MULTILINE)[:2])  # older versions are history
    for paragraph in re.split(r"(\n\s*\n)", text):
        yield line, re.sub(r"\s+(?:# )?\s*", " ", paragraph)
        line += paragraph.count("\n")


def _python(file: Path) -> Iterator[tuple[int, str]]:
    texts: list[tuple[int, int, str]] = []
    between = {tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT}
    joined = False
    for token in tokenize.generate_tokens(io.StringIO(file.read_text(encoding="utf-8")).readline):
        kind = tokenize.tok_name[token.type]
        if kind in {"STRING", "COMMENT", "FSTRING_MIDDLE"}:
            content = re.sub(r"^(?:[rbfuRBFU]*(?:\"{3}|'{3}|\"|'))|(?:\"{3}|'{3}|\"|')$|^#", "", token.string)
            if joined and texts[-1][1] == (kind == "COMMENT"):
                texts[-1] = (texts[-1][0], texts[-1][1], texts[-1][2] + content)
            else:
                texts.append((token.start[0], kind == "COMMENT", content))
            joined = True
        elif token.type not in between and kind not in {"FSTRING_START", "FSTRING_END"}:
            joined = False
    yield from ((line, re.sub(r"\s+", " ", text)) for line, _, text in texts)


@pytest.mark.parametrize("phrase", PHRASES, ids=lambda phrase: phrase.better)
def test_no_phrase_that_gives_it_away(phrase: Phrase) -> None:
    pattern = re.compile(phrase.pattern, re.IGNORECASE)
    found = [
        f"{name}:{line}: {text[max(0, hit.start() - 40) : hit.end() + 40]!r}"
        for name in _files()
        for line, text in _said(ROOT / name)
        for hit in pattern.finditer(text)
    ]
    assert not found, f"use: {phrase.better}\n" + "\n".join(found)
