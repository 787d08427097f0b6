from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from checks.aoai_inbound.network import (
    acl_default_deny,
    ip_rules_narrow,
    public_network_disabled,
)
from checks.aoai_inbound.paths import CHECKS as PATHS
from checks.aoai_inbound.paths import only_apim_reaches
from checks.api_keys.use import CHECKS as USE
from checks.logging.fronts import CHECKS as FRONTS
from checks.nsp.inside import (
    associated,
    diag,
    kind_support,
    mode,
    overrides_pna,
    provisioning_issues,
)
from checks.nsp.rules import inbound_rules, outbound_rules
from scanner.model.check import Check, Status
from scanner.model.insights import DiagnosticSetting
from scanner.model.machinelearning import Workspace
from scanner.model.perimeter import AccessRule, Association, Perimeter, Profile
from scanner.model.settings import Settings

if TYPE_CHECKING:
    from tests.checks.conftest import Verdicts


Body = dict[str, Any]

SUBSCRIPTION = "/subscriptions/bbbbbbbb-0000-0000-0000-000000000001"
ELSEWHERE = "/subscriptions/cccccccc-0000-0000-0000-000000000009"
PROVIDERS = f"{SUBSCRIPTION}/resourceGroups/rg/providers"
ACCOUNT = f"{PROVIDERS}/Microsoft.CognitiveServices/accounts/ai"
STORES = {
    "storage": f"{PROVIDERS}/Microsoft.Storage/storageAccounts/data",
    "cosmos": f"{PROVIDERS}/Microsoft.DocumentDB/databaseAccounts/db",
    "vault": f"{PROVIDERS}/Microsoft.KeyVault/vaults/kv",
    "search": f"{PROVIDERS}/Microsoft.Search/searchServices/srch",
}
PERIMETER = f"{PROVIDERS}/Microsoft.Network/networkSecurityPerimeters/edge"
PROFILE = f"{PERIMETER}/profiles/ai"
ASSOCIATION = f"{PERIMETER}/resourceAssociations/ai"
RULE = f"{PROFILE}/accessRules/rule"
ABSENT = ...

PASS, FAIL, WARN = Status.PASS, Status.FAIL, Status.WARN
INFO, UNREAD, NONE = Status.INFO, Status.NOT_ASSESSED, Status.NOT_APPLICABLE


def body(id: str, **properties: object) -> Body:
    return {"id": id, "properties": properties}


def account(public: object = "Enabled", action: str = "Allow", **top: object) -> Body:
    settings = {"publicNetworkAccess": public, "networkAcls": {"defaultAction": action}}
    return {"kind": "OpenAI", **body(ACCOUNT, **settings), **top}


def association(access: object = "Enforced", **changes: object) -> Body:
    whole = {
        "privateLinkResource": {"id": ACCOUNT.upper()},
        "profile": {"id": PROFILE},
        "accessMode": access,
        "hasProvisioningIssues": "no",
    }
    return body(ASSOCIATION, **{**whole, **changes})


def rule(direction: object = "Inbound", id: str = RULE, **changes: object) -> Body:
    lists = ("addressPrefixes", "fullyQualifiedDomainNames", "subscriptions")
    empty: Body = {key: [] for key in lists}
    return body(id, direction=direction, **{**empty, **changes})


EDGE = (body(PERIMETER), body(PROFILE))


def ranges(*prefixes: object) -> Body:
    return rule(addressPrefixes=[*prefixes])


NARROW, WIDE = ranges("198.51.100.0/28"), ranges("198.51.100.1", "0.0.0.0/0")


