from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from checks.dns_security_policies.lists import (
    CHECKS,
    domain_list_consistency,
    domain_list_empty,
    domain_list_unreferenced,
    duplicate_entry,
    threat_intel,
    three_lists,
)
from scanner.model.check import Status
from scanner.model.dns import DomainList, ResolverPolicy, SecurityRule
from scanner.model.settings import Settings

if TYPE_CHECKING:
    from tests.checks.conftest import Verdicts


Body = dict[str, Any]

SUBSCRIPTION = "/subscriptions/bbbbbbbb-0000-0000-0000-000000000001"
NETWORK = f"{SUBSCRIPTION}/resourceGroups/rg/providers/Microsoft.Network"
POLICY = f"{NETWORK}/dnsResolverPolicies/policy"
OTHER = f"{NETWORK}/dnsResolverPolicies/other"
LISTS = f"{NETWORK}/dnsResolverDomainLists"
LIST = f"{LISTS}/block-weu"
ABSENT = ...

PASS, FAIL, WARN, INFO = Status.PASS, Status.FAIL, Status.WARN, Status.INFO
UNREAD, NONE = Status.NOT_ASSESSED, Status.NOT_APPLICABLE


def resource(at: str, location: object = "westeurope", **properties: object) -> Body:
    return {"id": at, "location": location, "properties": properties}


def policy(at: str = POLICY) -> Body:
    return resource(at)


def rule(
    action: object,
    *lists: str,
    name: str = "rule",
    of: str = POLICY,
    state: object = "Enabled",
    **more: object,
) -> Body:
    properties: dict[str, object] = {
        "priority": 100,
        "action": {"actionType": action},
        "dnsResolverDomainLists": [{"id": f"{LISTS}/{each}"} for each in lists],
        "dnsSecurityRuleState": state,
    }
    return resource(f"{of}/dnsSecurityRules/{name}", **{**properties, **more})


def domains(*entries: str, name: str = "block-weu", **more: object) -> Body:
    location = more.pop("location", "westeurope")
    properties = {"domains": list(entries), "domainsUrl": None, **more}
    return resource(f"{LISTS}/{name}", location, **properties)


def bulk(name: str = "block-weu") -> Body:
    return domains(name=name, domains=None, domainsUrl="https://lists/x?sig=secret")


def test_the_catalogue() -> None:
    assert [check.id for check in CHECKS] == [
        "dns-duplicate-entry",
        "dns-domain-list-empty",
        "dns-domain-list-unreferenced",
        "dns-domain-list-consistency",
        "dns-three-lists",
        "dns-threat-intel",
    ]


BLOCK = rule("Block", "block-weu")
ALLOW = rule("Allow", "allow", name="allow")


@pytest.mark.parametrize(
    ("bodies", "status"),
    [
        ((domains("contoso.com", "fabrikam.com"),), PASS),
        ((domains("contoso.com", "contoso.com"),), WARN),
        ((domains("contoso.com", "Contoso.COM."),), WARN),
        ((domains("bücher.example", "xn--bcher-kva.example"),), WARN),
        ((domains("contoso.com", "bad.contoso.com"),), PASS),
        ((domains("a.com"), BLOCK, ALLOW, domains("A.com.", name="allow")), WARN),
        ((domains("a.com"), BLOCK, ALLOW, domains("b.com", name="allow")), PASS),
        ((domains("a.com"), BLOCK, rule("Alert", "block-weu", name="b")), WARN),
        (
            (
                domains("a.com"),
                BLOCK,
                rule("Allow", "allow", name="allow", state="Disabled"),
                domains("a.com", name="allow"),
            ),
            PASS,
        ),
        (
            (
                domains("a.com"),
                BLOCK,
                policy(OTHER),
                rule("Allow", "allow", of=OTHER),
                domains("a.com", name="allow"),
            ),
            PASS,
        ),
        ((domains("a.com"), BLOCK, ALLOW, bulk("allow")), UNREAD),
        ((domains("a.com"), BLOCK, rule(None, "allow", name="b")), UNREAD),
        ((bulk(),), UNREAD),
        ((domains("a.com", domainsUrl="https://lists/x"),), UNREAD),
        ((domains(),), NONE),
        ((domains(domains=None),), NONE),
        ((domains(domains=ABSENT),), NONE),
        ((domains(domains="a.com"),), UNREAD),
    ],
)
def test_duplicates(
    verdicts: Verdicts, bodies: tuple[Body, ...], status: Status
) -> None:
    assert verdicts(duplicate_entry, policy(), *bodies).only(LIST).status is status


