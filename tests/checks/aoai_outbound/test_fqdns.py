from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import pytest

from checks.aoai_outbound.fqdns import (
    CHECKS,
    fqdn_minimal,
    fqdn_owned,
    list_ignored,
    outbound_restricted,
)
from checks.shared.hostnames import host_name
from scanner.model.check import Check, Status
from scanner.model.cognitive import OUTBOUND_KINDS, CognitiveAccount
from scanner.model.containerregistry import Registry
from scanner.model.documentdb import CosmosAccount
from scanner.model.keyvault import KeyVault
from scanner.model.resources import Subscription
from scanner.model.results import Result
from scanner.model.search import SearchService
from scanner.model.settings import Settings
from scanner.model.storage import StorageAccount

if TYPE_CHECKING:
    from tests.checks.conftest import Verdicts


Body = dict[str, Any]

TENANT = "/tenants/aaaaaaaa-0000-0000-0000-000000000001"
SUBSCRIPTION = "/subscriptions/bbbbbbbb-0000-0000-0000-000000000001"
PROVIDERS = f"{SUBSCRIPTION}/resourceGroups/rg/providers"
ACCOUNT = f"{PROVIDERS}/Microsoft.CognitiveServices/accounts/ai"
IDLE = "cccccccc-0000-0000-0000-000000000009"
LIST = "properties.allowedFqdnList"
RESTRICT = "properties.restrictOutboundNetworkAccess"
ABSENT = ...


def account(kind: str = "OpenAI", **properties: object) -> Body:
    given = {
        "provisioningState": "Succeeded",
        "restrictOutboundNetworkAccess": True,
        "allowedFqdnList": ["docs.blob.core.windows.net"],
        "customSubDomainName": "contoso",
        **properties,
    }
    return {"id": ACCOUNT, "kind": kind, "location": "eastus", "properties": given}


def resource(path: str, **properties: object) -> Body:
    return {"id": f"{PROVIDERS}/{path}", "location": "eastus", "properties": properties}


def storage(name: str = "docs") -> Body:
    return resource(f"Microsoft.Storage/storageAccounts/{name}")


def evidence(result: Result) -> Mapping[str, Any]:
    return {each.path: each.value for each in result.evidence}


PASS, FAIL, WARN = Status.PASS, Status.FAIL, Status.WARN
UNREAD, NONE, MANUAL = Status.NOT_ASSESSED, Status.NOT_APPLICABLE, Status.MANUAL


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({}, PASS),
        ({"restrictOutboundNetworkAccess": False}, FAIL),
        ({"restrictOutboundNetworkAccess": ABSENT}, FAIL),
        ({"restrictOutboundNetworkAccess": None}, FAIL),
        ({"restrictOutboundNetworkAccess": "true"}, UNREAD),
        ({"allowedFqdnList": ABSENT}, PASS),
        ({"provisioningState": ABSENT}, PASS),
        ({"provisioningState": None}, PASS),
        ({"provisioningState": "succeeded"}, PASS),
        ({"provisioningState": "Accepted"}, UNREAD),
        ({"provisioningState": 7}, UNREAD),
    ],
)
def test_restricted(verdicts: Verdicts, changes: Body, status: Status) -> None:
    results = verdicts(outbound_restricted, account(**changes))
    assert results.only(ACCOUNT).status is status


def test_restricted_says_what_it_read(verdicts: Verdicts) -> None:
    body = account(restrictOutboundNetworkAccess=ABSENT)
    result = verdicts(outbound_restricted, body).only(ACCOUNT)
    [read] = [each for each in result.evidence if each.path == RESTRICT]
    assert (read.resource_id, read.value) == (ACCOUNT, None)
    assert read.api_version == CognitiveAccount.api_version
    assert "restrictOutboundNetworkAccess is not set" in result.reason


def test_an_account_between_two_settings_is_not_judged(verdicts: Verdicts) -> None:
    body = account(provisioningState="Accepted", restrictOutboundNetworkAccess=False)
    result = verdicts(outbound_restricted, body).only(ACCOUNT)
    assert result.status is UNREAD
    assert "provisioningState is Accepted" in result.reason


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({}, PASS),
        ({"restrictOutboundNetworkAccess": False}, FAIL),
        ({"restrictOutboundNetworkAccess": ABSENT}, FAIL),
        ({"restrictOutboundNetworkAccess": None}, FAIL),
        ({"restrictOutboundNetworkAccess": []}, UNREAD),
        ({"allowedFqdnList": []}, NONE),
        ({"allowedFqdnList": None}, NONE),
        ({"allowedFqdnList": ABSENT, "restrictOutboundNetworkAccess": False}, NONE),
        ({"allowedFqdnList": "a.example.com"}, UNREAD),
        ({"allowedFqdnList": [1]}, UNREAD),
    ],
)
def test_list_ignored(verdicts: Verdicts, changes: Body, status: Status) -> None:
    assert verdicts(list_ignored, account(**changes)).only(ACCOUNT).status is status