def test_no_perimeter_is_to_be_enforced_on_what_encryption_needs(
    verdicts: Verdicts,
) -> None:
    def advice(target: str, *others: Body, **options: Any) -> str:
        inside = association("Learning", privateLinkResource={"id": target})
        results = verdicts(mode, *EDGE, inside, body(target), *others, **options)
        assert results.only(ASSOCIATION).status is WARN
        return results.only(ASSOCIATION).advice

    hub = f"{PROVIDERS}/Microsoft.MachineLearningServices/workspaces/hub"
    used = {"keyVaultArmId": STORES["vault"], "keyIdentifier": "https://kv/keys/k"}
    for store, inverse in (
        ("search", "foundry-cmk-search-public-open"),
        ("storage", "foundry-cmk-storage-trusted"),
        ("cosmos", "foundry-cmk-cosmos-public"),
    ):
        made = {
            "storageAccountResourceId": STORES["storage"],
            "searchAccountResourceId": STORES["search"],
            "cosmosDbResourceId": STORES["cosmos"],
        }
        encryption = {"status": "Enabled", "keyVaultProperties": used, **made}
        owner = {
            "kind": "Hub",
            **body(hub, encryption=encryption, enableServiceSideCMKEncryption=False),
        }
        assert "Leave it in none" in advice(STORES[store], owner)
        assert inverse in advice(STORES[store], owner)
        assert advice(STORES[store]) == ""
        unread = [(Workspace, SUBSCRIPTION)]
        assert "First see" in advice(STORES[store], unread=unread)
        assert "encrypts hub: before you enforce" in advice(STORES["vault"], owner)
    assert advice(STORES["vault"]) == ""


def test_what_enforcing_would_open_or_not_reach_is_mended_first(
    verdicts: Verdicts,
) -> None:
    def advice(*bodies: Body, **changes: object) -> str:
        given = (*EDGE, account(), association("Learning", **changes), *bodies)
        return verdicts(mode, *given).only(ASSOCIATION).advice

    assert advice(NARROW) == ""
    assert advice(WIDE).startswith("Narrow the inbound rules first")
    assert advice(WIDE).endswith("set the association to Enforced.")
    issues = advice(NARROW, hasProvisioningIssues="yes")
    assert issues.startswith("Cure the provisioning issues first")
    enforced = verdicts(overrides_pna, *EDGE, account(), association(), WIDE).only()
    assert enforced.advice.startswith("Narrow the inbound rules")


@pytest.mark.parametrize(
    ("inside", "open_", "deny", "left", "shut"),
    [
        ((association(), NARROW), (PASS, PASS), (PASS, PASS), (PASS, PASS), PASS),
        ((association(),), (PASS, PASS), (PASS, PASS), (PASS, PASS), PASS),
        ((association(), WIDE), (FAIL, FAIL), (FAIL, FAIL), (FAIL, FAIL), FAIL),
        ((association("Learning"),), (FAIL, FAIL), (WARN, PASS), (WARN, NONE), PASS),
        (
            (association("Learning"), WIDE),
            (FAIL, FAIL),
            (FAIL, PASS),
            (WARN, NONE),
            FAIL,
        ),
        (
            (association(hasProvisioningIssues="yes"), WIDE),
            (FAIL, FAIL),
            (WARN, PASS),
            (WARN, NONE),
            PASS,
        ),
        ((association(ABSENT), WIDE), *[(UNREAD, UNREAD)] * 3, FAIL),
        (
            (association(hasProvisioningIssues=ABSENT), WIDE),
            *[(UNREAD, UNREAD)] * 3,
            UNREAD,
        ),
        ((association(hasProvisioningIssues=ABSENT),), *[(UNREAD, UNREAD)] * 3, PASS),
        ((), (FAIL, FAIL), (WARN, PASS), (WARN, NONE), PASS),
    ],
)
def test_an_enforced_perimeter_replaces_the_own_settings(
    verdicts: Verdicts,
    inside: tuple[Body, ...],
    open_: tuple[Status, Status],
    deny: tuple[Status, Status],
    left: tuple[Status, Status],
    shut: Status,
) -> None:
    accounts = (
        account(),
        account(action="Deny"),
        account("SecuredByPerimeter"),
        account("Disabled"),
    )
    for one, expected in zip(accounts, (open_, deny, left, (shut, NONE)), strict=True):
        judged = (one, *EDGE, *inside)
        for check, status in zip(
            (public_network_disabled, acl_default_deny), expected, strict=True
        ):
            result = verdicts(check, *judged).only(ACCOUNT)
            assert result.status is status
            by_rules = status is FAIL and "lets in" in result.reason
            assert result.advice.startswith("Narrow the inbound rules") is by_rules


