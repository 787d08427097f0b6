from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from checks.dns_security_policies.alerts import CHECKS, alert_no_op
from scanner.model.check import Status
from scanner.model.dns import ResolverPolicy, SecurityRule

if TYPE_CHECKING:
    from tests.checks.conftest import Verdicts


Body = dict[str, Any]

SUBSCRIPTION = "/subscriptions/bbbbbbbb-0000-0000-0000-000000000001"
NETWORK = f"{SUBSCRIPTION}/resourceGroups/rg/providers/Microsoft.Network"
POLICY = f"{NETWORK}/dnsResolverPolicies/policy"
OTHER = f"{NETWORK}/dnsResolverPolicies/other"
RULE = f"{POLICY}/dnsSecurityRules/rule"
LISTS = f"{NETWORK}/dnsResolverDomainLists"
ABSENT = ...

FAIL, INFO = Status.FAIL, Status.INFO
UNREAD, NONE = Status.NOT_ASSESSED, Status.NOT_APPLICABLE


def resource(at: str, **properties: object) -> Body:
    return {"id": at, "location": "eastus", "properties": properties}


def rule(
    action: object,
    *lists: str,
    name: str = "rule",
    of: str = POLICY,
    state: object = "Enabled",
    **more: object,
) -> Body:
    properties: dict[str, object] = {
        "priority": 200 if name == "rule" else 300,
        "action": {"actionType": action},
        "dnsResolverDomainLists": [{"id": f"{LISTS}/{each}"} for each in lists],
        "dnsSecurityRuleState": state,
    }
    return resource(f"{of}/dnsSecurityRules/{name}", **{**properties, **more})


def other(action: object, *lists: str, **more: Any) -> Body:
    return rule(action, *lists, **{"name": "other", **more})


def far(action: object, *lists: str, **more: Any) -> Body:
    return rule(action, *lists, of=OTHER, **more)


PLAIN = rule("Alert", "some")
NAMED = rule("Alert", "block")
THREATS: dict[str, Any] = {"managedDomainLists": ["AzureDnsThreatIntel"]}


def test_the_catalogue() -> None:
    assert [check.id for check in CHECKS] == ["dns-alert-no-op"]


@pytest.mark.parametrize(
    ("bodies", "status"),
    [
        ((PLAIN,), INFO),
        ((PLAIN, far("Block", "some")), FAIL),
        ((PLAIN, far("Block", "some"), other("Block", "SOME")), INFO),
        ((PLAIN, far("Allow", "some")), INFO),
        ((NAMED,), FAIL),
        ((NAMED, other("Block", "block")), INFO),
        ((rule("Alert", "dl-Block-weu"),), FAIL),
        ((rule("Alert", "unblocked"),), INFO),
        ((rule("Alert", **THREATS),), FAIL),
        ((rule("Alert", **THREATS), other("Block", **THREATS)), INFO),
        ((rule("Alert", **THREATS), other("Block", state="Disabled", **THREATS)), FAIL),
        ((rule("Alert", "block", state="Disabled"),), NONE),
        ((rule("Alert", state=ABSENT),), UNREAD),
        ((rule("Alert", dnsResolverDomainLists="x"),), UNREAD),
    ],
)
def test_alerts(verdicts: Verdicts, bodies: tuple[Body, ...], status: Status) -> None:
    policies = resource(POLICY), resource(OTHER)
    assert verdicts(alert_no_op, *policies, *bodies).only(RULE).status is status


@pytest.mark.parametrize(
    ("bodies", "status"),
    [
        ((NAMED, other("Block", "block", state=None)), UNREAD),
        ((NAMED, other(None, "block")), UNREAD),
        ((NAMED, other("Block", dnsResolverDomainLists="x")), UNREAD),
        ((NAMED, other("Allow", "block", state=None)), FAIL),
        ((NAMED, other("Block", "block"), other(None, name="third")), INFO),
        ((NAMED, far("Block", "block", state=None)), FAIL),
        ((PLAIN, other("Block", "some", state=None)), INFO),
        ((PLAIN, far("Block", "some", state=None)), UNREAD),
        ((PLAIN, far(None, "some")), UNREAD),
        ((rule("Alert"), far(None, "some")), INFO),
    ],
)
def test_rules_that_say_too_little(
    verdicts: Verdicts, bodies: tuple[Body, ...], status: Status
) -> None:
    policies = resource(POLICY), resource(OTHER)
    assert verdicts(alert_no_op, *policies, *bodies).only(RULE).status is status


@pytest.mark.parametrize(
    "unread",
    [(SecurityRule, OTHER), (ResolverPolicy, SUBSCRIPTION)],
    ids=["rules", "policies"],
)
def test_policies_that_were_not_read(verdicts: Verdicts, unread: Any) -> None:
    for body, status in ((PLAIN, UNREAD), (NAMED, FAIL)):
        bodies = resource(POLICY), resource(OTHER), body
        results = verdicts(alert_no_op, *bodies, unread=[unread])
        assert results.only(RULE).status is status


def test_rules_that_do_not_block_either_are_evidence(verdicts: Verdicts) -> None:
    bodies = resource(POLICY), NAMED, other("Block", "all")
    results = verdicts(alert_no_op, *bodies)
    found = results.only(RULE)
    assert found.status is FAIL
    assert bodies[-1]["id"] in {each.resource_id for each in found.evidence}
