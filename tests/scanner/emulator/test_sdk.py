"""The unmodified clients of the Azure SDK, sync and aio, read what is served."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import aiohttp
import pytest
from azure.core.exceptions import HttpResponseError
from azure.core.pipeline.transport import AioHttpTransport
from azure.identity import ClientSecretCredential
from azure.identity.aio import ClientSecretCredential as AioClientSecretCredential
from azure.mgmt.authorization import AuthorizationManagementClient
from azure.mgmt.authorization.aio import (
    AuthorizationManagementClient as AioAuthorization,
)
from azure.mgmt.cognitiveservices import CognitiveServicesManagementClient
from azure.mgmt.cognitiveservices.aio import (
    CognitiveServicesManagementClient as AioCognitiveServices,
)
from azure.mgmt.managementgroups import ManagementGroupsMgmtClient
from azure.mgmt.managementgroups.aio import (
    ManagementGroupsMgmtClient as AioManagementGroups,
)
from azure.mgmt.monitor import MonitorManagementClient
from azure.mgmt.monitor.aio import MonitorManagementClient as AioMonitor
from azure.mgmt.resource.subscriptions import SubscriptionClient
from azure.mgmt.resource.subscriptions.aio import SubscriptionClient as AioSubscription
from azure.mgmt.resourcegraph import ResourceGraphClient
from azure.mgmt.resourcegraph.aio import ResourceGraphClient as AioResourceGraph
from azure.mgmt.resourcegraph.models import QueryRequest
from azure.mgmt.storage import StorageManagementClient
from azure.mgmt.storage.aio import StorageManagementClient as AioStorage

from scanner.emulator import Emulator
from scanner.emulator.faults import Status

SUB = "bbbbbbbb-0000-4000-8000-000000000001"
SCOPE = f"/subscriptions/{SUB}"
COUNT = (
    "resources | where type in~ ('microsoft.cognitiveservices/accounts') "
    "| summarize count_=count() by subscriptionId, type"
)

Call = Callable[[Any], Any]

CALLS: list[tuple[type[Any], type[Any], bool, Call, list[str]]] = [
    (
        CognitiveServicesManagementClient,
        AioCognitiveServices,
        True,
        lambda client: client.accounts.list(),
        [f"openai-{number}" for number in range(5)],
    ),
    (
        CognitiveServicesManagementClient,
        AioCognitiveServices,
        True,
        lambda client: client.accounts.list_by_resource_group("rg1"),
        ["openai-1", "openai-3"],
    ),
    (
        CognitiveServicesManagementClient,
        AioCognitiveServices,
        True,
        lambda client: client.deployments.list("rg0", "openai-0"),
        ["chat"],
    ),
    (
        StorageManagementClient,
        AioStorage,
        True,
        lambda client: client.storage_accounts.list(),
        ["plain"],
    ),
    (
        AuthorizationManagementClient,
        AioAuthorization,
        True,
        lambda client: client.role_assignments.list_for_subscription(),
        ["one", "top", "low"],
    ),
    (
        AuthorizationManagementClient,
        AioAuthorization,
        True,
        lambda client: client.role_assignments.list_for_scope(
            SCOPE, filter="atScope()"
        ),
        ["one", "top"],
    ),
    (
        AuthorizationManagementClient,
        AioAuthorization,
        True,
        lambda client: client.role_definitions.list(
            SCOPE, filter="type eq 'CustomRole'"
        ),
        ["own"],
    ),
    (
        SubscriptionClient,
        AioSubscription,
        False,
        lambda client: client.subscriptions.list(),
        ["sub 1", "sub 2"],
    ),
    (
        ManagementGroupsMgmtClient,
        AioManagementGroups,
        False,
        lambda client: client.management_groups.list(),
        ["Root"],
    ),
    (
        ManagementGroupsMgmtClient,
        AioManagementGroups,
        False,
        lambda client: client.management_groups.get_descendants("root-group"),
        [],
    ),
    (
        MonitorManagementClient,
        AioMonitor,
        True,
        lambda client: client.activity_log_alerts.list_by_subscription_id(),
        ["keys"],
    ),
]


def name_of(item: Any) -> Any:
    return getattr(item, "display_name", None) or item.name


def known(azure: Emulator) -> dict[str, Any]:
    address = azure.address
    return {
        "tenant_id": address.tenants[0],
        "client_id": address.client_id,
        "client_secret": address.client_secret,
        "authority": azure.url,
        "disable_instance_discovery": True,
    }


@contextmanager
def sync_client(azure: Emulator, factory: Any, subscribed: bool) -> Iterator[Any]:
    verify = str(azure.ca_file)
    arguments = (SUB,) if subscribed else ()
    with (
        ClientSecretCredential(**known(azure), connection_verify=verify) as credential,
        factory(
            credential, *arguments, base_url=azure.url, connection_verify=verify
        ) as client,
    ):
        yield client


@asynccontextmanager
async def aio_client(
    azure: Emulator, factory: Any, subscribed: bool
) -> AsyncIterator[Any]:
    context = ssl.create_default_context(cafile=str(azure.ca_file))
    connector = aiohttp.TCPConnector(ssl=context)
    arguments = (SUB,) if subscribed else ()
    async with aiohttp.ClientSession(connector=connector) as session:
        wire = AioHttpTransport(session=session, session_owner=False)
        async with (
            AioClientSecretCredential(**known(azure), transport=wire) as credential,
            factory(
                credential, *arguments, base_url=azure.url, transport=wire
            ) as client,
        ):
            yield client


@pytest.mark.parametrize(("factory", "_", "subscribed", "call", "names"), CALLS)
def test_sync(
    serve: Callable[..., Emulator],
    factory: Any,
    _: Any,
    subscribed: bool,
    call: Call,
    names: list[str],
) -> None:
    with sync_client(serve(page_size=1), factory, subscribed) as client:
        assert [name_of(item) for item in call(client)] == names


@pytest.mark.parametrize(("_", "factory", "subscribed", "call", "names"), CALLS)
def test_aio(
    serve: Callable[..., Emulator],
    _: Any,
    factory: Any,
    subscribed: bool,
    call: Call,
    names: list[str],
) -> None:
    azure = serve(page_size=2)

    async def run() -> list[Any]:
        async with aio_client(azure, factory, subscribed) as client:
            return [name_of(item) async for item in call(client)]

    assert asyncio.run(run()) == names


def test_resource_graph_sync(azure: Emulator) -> None:
    with sync_client(azure, ResourceGraphClient, subscribed=False) as client:
        answer = client.resources(QueryRequest(subscriptions=[SUB], query=COUNT))
    assert answer.total_records == 1
    assert answer.data[0]["count_"] == 5


def test_resource_graph_aio(azure: Emulator) -> None:
    async def run() -> Any:
        async with aio_client(azure, AioResourceGraph, subscribed=False) as client:
            request = QueryRequest(subscriptions=[SUB], query=COUNT)
            return await client.resources(request)

    assert asyncio.run(run()).data[0]["count_"] == 5


def test_a_refusal_is_an_sdk_error(serve: Callable[..., Emulator]) -> None:
    fault = Status(status=403, code="AuthorizationFailed", message="not for you")
    azure = serve(faults=(fault,))
    with (
        sync_client(
            azure, CognitiveServicesManagementClient, subscribed=True
        ) as client,
        pytest.raises(HttpResponseError, match="not for you") as raised,
    ):
        list(client.accounts.list())
    assert raised.value.error is not None
    assert raised.value.error.code == "AuthorizationFailed"


def test_stock_clients_registering_a_provider_are_stopped_and_recorded(
    serve: Callable[..., Emulator],
) -> None:
    fault = Status(
        status=409,
        code="MissingSubscriptionRegistration",
        message="The subscription is not registered to use namespace 'Microsoft.X'.",
        times=1,
    )
    azure = serve(faults=(fault,))
    with (
        sync_client(
            azure, CognitiveServicesManagementClient, subscribed=True
        ) as client,
        pytest.raises(HttpResponseError),
    ):
        list(client.accounts.list())
    writes = [each for each in azure.requests if each.status == 405]
    assert [each.method for each in writes] == ["POST"]
