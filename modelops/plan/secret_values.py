"""Whether an environment variable looks like a secret: by its name, or by the form of its value.

A guess by form, so it errs on both sides: a stack file's `notSecret` names what is not one. The forms of tokens are
those that their issuers document, as the rules of gitleaks list them (https://github.com/gitleaks/gitleaks). Its
program is not used because it would be one more binary to install and trust; detect-secrets is not because it knows
neither SAS nor Azure's client secrets, and reads lines of source code rather than values.
"""

import base64
import binascii
import re
from itertools import pairwise
from typing import Final

_SECRETS: Final = ("PASSWORD", "PASSWD", "PASSPHRASE", "PASSCODE", "SECRET", "CREDENTIAL", "CREDENTIALS")
_WORDS: Final = (*_SECRETS, "PWD", "TOKEN", "APIKEY", "SAS", "JWT", "CONNSTR")
_PAIRS: Final = (
    *(f"{each} KEY" for each in ("API", "ACCESS", "ACCOUNT", "PRIVATE", "SHARED", "SIGNING", "ENCRYPTION", "MASTER")),
    *(f"{each} KEY" for each in ("STORAGE", "SUBSCRIPTION", "HOST", "FUNCTION", "OPENAI", "HMAC", "LICENSE")),
    *("CONNECTION STRING", "CONN STR", "CONN STRING"),
)
"""What a secret's name has, word by word."""

_ABOUT: Final = frozenset(
    (
        *("NAME", "NAMES", "ID", "IDS", "URL", "URI", "PATH", "FILE", "DIR", "FOLDER", "HOST", "PORT", "ENDPOINT"),
        *("TYPE", "KIND", "MODE", "COUNT", "LIMIT", "LENGTH", "SIZE", "TTL", "TIMEOUT", "SECONDS", "EXPIRY", "VERSION"),
        *("PREFIX", "SUFFIX", "HEADER", "FIELD", "COLUMN", "SCOPE", "SCOPES", "PROVIDER", "AUDIENCE", "ISSUER"),
        *("ENABLED", "REQUIRED", "ALGORITHM", "PATTERN", "REGEX", "VAULT", "LIBRARY", "LABEL", "INDEX"),
        *("DAYS", "HOURS", "MINUTES", "FORMAT", "BUDGET", "SOURCE", "POLICY", "POOLING", "AGGREGATION", "STRATEGY"),
        *("TYPES", "MIN", "MAX", "LIBNAME", "DATASET"),
    )
)
"""Last words of names of what is not the secret itself: `SECRET_NAME`, `TOKEN_TYPE`, `PASSWORD_FILE`."""

_OF_TEXTS: Final = frozenset(
    (
        "PAD",
        "EOS",
        "BOS",
        "SEP",
        "UNK",
        "MASK",
        "CLS",
        "START",
        "STOP",
        "END",
        "SPECIAL",
        "IMAGE",
        "MAX",
        "MIN",
        "NUM",
        "UNKNOWN",
        "OOV",
        "DEFAULT",
        "CLASS",
    )
)
"""Words before TOKEN that make it a language model's token."""

