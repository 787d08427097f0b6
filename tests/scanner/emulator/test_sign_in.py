from __future__ import annotations

import asyncio
import base64
import json
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from azure.core.exceptions import ClientAuthenticationError
from azure.core.pipeline.transport import AioHttpTransport
from azure.identity import (
    CertificateCredential,
    ClientSecretCredential,
    EnvironmentCredential,
    ManagedIdentityCredential,
    WorkloadIdentityCredential,
    aio,
)

from scanner.emulator import Emulator
from scanner.emulator.faults import TokenRefused
from scanner.emulator.tokens import MARKER

SCOPE = "https://management.azure.com/.default"


def trust(azure: Emulator) -> dict[str, Any]:
    return {
        "authority": azure.url,
        "disable_instance_discovery": True,
        "connection_verify": str(azure.ca_file),
    }


def who(azure: Emulator) -> dict[str, Any]:
    address = azure.address
    return {"tenant_id": address.tenants[0], "client_id": address.client_id}


def claims(token: str) -> dict[str, Any]:
    payload = token.split(".")[1]
    content = base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4))
    return dict(json.loads(content))


def is_ours(token: str, azure: Emulator) -> bool:
    found = claims(token)
    assert found["tid"] == azure.address.tenants[0]
    assert found["appid"] == azure.address.client_id
    assert found["idtyp"] == "app"
    assert found["oid"]
    return MARKER in token


def test_client_secret(azure: Emulator) -> None:
    secret = azure.address.client_secret
    with ClientSecretCredential(
        **who(azure), client_secret=secret, **trust(azure)
    ) as credential:
        assert is_ours(credential.get_token(SCOPE).token, azure)


def test_wrong_secret(azure: Emulator) -> None:
    with (
        ClientSecretCredential(
            **who(azure), client_secret=MARKER, **trust(azure)
        ) as credential,
        pytest.raises(ClientAuthenticationError, match="AADSTS7000215"),
    ):
        credential.get_token(SCOPE)


def test_unknown_tenant(azure: Emulator) -> None:
    known = {**who(azure), "tenant_id": "dddddddd-0000-4000-8000-000000000000"}
    with (
        ClientSecretCredential(
            **known, client_secret=azure.address.client_secret, **trust(azure)
        ) as credential,
        pytest.raises(ClientAuthenticationError, match="authority configuration"),
    ):
        credential.get_token(SCOPE)


def test_environment(azure: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in azure.environment.items():
        monkeypatch.setenv(name, value)
    with EnvironmentCredential(**trust(azure)) as credential:
        assert is_ours(credential.get_token(SCOPE).token, azure)


def test_certificate(azure: Emulator, certificate: Path) -> None:
    with CertificateCredential(
        **who(azure), certificate_path=str(certificate), **trust(azure)
    ) as credential:
        assert is_ours(credential.get_token(SCOPE).token, azure)


def test_workload_identity(azure: Emulator, tmp_path: Path) -> None:
    file = tmp_path / "federated"
    file.write_text("a.federated.token")
    with WorkloadIdentityCredential(
        **who(azure), token_file_path=str(file), **trust(azure)
    ) as credential:
        assert is_ours(credential.get_token(SCOPE).token, azure)


@pytest.mark.parametrize("tls", [True, False])
def test_managed_identity(
    azure: Emulator, monkeypatch: pytest.MonkeyPatch, tls: bool
) -> None:
    where = azure.url if tls else azure.address.identity_url
    monkeypatch.setenv("AZURE_POD_IDENTITY_AUTHORITY_HOST", where)
    verify = str(azure.ca_file)
    with ManagedIdentityCredential(connection_verify=verify) as credential:
        assert is_ours(credential.get_token(SCOPE).token, azure)


def test_token_fault(serve: Callable[..., Emulator]) -> None:
    azure = serve(faults=(TokenRefused(after=1),))
    known = {**who(azure), "client_secret": azure.address.client_secret}
    with ClientSecretCredential(**known, **trust(azure)) as first:
        first.get_token(SCOPE)
    with (
        ClientSecretCredential(**known, **trust(azure)) as second,
        pytest.raises(ClientAuthenticationError, match="AADSTS7000222"),
    ):
        second.get_token(SCOPE)


@asynccontextmanager
async def transport(azure: Emulator) -> AsyncIterator[AioHttpTransport]:
    context = ssl.create_default_context(cafile=str(azure.ca_file))
    connector = aiohttp.TCPConnector(ssl=context)
    async with aiohttp.ClientSession(connector=connector) as session:
        yield AioHttpTransport(session=session, session_owner=False)


def test_aio(azure: Emulator, certificate: Path, tmp_path: Path) -> None:
    file = tmp_path / "federated"
    file.write_text("a.federated.token")

    async def run() -> list[str]:
        async with transport(azure) as wire:
            known = {**who(azure), **trust(azure), "transport": wire}
            secret = azure.address.client_secret
            credentials = (
                aio.ClientSecretCredential(**known, client_secret=secret),
                aio.CertificateCredential(**known, certificate_path=str(certificate)),
                aio.WorkloadIdentityCredential(**known, token_file_path=str(file)),
            )
            tokens = []
            for credential in credentials:
                async with credential:
                    tokens.append((await credential.get_token(SCOPE)).token)
            return tokens

    assert all(is_ours(token, azure) for token in asyncio.run(run()))


def test_aio_managed_identity(azure: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
    identity_url = azure.address.identity_url
    monkeypatch.setenv("AZURE_POD_IDENTITY_AUTHORITY_HOST", identity_url)

    async def run() -> str:
        async with aio.ManagedIdentityCredential() as credential:
            return str((await credential.get_token(SCOPE)).token)

    assert is_ours(asyncio.run(run()), azure)


def test_only_tokens_are_given_without_tls(azure: Emulator) -> None:
    async def run() -> list[int]:
        base = azure.address.identity_url
        async with aiohttp.ClientSession() as session:
            found = []
            for path in (
                "/subscriptions?api-version=1",
                "/metadata/identity/oauth2/token?resource=x",
            ):
                async with session.get(base + path) as response:
                    found.append(response.status)
            return found

    assert asyncio.run(run()) == [404, 400]


def test_discovery(azure: Emulator, get: Callable[..., Any]) -> None:
    tenant = azure.address.tenants[0]
    instance, configuration = get(
        azure,
        "/common/discovery/instance",
        f"/{tenant}/v2.0/.well-known/openid-configuration",
    )
    assert instance.json["tenant_discovery_endpoint"].startswith(azure.url)
    endpoint = f"{azure.url}/{tenant}/oauth2/v2.0/token"
    assert configuration.json["token_endpoint"] == endpoint
