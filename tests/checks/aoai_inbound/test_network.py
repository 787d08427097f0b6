from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import pytest

from checks.aoai_inbound.network import (
    CHECKS,
    acl_default_deny,
    custom_subdomain,
    ip_rules_narrow,
    managed_identity,
    pe_approved,
    public_network_disabled,
)
from scanner.model.check import Check, Status
from scanner.model.cognitive import CognitiveAccount
from scanner.model.results import Result
from scanner.model.settings import Settings

if TYPE_CHECKING:
    from tests.checks.conftest import Verdicts


Body = dict[str, Any]

SUBSCRIPTION = "/subscriptions/bbbbbbbb-0000-0000-0000-000000000001"
PROVIDERS = f"{SUBSCRIPTION}/resourceGroups/rg/providers"
ACCOUNT = f"{PROVIDERS}/Microsoft.CognitiveServices/accounts/ai"
PUBLIC = "properties.publicNetworkAccess"
ACTION = "properties.networkAcls.defaultAction"
RULES = "properties.networkAcls.ipRules[].value"
ABSENT = ...

PASS, FAIL, WARN = Status.PASS, Status.FAIL, Status.WARN
UNREAD, NONE = Status.NOT_ASSESSED, Status.NOT_APPLICABLE


def connection(status: object = "Approved", groups: object = ("account",)) -> Body:
    properties = {
        "privateLinkServiceConnectionState": {"status": status},
        "groupIds": list(groups) if isinstance(groups, tuple) else groups,
    }
    return {"id": f"{ACCOUNT}/privateEndpointConnections/pe", "properties": properties}


def account(
    kind: str = "OpenAI", identity: object = ABSENT, **properties: object
) -> Body:
    given = {
        "provisioningState": "Succeeded",
        "publicNetworkAccess": "Disabled",
        "networkAcls": {"defaultAction": "Deny", "ipRules": []},
        "privateEndpointConnections": [connection()],
        "customSubDomainName": "contoso",
        "endpoint": "https://contoso.openai.azure.com/",
        **properties,
    }
    return {"id": ACCOUNT, "kind": kind, "identity": identity, "properties": given}


def evidence(result: Result) -> Mapping[str, Any]:
    assert {each.resource_id for each in result.evidence} == {ACCOUNT}
    return {each.path: each.value for each in result.evidence}


OPEN: Body = {"publicNetworkAccess": "Enabled", "networkAcls": ABSENT}
ALLOW = {"defaultAction": "Allow"}


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({}, PASS),
        ({"publicNetworkAccess": "disabled"}, PASS),
        ({"publicNetworkAccess": "Disabled", "networkAcls": ALLOW}, PASS),
        ({"publicNetworkAccess": "Enabled"}, WARN),
        ({"publicNetworkAccess": ABSENT}, WARN),
        ({"publicNetworkAccess": None}, WARN),
        ({"publicNetworkAccess": "SecuredByPerimeter"}, WARN),
        ({"publicNetworkAccess": "SecuredByPerimeter", "networkAcls": ALLOW}, WARN),
        (OPEN, FAIL),
        ({**OPEN, "publicNetworkAccess": ABSENT}, FAIL),
        ({**OPEN, "networkAcls": None}, FAIL),
        ({**OPEN, "networkAcls": {}}, FAIL),
        ({**OPEN, "networkAcls": {"defaultAction": None}}, FAIL),
        ({**OPEN, "networkAcls": ALLOW}, FAIL),
        ({**OPEN, "networkAcls": {"defaultAction": "deny"}}, WARN),
        ({**OPEN, "publicNetworkAccess": "Off\x1b[2J"}, FAIL),
        ({"publicNetworkAccess": False}, UNREAD),
        ({**OPEN, "networkAcls": "Deny"}, UNREAD),
        ({**OPEN, "networkAcls": {"defaultAction": ["Deny"]}}, UNREAD),
    ],
)
def test_public_network(verdicts: Verdicts, changes: Body, status: Status) -> None:
    results = verdicts(public_network_disabled, account(**changes))
    assert results.only(ACCOUNT).status is status


def test_public_network_names_both_values(verdicts: Verdicts) -> None:
    result = verdicts(public_network_disabled, account(**OPEN)).only(ACCOUNT)
    assert result.reason == (
        "publicNetworkAccess is Enabled and the firewall's default action is not set"
    )
    assert evidence(result) == {PUBLIC: "Enabled", ACTION: None}


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({}, NONE),
        ({"networkAcls": ALLOW}, NONE),
        ({"publicNetworkAccess": "SecuredByPerimeter", "networkAcls": ALLOW}, NONE),
        ({"publicNetworkAccess": "Enabled"}, PASS),
        ({"publicNetworkAccess": ABSENT}, PASS),
        ({"publicNetworkAccess": None}, PASS),
        (OPEN, FAIL),
        ({**OPEN, "networkAcls": None}, FAIL),
        ({**OPEN, "networkAcls": {"ipRules": [{"value": "198.51.100.1"}]}}, FAIL),
        ({**OPEN, "networkAcls": ALLOW}, FAIL),
        ({**OPEN, "networkAcls": {"defaultAction": "DENY"}}, PASS),
        ({**OPEN, "networkAcls": []}, UNREAD),
        ({**OPEN, "networkAcls": {"defaultAction": 1}}, UNREAD),
        ({"publicNetworkAccess": {}}, UNREAD),
    ],
)
def test_default_deny(verdicts: Verdicts, changes: Body, status: Status) -> None:
    result = verdicts(acl_default_deny, account(**changes)).only(ACCOUNT)
    assert result.status is status


