"""What looks like a secret among environment variables, and what does not.

The values are made up: they have the forms of keys and tokens, and open nothing. That a short password under a
harmless name is found is not proven, because it is not.
"""

import base64
import hashlib
import random
import time

import pytest

from modelops.plan.secret_values import likeness

GUID = "1b4e28ba-2fa1-11d2-883f-0016d3cca427"
NAMED = {
    "DB_PASSWORD": "PASSWORD",
    "dbPassword": "PASSWORD",
    "PGPASSWD_DB": "PGPASSWD",
    "PGPASSWORD": "PGPASSWORD",
    "PASSWORDS": "PASSWORDS",
    "TOKEN_POOLING": None,
    "SECRET_ROTATION_DAYS": None,
    "SMTP_PASSWD": "PASSWD",
    "KEY_PASSPHRASE": "PASSPHRASE",
    "ClientSecret": "SECRET",
    "AZURE_CLIENT_SECRET": "SECRET",
    "HF_TOKEN": "TOKEN",
    "api-token": "TOKEN",
    "OPENAI_API_KEY": "API_KEY",
    "apiKey": "API_KEY",
    "APIKEY": "APIKEY",
    "AWS_SECRET_ACCESS_KEY": "SECRET",
    "STORAGE_ACCOUNT_KEY": "ACCOUNT_KEY",
    "SERVICEBUS_CONNECTION_STRING": "CONNECTION_STRING",
    "connectionString": "CONNECTION_STRING",
    "BLOB_SAS": "SAS",
    "GOOGLE_CREDENTIALS": "CREDENTIALS",
}
SHAPED = {
    "a private key": "-----BEGIN RSA PRIVATE KEY-----\nMIIE",
    "a connection string": "DefaultEndpointsProtocol=https;AccountName=a;AccountKey=eA==;EndpointSuffix=core.example",
    "a signed address": "https://a.blob.core.windows.net/c?sv=2024-11-04&se=2030-01-01&sig=" + "Ab1%2B" * 8,
    "an address with a password": "postgresql://scorer:hunter2@db.example:5432/rows",
    "a JSON web token": "eyJhbGciOiJub25lIn0.eyJzdWIiOiIxMjM0NSJ9.",
    "an Authorization header": "Bearer " + "ab12" * 8,
    "a token of GitHub": "ghp_" + "a1" * 18,
    "a token of GitLab": "glpat-" + "a1" * 10,
    "a key of AWS": "AKIA" + "A2" * 8,
    "a client secret of Azure": "abc8Q~" + "d-1" * 11,
    "a key of OpenAI or Anthropic": "sk-proj-" + "a1" * 20,
    "a token of Hugging Face": "hf_" + "aB" * 17,
    "a token of Slack": "xoxb-" + "12" * 8,
    "a token of Databricks": "dapi" + "0a" * 16,
    "a key of Google": "AIza" + "a1B-c" * 7,
    "a key of Stripe": "sk_live_" + "a1" * 8,
    "a token of a package index": "pypi-AgE" + "aB" * 20,
}
HARMLESS = {
    "TOKENIZERS_PARALLELISM": "false",
    "MAX_TOKENS": "512",
    "MAX_TOKEN": "512",
    "PAD_TOKEN": "<pad>",
    "EOS_TOKEN": "eos",
    "SECRET_NAME": "db-password",
    "PASSWORD_FILE": "/run/secrets/db",
    "DB_PASSWORD": "/run/secrets/db",
    "TOKEN_TYPE": "bearer",
    "TOKEN_URL": "https://login.example/token?version=2",
    "USE_SECRET": "true",
    "KEY_VAULT_URL": "https://team.vault.azure.net/",
    "AZURE_CLIENT_ID": GUID,
    "AZUREML_MODEL_DIR": "/models",
    "JOIN_KEY": "customer_id",
    "PRIMARY_KEY": "id",
    "MONKEY": "x",
    "KEYWORDS": "a,b",
    "SASL_MECHANISM": "PLAIN",
    "PWD": "/srv",
    "OPENAI_API_BASE": "https://models.example",
    "API_KEY": "${API_KEY}",
    "RUN": "0123456789abcdef" * 2,
    "DIGEST": "sha256:" + "0f" * 32,
    "COMMIT": "0f" * 20,
    "INTEGRITY": "sha256-" + base64.b64encode(hashlib.sha256(b"a").digest()).decode(),
    "MODEL": "sentence-transformers/all-MiniLM-L6-v2",
    "CLASS": "DistilbertForSequenceClassificationWithHead2",
    "IMAGE": "mcr.microsoft.com/azureml/openmpi4.1.0-ubuntu22.04:20250601.v1",
    "IDENTITY": f"/subscriptions/{GUID}/resourceGroups/rg/providers/Microsoft.ManagedIdentity/userAssignedIdentities/i",
    "DATABASE": "Server=tcp:db.example,1433;Database=rows;Authentication=Active Directory Default",
    "OPTIONS": base64.b64encode(b'{"threshold": 0.5, "labels": ["Cat", "Dog"]}').decode(),
    "ALPHABET": "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789",
    "EMPTY_PASSWORD": "",
    "KV_SECRET_FACTOR": "factor@https://team.vault.azure.net",
}


@pytest.mark.parametrize("name", NAMED)
def test_names(name: str) -> None:
    word = NAMED[name]
    assert likeness(name, "hunter2") == (f"its name has {word}" if word else None)


@pytest.mark.parametrize("form", SHAPED)
def test_forms(form: str) -> None:
    assert likeness("ANY", SHAPED[form]) == f"its value looks like {form}"
    assert likeness("SECRET_NAME", SHAPED[form]) == f"its value looks like {form}"


@pytest.mark.parametrize("name", HARMLESS)
def test_what_is_none(name: str) -> None:
    assert likeness(name, HARMLESS[name]) is None


@pytest.mark.parametrize("size", [32, 48, 64])
def test_random_keys_are_found(size: int) -> None:
    """A few of a hundred happen to look like words: at most 5."""
    made = random.Random(size)  # noqa: S311 - opens nothing
    keys = [base64.b64encode(made.randbytes(size)).decode() for _ in range(1000)]
    keys += [base64.urlsafe_b64encode(made.randbytes(size)).decode().rstrip("=") for _ in range(1000)]
    assert sum(likeness("ANY", each) == "its value looks like a key" for each in keys) >= 1900


def test_a_hex_key_needs_its_name() -> None:
    assert likeness("COSMOS_KEY", "0a" * 16) == "its name has KEY"
    assert likeness("CACHE_KEY", "v1") is None


@pytest.mark.parametrize("value", ["$ecret123!", "/hunter2", "${MYPASS"])
def test_a_password_that_begins_like_a_reference(value: str) -> None:
    assert likeness("DB_PASSWORD", value) == "its name has PASSWORD"


@pytest.mark.parametrize("value", ["a" * 500_000, "a=b;" * 125_000, "x://a:" * 80_000])
def test_a_long_value_is_judged_in_no_time(value: str) -> None:
    began = time.process_time()
    assert likeness("VALUE", value) is None
    assert time.process_time() - began < 5  # with patterns that look back from each place: many minutes