def test_duplicates_unread(verdicts: Verdicts) -> None:
    unread = [(SecurityRule, POLICY)]
    bodies = policy(), domains("a.com")
    assert verdicts(duplicate_entry, *bodies, unread=unread).only(LIST).status is UNREAD
    twice = policy(), domains("a.com", "a.com")
    assert verdicts(duplicate_entry, *twice, unread=unread).only(LIST).status is WARN


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (domains("a.com"), PASS),
        (bulk(), PASS),
        (domains(), WARN),
        (domains(domains=None), WARN),
        (domains(domains=ABSENT, domainsUrl=ABSENT), WARN),
        (domains(domains=5), UNREAD),
        (domains(domainsUrl=5), UNREAD),
        ({"id": LIST, "location": "westeurope"}, UNREAD),
    ],
)
def test_empty_lists(verdicts: Verdicts, body: Body, status: Status) -> None:
    assert verdicts(domain_list_empty, body).only(LIST).status is status


@pytest.mark.parametrize(
    ("bodies", "status"),
    [
        ((BLOCK,), PASS),
        ((rule("Block", "BLOCK-WEU"),), PASS),
        ((rule("Block", "block-weu", state="Disabled"),), PASS),
        ((ALLOW,), INFO),
        ((rule("Block", dnsResolverDomainLists=None),), INFO),
        ((rule("Block", dnsResolverDomainLists=5),), UNREAD),
        ((), INFO),
    ],
)
def test_references(
    verdicts: Verdicts, bodies: tuple[Body, ...], status: Status
) -> None:
    found = policy(), domains("a.com"), *bodies
    assert verdicts(domain_list_unreferenced, *found).only(LIST).status is status


def test_references_unread(verdicts: Verdicts) -> None:
    bodies, unread = (policy(), domains("a.com")), [(SecurityRule, POLICY)]
    results = verdicts(domain_list_unreferenced, *bodies, unread=unread)
    assert results.only(LIST).status is UNREAD


@pytest.mark.parametrize(
    ("bodies", "status"),
    [
        ((domains("a.com"),), NONE),
        ((domains("a.com"), domains("A.com.", name="block-sdc")), PASS),
        ((domains("a.com"), domains("a.com", name="dev-block-neu")), PASS),
        ((domains("a.com"), domains("a.com", name="block_uksouth_prod")), NONE),
        (
            (
                domains("a.com"),
                domains("b.com", name="block_uksouth", location="uksouth"),
            ),
            WARN,
        ),
        (
            (
                domains("a.com"),
                domains("b.com", name="block-x1", location="x1"),
            ),
            WARN,
        ),
        ((domains("a.com"), domains("a.com", "b.com", name="block-sdc")), WARN),
        ((domains("a.com"), domains(name="block-sdc")), WARN),
        ((domains("a.com"), domains("b.com", name="block-ads-weu")), NONE),
        ((domains("a.com"), bulk("block-sdc")), UNREAD),
        (
            (
                domains("a.com"),
                bulk("block-neu"),
                domains("b.com", name="block-sdc"),
            ),
            WARN,
        ),
        ((bulk(), domains("a.com", name="block-sdc")), UNREAD),
        ((domains("a.com"), policy(OTHER), rule("Alert", "block-weu", of=OTHER)), PASS),
        ((domains(domains="a.com"), domains("a.com", name="block-sdc")), UNREAD),
    ],
)
def test_copies(verdicts: Verdicts, bodies: tuple[Body, ...], status: Status) -> None:
    results = verdicts(domain_list_consistency, policy(), BLOCK, *bodies)
    assert results.only(LIST).status is status


