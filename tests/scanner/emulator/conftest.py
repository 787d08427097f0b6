"""A small estate of two tenants, an emulator that serves it, and a plain client."""

from __future__ import annotations

import asyncio
import json
import ssl
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import Any

import aiohttp
import pytest

from scanner.collect.assemble import assemble
from scanner.emulator import Emulator, Estate, Options
from scanner.emulator.background import in_thread
from scanner.emulator.estate import Tenant
from scanner.model.authorization import RoleDefinition
from scanner.model.coverage import Gap, Outcome, Reading
from scanner.model.ids import id_key
from scanner.model.resource import Record

TENANT = "aaaaaaaa-0000-4000-8000-000000000001"
OTHER = "aaaaaaaa-0000-4000-8000-000000000002"
SUB = "/subscriptions/bbbbbbbb-0000-4000-8000-000000000001"
SECOND = "/subscriptions/bbbbbbbb-0000-4000-8000-000000000002"
FOREIGN = "/subscriptions/bbbbbbbb-0000-4000-8000-000000000003"
COGNITIVE = "providers/Microsoft.CognitiveServices/accounts"
STORAGE = "providers/Microsoft.Storage/storageAccounts"
AUTHORIZATION = "providers/Microsoft.Authorization"
ROLE = "cccccccc-0000-4000-8000-000000000001"

Body = Mapping[str, Any]


def _body(id: str, **content: Any) -> Body:
    return {"id": id, "name": id.rpartition("/")[2], **content}


def _subscription(id: str, tenant: str) -> Body:
    number = id.rpartition("/")[2]
    name = f"sub {number[-1]}"
    return {
        "id": id,
        "subscriptionId": number,
        "displayName": name,
        "state": "Enabled",
        "tenantId": tenant,
    }


def _account(sub: str, number: int) -> Body:
    own = f"{sub}/resourceGroups/rg{number % 2}/{COGNITIVE}/openai-{number}"
    properties = {"provisioningState": "Succeeded", "networkAcls": {"ipRules": []}}
    return _body(own, kind="OpenAI", location="westeurope", properties=properties)


def _role(id: str, kind: str) -> Body:
    properties = {
        "roleName": f"a {kind}",
        "type": kind,
        "permissions": [{"actions": ["*/read"], "notActions": []}],
        "assignableScopes": ["/"],
    }
    return _body(
        id, type="Microsoft.Authorization/roleDefinitions", properties=properties
    )


def _assignment(scope: str, name: str) -> Body:
    properties = {"principalId": name, "scope": scope or "/", "roleDefinitionId": ROLE}
    own = f"{scope}/{AUTHORIZATION}/roleAssignments/{name}"
    return _body(own, properties=properties)


def _first_tenant() -> Iterator[Body]:
    yield _subscription(SUB, TENANT)
    yield _subscription(SECOND, TENANT)
    group = "/providers/Microsoft.Management/managementGroups/root-group"
    yield _body(group, properties={"displayName": "Root", "tenantId": TENANT})
    yield _body(f"{SUB}/resourceGroups/rg0", location="westeurope")
    accounts = [_account(SUB, number) for number in range(5)]
    yield from accounts
    yield _body(
        f"{accounts[0]['id']}/deployments/chat",
        properties={"model": {"name": "gpt-4o"}},
    )
    yield _body(f"{SUB}/resourceGroups/rg0/{STORAGE}/plain", kind="StorageV2")
    yield _role(f"/{AUTHORIZATION}/roleDefinitions/{ROLE}", "BuiltInRole")
    yield from (_assignment(scope, name) for scope, name in ((SUB, "one"), ("", "top")))
    yield _assignment(f"{SUB}/resourceGroups/rg1", "low")
    yield _body(
        f"{SUB}/resourceGroups/rg0/providers/Microsoft.Insights/activityLogAlerts/keys",
        location="global",
        properties={"enabled": True, "scopes": [SUB]},
    )
    yield _body(
        f"{SUB.lstrip('/')}/providers/microsoft.insights/diagnosticSettings/all",
        properties={"logs": []},
    )


def _custom_role() -> Record:
    """Return a custom role as the read of its subscription finds it."""
    body = _role(f"{SUB}/{AUTHORIZATION}/roleDefinitions/own", "CustomRole")
    return Record(
        id=body["id"],
        type=RoleDefinition.type,
        scope=SUB,
        api_version=RoleDefinition.api_version,
        operation="role_definitions.list",
        body=json.dumps(body).encode(),
    )