def test_an_ignored_list_is_counted_not_quoted(verdicts: Verdicts) -> None:
    hosts = ["a.example.com", "b.example.com"]
    body = account(allowedFqdnList=hosts, restrictOutboundNetworkAccess=False)
    result = verdicts(list_ignored, body).only(ACCOUNT)
    assert "2 entries" in result.reason
    assert "example" not in result.reason
    assert evidence(result) == {LIST: hosts, RESTRICT: False}


@pytest.mark.parametrize(
    ("entries", "status"),
    [
        ([], NONE),
        (None, NONE),
        (ABSENT, NONE),
        ("docs.blob.core.windows.net", UNREAD),
        ([None], UNREAD),
        (["docs.blob.core.windows.net"], PASS),
        ([" Docs.Blob.Core.Windows.NET. "], PASS),
        (["contoso.search.windows.net", "api.example.com"], PASS),
        (["bücher.example"], PASS),
        (["under_score.example.com"], PASS),
        (["https://docs.blob.core.windows.net"], FAIL),
        (["docs.blob.core.windows.net/container"], FAIL),
        (["docs.blob.core.windows.net:443"], FAIL),
        (["user@example.com"], FAIL),
        (["*.blob.core.windows.net"], FAIL),
        (["*"], FAIL),
        (["192.0.2.7"], FAIL),
        (["192.0.2.7."], FAIL),
        (["10.0.0.0/8"], FAIL),
        (["3221225991"], FAIL),
        (["2001:db8::1"], FAIL),
        (["[2001:db8::1]"], FAIL),
        (["blob.core.windows.net"], FAIL),
        (["dfs.core.windows.net"], FAIL),
        (["core.windows.net"], FAIL),
        (["windows.net"], FAIL),
        (["search.windows.net."], FAIL),
        (["OpenAI.Azure.com"], FAIL),
        (["azurewebsites.net"], FAIL),
        (["github.io"], FAIL),
        (["someone.github.io"], FAIL),
        (["x.webhook.site"], FAIL),
        (["notwebhook.site"], PASS),
        (["eastus.api.cognitive.microsoft.com"], FAIL),
        (["prod-01.westeurope.logic.azure.com"], FAIL),
        (["0xa9.0xfe.0xa9.0xfe"], FAIL),
        (["localhost"], FAIL),
        ([""], FAIL),
        (["."], FAIL),
        ([".."], FAIL),
        (["a b.example.com"], FAIL),
        (["a.example.com\x00\x1b[31m"], FAIL),
        (["a..example.com"], FAIL),
        (["-a.example.com"], FAIL),
        ([f"{'a' * 64}.example.com"], FAIL),
        (["a." * 200 + "com"], FAIL),
        ([f"h{n}.example.com" for n in range(20)], PASS),
        ([f"h{n}.example.com" for n in range(21)], WARN),
    ],
)
def test_minimal(verdicts: Verdicts, entries: object, status: Status) -> None:
    result = verdicts(fqdn_minimal, account(allowedFqdnList=entries)).only(ACCOUNT)
    assert result.status is status
    assert result.reason.isascii()
    assert result.reason.isprintable()


def test_minimal_judges_a_list_that_is_not_in_force(verdicts: Verdicts) -> None:
    body = account(allowedFqdnList=["*"], restrictOutboundNetworkAccess=False)
    assert verdicts(fqdn_minimal, body).only(ACCOUNT).status is FAIL


def test_minimal_names_three_entries_and_counts_the_rest(verdicts: Verdicts) -> None:
    entries = [f"*.n{n}.example" for n in range(5)]
    result = verdicts(fqdn_minimal, account(allowedFqdnList=entries)).only(ACCOUNT)
    assert '"*.n2.example" (wildcard) and 2 more' in result.reason
    assert evidence(result)[LIST] == entries


