"""What outbound lists let happen: who answers at their hosts, and what is left out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from checks.aoai_outbound.reach import CHECKS, RESTRICTED
from scanner.model.authorization import DenyAssignment, RoleAssignment
from scanner.model.check import Status
from scanner.model.cognitive import OUTBOUND_KINDS
from scanner.model.perimeter import Association
from scanner.model.policy import PolicyAssignment
from scanner.model.search import SearchService
from scanner.model.settings import Settings
from scanner.model.storage import StorageAccount

if TYPE_CHECKING:
    from tests.checks.conftest import Verdicts


Body = dict[str, Any]

SUBSCRIPTION = "/subscriptions/bbbbbbbb-0000-0000-0000-000000000001"
PROVIDERS = f"{SUBSCRIPTION}/resourceGroups/rg/providers"
ACCOUNT = f"{PROVIDERS}/Microsoft.CognitiveServices/accounts/oai"
STORAGE = f"{PROVIDERS}/Microsoft.Storage/storageAccounts/docs"
SEARCH = f"{PROVIDERS}/Microsoft.Search/searchServices/find"
AUTHORIZATION = "providers/Microsoft.Authorization"
READER_OF_INDEXES = "1407120a-92aa-4202-b7e9-c0e197c71c8f"
NO_PUBLIC = {"allowBlobPublicAccess": False}
DOCS, FIND = "docs.blob.core.windows.net", "find.search.windows.net"
ME = "11111111-0000-0000-0000-000000000001"

PASS, FAIL, WARN, INFO = Status.PASS, Status.FAIL, Status.WARN, Status.INFO
UNREAD, NONE, ASKED = Status.NOT_ASSESSED, Status.NOT_APPLICABLE, Status.MANUAL
BY_ID = {check.id: check for check in CHECKS}


def account(**properties: object) -> Body:
    return {
        "id": ACCOUNT,
        "kind": "OpenAI",
        "identity": {"type": "SystemAssigned", "principalId": ME},
        "properties": {"restrictOutboundNetworkAccess": True, **properties},
    }


ENDPOINT = f"{PROVIDERS}/Microsoft.Network/privateEndpoints/pe"


def connection(state: str | None) -> Body:
    properties = {
        "privateEndpoint": {"id": ENDPOINT},
        "privateLinkServiceConnectionState": {"status": state},
    }
    return {"properties": properties}


def storage(**properties: object) -> Body:
    return {"id": STORAGE, "properties": properties}


SERVICE: Body = {"id": SEARCH, "properties": {}}
ROLE: Body = {
    "id": f"/{AUTHORIZATION}/roleDefinitions/{READER_OF_INDEXES}",
    "properties": {"roleName": "Reader of indexes", "permissions": []},
}
ASSIGNMENT: Body = {
    "id": f"{SEARCH}/{AUTHORIZATION}/roleAssignments/one",
    "properties": {
        "principalId": ME,
        "principalType": "ServicePrincipal",
        "roleDefinitionId": ROLE["id"],
        "scope": SEARCH,
    },
}


def status_of(verdicts: Verdicts, check: str, *bodies: Body, **options: Any) -> Status:
    found = verdicts(BY_ID[check], *bodies, **options)
    result = found.only(ACCOUNT)
    if result.status in (PASS, FAIL, WARN):
        assert result.evidence
    return result.status


@pytest.mark.parametrize(
    ("hosts", "status"),
    [
        ([DOCS], PASS),
        ([DOCS, "gone.blob.core.windows.net"], ASKED),
        (["gone.azurewebsites.net"], ASKED),
        ([DOCS, "https://gone.blob.core.windows.net/files"], ASKED),
        (["gone.trafficmanager.net"], ASKED),
        ([DOCS, "gone.westeurope.cloudapp.azure.com"], ASKED),
        (["gone.happyhill-0a1b2c3d.westeurope.azurecontainerapps.io"], ASKED),
        (["gone-a1b2c3d4.z01.azurefd.net"], ASKED),
        (["gone.azureedge.net"], ASKED),
        (["gone.blob.core.usgovcloudapi.net"], ASKED),
        (["www.example.org"], NONE),
        (["westeurope.cloudapp.azure.com"], NONE),
        (["prod-01.westeurope.logic.azure.com"], NONE),
        (["raw.githubusercontent.com"], NONE),
        (None, NONE),
        ([7], UNREAD),
    ],
)
def test_names_that_anyone_may_claim(
    hosts: object, status: Status, verdicts: Verdicts
) -> None:
    given = account(allowedFqdnList=hosts)
    check = "aoai-outbound-fqdn-dangling"
    assert status_of(verdicts, check, given, storage()) is status


def test_an_approved_name_may_be_free_as_well(verdicts: Verdicts) -> None:
    check, host = "aoai-outbound-fqdn-dangling", "partner.blob.core.windows.net"
    given = account(allowedFqdnList=[DOCS, host])
    approved = Settings(approved_fqdns=(host,))
    assert status_of(verdicts, check, given, storage(), settings=approved) is ASKED


def test_what_was_not_read_may_answer_at_a_name(verdicts: Verdicts) -> None:
    check, unread = "aoai-outbound-fqdn-dangling", [(StorageAccount, SUBSCRIPTION)]
    given = account(allowedFqdnList=[DOCS])
    assert status_of(verdicts, check, given, unread=unread) is UNREAD
    both = account(allowedFqdnList=[DOCS, FIND])
    assert status_of(verdicts, check, both, unread=unread) is ASKED


@pytest.mark.parametrize(
    ("hosts", "status"), [([FIND.upper()], PASS), ([DOCS], WARN), (None, WARN)]
)
def test_a_search_service_that_may_be_used_is_listed(
    hosts: object, status: Status, verdicts: Verdicts
) -> None:
    bodies = (account(allowedFqdnList=hosts), SERVICE, ROLE, ASSIGNMENT)
    check = "aoai-outbound-cwyd-search-missing"
    assert status_of(verdicts, check, *bodies) is status


def test_a_user_assigned_identity_searches_too(verdicts: Verdicts) -> None:
    check = "aoai-outbound-cwyd-search-missing"
    identity = {"type": "UserAssigned", "userAssignedIdentities": {"/id": {}}}
    unclear = {**account(), "identity": identity}
    assert status_of(verdicts, check, unclear, SERVICE, ROLE, ASSIGNMENT) is UNREAD
    assigned = {"/id": {"principalId": ME}}
    given = {**account(), "identity": {**identity, "userAssignedIdentities": assigned}}
    assert status_of(verdicts, check, given, SERVICE, ROLE, ASSIGNMENT) is WARN


def test_a_service_that_is_missing_decides_whatever_else_was_not_read(
    verdicts: Verdicts,
) -> None:
    check = "aoai-outbound-cwyd-search-missing"
    other = {"id": f"{PROVIDERS}/Microsoft.Search/searchServices/a", "properties": {}}
    bodies = (account(), SERVICE, other, ROLE, ASSIGNMENT)
    unread = [(DenyAssignment, SUBSCRIPTION)]
    assert status_of(verdicts, check, *bodies, unread=unread) is WARN


def test_who_uses_no_search_service_needs_none_listed(verdicts: Verdicts) -> None:
    check = "aoai-outbound-cwyd-search-missing"
    free = account(restrictOutboundNetworkAccess=False)
    assert status_of(verdicts, check, free, SERVICE, ROLE, ASSIGNMENT) is NONE
    assert status_of(verdicts, check, account(), SERVICE, ROLE) is NONE
    nobody = {**account(), "identity": {"type": "None"}}
    assert status_of(verdicts, check, nobody, SERVICE, ROLE, ASSIGNMENT) is NONE
    unread = [(SearchService, SUBSCRIPTION)]
    assert status_of(verdicts, check, account(), unread=unread) is UNREAD


@pytest.mark.parametrize(
    ("public", "status"),
    [(False, PASS), (True, WARN), (None, WARN), ("no", UNREAD)],
)
def test_storage_that_is_listed_is_not_public(
    public: object, status: Status, verdicts: Verdicts
) -> None:
    bodies = (account(allowedFqdnList=[DOCS]), storage(allowBlobPublicAccess=public))
    check = "aoai-outbound-image-source-public"
    assert status_of(verdicts, check, *bodies) is status


def test_storage_without_a_public_endpoint_takes_no_anonymous_reader(
    verdicts: Verdicts,
) -> None:
    check = "aoai-outbound-image-source-public"
    shut = storage(publicNetworkAccess="disabled")
    assert status_of(verdicts, check, account(allowedFqdnList=[DOCS]), shut) is PASS


@pytest.mark.parametrize(
    ("hosts", "closed", "status"),
    [
        (["docs.z6.web.core.windows.net"], {}, WARN),
        ([DOCS, "docs-secondary.z6.web.core.windows.net"], {}, WARN),
        (["docs.z6.web.core.windows.net"], {"publicNetworkAccess": "Disabled"}, PASS),
        (["docs.dfs.core.windows.net"], {}, PASS),
    ],
)
def test_a_static_website_is_public_without_public_containers(
    hosts: list[str], closed: Body, status: Status, verdicts: Verdicts
) -> None:
    bodies = account(allowedFqdnList=hosts), storage(**closed, **NO_PUBLIC)
    check = "aoai-outbound-image-source-public"
    assert status_of(verdicts, check, *bodies) is status


def test_storage_that_is_not_ours(verdicts: Verdicts) -> None:
    check, host = "aoai-outbound-image-source-public", "theirs.blob.core.windows.net"
    closed = storage(allowBlobPublicAccess=False)
    given = (account(allowedFqdnList=[DOCS, host]), closed)
    assert status_of(verdicts, check, *given) is WARN
    approved = Settings(approved_fqdns=(host,))
    assert status_of(verdicts, check, *given, settings=approved) is WARN
    assert status_of(verdicts, check, *given, whole_tenant=False) is UNREAD


def test_storage_that_nobody_listed(verdicts: Verdicts) -> None:
    check = "aoai-outbound-image-source-public"
    assert status_of(verdicts, check, account(), storage()) is NONE
    unread = [(StorageAccount, SUBSCRIPTION)]
    given = account(allowedFqdnList=[DOCS])
    assert status_of(verdicts, check, given, unread=unread) is UNREAD


@pytest.mark.parametrize(
    ("check", "properties", "status"),
    [
        ("aoai-outbound-empty-list", {}, PASS),
        ("aoai-outbound-empty-list", {"allowedFqdnList": [DOCS]}, NONE),
        ("aoai-outbound-empty-list", {"restrictOutboundNetworkAccess": None}, NONE),
        ("aoai-outbound-empty-list", {"allowedFqdnList": DOCS}, UNREAD),
        ("paas-egress-baseline", {}, INFO),
        ("paas-egress-baseline", {"restrictOutboundNetworkAccess": None}, INFO),
        ("paas-egress-baseline", {"restrictOutboundNetworkAccess": "x"}, UNREAD),
        ("aoai-outbound-denials-reviewed", {}, ASKED),
        (
            "aoai-outbound-denials-reviewed",
            {"restrictOutboundNetworkAccess": 0},
            UNREAD,
        ),
        (
            "aoai-outbound-denials-reviewed",
            {"restrictOutboundNetworkAccess": False},
            NONE,
        ),
        ("aoai-both-directions", {"publicNetworkAccess": "Disabled"}, PASS),
        (
            "aoai-both-directions",
            {"publicNetworkAccess": "disabled", "restrictOutboundNetworkAccess": None},
            WARN,
        ),
        (
            "aoai-both-directions",
            {
                "networkAcls": {"defaultAction": "Deny"},
                "restrictOutboundNetworkAccess": False,
            },
            WARN,
        ),
        ("aoai-both-directions", {}, NONE),
        ("aoai-both-directions", {"publicNetworkAccess": 7}, UNREAD),
        (
            "aoai-both-directions",
            {
                "publicNetworkAccess": "SecuredByPerimeter",
                "networkAcls": {"defaultAction": "Deny"},
                "restrictOutboundNetworkAccess": False,
            },
            NONE,
        ),
        ("aoai-outbound-vnet-not-substitute", {}, NONE),
        (
            "aoai-outbound-vnet-not-substitute",
            {"networkInjections": [{"scenario": "none"}]},
            NONE,
        ),
        (
            "aoai-outbound-vnet-not-substitute",
            {"networkInjections": [{"scenario": "agent"}]},
            PASS,
        ),
        (
            "aoai-outbound-vnet-not-substitute",
            {
                "privateEndpointConnections": [connection("Approved")],
                "restrictOutboundNetworkAccess": False,
            },
            INFO,
        ),
        *(
            (
                "aoai-outbound-vnet-not-substitute",
                {"privateEndpointConnections": [connection(state)]},
                NONE,
            )
            for state in ("Rejected", "Pending", None)
        ),
        (
            "aoai-outbound-vnet-not-substitute",
            {"networkInjections": "odd"},
            UNREAD,
        ),
    ],
)
def test_what_the_account_says(
    check: str, properties: dict[str, object], status: Status, verdicts: Verdicts
) -> None:
    assert status_of(verdicts, check, account(**properties)) is status


def test_the_endpoints_that_are_no_way_out_are_cited(verdicts: Verdicts) -> None:
    given = account(privateEndpointConnections=[connection("Approved")])
    [result] = verdicts(BY_ID["aoai-outbound-vnet-not-substitute"], given)
    assert ENDPOINT in [each.value for each in result.evidence]


@pytest.mark.parametrize(
    ("check", "status"),
    [
        ("aoai-outbound-image-source-public", WARN),
        ("aoai-outbound-vnet-not-substitute", PASS),
    ],
)
@pytest.mark.parametrize("kind", sorted(OUTBOUND_KINDS))
def test_every_kind_with_outbound_restriction_is_judged(
    check: str, status: Status, kind: str, verdicts: Verdicts
) -> None:
    given = account(
        allowedFqdnList=[DOCS], privateEndpointConnections=[connection("Approved")]
    )
    assert status_of(verdicts, check, {**given, "kind": kind}, storage()) is status


PERIMETER = f"{PROVIDERS}/Microsoft.Network/networkSecurityPerimeters/nsp"


def inside(resource_id: str, *prefixes: str) -> list[Body]:
    """Return an enforced perimeter around a resource, and whom it lets in."""
    profile = f"{PERIMETER}/profiles/p"
    properties = {
        "privateLinkResource": {"id": resource_id},
        "profile": {"id": profile},
        "accessMode": "Enforced",
        "hasProvisioningIssues": "no",
    }
    rule = {"direction": "Inbound", "addressPrefixes": list(prefixes)}
    return [
        {"id": PERIMETER},
        {"id": profile, "properties": {}},
        {"id": f"{PERIMETER}/resourceAssociations/a", "properties": properties},
        {"id": f"{profile}/accessRules/in", "properties": rule},
    ]


def test_an_enforced_perimeter_closes_an_account(verdicts: Verdicts) -> None:
    check = "aoai-both-directions"
    shut = account(restrictOutboundNetworkAccess=None, publicNetworkAccess="Disabled")
    given = account(restrictOutboundNetworkAccess=None)
    assert status_of(verdicts, check, given, *inside(ACCOUNT)) is WARN
    assert status_of(verdicts, check, shut, *inside(ACCOUNT, "0.0.0.0/0")) is NONE


@pytest.mark.parametrize(
    ("rules", "status"),
    [
        ([], PASS),
        (["198.51.100.24", "198.51.0.0/16"], PASS),
        (["0.0.0.0/0"], NONE),
        (["198.51.100.24", "0.0.0.0/1", "128.0.0.0/1"], NONE),
    ],
)
def test_far_too_wide_ip_rules_leave_an_account_open(
    rules: list[str], status: Status, verdicts: Verdicts
) -> None:
    check = "aoai-both-directions"
    named = [{"value": each} for each in rules]
    given = account(networkAcls={"defaultAction": "Deny", "ipRules": named})
    assert status_of(verdicts, check, given) is status
    guarded = (given, *inside(ACCOUNT, "198.51.100.0/24"))
    assert status_of(verdicts, check, *guarded) is PASS
    given["properties"]["publicNetworkAccess"] = "Disabled"
    assert status_of(verdicts, check, given) is PASS


@pytest.mark.parametrize("access", [None, "Enabled", "SecuredByPerimeter"])
def test_an_enforced_perimeter_keeps_anonymous_readers_out(
    access: str | None, verdicts: Verdicts
) -> None:
    check = "aoai-outbound-image-source-public"
    bodies = account(allowedFqdnList=[DOCS]), storage(publicNetworkAccess=access)
    assert status_of(verdicts, check, *bodies) is WARN
    assert status_of(verdicts, check, *bodies, *inside(STORAGE)) is PASS
    wide = inside(STORAGE, "0.0.0.0/0")
    assert status_of(verdicts, check, *bodies, *wide) is WARN
    unread = [(Association, PERIMETER)]
    found = status_of(verdicts, check, *bodies, {"id": PERIMETER}, unread=unread)
    assert found is UNREAD


DEFINITION = f"{SUBSCRIPTION}/{AUTHORIZATION}/policyDefinitions/outbound"


def policy(alias: str = RESTRICTED.alias, condition: Body | None = None) -> Body:
    known = condition or {"field": alias, "notEquals": True}
    rule = {"if": known, "then": {"effect": "deny"}}
    return {"id": DEFINITION, "properties": {"policyRule": rule}}


def assigned(mode: str = "Default") -> Body:
    return {
        "id": f"{SUBSCRIPTION}/{AUTHORIZATION}/policyAssignments/outbound",
        "properties": {
            "policyDefinitionId": DEFINITION,
            "scope": SUBSCRIPTION,
            "enforcementMode": mode,
        },
    }


def test_a_policy_looks_after_it(verdicts: Verdicts) -> None:
    check = "aoai-outbound-policy-guardrail"
    assert status_of(verdicts, check, account(), policy(), assigned()) is PASS
    off = assigned("DoNotEnforce")
    assert status_of(verdicts, check, account(), policy(), off) is INFO
    other = policy("Microsoft.CognitiveServices/accounts/disableLocalAuth")
    assert status_of(verdicts, check, account(), other, assigned()) is INFO
    assert status_of(verdicts, check, account()) is INFO
    unread = [(PolicyAssignment, SUBSCRIPTION)]
    assert status_of(verdicts, check, account(), unread=unread) is UNREAD


@pytest.mark.parametrize(
    ("condition", "status", "said"),
    [
        ({"equals": False}, PASS, "outbound (deny)"),
        ({"equals": True}, INFO, "no policy"),
        ({"notMatch": "x"}, INFO, "the operator notmatch"),
    ],
)
def test_a_policy_must_be_for_accounts_without_the_restriction(
    verdicts: Verdicts, condition: Body, status: Status, said: str
) -> None:
    check = BY_ID["aoai-outbound-policy-guardrail"]
    own = policy(condition={"field": RESTRICTED.alias, **condition})
    result = verdicts(check, account(), own, assigned()).only(ACCOUNT)
    assert (result.status, said in result.reason) == (status, True)


def test_roles_that_were_not_read_are_no_roles_that_are_not_there(
    verdicts: Verdicts,
) -> None:
    check = "aoai-outbound-cwyd-search-missing"
    unread = [(RoleAssignment, SUBSCRIPTION)]
    given = (account(), SERVICE, ROLE)
    assert status_of(verdicts, check, *given, unread=unread) is UNREAD