def test_the_override_names_the_perimeter(verdicts: Verdicts) -> None:
    bodies = account(), *EDGE, association(), NARROW
    results = verdicts(public_network_disabled, *bodies)
    assert 'enforced perimeter "edge"' in results.only(ACCOUNT).reason
    seen = results.evidence(ACCOUNT)
    assert seen[ASSOCIATION, "properties.accessMode"] == "Enforced"
    assert seen[RULE, "properties.addressPrefixes"] == ["198.51.100.0/28"]


@pytest.mark.parametrize(
    ("bodies", "unread", "status"),
    [
        ((), ((Perimeter, SUBSCRIPTION),), UNREAD),
        ((association(), NARROW), ((AccessRule, PROFILE),), UNREAD),
        ((association(), NARROW), ((Profile, PERIMETER),), UNREAD),
        ((NARROW,), ((Association, PERIMETER),), UNREAD),
        ((association(accessMode=1),), (), UNREAD),
        ((association(ABSENT),), (), UNREAD),
        ((association(ABSENT, hasProvisioningIssues="yes"),), (), FAIL),
        ((association(hasProvisioningIssues=None),), (), UNREAD),
        ((association("Learning", hasProvisioningIssues=None),), (), FAIL),
        ((association(profile=ABSENT), NARROW), (), UNREAD),
        ((association(), ranges("many")), (), UNREAD),
        ((association(), rule(ABSENT)), (), UNREAD),
    ],
)
def test_what_is_not_known_of_a_perimeter(
    verdicts: Verdicts,
    bodies: tuple[Body, ...],
    unread: tuple[Any, ...],
    status: Status,
) -> None:
    results = verdicts(
        public_network_disabled, account(), *EDGE, *bodies, unread=unread
    )
    assert results.only(ACCOUNT).status is status


def test_a_wide_rule_decides_whatever_else_is_not_known(verdicts: Verdicts) -> None:
    vague = rule(ABSENT, id=f"{PROFILE}/accessRules/a")
    results = verdicts(
        public_network_disabled, account(), *EDGE, association(), vague, WIDE
    )
    assert results.only(ACCOUNT).status is FAIL


@pytest.mark.parametrize("kind", [*STORES, "account"])
def test_every_store_has_a_word_on_perimeters(verdicts: Verdicts, kind: str) -> None:
    name = STORES.get(kind, ACCOUNT)
    store = {**body(name, publicNetworkAccess="Enabled"), "kind": "OpenAI"}
    inside = association(privateLinkResource={"id": name})
    for check, without, within in (
        (associated, INFO, PASS),
        (overrides_pna, NONE, PASS),
    ):
        assert verdicts(check, store, *EDGE).only(name).status is without
        assert verdicts(check, store, *EDGE, inside).only(name).status is within
        unread = [(Association, PERIMETER)]
        refused = verdicts(check, store, *EDGE, inside, unread=unread)
        assert refused.only(name).status is UNREAD


@pytest.mark.parametrize(
    ("public", "inside", "status"),
    [
        ("SecuredByPerimeter", (), WARN),
        ("securedbyperimeter", (association("Learning"),), WARN),
        ("SecuredByPerimeter", (association(),), PASS),
        ("Enabled", (association(), WIDE), WARN),
        (None, (), NONE),
        (ABSENT, (), NONE),
        (7, (), UNREAD),
    ],
)
def test_overrides(
    verdicts: Verdicts, public: object, inside: tuple[Body, ...], status: Status
) -> None:
    judged = {**body(ACCOUNT, publicNetworkAccess=public), "kind": "AIServices"}
    result = verdicts(overrides_pna, judged, *EDGE, *inside).only(ACCOUNT)
    assert result.status is status


