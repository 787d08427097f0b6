"""Scans of a part of the tenant: what lies outside turns no verdict into its opposite.

Judged from what such a scan reads: everything in the subscriptions it was asked for,
and what is above all of them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from functools import cache
from typing import Any
from uuid import NAMESPACE_URL, uuid5

import pytest

import checks
from scanner import demo
from scanner.collect.assemble import assemble
from scanner.judge import Judge
from scanner.model.check import FINDINGS, Status
from scanner.model.cloud import Suffixes
from scanner.model.coverage import Reading
from scanner.model.ids import ResourceId, id_key
from scanner.model.policy import PolicyState
from scanner.model.resource import Record
from scanner.model.resources import TENANT_TYPE, Subscription
from scanner.model.results import Result
from scanner.model.settings import Settings
from scanner.model.tenant import Inventory

Body = Mapping[str, Any]
Key = tuple[str, str, str]
Rows = Mapping[Key, Result]

BODIES: tuple[Body, ...] = tuple(demo.bodies())
BOUND = "(lower bound: "
"""How a reason says that there may be more than was scanned."""

FEWER = {"rbac-listkeys-role-assigned"}
"""Checks of what is above subscriptions, which judge less where less was scanned."""


class Estate:
    """A tenant, of which subscriptions can be left out."""

    def __init__(self, bodies: Iterable[Body], parents: Mapping[str, str]) -> None:
        self.parents = parents
        self._records, self._readings = assemble(bodies, demo.TENANT_ID, parents)
        self.subscriptions = frozenset(
            _subscription(each.id)
            for each in self._records
            if each.type == Subscription.type
        )

    @cache  # noqa: B019 - there are two of them
    def rows(self, *left_out: str, narrowed: bool = True) -> Rows:
        """Return what all checks say of what is read without some subscriptions."""
        inventory = Inventory(
            demo.TENANT_ID,
            (each for each in self._records if _is_read(each, left_out)),
            (each for each in self._readings if _is_made(each, left_out)),
            read_at=datetime(2026, 9, 1, tzinfo=UTC),
            suffixes=Suffixes(),
            whole_tenant=not (left_out and narrowed),
            left_out=left_out,
        )
        results = Judge(inventory, Settings()).results(checks.ALL)
        return {_key(each): each for each in results}

    def within(self, group: str) -> frozenset[str]:
        """Return the subscriptions that are below a management group."""
        above = {id_key(child): id_key(over) for child, over in self.parents.items()}
        return frozenset(
            each
            for each in self.subscriptions
            if id_key(group) in _chain(f"/subscriptions/{each}", above)
        )


def _chain(child: str, above: Mapping[str, str]) -> Iterator[str]:
    parent = above.get(child)
    while parent:
        yield parent
        parent = above.get(parent)


def _subscription(resource_id: str) -> str:
    return ResourceId.parse(resource_id).subscription.lower()


def _is_read(record: Record, left_out: tuple[str, ...]) -> bool:
    # One read of the tenant finds all of these, of the subscriptions it is asked about.
    own = record.type in {Subscription.type, PolicyState.type}
    return _subscription(record.id if own else record.scope) not in left_out


def _is_made(reading: Reading, left_out: tuple[str, ...]) -> bool:
    return _subscription(reading.scope) not in left_out


def _key(result: Result) -> Key:
    target = result.target
    return result.check.id, id_key(target.resource_id), target.location


def _assert_nothing_turned(whole: Rows, narrowed: Rows) -> None:
    for key, row in narrowed.items():
        before = whole.get(key)
        if before is None:
            assert row.status not in FINDINGS, (key, row.reason)
            continue
        turn = {before.status, row.status}
        assert turn != {Status.PASS, Status.FAIL}, (key, row.reason)
        if row.status is before.status or row.status is Status.NOT_ASSESSED:
            continue
        assert row.status not in {Status.FAIL, Status.NOT_APPLICABLE}, (key, row.reason)
        if row.status is Status.WARN:
            bound = BOUND in row.reason
            assert bound or key[0] in FEWER, (key, row.reason)


DEMO = Estate(BODIES, demo.parents())
GROUPS = sorted(set(demo.parents().values()))


@pytest.mark.parametrize("subscription", sorted(DEMO.subscriptions))
@pytest.mark.parametrize("others", [True, False], ids=["alone", "excluded"])
def test_a_subscription(subscription: str, *, others: bool) -> None:
    left_out = DEMO.subscriptions - {subscription} if others else {subscription}
    _assert_nothing_turned(DEMO.rows(), DEMO.rows(*sorted(left_out)))


@pytest.mark.parametrize("subscription", sorted(DEMO.subscriptions))
def test_a_subscription_that_is_idle(subscription: str) -> None:
    _assert_nothing_turned(DEMO.rows(), DEMO.rows(subscription, narrowed=False))


@pytest.mark.parametrize("group", GROUPS, ids=lambda group: group.rpartition("/")[2])
def test_a_management_group(group: str) -> None:
    left_out = DEMO.subscriptions - DEMO.within(group)
    if left_out:
        _assert_nothing_turned(DEMO.rows(), DEMO.rows(*sorted(left_out)))


PLATFORM, PRODUCTION = "tarnholm-platform", "tarnholm-landingzones-prod"


@pytest.mark.parametrize(
    ("group", "check", "name", "status"),
    [
        (PRODUCTION, "dns-vnet-linked", "vnet-ai-prod-weu", Status.WARN),
        (PRODUCTION, "dns-policy-per-region", "", Status.WARN),
        (PLATFORM, "avnm-policy-assigned", "ng-regulated", Status.WARN),
        (PLATFORM, "avnm-multi-group", "ng-regulated", Status.NOT_ASSESSED),
        (PLATFORM, "aoai-locked-to-front", "oai-platform-triage", Status.NOT_ASSESSED),
    ],
)
def test_what_a_narrowed_scan_cannot_tell(
    group: str, check: str, name: str, status: Status
) -> None:
    above = f"/providers/Microsoft.Management/managementGroups/{group}"
    rows = DEMO.rows(*sorted(DEMO.subscriptions - DEMO.within(above)))
    told = [
        row
        for key, row in rows.items()
        if key[0] == check and name in {row.target.resource_name, ""}
    ]
    assert status in {row.status for row in told}
    assert Status.FAIL not in {row.status for row in told}
    said = "outside the scan" if status is Status.NOT_ASSESSED else BOUND
    assert all(said in row.reason for row in told if row.status is status)


# The same tenant, in which what belongs together lies in subscriptions of its own

APART = (
    "Microsoft.ApiManagement/service",
    "Microsoft.CognitiveServices/accounts",
    "Microsoft.MachineLearningServices/workspaces",
    "Microsoft.Network/dnsResolverPolicies",
    "Microsoft.Network/networkManagers",
    "Microsoft.Network/virtualNetworks",
    "Microsoft.Search/searchServices",
    "Microsoft.Storage/storageAccounts",
)
"""Types of what other resources are linked to, led to or looked after by.

