from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import aiohttp
import pytest

from scanner.emulator import Emulator
from scanner.model.coverage import Gap

Get = Callable[..., Any]
Serve = Callable[..., Emulator]

TENANT = "aaaaaaaa-0000-4000-8000-000000000001"
OTHER = "aaaaaaaa-0000-4000-8000-000000000002"
SUB = "/subscriptions/bbbbbbbb-0000-4000-8000-000000000001"
SECOND = "/subscriptions/bbbbbbbb-0000-4000-8000-000000000002"
FOREIGN = "/subscriptions/bbbbbbbb-0000-4000-8000-000000000003"
ACCOUNTS = f"{SUB}/providers/Microsoft.CognitiveServices/accounts"
ACCOUNT = f"{SUB}/resourceGroups/rg0/providers/Microsoft.CognitiveServices/accounts"
ROLES = f"{SUB}/providers/Microsoft.Authorization/roleDefinitions"
GRANTS = "providers/Microsoft.Authorization/roleAssignments"
ALL = [f"openai-{number}" for number in range(5)]


def gap(**changes: Any) -> Gap:
    known: dict[str, Any] = {
        "tenant_id": TENANT,
        "scope": SUB,
        "resource_type": "Microsoft.CognitiveServices/accounts",
        "operation": "accounts.list",
        "reason": "The client does not have authorization.",
        "http_status": 403,
        "error_code": "AuthorizationFailed",
    }
    return Gap(**(known | changes))


@pytest.mark.parametrize(
    ("path", "names"),
    [
        (ACCOUNTS, ALL),
        (ACCOUNTS.upper(), ALL),
        (ACCOUNT, ["openai-0", "openai-2", "openai-4"]),
        (f"{ACCOUNT}/openai-0/deployments", ["chat"]),
        (f"{ACCOUNT}/openai-2/deployments", []),
        (f"{SUB}/resourcegroups", ["rg0"]),
        (f"{SUB}/resourceGroups", ["rg0"]),
        ("/providers/Microsoft.Management/managementGroups", ["root-group"]),
        ("/providers/Microsoft.Management/managementGroups/root-group/descendants", []),
        (f"{SUB}/providers/Microsoft.Insights/diagnosticSettings", ["all"]),
        (f"{SUB}/providers/Microsoft.Nobody/collectsThis", []),
        (f"{ROLES}?$filter=type eq 'CustomRole'", ["own"]),
        (f"{SECOND}{ROLES.removeprefix(SUB)}?$filter=type eq 'CustomRole'", []),
        (f"{SUB}/{GRANTS}", ["one", "top", "low"]),
        (f"{SUB}/resourceGroups/rg0/{GRANTS}", ["one", "top"]),
        (f"{SUB}/resourceGroups/rg1/{GRANTS}", ["one", "top", "low"]),
        (f"{SUB}/{GRANTS}?$filter=atScope()", ["one", "top"]),
        (f"{SUB}/{GRANTS}?$filter=principalId eq 'low'", ["low"]),
    ],
)
def test_lists(azure: Emulator, get: Get, path: str, names: list[str]) -> None:
    answer = get(azure, path)
    assert answer.status == 200
    assert answer.names == names


def test_built_in_roles_are_in_the_list_of_every_subscription(
    azure: Emulator, get: Get
) -> None:
    for sub in (SUB, SECOND):
        path = f"{sub}/providers/Microsoft.Authorization/roleDefinitions"
        answer = get(azure, f"{path}?$filter=type eq 'BuiltInRole'")
        assert [each["properties"]["type"] for each in answer.json["value"]] == [
            "BuiltInRole"
        ]
        name = answer.names[0]
        assert get(azure, f"{path}/{name}").json["name"] == name
    assert len(get(azure, ROLES).names) == 2


@pytest.mark.parametrize(
    "path", [SUB, f"{ACCOUNT}/openai-0", f"{ACCOUNT}/OPENAI-0/deployments/chat"]
)
def test_resources_by_id(azure: Emulator, get: Get, path: str) -> None:
    answer = get(azure, path)
    assert answer.status == 200
    assert answer.json["id"].lower() == path.lower()


def test_tenants_and_permissions(azure: Emulator, get: Get) -> None:
    tenants, permissions = get(
        azure,
        "/tenants",
        f"{ACCOUNT}/openai-0/providers/Microsoft.Authorization/permissions",
    )
    assert [each["tenantId"] for each in tenants.json["value"]] == [TENANT]
    assert permissions.json["value"][0]["actions"] == ["*/read"]


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/subscriptions/nope", 400, "InvalidSubscriptionId"),
        (f"{SUB[:-1]}9", 404, "SubscriptionNotFound"),
        (f"{ACCOUNT}/none", 404, "ResourceNotFound"),
        (f"{ACCOUNT}/none/deployments", 404, "ParentResourceNotFound"),
        (f"{SUB}/resourceGroups/none", 404, "ResourceGroupNotFound"),
        (ACCOUNT.replace("rg0", "none"), 404, "ResourceGroupNotFound"),
        (
            "/providers/Microsoft.Management/managementGroups/none",
            403,
            "AuthorizationFailed",
        ),
        ("/nothing", 404, "NotFound"),
        (f"{ACCOUNTS}?api-version-is-missing", 400, "MissingApiVersionParameter"),
        (FOREIGN, 401, "InvalidAuthenticationTokenTenant"),
    ],
)
def test_refusals(azure: Emulator, get: Get, path: str, status: int, code: str) -> None:
    answer = get(azure, path)
    assert (answer.status, answer.code) == (status, code)