@pytest.mark.parametrize(
    ("check", "changes", "status"),
    [
        (mode, {"accessMode": "Enforced"}, PASS),
        (mode, {"accessMode": "enforced"}, PASS),
        (mode, {"accessMode": "Learning"}, WARN),
        (mode, {"accessMode": "Transition"}, WARN),
        (mode, {"accessMode": "Audit"}, WARN),
        (mode, {"accessMode": None}, UNREAD),
        (mode, {"accessMode": ABSENT}, UNREAD),
        (mode, {"accessMode": []}, UNREAD),
        (provisioning_issues, {"hasProvisioningIssues": "no"}, PASS),
        (provisioning_issues, {"hasProvisioningIssues": "Yes"}, WARN),
        (provisioning_issues, {"hasProvisioningIssues": None}, UNREAD),
        (provisioning_issues, {"hasProvisioningIssues": ABSENT}, UNREAD),
        (provisioning_issues, {"hasProvisioningIssues": True}, UNREAD),
    ],
)
def test_associations(
    verdicts: Verdicts, check: Check[Any], changes: Body, status: Status
) -> None:
    result = verdicts(check, *EDGE, association(**changes)).only(ASSOCIATION)
    assert result.status is status


OWN = [{"id": SUBSCRIPTION}]
FOREIGN = [*OWN, {"id": ELSEWHERE}]


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({}, NONE),
        ({"addressPrefixes": None, "subscriptions": ABSENT}, NONE),
        ({"addressPrefixes": ["198.51.100.0/16"]}, PASS),
        ({"addressPrefixes": ["198.0.0.0/15"]}, FAIL),
        ({"addressPrefixes": ["::/0"]}, FAIL),
        ({"addressPrefixes": ["2001:db8::/32"]}, PASS),
        ({"addressPrefixes": ["2001:db8::/99999"]}, UNREAD),
        ({"addressPrefixes": ["10.0.0.0/8"]}, PASS),
        ({"addressPrefixes": ["anywhere"]}, UNREAD),
        ({"addressPrefixes": ["anywhere", "0.0.0.0/0"]}, FAIL),
        ({"addressPrefixes": "0.0.0.0/0"}, UNREAD),
        ({"serviceTags": ["AzureCloud.westeurope"]}, FAIL),
        ({"serviceTags": ["Internet"]}, FAIL),
        ({"serviceTags": ["AzureDevOps"]}, PASS),
        ({"subscriptions": OWN}, PASS),
        ({"subscriptions": FOREIGN}, FAIL),
        ({"direction": ABSENT, "addressPrefixes": ["0.0.0.0/0"]}, UNREAD),
    ],
)
def test_inbound_rules(verdicts: Verdicts, changes: Body, status: Status) -> None:
    judged = rule(**{"direction": "Inbound", **changes})
    assert verdicts(inbound_rules, *EDGE, judged).only(RULE).status is status


def test_a_subscription_that_was_left_out_may_be_our_own(verdicts: Verdicts) -> None:
    judged = (*EDGE, rule(subscriptions=FOREIGN))
    result = verdicts(inbound_rules, *judged, whole_tenant=False).only(RULE)
    assert result.status is UNREAD
    assert "outside the scan" in result.reason
    wide = (*EDGE, rule(subscriptions=FOREIGN, addressPrefixes=["0.0.0.0/0"]))
    result = verdicts(inbound_rules, *wide, whole_tenant=False).only(RULE)
    assert result.status is FAIL


def test_a_foreign_subscription_decides_whatever_else_is_odd(
    verdicts: Verdicts,
) -> None:
    judged = (*EDGE, rule(subscriptions=FOREIGN, addressPrefixes=["odd"]))
    assert verdicts(inbound_rules, *judged).only(RULE).status is FAIL


@pytest.mark.parametrize(
    ("hosts", "status"),
    [
        (["data.blob.core.windows.net"], PASS),
        (["other.blob.core.windows.net"], FAIL),
        (["*.blob.core.windows.net"], FAIL),
        (["partner.example.org"], Status.MANUAL),
        ([], NONE),
        (None, NONE),
        (ABSENT, NONE),
        ([7], UNREAD),
    ],
)
def test_outbound_rules(verdicts: Verdicts, hosts: object, status: Status) -> None:
    judged = (*EDGE, body(STORES["storage"]), rule("outbound"))
    judged[-1]["properties"]["fullyQualifiedDomainNames"] = hosts
    assert verdicts(outbound_rules, *judged).only(RULE).status is status