Perimeters are none of them: where one is not seen, a resource's own settings count.
"""


def _own(kind: str, subscription: str) -> str:
    return str(uuid5(NAMESPACE_URL, f"{subscription}/{kind}".lower()))


def _moved(text: str, kind: str, home: str) -> str:
    """Return JSON in which the resources of a type are in a subscription of theirs."""
    inside = f'(/resourcegroups/[^/"]+/providers/{re.escape(kind)}/)'
    found = re.compile(f"(/subscriptions/){home}{inside}", re.IGNORECASE)
    return found.sub(rf"\g<1>{_own(kind, home)}\g<2>", text)


@cache
def _apart() -> Estate:
    text, parents = json.dumps(BODIES), dict(demo.parents())
    made: list[Body] = []
    for home in (b for b in BODIES if _subscription(b["id"]) == id_key(b["id"])[15:]):
        for kind in APART:
            own = _own(kind, home["subscriptionId"])
            text = _moved(text, kind, home["subscriptionId"])
            made.append({**home, "id": f"/subscriptions/{own}", "subscriptionId": own})
            parents[f"/subscriptions/{own}"] = parents[home["id"]]
    return Estate([*json.loads(text), *made], parents)


@pytest.mark.parametrize("kind", APART)
def test_what_is_apart(kind: str) -> None:
    estate = _apart()
    left_out = {_own(kind, each) for each in DEMO.subscriptions}
    assert left_out < estate.subscriptions
    whole, narrowed = estate.rows(), estate.rows(*sorted(left_out))
    for key, row in narrowed.items():
        before = whole.get(key)
        if before and before.status is not row.status:
            turn = {before.status, row.status}
            assert turn != {Status.PASS, Status.FAIL}, (key, row.reason)
            if row.target.resource_type != TENANT_TYPE:
                hidden = {Status.FAIL, Status.NOT_APPLICABLE}
                assert row.status not in hidden, (key, row.reason)