_FORMS: Final = (
    ("a private key", r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY"),
    ("a connection string", r"(?i)(^|;)\s*(AccountKey|SharedAccessKey|SharedAccessSignature|InstrumentationKey)\s*=\S"),
    ("a connection string", r"(?i)^[^=]*=.*;\s*(Password|Pwd)\s*=\s*[^;\s]|^(Password|Pwd)\s*=[^;]+;.*="),
    ("a signed address", r"(^|[?&])(sig|X-Amz-Signature|X-Goog-Signature)=[\w%+/=-]{16}|[?&]code=[\w%+/=-]{30}"),
    ("an address with a password", r"(?<![A-Za-z0-9+.-])[A-Za-z][A-Za-z0-9+.-]{0,30}://[^/?#\s:@]*:[^/?#\s@]+@"),
    ("a JSON web token", r"\beyJ[\w-]{8,}\.eyJ[\w-]{8,}\.[\w-]*"),
    ("an Authorization header", r"(?i)^(Bearer|Basic)\s+[\w+/=.~-]{16,}$"),
    ("a token of GitHub", r"\bgh[pousr]_[A-Za-z0-9]{36}|\bgithub_pat_\w{22}"),
    ("a token of GitLab", r"\bglpat-[\w-]{20}"),
    ("a key of AWS", r"\b(AKIA|ASIA|ABIA|ACCA)[A-Z2-7]{16}\b"),
    ("a client secret of Azure", r"(^|[^\w~.-])[\w~.-]{3}\dQ~[\w~.-]{31,34}($|[^\w~.-])"),
    ("a key of OpenAI or Anthropic", r"\bsk-[\w-]{20}"),
    ("a token of Hugging Face", r"\b(hf_[A-Za-z]{30}|api_org_[A-Za-z]{30})"),
    ("a token of Slack", r"\bxox[a-z]-[\w-]{10}|\bxapp-\d-\w{8}|hooks\.slack\.com/(services|workflows)/\w{8}"),
    ("a token of Databricks", r"\bdapi[0-9a-f]{32}"),
    ("a key of Google", r"\bAIza[\w-]{35}"),
    ("a key of Stripe", r"\b[rs]k_live_[A-Za-z0-9]{10}"),
    ("a token of a package index", r"\bpypi-AgE[\w-]{20}|\bnpm_[A-Za-z0-9]{36}"),
)

_ADDRESS: Final = re.compile(
    r"[A-Za-z][A-Za-z0-9+.-]{0,30}://|azureml:|\.{1,2}/[\w.-]+(/[\w.-]*)*$|/[\w.-]+(/[\w.-]*)+$"
    r"|\$\{.+\}$|\$\(.+\)$|\$[A-Z_][A-Z0-9_]*$"
)
"""An address, a path of more than one part, or a reference to another variable."""

_KEY: Final = re.compile(r"[A-Za-z0-9+/_-]{32,128}={0,2}")
_HEX_KEY: Final = re.compile(r"[0-9A-Fa-f]{32,128}")
_LONGEST_PART: Final = 16
_CHANGES: Final = 0.4
"""Changes between capitals, small letters and digits, per character: 0.6 in random text, below 0.3 in names."""


def likeness(name: str, value: str) -> str | None:
    """Say what makes a variable look like a secret, never with its value: "its name has PASSWORD"; None: nothing."""
    said = next((said for said, form in _FORMS if re.search(form, value)), None)
    if said is None and _is_random(value):
        said = "a key"
    if said is not None:
        return f"its value looks like {said}"
    word = _secret_word(name, value)
    return f"its name has {word}" if word else None


def _secret_word(name: str, value: str) -> str | None:
    """Return the part of a name that secrets have; None if it has none, or if the value cannot be one."""
    words: list[str] = [each.upper() for each in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+", name)]
    if not words or words[-1] in _ABOUT or name in ("PWD", "OLDPWD") or _is_public(value):
        return None
    for before, word in pairwise(["", *words]):
        if f"{before} {word}" in _PAIRS:
            return f"{before}_{word}"
        if word == "TOKEN" and (before in _OF_TEXTS or re.fullmatch(r"-?[\d.]+|[<\[].*[>\]]|\W+", value)):
            continue
        if word in _WORDS or re.fullmatch(f"\\w*({'|'.join(_SECRETS)}|APIKEY)S?", word):
            return word
    return "KEY" if words[-1] == "KEY" and _HEX_KEY.fullmatch(value) else None


def _is_public(value: str) -> bool:
    """Whether a value says nothing secret whatever its name: nothing, a truth value, an address, a reference."""
    is_flag = value.strip().lower() in ("", "true", "false", "yes", "no", "on", "off", "none", "null")
    is_reference = re.search(r"\.vault\.azure\.net|^@Microsoft\.KeyVault\(", value)
    is_address = _ADDRESS.match(value)
    return is_flag or bool(is_address or is_reference)


def _is_random(value: str) -> bool:
    """Whether a value is as long and as mixed as a key; hex digits, ids and names are not."""
    if not _KEY.fullmatch(value) or re.match(r"sha(256|384|512)-", value) or _is_encoded_text(value):
        return False
    parts = [each for each in re.split(r"[+/_=-]", value) if each]
    kinds = [["u" if each.isupper() else "l" if each.islower() else "d" for each in part] for part in parts]
    changes = sum(before != after for part in kinds for before, after in pairwise(part))
    return (
        max(map(len, parts), default=0) >= _LONGEST_PART
        and {"u", "l", "d"} <= {kind for part in kinds for kind in part}
        and changes >= _CHANGES * sum(map(len, parts))
    )


def _is_encoded_text(value: str) -> bool:
    try:
        return (
            base64.b64decode(value, altchars=b"-_" if re.search("[-_]", value) else None).decode("ascii").isprintable()
        )
    except (binascii.Error, ValueError):
        return False