def test_many_outbound_hosts(verdicts: Verdicts) -> None:
    hosts = ["data.blob.core.windows.net", "data.dfs.core.windows.net"]
    judged = rule("Outbound", fullyQualifiedDomainNames=hosts)
    results = verdicts(
        outbound_rules,
        *EDGE,
        body(STORES["storage"]),
        judged,
        settings=Settings(fqdn_list_warning=1),
    )
    assert results.only(RULE).status is WARN


def test_a_rule_is_judged_for_its_own_direction(verdicts: Verdicts) -> None:
    for check, direction in ((inbound_rules, "Outbound"), (outbound_rules, "Inbound")):
        [result] = verdicts(check, *EDGE, rule(direction))
        assert result.status is NONE
        assert result.target.resource_id.startswith("/tenants/")


def logs(*given: Body, workspace: str | None = "/w") -> Body:
    to = f"{PERIMETER}/providers/Microsoft.Insights/diagnosticSettings/to"
    return body(to, workspaceId=workspace, logs=[*given])


@pytest.mark.parametrize(
    ("settings", "status"),
    [
        ((), WARN),
        ((logs({"categoryGroup": "allLogs", "enabled": True}),), PASS),
        (
            (
                logs(
                    {"category": "NspPublicInboundResourceRulesDenied", "enabled": True}
                ),
            ),
            PASS,
        ),
        ((logs({"categoryGroup": "audit", "enabled": True}),), WARN),
        ((logs({"categoryGroup": "allLogs", "enabled": False}),), WARN),
        ((logs({"categoryGroup": "allLogs"}),), WARN),
        ((logs({"categoryGroup": "allLogs", "enabled": True}, workspace=None),), WARN),
        ((logs({"categoryGroup": "allLogs", "enabled": "yes"}),), UNREAD),
    ],
)
def test_access_logs(
    verdicts: Verdicts, settings: tuple[Body, ...], status: Status
) -> None:
    assert verdicts(diag, *EDGE, *settings).only(PERIMETER).status is status


def test_access_logs_that_were_not_read(verdicts: Verdicts) -> None:
    unread = [(DiagnosticSetting, PERIMETER)]
    assert verdicts(diag, *EDGE, unread=unread).only(PERIMETER).status is UNREAD


@pytest.mark.parametrize(
    ("top", "words"),
    [
        ({"kind": "AIServices"}, "AIServices"),
        ({"identity": {"type": "None"}}, "once the account has a managed identity"),
        ({"identity": {"type": "SystemAssigned", "principalId": "p"}}, "as a preview"),
    ],
)
def test_kinds(verdicts: Verdicts, top: Body, words: str) -> None:
    result = verdicts(kind_support, account(**top)).only(ACCOUNT)
    assert result.status is INFO
    assert words in result.reason


@pytest.mark.parametrize(
    ("inside", "status"),
    [
        ((association(), NARROW), Status.MANUAL),
        ((association(), WIDE), WARN),
        ((association(ABSENT), NARROW), UNREAD),
    ],
)
def test_an_enforced_perimeter_keeps_the_internet_from_an_account(
    verdicts: Verdicts, inside: tuple[Body, ...], status: Status
) -> None:
    judged = (account(), *EDGE, *inside)
    result = verdicts(only_apim_reaches, *judged).only(ACCOUNT)
    assert result.status is status


@pytest.mark.parametrize("mode", ["Enforced", "Learning"])
@pytest.mark.parametrize(
    ("public", "action", "status"),
    [("Disabled", "Allow", NONE), ("Enabled", "Deny", NONE)],
)
def test_a_perimeter_opens_what_is_shut(
    verdicts: Verdicts, public: str, action: str, status: Status, mode: str
) -> None:
    check, given = only_apim_reaches, account(public, action)
    for inside, expected in (((), status), ((NARROW,), Status.MANUAL), ((WIDE,), WARN)):
        judged = given, *EDGE, association(mode), *inside
        assert verdicts(check, *judged).only(ACCOUNT).status is expected
    unread = [(Association, PERIMETER)]
    assert verdicts(check, given, *EDGE, unread=unread).only(ACCOUNT).status is UNREAD