def test_a_missing_resource_is_named(azure: Emulator, get: Get) -> None:
    message = get(azure, f"{ACCOUNT}/none").json["error"]["message"]
    assert "'microsoft.cognitiveservices/accounts/none' under resource group" in message


def test_each_tenant_has_its_own_subscriptions(azure: Emulator, get: Get) -> None:
    own = get(azure, "/subscriptions")
    other = get(azure, "/subscriptions", tenant=OTHER)
    assert [each["id"] for each in own.json["value"]] == [SUB, SECOND]
    assert [each["id"] for each in other.json["value"]] == [FOREIGN]
    assert get(azure, ACCOUNTS, tenant=OTHER).status == 401


def test_pages(serve: Serve, get: Get) -> None:
    azure = serve(page_size=2)
    names, path = [], ACCOUNTS
    while path:
        answer = get(azure, path)
        names.append(answer.names)
        path = answer.json.get("nextLink", "")
    assert names == [ALL[:2], ALL[2:4], ALL[4:]]


def test_a_gap_is_refused_as_it_was(serve: Serve, get: Get) -> None:
    azure = serve(gap(scope=SECOND), gap(resource_type="Microsoft.KeyVault/vaults"))
    whole, vaults, second = get(
        azure,
        ACCOUNTS,
        f"{SUB}/providers/Microsoft.KeyVault/vaults",
        ACCOUNTS.replace(SUB, SECOND),
    )
    assert whole.names == ALL
    assert (vaults.status, vaults.code) == (403, "AuthorizationFailed")
    assert second.json["error"]["message"] == gap().reason
    hidden = ACCOUNTS.replace(SUB, f"{SECOND}/resourceGroups/x") + "/hidden"
    assert get(azure, hidden).status == 403


def test_a_gap_after_items_is_refused_at_the_next_page(serve: Serve, get: Get) -> None:
    azure = serve(gap(http_status=500, error_code="InternalServerError"))
    first = get(azure, ACCOUNTS)
    assert first.names == ALL
    second = get(azure, first.json["nextLink"])
    assert (second.status, second.code) == (500, "InternalServerError")


def test_a_gap_without_an_answer_breaks_the_connection(serve: Serve, get: Get) -> None:
    azure = serve(gap(scope=SECOND, http_status=None, error_code=None))
    answer = get(azure, ACCOUNTS.replace(SUB, SECOND))
    assert isinstance(answer, aiohttp.ClientError)
    assert azure.requests[-1].status == 0


def test_a_gap_without_a_code_has_none(serve: Serve, get: Get) -> None:
    azure = serve(gap(scope=SECOND, http_status=502, error_code=None))
    answer = get(azure, ACCOUNTS.replace(SUB, SECOND))
    assert answer.status == 502
    assert answer.json == {"error": {"message": gap().reason}}


def test_no_other_method_is_allowed(azure: Emulator, send: Get) -> None:
    for method in ("POST", "PUT", "DELETE", "PATCH"):
        assert send(azure, method, f"{ACCOUNT}/openai-0").status == 405
    last = azure.requests[-1]
    assert (last.method, last.status) == ("PATCH", 405)


def test_headers(azure: Emulator, get: Get) -> None:
    subscription, tenant = get(azure, ACCOUNTS, "/subscriptions")
    assert int(subscription.headers["x-ms-ratelimit-remaining-subscription-reads"]) > 0
    assert int(tenant.headers["x-ms-ratelimit-remaining-tenant-reads"]) > 0
    ids = {each.headers["x-ms-request-id"] for each in (subscription, tenant)}
    assert len(ids) == 2


@pytest.mark.parametrize(
    ("authorization", "code"),
    [
        ("", "AuthenticationFailed"),
        ("Bearer of good news", "InvalidAuthenticationToken"),
    ],
)
def test_no_token_no_answer(azure: Emulator, authorization: str, code: str) -> None:
    async def run() -> tuple[int, str, Any]:
        headers = {"Authorization": authorization} if authorization else {}
        url = f"{azure.url}{ACCOUNTS}?api-version=1"
        async with (
            aiohttp.ClientSession(headers=headers) as session,
            session.get(url, ssl=False) as response,
        ):
            challenge = response.headers["WWW-Authenticate"]
            return response.status, challenge, await response.json()

    status, challenge, content = asyncio.run(run())
    assert status == 401
    assert challenge.startswith("Bearer ")
    assert content["error"]["code"] == code