def test_default_deny_says_what_it_read(verdicts: Verdicts) -> None:
    body = account(publicNetworkAccess="Enabled", networkAcls=ALLOW)
    result = verdicts(acl_default_deny, body).only(ACCOUNT)
    assert "defaultAction is Allow" in result.reason
    assert evidence(result) == {PUBLIC: "Enabled", ACTION: "Allow"}


def ruled(*values: object, public: str = "Enabled") -> Body:
    rules = [{"value": value} for value in values]
    acls = {"defaultAction": "Deny", "ipRules": rules}
    return account(publicNetworkAccess=public, networkAcls=acls)


@pytest.mark.parametrize(
    ("values", "status"),
    [
        ([], NONE),
        (["198.51.100.24"], PASS),
        (["198.51.100.24/32", " 198.51.100.0/24 "], PASS),
        (["198.51.100.7/24"], PASS),
        (["8.8.8.8", "2.2.2.2"], PASS),
        (["198.51.100.0/23"], WARN),
        (["198.51.0.0/16"], WARN),
        (["198.50.0.0/15"], FAIL),
        (["0.0.0.0/0"], FAIL),
        (["0.0.0.0/1", "128.0.0.0/1"], FAIL),
        (["198.51.100.24", "0.0.0.0/0"], FAIL),
        (["10.1.2.3"], WARN),
        (["10.0.0.0/8"], WARN),
        (["172.16.0.0/12"], WARN),
        (["192.168.1.0/24"], WARN),
        (["172.32.0.1"], PASS),
        (["8.0.0.0/6"], FAIL),
        (["2001:db8::/32"], WARN),
        (["::/0"], WARN),
        ([":::::/999"], WARN),
        (["office"], UNREAD),
        ([""], UNREAD),
        (["300.1.1.1"], UNREAD),
        (["10.0.0.0/33"], UNREAD),
        (["010.0.0.1"], UNREAD),
        (["198.51.100.0/255.255.255.0"], UNREAD),
        (["198.51.100.1-198.51.100.9"], UNREAD),
        (["\u0661.\u0662.\u0663.\u0664"], UNREAD),
        (["198.51.100.24\n0.0.0.0/0"], UNREAD),
        (["office\x00", "0.0.0.0/0"], FAIL),
        ([None, "198.51.100.24"], UNREAD),
        ([7], UNREAD),
        ([["198.51.100.24"]], UNREAD),
        ([f"198.51.100.{n}" for n in range(20)], PASS),
        ([f"198.51.100.{n}" for n in range(21)], WARN),
    ],
)
def test_ip_rules(verdicts: Verdicts, values: list[object], status: Status) -> None:
    assert verdicts(ip_rules_narrow, ruled(*values)).only(ACCOUNT).status is status


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"networkAcls": ABSENT}, NONE),
        ({"networkAcls": None}, NONE),
        ({"networkAcls": {"defaultAction": "Deny"}}, NONE),
        ({"networkAcls": {"ipRules": None}}, NONE),
        ({"networkAcls": {"ipRules": "198.51.100.24"}}, UNREAD),
        ({"networkAcls": {"ipRules": ["198.51.100.24"]}}, UNREAD),
        ({"networkAcls": "Deny"}, UNREAD),
    ],
)
def test_ip_rules_missing(verdicts: Verdicts, changes: Body, status: Status) -> None:
    body = account(**{"publicNetworkAccess": "Enabled", **changes})
    assert verdicts(ip_rules_narrow, body).only(ACCOUNT).status is status


def test_ip_rules_are_not_consulted_when_closed(verdicts: Verdicts) -> None:
    for public in ("Disabled", "SecuredByPerimeter"):
        body = ruled("0.0.0.0/0", public=public)
        assert verdicts(ip_rules_narrow, body).only(ACCOUNT).status is NONE


def test_ip_rules_name_what_is_wide(verdicts: Verdicts) -> None:
    results = verdicts(ip_rules_narrow, ruled("198.51.100.24", "0.0.0.0/0"))
    result = results.only(ACCOUNT)
    assert result.reason == 'IP rules wider than /16: "0.0.0.0/0"'
    assert evidence(result)[RULES] == ["198.51.100.24", "0.0.0.0/0"]


def test_ip_rules_follow_the_settings(verdicts: Verdicts) -> None:
    settings = Settings(ip_rule_warning=1)
    body = ruled("198.51.100.1", "198.51.100.2")
    results = verdicts(ip_rules_narrow, body, settings=settings)
    assert results.only(ACCOUNT).status is WARN