def test_copies_of_other_lists_are_left_out(verdicts: Verdicts) -> None:
    bodies = policy(), rule("Allow", "block-weu"), domains("a.com")
    [result] = verdicts(domain_list_consistency, *bodies)
    assert result.status is NONE
    assert result.target.resource_id != LIST


def test_kinds_of_lists(verdicts: Verdicts) -> None:
    far = domains("x.com", name="far", location="North Europe")
    bodies = policy(), BLOCK, ALLOW, domains("a.com"), domains("b.com", name="allow")
    west, north = sorted(
        verdicts(three_lists, *bodies, far), key=lambda each: each.target.resource_id
    )
    assert {west.target.location, north.target.location} == {
        "westeurope",
        "northeurope",
    }
    reasons = {each.target.location: each.reason for each in (west, north)}
    assert "in use: block, allow; not in use: alert" in reasons["westeurope"]
    assert "in use: none;" in reasons["northeurope"]
    assert {west.status, north.status} == {INFO}


def test_kinds_of_lists_unread(verdicts: Verdicts) -> None:
    bodies = policy(), domains("a.com")
    [result] = verdicts(three_lists, *bodies, unread=[(SecurityRule, POLICY)])
    assert result.status is UNREAD
    [nowhere] = verdicts(three_lists, domains("a.com", location=5))
    assert nowhere.status is UNREAD


THREATS: dict[str, Any] = {"managedDomainLists": ["azurednsthreatintel"]}
THREATS_LATER = rule(
    "Block", name="b", priority=200, managedDomainLists=["AzureDnsThreatIntel"]
)
FAR = bulk("far")


@pytest.mark.parametrize(
    ("bodies", "status"),
    [
        ((rule("Block", **THREATS),), PASS),
        ((rule("Alert", **THREATS),), WARN),
        ((rule("Block", state="Disabled", **THREATS),), WARN),
        ((rule("Alert", **THREATS), THREATS_LATER), WARN),
        ((rule("Alert", priority=300, **THREATS), THREATS_LATER), PASS),
        ((rule("Alert", state="Disabled", **THREATS), THREATS_LATER), PASS),
        ((rule("Alert", **THREATS), rule("Block", name="b", **THREATS)), UNREAD),
        ((rule("Allow", "all"), domains(".", name="all"), THREATS_LATER), WARN),
        ((rule("Block", "all"), domains(".", name="all"), THREATS_LATER), PASS),
        ((rule("Allow", "some"), domains("a.com", name="some"), THREATS_LATER), PASS),
        ((rule("Allow", "far"), FAR, THREATS_LATER), UNREAD),
        ((rule("Allow", managedDomainLists=["Other"]), THREATS_LATER), PASS),
        ((rule("Block", managedDomainLists=["Other"]),), WARN),
        ((rule("Block", managedDomainLists=None),), WARN),
        ((BLOCK,), WARN),
        ((), WARN),
        ((rule("Block", managedDomainLists="x"),), UNREAD),
        ((rule("Block", state=None, **THREATS),), UNREAD),
        ((rule(None, **THREATS),), UNREAD),
    ],
)
def test_threats(verdicts: Verdicts, bodies: tuple[Body, ...], status: Status) -> None:
    assert verdicts(threat_intel, policy(), *bodies).only(POLICY).status is status


def test_threats_are_a_setting(verdicts: Verdicts) -> None:
    settings = Settings(dns_filtering_expected=False)
    results = verdicts(threat_intel, policy(), settings=settings)
    assert results.only(POLICY).status is NONE


def test_threats_unread(verdicts: Verdicts) -> None:
    results = verdicts(threat_intel, policy(), unread=[(SecurityRule, POLICY)])
    assert results.only(POLICY).status is UNREAD


@pytest.mark.parametrize("check", CHECKS[:3], ids=lambda check: check.id)
def test_lists_unread(verdicts: Verdicts, check: Any) -> None:
    [result] = verdicts(check, unread=[(DomainList, SUBSCRIPTION)])
    assert result.status is UNREAD


def test_policies_unread(verdicts: Verdicts) -> None:
    [result] = verdicts(threat_intel, unread=[(ResolverPolicy, SUBSCRIPTION)])
    assert result.status is UNREAD