def test_minimal_mentions_repeated_entries(verdicts: Verdicts) -> None:
    entries = ["a.example.com", "A.example.com."]
    result = verdicts(fqdn_minimal, account(allowedFqdnList=entries)).only(ACCOUNT)
    assert result.status is PASS
    assert "1 of them repeated" in result.reason


def test_minimal_follows_the_settings(verdicts: Verdicts) -> None:
    body = account(allowedFqdnList=["a.evil.example", "b.example.com"])
    blocked = Settings(blocked_fqdn_suffixes=("Evil.example",))
    assert verdicts(fqdn_minimal, body, settings=blocked).only(ACCOUNT).status is FAIL
    short = Settings(fqdn_list_warning=1)
    assert verdicts(fqdn_minimal, body, settings=short).only(ACCOUNT).status is WARN


@pytest.mark.parametrize(
    ("entry", "name"),
    [
        ("Bücher.Example.", "xn--bcher-kva.example"),
        ("\uff45xample\uff0ecom", "example.com"),
        ("example\u3002com", "example.com"),
        ("  a.example ", "a.example"),
    ],
)
def test_host_name(entry: str, name: str) -> None:
    assert host_name(entry) == name


BLOB = "docs.blob.core.windows.net"

REGIONAL = {
    "readLocations": [
        {"documentEndpoint": "https://threads-westeurope.documents.azure.com:443/"}
    ]
}
GATEWAY = {"gatewayRegionalUrl": "https://front-eastus-01.regional.azure-api.net"}
SERVERS = {
    "loginServer": "images.azurecr.io",
    "dataEndpointHostNames": ["images.westeurope.data.azurecr.io"],
}


@pytest.mark.parametrize(
    ("entries", "status"),
    [
        ([], NONE),
        (None, NONE),
        (ABSENT, NONE),
        ("docs.blob.core.windows.net", UNREAD),
        ([BLOB], PASS),
        ([" DOCS.Blob.core.windows.net. "], PASS),
        ([f"https://{BLOB}/container"], PASS),
        (["docs.privatelink.blob.core.windows.net"], PASS),
        (["docs-secondary.dfs.core.windows.net"], PASS),
        (["docs.z13.web.core.windows.net"], PASS),
        (["contoso.openai.azure.com", "contoso.services.ai.azure.com"], PASS),
        (["old.cognitiveservices.azure.com"], PASS),
        (["secrets.vault.azure.net"], PASS),
        ([BLOB, "mine.blob.core.windows.net"], FAIL),
        (["docs.x.blob.core.windows.net"], FAIL),
        (["blob.core.windows.net"], FAIL),
        (["core.windows.net"], FAIL),
        (["*.blob.core.windows.net"], FAIL),
        (["*.search.windows.net"], FAIL),
        (["search.windows.net"], FAIL),
        (["theirs.openai.azure.com"], FAIL),
        (["theirs.vault.azure.net"], FAIL),
        ([f"{BLOB}\x00"], MANUAL),
        (["index.search.windows.net"], PASS),
        (["threads.documents.azure.com"], PASS),
        (["threads-westeurope.documents.azure.com"], PASS),
        (["images.azurecr.io", "images.westeurope.data.azurecr.io"], PASS),
        (["theirs.search.windows.net"], FAIL),
        (["threads-eastus.documents.azure.com"], FAIL),
        (["images.eastus.data.azurecr.io"], FAIL),
        (["front.azure-api.net", "front.developer.azure-api.net"], PASS),
        (["front-eastus-01.regional.azure-api.net"], PASS),
        (["front-westus-01.regional.azure-api.net"], FAIL),
        (["contoso.azure-api.net"], FAIL),
        (["contoso.azurewebsites.net"], UNREAD),
        (["contoso.azurewebsites.net", "theirs.vault.azure.net"], FAIL),
        (["contoso.azurewebsites.net", "api.example.com"], UNREAD),
        ([BLOB, "api.example.com"], MANUAL),
        ([f"https://{BLOB}@evil.example/"], MANUAL),
        ([f"evil.example/{BLOB}"], MANUAL),
        (["192.0.2.7"], MANUAL),
        ([""], MANUAL),
        (["\x1b[31m \u202e"], MANUAL),
    ],
)
def test_owned(verdicts: Verdicts, entries: object, status: Status) -> None:
    old = resource(
        "Microsoft.CognitiveServices/accounts/old",
        endpoint="https://old.cognitiveservices.azure.com/",
    )
    found = verdicts(
        fqdn_owned,
        account(allowedFqdnList=entries),
        storage(),
        storage("blob"),
        old,
        resource("Microsoft.KeyVault/vaults/secrets"),
        resource("Microsoft.Search/searchServices/index"),
        resource("Microsoft.DocumentDB/databaseAccounts/threads", **REGIONAL),
        resource("Microsoft.ContainerRegistry/registries/images", **SERVERS),
        resource("Microsoft.ApiManagement/service/front", **GATEWAY),
    ).only(ACCOUNT)
    assert found.status is status
    assert found.reason.isascii()
    assert found.reason.isprintable()