@pytest.mark.parametrize(
    ("connections", "status"),
    [
        ([connection()], PASS),
        ([connection("approved", ("Account",))], PASS),
        ([connection(groups=ABSENT)], PASS),
        ([connection(groups=None)], PASS),
        ([connection("Pending"), connection()], PASS),
        ([connection("Pending")], FAIL),
        ([connection("Rejected"), connection("Disconnected")], FAIL),
        ([connection(ABSENT)], FAIL),
        ([connection(None)], FAIL),
        ([connection(groups=("blob",))], FAIL),
        ([{}], FAIL),
        ([], FAIL),
        (None, FAIL),
        (ABSENT, FAIL),
        ("pe", UNREAD),
        (["pe"], UNREAD),
        ([connection(True)], UNREAD),
        ([connection(groups="account")], UNREAD),
    ],
)
def test_pe_approved(verdicts: Verdicts, connections: object, status: Status) -> None:
    body = account(privateEndpointConnections=connections)
    assert verdicts(pe_approved, body).only(ACCOUNT).status is status
    opened = account(
        privateEndpointConnections=connections, publicNetworkAccess="Enabled"
    )
    weaker = WARN if status is FAIL else status
    assert verdicts(pe_approved, opened).only(ACCOUNT).status is weaker


def test_pe_approved_names_the_states(verdicts: Verdicts) -> None:
    body = account(privateEndpointConnections=[connection("Pending")])
    result = verdicts(pe_approved, body).only(ACCOUNT)
    assert "(Pending) and publicNetworkAccess is Disabled" in result.reason
    path = (
        "properties.privateEndpointConnections[0]."
        "properties.privateLinkServiceConnectionState.status"
    )
    assert evidence(result)[path] == "Pending"


@pytest.mark.parametrize("mode", ["Enforced", "Learning"])
@pytest.mark.parametrize(
    ("direction", "status"), [("Inbound", WARN), ("Outbound", FAIL)]
)
def test_a_perimeter_lets_in_to_an_account_without_private_endpoint(
    verdicts: Verdicts, mode: str, direction: str, status: Status
) -> None:
    perimeter = f"{PROVIDERS}/Microsoft.Network/networkSecurityPerimeters/nsp"
    profile = f"{perimeter}/profiles/p"
    association = {
        "privateLinkResource": {"id": ACCOUNT},
        "profile": {"id": profile},
        "accessMode": mode,
        "hasProvisioningIssues": "no",
    }
    rule = {"direction": direction, "addressPrefixes": ["203.0.113.0/24"]}
    bodies: list[Body] = [
        {"id": perimeter},
        {"id": profile, "properties": {}},
        {"id": f"{perimeter}/resourceAssociations/a", "properties": association},
        {"id": f"{profile}/accessRules/r", "properties": rule},
    ]
    alone = account(privateEndpointConnections=[])
    result = verdicts(pe_approved, alone, *bodies).only(ACCOUNT)
    assert result.status is status
    assert ("203.0.113.0/24" in result.reason) is (status is WARN)


@pytest.mark.parametrize(
    ("value", "status"),
    [
        ("contoso", PASS),
        ("", FAIL),
        ("  ", FAIL),
        (None, FAIL),
        (ABSENT, FAIL),
        (["contoso"], UNREAD),
    ],
)
def test_subdomain(verdicts: Verdicts, value: object, status: Status) -> None:
    results = verdicts(custom_subdomain, account(customSubDomainName=value))
    result = results.only(ACCOUNT)
    assert result.status is status


def test_subdomain_names_the_endpoint(verdicts: Verdicts) -> None:
    endpoint = "https://eastus.api.cognitive.microsoft.com/"
    body = account(customSubDomainName=ABSENT, endpoint=endpoint)
    result = verdicts(custom_subdomain, body).only(ACCOUNT)
    assert endpoint in result.reason
    assert evidence(result) == {
        "properties.customSubDomainName": None,
        "properties.endpoint": endpoint,
    }


@pytest.mark.parametrize(
    ("identity", "status"),
    [
        ({"type": "SystemAssigned"}, PASS),
        ({"type": "UserAssigned"}, PASS),
        ({"type": "systemassigned, userassigned"}, PASS),
        ({"type": "None"}, WARN),
        ({"type": None}, WARN),
        ({}, WARN),
        (None, WARN),
        (ABSENT, WARN),
        ("SystemAssigned", UNREAD),
        ({"type": ["SystemAssigned"]}, UNREAD),
    ],
)
def test_identity(verdicts: Verdicts, identity: object, status: Status) -> None:
    result = verdicts(managed_identity, account(identity=identity)).only(ACCOUNT)
    assert result.status is status


def test_identity_says_what_it_read(verdicts: Verdicts) -> None:
    results = verdicts(managed_identity, account(identity={"type": "None"}))
    result = results.only(ACCOUNT)
    assert result.reason == "identity.type is None"
    assert evidence(result) == {"identity.type": "None"}


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.id)
class TestEvery:
    def test_kinds(self, verdicts: Verdicts, check: Check[Any]) -> None:
        for kind in ("openai", "AIServices"):
            assert verdicts(check, account(kind)).only(ACCOUNT).status is not UNREAD
        for kind in ("Face", "SpeechServices", ""):
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