def test_a_way_past_the_gateway_stands_whatever_a_perimeter_does(
    verdicts: Verdicts,
) -> None:
    [check] = [each for each in FRONTS if each.id == "aoai-locked-to-front"]
    service = f"{PROVIDERS}/Microsoft.ApiManagement/service/front"
    given = account()
    given["properties"]["endpoint"] = "https://ai.openai.azure.com/"
    backend = body(f"{service}/backends/models", url="https://ai.openai.azure.com/")
    judged = (given, body(service), backend, *EDGE, association(ABSENT))
    result = verdicts(check, *judged).only(ACCOUNT)
    assert (result.status, "keys are accepted" in result.reason) == (WARN, True)
    given["properties"] |= {"disableLocalAuth": True, "publicNetworkAccess": "Disabled"}
    fronted = (given, body(service), backend, *EDGE)
    for edge, status in (((), PASS), ((NARROW,), Status.MANUAL), ((WIDE,), WARN)):
        judged = (*fronted, association("Learning"), *edge)
        result = verdicts(check, *judged).only(ACCOUNT)
        assert result.status is status
    unread = [(Association, PERIMETER)]
    assert verdicts(check, *fronted, unread=unread).only(ACCOUNT).status is UNREAD


def test_perimeters_that_were_not_read_may_open_what_is_shut(
    verdicts: Verdicts,
) -> None:
    unread = [(Association, PERIMETER)]
    judged = (account("Disabled"), *EDGE)
    result = verdicts(public_network_disabled, *judged, unread=unread).only(ACCOUNT)
    assert result.status is UNREAD


FIREWALL = {
    "defaultAction": "Deny",
    "bypass": "AzureServices",
    "virtualNetworkRules": [{"id": f"{PROVIDERS}/virtualNetworks/gone/subnets/a"}],
}


@pytest.mark.parametrize(
    ("inside", "unread", "named"),
    [
        ((association(),), (), True),
        ((association(), WIDE), (), True),
        ((association("Learning"),), (), False),
        ((), (), False),
        ((), ((Association, PERIMETER),), None),
    ],
)
@pytest.mark.parametrize(
    ("id", "value", "status"),
    [
        ("aoai-ip-rules-narrow", "0.0.0.0/0", FAIL),
        ("aoai-ip-rules-narrow", "198.51.100.7", PASS),
        ("aoai-vnet-rules", "198.51.100.7", WARN),
        ("aoai-bypass-reviewed", "198.51.100.7", WARN),
    ],
)
def test_an_enforced_perimeter_consults_no_firewall(
    verdicts: Verdicts,
    inside: tuple[Body, ...],
    unread: tuple[Any, ...],
    named: bool | None,
    id: str,
    value: str,
    status: Status,
) -> None:
    [check] = [each for each in (*PATHS, ip_rules_narrow) if each.id == id]
    given = account()
    given["properties"]["networkAcls"] = {**FIREWALL, "ipRules": [{"value": value}]}
    result = verdicts(check, given, *EDGE, *inside, unread=unread).only(ACCOUNT)
    expected = {True: NONE, False: status, None: UNREAD}[named]
    assert (result.status, 'perimeter "edge"' in result.reason) == (
        expected,
        bool(named),
    )


@pytest.mark.parametrize(
    ("inside", "status"),
    [
        ((association(),), NONE),
        ((association(), NARROW), Status.MANUAL),
        ((association(), WIDE), Status.MANUAL),
        ((association("Learning"), WIDE), Status.MANUAL),
    ],
)
@pytest.mark.parametrize("public", ["Enabled", "Disabled"])
def test_what_a_perimeter_lets_in_is_a_way_past_a_gateway(
    verdicts: Verdicts, public: str, inside: tuple[Body, ...], status: Status
) -> None:
    [check] = [each for each in USE if each.id == "aoai-apim-loss-accepted"]
    given = account(public)
    given["properties"]["customSubDomainName"] = "ai"
    apim = f"{SUBSCRIPTION}/resourceGroups/rg/providers/Microsoft.ApiManagement/service"
    backend = body(f"{apim}/apim/backends/b", url="https://ai.openai.azure.com/openai")
    judged = (given, body(f"{apim}/apim"), backend, *EDGE, *inside)
    assert verdicts(check, *judged).only(ACCOUNT).status is status