def _with_gap(reading: Reading, gap: Gap | None) -> Reading:
    return replace(reading, outcome=Outcome.GAP, gaps=(gap,)) if gap else reading


@dataclass(frozen=True)
class Answer:
    """What the plain client got."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def code(self) -> Any:
        return self.json["error"]["code"]

    @property
    def names(self) -> list[str]:
        return [item["name"] for item in self.json["value"]]


@pytest.fixture(scope="session")
def estate() -> Callable[..., Estate]:
    """Return a function that makes the estate, with gaps by type and scope."""

    def make(*gaps: Gap) -> Estate:
        by_key = {(gap.resource_type.lower(), id_key(gap.scope)): gap for gap in gaps}
        records, readings = assemble(_first_tenant(), TENANT)
        records.append(_custom_role())
        whole = [
            _with_gap(
                each, by_key.get((each.resource_type.lower(), id_key(each.scope)))
            )
            for each in readings
        ]
        foreign = [_subscription(FOREIGN, OTHER), _account(FOREIGN, 0)]
        return Estate(
            (
                Tenant.of(TENANT, records, whole),
                Tenant.of(OTHER, *assemble(foreign, OTHER)),
            )
        )

    return make


@pytest.fixture
def serve(estate: Callable[..., Estate]) -> Iterator[Callable[..., Emulator]]:
    """Return a function that serves the estate until the test is over."""
    with ExitStack() as stack:

        def start(*gaps: Gap, **options: Any) -> Emulator:
            return stack.enter_context(in_thread(estate(*gaps), Options(**options)))

        yield start


@pytest.fixture(scope="session")
def azure(estate: Callable[..., Estate]) -> Iterator[Emulator]:
    """Serve the estate on a good day, to all tests that ask for no other."""
    with in_thread(estate()) as emulator:
        yield emulator


@pytest.fixture(autouse=True)
def _no_foreign_trust(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no test pass or fail by what this machine trusts."""
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"):
        monkeypatch.delenv(name, raising=False)


async def _token(session: aiohttp.ClientSession, azure: Emulator, tenant: str) -> str:
    form = {
        "grant_type": "client_credentials",
        "client_id": azure.address.client_id,
        "client_secret": azure.address.client_secret,
        "scope": "https://management.azure.com/.default",
    }
    url = f"{azure.url}/{tenant}/oauth2/v2.0/token"
    async with session.post(url, data=form) as response:
        content = await response.json()
    return str(content["access_token"])


async def _ask(
    azure: Emulator, requests: list[Any], tenant: str, seconds: float
) -> list[Any]:
    context = ssl.create_default_context(cafile=str(azure.ca_file))
    connector = aiohttp.TCPConnector(ssl=context)
    timeout = aiohttp.ClientTimeout(total=seconds)
    async with aiohttp.ClientSession(connector=connector, timeout=timeout) as session:
        token = await _token(session, azure, tenant)
        return [await _one(session, azure, token, each) for each in requests]


async def _one(
    session: aiohttp.ClientSession, azure: Emulator, token: str, asked: Any
) -> Answer | Exception:
    method, path, content = asked
    url = path if path.startswith("https:") else azure.url + path
    if path.startswith("/") and "api-version" not in path:
        url += ("&" if "?" in path else "?") + "api-version=2025-09-01"
    headers = {"Authorization": f"Bearer {token}"}
    try:
        async with session.request(
            method, url, headers=headers, json=content, allow_redirects=False
        ) as response:
            return Answer(response.status, response.headers, await response.read())
    except (aiohttp.ClientError, TimeoutError) as error:
        return error


@pytest.fixture
def get() -> Callable[..., Any]:
    """Return a function that sends GETs with a token, and returns each answer.

    One path gives one answer, several a list; what fails gives the exception.
    """

    def send(
        azure: Emulator, *paths: str, tenant: str = TENANT, seconds: float = 5
    ) -> Any:
        requests = [("GET", path, None) for path in paths]
        answers = asyncio.run(_ask(azure, requests, tenant, seconds))
        return answers[0] if len(paths) == 1 else answers

    return send


@pytest.fixture
def send() -> Callable[..., Any]:
    """Return a function that sends one request of any method."""

    def send(azure: Emulator, method: str, path: str, content: Any = None) -> Any:
        return asyncio.run(_ask(azure, [(method, path, content)], TENANT, 5))[0]

    return send