def test_owned_names_the_type_that_is_not_read(verdicts: Verdicts) -> None:
    body = account(allowedFqdnList=["contoso.azurewebsites.net"])
    result = verdicts(fqdn_owned, body).only(ACCOUNT)
    assert "Microsoft.Web/sites" in result.reason
    assert '"contoso.azurewebsites.net"' in result.reason
    assert evidence(result)[LIST] == ["contoso.azurewebsites.net"]


@pytest.mark.parametrize("scan", [{"whole_tenant": False}, {"left_out": [IDLE]}])
def test_owned_only_warns_where_not_all_was_scanned(
    verdicts: Verdicts, scan: dict[str, Any]
) -> None:
    result = verdicts(fqdn_owned, account(), **scan).only(ACCOUNT)
    assert result.status is WARN
    found = verdicts(fqdn_owned, account(), storage(), **scan).only(ACCOUNT)
    assert found.status is PASS


@pytest.mark.parametrize(
    ("view", "scope", "host"),
    [
        (StorageAccount, SUBSCRIPTION, BLOB),
        (KeyVault, SUBSCRIPTION, "theirs.vault.azure.net"),
        (SearchService, SUBSCRIPTION, "theirs.search.windows.net"),
        (CosmosAccount, SUBSCRIPTION, "theirs.documents.azure.com"),
        (Registry, SUBSCRIPTION, "theirs.azurecr.io"),
        (Subscription, TENANT, BLOB),
    ],
)
def test_owned_only_warns_where_a_read_was_refused(
    verdicts: Verdicts, view: type[Any], scope: str, host: str
) -> None:
    refused = [(view, scope)]
    body = account(allowedFqdnList=[host])
    assert verdicts(fqdn_owned, body, unread=refused).only(ACCOUNT).status is WARN


def test_owned_warns_of_approved_hosts(verdicts: Verdicts) -> None:
    hosts = ["partner.search.windows.net", "theirs.vault.azure.net", "api.example.com"]
    settings = Settings(approved_fqdns=("Partner.search.windows.net.", *hosts[1:]))
    body = account(allowedFqdnList=hosts)
    result = verdicts(fqdn_owned, body, settings=settings).only(ACCOUNT)
    assert result.status is WARN
    assert '"partner.search.windows.net"' in result.reason


def test_owned_and_approved_passes(verdicts: Verdicts) -> None:
    settings = Settings(approved_fqdns=(BLOB,))
    result = verdicts(fqdn_owned, account(), storage(), settings=settings).only(ACCOUNT)
    assert result.status is PASS


def test_the_shared_regional_endpoint_is_nobody_s(verdicts: Verdicts) -> None:
    host = "eastus.api.cognitive.microsoft.com"
    body = account(allowedFqdnList=[host], endpoint=f"https://{host}/")
    assert verdicts(fqdn_owned, body).only(ACCOUNT).status is MANUAL


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.id)
class TestEvery:
    def test_kinds(self, verdicts: Verdicts, check: Check[Any]) -> None:
        for kind in (*OUTBOUND_KINDS, "OPENAI", "AIServices"):
            results = verdicts(check, account(kind), storage())
            assert results.only(ACCOUNT).status is PASS
        for kind in ("TextAnalytics", ""):
            [result] = verdicts(check, account(kind))
            assert result.target.resource_id.startswith("/tenants/")

    @pytest.mark.parametrize("body", [{}, {"properties": None}])
    def test_no_properties(
        self, verdicts: Verdicts, check: Check[Any], body: Body
    ) -> None:
        stub = {"id": ACCOUNT, "kind": "OpenAI", **body}
        assert verdicts(check, stub).only(ACCOUNT).status is UNREAD

    def test_refused(self, verdicts: Verdicts, check: Check[Any]) -> None:
        refused = [(CognitiveAccount, SUBSCRIPTION)]
        [result] = verdicts(check, account(), unread=refused)
        assert (result.status, result.target.resource_id) == (UNREAD, SUBSCRIPTION)
