"""Secrets that a response holds against all rules never reach the disk."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanner.redact.bodies import redacted

KEY = "c2VjcmV0+c2VjcmV0/c2VjcmV0=="

HOLDERS = (
    "https://account.blob.core.windows.net/c?sv=2024-01-01&sig={}&se=2026",
    "https://account.blob.core.windows.net/c?sig={}",
    "DefaultEndpointsProtocol=https;AccountName=a;AccountKey={};EndpointSuffix=x",
    "Endpoint=sb://a.servicebus.windows.net/;SharedAccessKey={};EntityPath=x",
    "BlobEndpoint=https://a;SharedAccessSignature={}",
    "Server=tcp:a,1433;User ID=b;Password={};Encrypt=True",
    "Server=tcp:a,1433;Uid=b;Pwd={};Encrypt=True",
    "Server=tcp:a,1433;User ID = b;Password = {};Encrypt=True",
    "AccountName=a;AccountKey= {};EndpointSuffix=x",
    "SharedAccessSignature sig={}&se=1&sr=a",
    "SharedAccessSignature sr=a&sig={}&se=1",
    "Authorization: Bearer {}",
    "InstrumentationKey={};IngestionEndpoint=https://a",
    "https://a.openai.azure.com/openai?api-version=1&api-key={}",
    "https://a.azure-api.net/b?subscription-key={}&x=1",
    "a.azurewebsites.net/api?code={}",
    "https://a.azurewebsites.net/api?code={}&api-key={}",
    "https://maps.example/api?key={}",
)


def filled(holder: str, secret: str) -> str:
    return holder.replace("{}", secret)


@pytest.mark.parametrize("holder", HOLDERS)
@pytest.mark.parametrize(
    "escapes",
    [{}, {"/": "\\/"}, {"+": "\\u002B", "&": "\\u0026", "=": "\\u003d"}],
    ids=repr,
)
def test_secrets_are_replaced(holder: str, escapes: dict[str, str]) -> None:
    """However a serialiser escapes them."""
    text = json.dumps({"connection": filled(holder, KEY), "next": "stays"})
    for plain, escaped in escapes.items():
        text = text.replace(plain, escaped)
    body = redacted(text.encode())
    assert json.loads(body) == {
        "connection": filled(holder, "REDACTED"),
        "next": "stays",
    }


@pytest.mark.parametrize("password", ["s3cret", "a:b", "p@ss", "a%2Fb", "443"])
@pytest.mark.parametrize("slash", ["/", "\\/"])
def test_passwords_before_hosts(password: str, slash: str) -> None:
    held = {"target": f"https://ann:{password}@db.example/x", "next": "a@b.example"}
    body = redacted(json.dumps(held).replace("/", slash).encode())
    kept = {"target": "https://ann:REDACTED@db.example/x", "next": "a@b.example"}
    assert json.loads(body) == kept


NAMES = (
    *("api-key", "apiKey", "ApiKey", "API_KEY", "x-api-key", "azureOpenAIApiKey"),
    *("primaryKey", "secondaryKey", "accountKey", "secretAccessKey"),
    *("primary_key", "secondary-key", "qnaAzureSearchEndpointKey", "storageKey"),
    *("password", "adminPassword", "pwd", "passphrase"),
    *("clientSecret", "client_secret", "secretText"),
)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("secret", [KEY, "a&b;c d", 'a"b', "a\\", "ü\n"])
@pytest.mark.parametrize("separators", [None, (",", ":")])
def test_keys_by_name(
    name: str, secret: str, separators: tuple[str, str] | None
) -> None:
    held = {"metadata": {name: secret, "kind": "x"}}
    body = redacted(json.dumps(held, separators=separators).encode())
    assert json.loads(body) == {"metadata": {name: "REDACTED", "kind": "x"}}


@pytest.mark.parametrize("name", NAMES)
def test_keys_by_name_in_json_in_a_string(name: str) -> None:
    request = json.dumps({"properties": {name: KEY, "kind": "x"}})
    body = redacted(json.dumps({"requestbody": request}).encode())
    asked = json.loads(json.loads(body)["requestbody"])
    assert asked == {"properties": {name: "REDACTED", "kind": "x"}}


@pytest.mark.parametrize("name", ["key1", "Key2"])
def test_numbered_keys(name: str) -> None:
    held = json.dumps({name: KEY, "tags": {name: "value1", f"my{name}": KEY}})
    assert json.loads(redacted(held.encode())) == {**json.loads(held), name: "REDACTED"}
    text = json.loads(redacted(json.dumps({"body": held}).encode()))["body"]
    assert json.loads(text) == {**json.loads(held), name: "REDACTED"}


@pytest.mark.parametrize("name", ["key", "pat", "sas", "secretAccessKey", "other"])
@pytest.mark.parametrize("separators", [None, (",", ":")])
def test_credentials_of_connections(
    name: str, separators: tuple[str, str] | None
) -> None:
    def held(value: str) -> dict[str, object]:
        said = {"credentialsType": "x", "clientId": "y", "authUrl": "z", "n": None}
        secrets = {"keys": {"my id": value}, "secrets": {"sasToken": value}}
        return {
            "properties": {
                "authType": "ApiKey",
                "credentials": {**said, name: value, **secrets},
                "key": "stays",
            }
        }

    body = redacted(json.dumps(held(KEY), separators=separators).encode())
    assert json.loads(body) == held("REDACTED")


def test_values_of_environment_variables() -> None:
    """Those of applications on compute instances, and of online deployments."""

    def held(value: str) -> dict[str, object]:
        own = {"type": "local", "value": value}
        service = {"name": "rstudio", "environmentVariables": {"TOKEN": own, "x": None}}
        return {
            "properties": {
                "customServices": [service],
                "environmentVariables": {"MODE": value, "x": None},
                "value": "stays",
            }
        }

    body = redacted(json.dumps(held(KEY)).encode())
    assert json.loads(body) == held("REDACTED")


ORDINARY = (
    {"keyName": "a", "keyVaultProperties": {"keyVersion": "1"}},
    {"disableLocalAuth": True, "allowSharedKeyAccess": False},
    {"condition": "@Resource[tags:sig] StringEquals 'x'", "design": "sig=natural"},
    {"accountKeyCredentialsType": "AccountKey", "passwordless": "on"},
    {"target": "https://ann@db.example/", "createdBy": "ann@tarnholm.example"},
    {"target": "https://db.example:443/x?to=ann@b.example", "authType": "ApiKey"},
    {"apiKey": None, "passwords": ["x"], "passwordUrl": "https://a/secrets/b"},
    {"authType": "ApiKey", "authOptions": {"aadOrApiKey": {"mode": "http403"}}},
    {"credentials": None, "properties": {"credentials": "stays"}},
    {"keyCreationTime": {"key1": "2026-01-31T08:00:00.1730462Z", "key2": None}},
    {"keyUri": "https://a", "partitionKey": "b", "tags": {"key": "c", "keys": "d"}},
    {"description": "The bearer token was not accepted: Bearer authentication"},
    {"environmentVariables": {}, "environment": {"variables": {"value": "x"}}},
    {"target": "abfss://files@store.dfs.core.windows.net/x", "key": "zip"},
    {"query": "AzureActivity | where statuscode=200 and code=7", "zip": "zipcode=1"},
    {"condition": "@Resource[a/b:path] StringLike 'x?y' && @Request[c/d:e] Exists"},
)


@pytest.mark.parametrize("content", ORDINARY)
def test_what_is_no_secret_stays(content: dict[str, object]) -> None:
    body = json.dumps(content).encode()
    assert redacted(body) == body


MARKS = ("sig", "key", "pass", "pwd", "secret", "shared", "code", "@", "variables")


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    )
)
def test_ordinary_text_stays(content: object) -> None:
    body = json.dumps(content).encode()
    if not any(mark in body.lower().decode() for mark in MARKS):
        assert redacted(body) == body


@given(st.text(), st.text())
def test_json_stays_json(before: str, after: str) -> None:
    body = json.dumps({"a": f"{before};AccountKey={KEY};{after}"}).encode()
    assert set(json.loads(redacted(body))) == {"a"}


@given(st.text(min_size=1), st.text())
def test_json_stays_json_whatever_the_key(key: str, after: str) -> None:
    held = {"apiKey": key, "next": {"text": after}}
    body = json.loads(redacted(json.dumps(held).encode()))
    assert set(body) == {"apiKey", "next"}
    assert body["apiKey"] == "REDACTED"
    request = json.dumps({"request": json.dumps(held), "next": ""})
    assert set(json.loads(redacted(request.encode()))) == {"request", "next"}
