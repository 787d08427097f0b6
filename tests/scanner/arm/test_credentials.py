"""Signing in, each way, and what is said when it fails."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import sys
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanner.arm.clouds import Cloud
from scanner.arm.credentials import credential, who
from scanner.arm.errors import TRUST, ReadError, SignInError
from scanner.arm.limits import Limits
from scanner.arm.methods import NEXT_STEP, REACH, Method
from scanner.arm.session import Session
from scanner.arm.transport import open_wire
from scanner.emulator import Emulator
from scanner.emulator.faults import ExpiredToken, Status, TokenRefused
from scanner.emulator.tokens import MARKER, principal_of
from scanner.model.results import SignedIn

TENANT = "aaaaaaaa-0000-4000-8000-000000000001"
OTHER = "aaaaaaaa-0000-4000-8000-000000000002"
SUBSCRIPTIONS = "/subscriptions?api-version=1"

T = TypeVar("T")
Clouds = Callable[[Emulator], Cloud]
Monkey = pytest.MonkeyPatch


def used(
    cloud: Cloud,
    method: Method,
    tenant: str | None,
    use: Callable[[Session], Awaitable[T]],
) -> T:
    async def run() -> T:
        async with open_wire(cloud, Limits(attempts=2, backoff=0.01)) as wire:
            key = credential(method, cloud, tenant, wire.transport)
            session = Session(wire, cloud, key, tenant)
            try:
                return await use(session)
            finally:
                await session.close()

    return asyncio.run(run())


def signed_in(cloud: Cloud, method: Method, tenant: str | None = None) -> SignedIn:
    return used(cloud, method, tenant, lambda session: session.sign_in())


def refusal(
    cloud: Cloud, method: Method, tenant: str | None = None, secret: str = MARKER
) -> str:
    with pytest.raises(SignInError) as caught:
        signed_in(cloud, method, tenant)
    message = str(caught.value)
    assert "\n" not in message
    assert len(message) < 600
    assert message.startswith(f"sign-in ({method}) failed: ")
    assert message.endswith((NEXT_STEP[method], REACH, TRUST))
    assert secret not in message
    return message


def export(monkeypatch: Monkey, **values: str) -> None:
    for name, value in values.items():
        monkeypatch.setenv(name, value)


def application(azure: Emulator, tenant: str = TENANT) -> dict[str, str]:
    return {"AZURE_TENANT_ID": tenant, "AZURE_CLIENT_ID": azure.address.client_id}


def is_ours(found: SignedIn, azure: Emulator, tenant: str = TENANT) -> bool:
    client_id = azure.address.client_id
    return found == SignedIn(
        tenant_id=tenant,
        principal_id=principal_of(tenant, client_id),
        principal_type="app",
        application_id=client_id,
    )


# The environment


def test_a_secret(azure: Emulator, cloud_of: Clouds, monkeypatch: Monkey) -> None:
    export(monkeypatch, **azure.environment)
    assert is_ours(signed_in(cloud_of(azure), Method.ENVIRONMENT), azure)


def test_a_certificate(
    azure: Emulator, cloud_of: Clouds, monkeypatch: Monkey, certificate: Path
) -> None:
    path = str(certificate)
    export(monkeypatch, **application(azure), AZURE_CLIENT_CERTIFICATE_PATH=path)
    assert is_ours(signed_in(cloud_of(azure), Method.ENVIRONMENT), azure)


@pytest.mark.parametrize("content", [None, b"", b"no certificate"])
def test_a_certificate_that_is_none(
    content: bytes | None,
    azure: Emulator,
    cloud_of: Clouds,
    monkeypatch: Monkey,
    tmp_path: Path,
) -> None:
    path = tmp_path / "app.pem"
    if content is not None:
        path.write_bytes(content)
    export(monkeypatch, **application(azure), AZURE_CLIENT_CERTIFICATE_PATH=str(path))
    refusal(cloud_of(azure), Method.ENVIRONMENT)


def test_an_empty_environment(azure: Emulator, cloud_of: Clouds) -> None:
    refusal(cloud_of(azure), Method.ENVIRONMENT)
    assert not azure.requests


def test_a_wrong_secret(azure: Emulator, cloud_of: Clouds, monkeypatch: Monkey) -> None:
    export(monkeypatch, **application(azure), AZURE_CLIENT_SECRET=MARKER)
    message = refusal(cloud_of(azure), Method.ENVIRONMENT)
    assert "AADSTS7000215" in message


def test_an_expired_secret(
    serve: Callable[..., Emulator], cloud_of: Clouds, monkeypatch: Monkey
) -> None:
    azure = serve(faults=(TokenRefused(),))
    export(monkeypatch, **azure.environment)
    secret = azure.address.client_secret
    message = refusal(cloud_of(azure), Method.ENVIRONMENT, secret=secret)
    assert "AADSTS7000222" in message


def test_no_way_to_entra(
    azure: Emulator, cloud_of: Clouds, monkeypatch: Monkey
) -> None:
    export(monkeypatch, **azure.environment)
    cloud = replace(cloud_of(azure), authority="https://127.0.0.1:9")
    secret = azure.address.client_secret
    message = refusal(cloud, Method.ENVIRONMENT, secret=secret)
    assert message.endswith(f"; {REACH}")


@pytest.mark.parametrize("method", [Method.ENVIRONMENT, Method.DEFAULT])
def test_an_entra_that_nobody_known_vouches_for(
    method: Method,
    serve: Callable[..., Emulator],
    cloud_of: Clouds,
    monkeypatch: Monkey,
) -> None:
    azure, other = serve(), serve()
    export(monkeypatch, **azure.environment)
    cloud = replace(cloud_of(azure), ca_bundle=other.ca_file)
    message = refusal(cloud, method, secret=azure.address.client_secret)
    assert message.endswith(f"; {TRUST}")


# Workload identity


@pytest.fixture
def federated(tmp_path: Path) -> str:
    path = tmp_path / "federated"
    path.write_text("a.federated.token")
    return str(path)


def test_workload_identity(
    azure: Emulator, cloud_of: Clouds, monkeypatch: Monkey, federated: str
) -> None:
    export(monkeypatch, **application(azure), AZURE_FEDERATED_TOKEN_FILE=federated)
    assert is_ours(signed_in(cloud_of(azure), Method.WORKLOAD_IDENTITY), azure)


def test_workload_identity_without_its_variables(
    azure: Emulator, cloud_of: Clouds
) -> None:
    refusal(cloud_of(azure), Method.WORKLOAD_IDENTITY)


def test_workload_identity_without_its_file(
    azure: Emulator, cloud_of: Clouds, monkeypatch: Monkey, tmp_path: Path
) -> None:
    missing = str(tmp_path / "missing")
    export(monkeypatch, **application(azure), AZURE_FEDERATED_TOKEN_FILE=missing)
    refusal(cloud_of(azure), Method.WORKLOAD_IDENTITY)


# Managed identity


def test_managed_identity(
    azure: Emulator, cloud_of: Clouds, monkeypatch: Monkey
) -> None:
    export(monkeypatch, AZURE_POD_IDENTITY_AUTHORITY_HOST=azure.address.identity_url)
    assert is_ours(signed_in(cloud_of(azure), Method.MANAGED_IDENTITY), azure)


def test_a_user_assigned_identity(
    azure: Emulator, cloud_of: Clouds, monkeypatch: Monkey
) -> None:
    own = "dddddddd-0000-4000-8000-000000000001"
    url = azure.address.identity_url
    export(monkeypatch, AZURE_CLIENT_ID=own, AZURE_POD_IDENTITY_AUTHORITY_HOST=url)
    found = signed_in(cloud_of(azure), Method.MANAGED_IDENTITY)
    assert found.application_id == own


def test_no_managed_identity(
    serve: Callable[..., Emulator], cloud_of: Clouds, monkeypatch: Monkey
) -> None:
    azure = serve(faults=(Status(path="/metadata/*", status=400, body="text"),))
    export(monkeypatch, AZURE_POD_IDENTITY_AUTHORITY_HOST=azure.address.identity_url)
    refusal(cloud_of(azure), Method.MANAGED_IDENTITY)


# The Azure CLI


def install_az(directory: Path, monkeypatch: Monkey, script: str) -> Path:
    """Put an `az` first on PATH that notes what it is asked; return the note."""
    note = directory / "asked"
    command = directory / "az"
    command.write_text(
        f"#!{sys.executable}\nimport json, sys\n"
        f"open({str(note)!r}, 'a').write(' '.join(sys.argv[1:]) + '\\n')\n{script}"
    )
    command.chmod(0o755)
    monkeypatch.setenv("PATH", f"{directory}:{os.environ['PATH']}")
    return note


def token(**claims: Any) -> str:
    def part(content: Any) -> str:
        return (
            base64.urlsafe_b64encode(json.dumps(content).encode()).decode().rstrip("=")
        )

    return f"{part({'alg': 'none'})}.{part(claims)}.{MARKER}"


def gives(given: str) -> str:
    answer = {"accessToken": given, "expires_on": int(time.time()) + 3600}
    return f"print({json.dumps(json.dumps(answer))})"


def test_the_cli(
    azure: Emulator, cloud_of: Clouds, monkeypatch: Monkey, tmp_path: Path
) -> None:
    given = token(tid=TENANT, oid="me", upn="me@example.com")
    note = install_az(tmp_path, monkeypatch, gives(given))
    found = signed_in(cloud_of(azure), Method.CLI, TENANT)
    assert found == SignedIn(
        tenant_id=TENANT,
        principal_id="me",
        principal_name="me@example.com",
        principal_type="user",
    )
    asked = note.read_text()
    assert f"--tenant {TENANT}" in asked
    assert azure.url in asked


@pytest.mark.parametrize(
    "script",
    [
        "sys.exit('ERROR: Please run az login to setup account.')",
        "sys.exit('ERROR: AADSTS70043: The refresh token has expired.')",
        "print('no json')",
        "print('{}')",
    ],
)
def test_a_cli_that_is_not_signed_in(
    script: str,
    azure: Emulator,
    cloud_of: Clouds,
    monkeypatch: Monkey,
    tmp_path: Path,
) -> None:
    install_az(tmp_path, monkeypatch, script)
    refusal(cloud_of(azure), Method.CLI)


def test_no_cli(
    azure: Emulator, cloud_of: Clouds, monkeypatch: Monkey, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert "not found" in refusal(cloud_of(azure), Method.CLI)


# The default


def test_the_default_takes_what_there_is(
    azure: Emulator, cloud_of: Clouds, monkeypatch: Monkey
) -> None:
    export(monkeypatch, **azure.environment)
    assert is_ours(signed_in(cloud_of(azure), Method.DEFAULT), azure)


def test_the_default_falls_back_to_the_cli(
    azure: Emulator, cloud_of: Clouds, monkeypatch: Monkey, tmp_path: Path
) -> None:
    install_az(tmp_path, monkeypatch, gives(token(tid=TENANT, oid="me")))
    monkeypatch.setenv("AZURE_TOKEN_CREDENTIALS", "dev")
    found = signed_in(cloud_of(azure), Method.DEFAULT, TENANT)
    assert (found.tenant_id, found.principal_id) == (TENANT, "me")


def test_nothing_to_sign_in_with(
    azure: Emulator, cloud_of: Clouds, monkeypatch: Monkey, tmp_path: Path
) -> None:
    monkeypatch.setenv("AZURE_TOKEN_CREDENTIALS", "dev")
    monkeypatch.setenv("PATH", str(tmp_path))
    message = refusal(cloud_of(azure), Method.DEFAULT)
    assert "az login" in message


# Tenants


@pytest.mark.parametrize("method", [Method.ENVIRONMENT, Method.DEFAULT])
def test_the_tenant_asked_for_is_the_one_signed_in_to(
    method: Method, azure: Emulator, cloud_of: Clouds, monkeypatch: Monkey
) -> None:
    export(monkeypatch, **azure.environment)
    cloud = cloud_of(azure)
    assert is_ours(signed_in(cloud, method, OTHER), azure, OTHER)
    assert is_ours(signed_in(cloud, method, TENANT), azure, TENANT)
    asked = {each.path.split("/")[1] for each in azure.requests}
    assert asked == {TENANT, OTHER}


def test_the_tenant_asked_for_wins_over_the_workload_s_own(
    azure: Emulator, cloud_of: Clouds, monkeypatch: Monkey, federated: str
) -> None:
    export(monkeypatch, **application(azure), AZURE_FEDERATED_TOKEN_FILE=federated)
    found = signed_in(cloud_of(azure), Method.WORKLOAD_IDENTITY, OTHER)
    assert is_ours(found, azure, OTHER)


def test_each_tenant_s_reads_carry_its_own_token(
    azure: Emulator, cloud_of: Clouds, monkeypatch: Monkey
) -> None:
    export(monkeypatch, **azure.environment)

    async def use(session: Session) -> list[Any]:
        return [page async for page in session.pages(SUBSCRIPTIONS)]

    for tenant in (TENANT, OTHER):
        used(cloud_of(azure), Method.ENVIRONMENT, tenant, use)
    reads = [each for each in azure.requests if each.path == "/subscriptions"]
    assert [each.tenant_id for each in reads] == [TENANT, OTHER]


def test_a_tenant_that_is_not_there(
    azure: Emulator, cloud_of: Clouds, monkeypatch: Monkey
) -> None:
    export(monkeypatch, **azure.environment)
    unknown = "dddddddd-0000-4000-8000-000000000000"
    message = refusal(cloud_of(azure), Method.ENVIRONMENT, unknown)
    assert unknown in message


def test_a_token_for_another_tenant_is_refused(
    azure: Emulator, cloud_of: Clouds, monkeypatch: Monkey
) -> None:
    export(monkeypatch, AZURE_POD_IDENTITY_AUTHORITY_HOST=azure.address.identity_url)
    with pytest.raises(SignInError, match=f"signed in to tenant {TENANT}, not"):
        signed_in(cloud_of(azure), Method.MANAGED_IDENTITY, OTHER)


# Losing it


def read_often(session: Session) -> Awaitable[list[Any]]:
    async def one(number: int) -> Any:
        try:
            path = f"/subscriptions/{number}?api-version=1"
            return await session.get(path, dict)
        except ReadError as error:
            return error

    async def all_() -> list[Any]:
        return [await one(number) for number in range(5)]

    return all_()


def test_a_sign_in_that_was_refused_is_not_tried_again_and_again(
    serve: Callable[..., Emulator], cloud_of: Clouds, monkeypatch: Monkey
) -> None:
    azure = serve(faults=(TokenRefused(),))
    export(monkeypatch, **azure.environment)
    errors = used(cloud_of(azure), Method.ENVIRONMENT, None, read_often)
    assert {(each.status, each.code) for each in errors} == {(401, "SignInLost")}
    assert all("AADSTS7000222" in each.reason for each in errors)
    assert len([each for each in azure.requests if each.path.endswith("token")]) == 1


def test_a_sign_in_that_was_refused_for_one_host_is_tried_for_another(
    serve: Callable[..., Emulator], cloud_of: Clouds, monkeypatch: Monkey
) -> None:
    azure = serve(faults=(TokenRefused(times=1),))
    export(monkeypatch, **azure.environment)

    async def use(session: Any) -> None:
        key = session._credential
        for _ in range(2):
            with pytest.raises(SignInError):
                await key.get_token_info("https://graph.example/.default")
        assert await key.get_token_info("https://management.example/.default")

    used(cloud_of(azure), Method.ENVIRONMENT, None, use)


def test_a_token_that_azure_takes_back_costs_no_more_than_its_reads(
    serve: Callable[..., Emulator], cloud_of: Clouds, monkeypatch: Monkey
) -> None:
    azure = serve(faults=(ExpiredToken(),))
    export(monkeypatch, **azure.environment)
    answers = used(cloud_of(azure), Method.ENVIRONMENT, None, read_often)
    assert {each.code for each in answers if isinstance(each, ReadError)} <= {
        "ExpiredAuthenticationToken",
        "InvalidSubscriptionId",
    }


# Who it is


def test_who_a_token_is_for() -> None:
    claims = {"tid": TENANT.upper(), "oid": "o", "appid": "a", "idtyp": "app"}
    named = token(**claims, app_displayname="a name")
    assert who(named, "") == SignedIn(
        tenant_id=TENANT,
        principal_id="o",
        principal_name="a name",
        principal_type="app",
        application_id="a",
    )


def test_a_token_that_says_nothing_is_for_the_tenant_asked_for() -> None:
    assert who("opaque", TENANT.upper()) == SignedIn(tenant_id=TENANT)


GARBAGE = (
    "",
    ".",
    "..",
    "a.b",
    "a.!!!.c",
    "a.YQ.c",
    "a.eyJ0aWQiOiA3fQ.c",  # {"tid": 7}
    "a.W10.c",  # []
    "a._w.c",  # no UTF-8
    "a.\u00e9.c",
    "a.\ud800.c",
)


@pytest.mark.parametrize("text", GARBAGE, ids=ascii)
def test_garbage_is_nobody(text: str) -> None:
    assert who(text, TENANT) == SignedIn(tenant_id=TENANT)


@given(st.text() | st.binary().map(lambda raw: f"a.{base64.b64encode(raw).decode()}.c"))
def test_any_text_is_somebody_or_nobody(text: str) -> None:
    assert isinstance(who(text, TENANT), SignedIn)
