"""Content filters of deployments: whether there are any, and whether they block."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import pytest

from checks.foundry_accounts.content_filters import rai_policy
from scanner.model.check import Status
from scanner.model.cognitive import Deployment, RaiPolicy

if TYPE_CHECKING:
    from tests.checks.conftest import Verdicts

Body = dict[str, Any]

SUBSCRIPTION = "/subscriptions/bbbbbbbb-0000-0000-0000-000000000001"
PROVIDERS = f"{SUBSCRIPTION}/resourceGroups/rg/providers"
ID = f"{PROVIDERS}/Microsoft.CognitiveServices/accounts/account"
ACCOUNT: Body = {"id": ID, "kind": "AIServices", "properties": {}}

PASS, WARN, INFO = Status.PASS, Status.WARN, Status.INFO
UNREAD, NONE = Status.NOT_ASSESSED, Status.NOT_APPLICABLE
ABSENT = ...

BLOCKS = {"enabled": True, "blocking": True}
ANNOTATES = {"enabled": True, "blocking": False}
OFF = {"enabled": False, "blocking": True}


def deployments(*names: object) -> list[Body]:
    return [
        {"id": f"{ID}/deployments/d{number}", "properties": {"raiPolicyName": name}}
        for number, name in enumerate(names)
    ]


def policy(name: str, *parts: object, **properties: object) -> Body:
    every = {"contentFilters": list(parts), **properties}
    return {"id": f"{ID}/raiPolicies/{name}", "properties": every}


@pytest.mark.parametrize(
    ("names", "status"),
    [
        (["claims-strict"], PASS),
        (["CLAIMS-Strict"], PASS),
        (["claims-strict", "Microsoft.DefaultV2"], INFO),
        (["microsoft.default"], INFO),
        (["Microsoft.DefaultV2", "microsoft.nil"], WARN),
        (["Microsoft.Nil", ["claims-strict"]], UNREAD),
        (["Microsoft.Other"], INFO),
        (["claims-strict", "gone"], WARN),
        ([None], INFO),
        ([ABSENT], INFO),
        ([["claims-strict"]], UNREAD),
        ([], NONE),
    ],
)
def test_filters_that_deployments_name(
    names: list[object], status: Status, verdicts: Verdicts
) -> None:
    strict = policy("Claims-strict", ANNOTATES, BLOCKS)
    result = verdicts(rai_policy, ACCOUNT, strict, *deployments(*names)).only(ID)
    assert result.status is status
    assert ("gone" in result.reason) is ("gone" in names)
    assert "d0" not in result.reason or status is not WARN


@pytest.mark.parametrize(
    ("parts", "status"),
    [
        ([BLOCKS], PASS),
        ([{"enabled": None, "blocking": True}, BLOCKS], PASS),
        ([ANNOTATES, OFF, {"enabled": False}, {"blocking": False}], WARN),
        ([], WARN),
        ([ANNOTATES, {"enabled": True}], UNREAD),
        ([{"enabled": ABSENT, "blocking": True}], UNREAD),
        ([{"enabled": True, "blocking": "true"}], UNREAD),
        ([BLOCKS, "hate"], UNREAD),
    ],
)
def test_parts_of_a_filter(
    parts: list[object], status: Status, verdicts: Verdicts
) -> None:
    bodies = [ACCOUNT, policy("own", *parts), *deployments("own")]
    found = verdicts(rai_policy, *bodies)
    assert found.only(ID).status is status
    if status is WARN:
        assert 'd0 ("own", no part' in found.only(ID).reason
    if parts == [BLOCKS]:
        cited = (f"{ID}/raiPolicies/own", "properties.contentFilters[0].blocking")
        assert found.evidence(ID)[cited] is True


@pytest.mark.parametrize("filters", [ABSENT, None])
@pytest.mark.parametrize(
    ("base", "status"),
    [("STRICT", PASS), ("open", WARN), ("bare", UNREAD), ("gone", UNREAD)]
    + [(name, UNREAD) for name in ("own", None, ABSENT, 7)],
)
def test_a_filter_that_came_without_parts(
    filters: object, base: object, status: Status, verdicts: Verdicts
) -> None:
    policies = [
        policy("own", contentFilters=filters, basePolicyName=base),
        policy("strict", BLOCKS),
        policy("open", ANNOTATES),
        policy("bare", contentFilters=ABSENT),
    ]
    found = verdicts(rai_policy, ACCOUNT, *policies, *deployments("own"))
    assert found.only(ID).status is status


@pytest.mark.parametrize(
    ("names", "status"),
    [
        (["own"], UNREAD),
        (["own", "Microsoft.Nil"], WARN),
        (["own", "Microsoft.Default"], UNREAD),
        (["Microsoft.Default"], INFO),
        ([], NONE),
    ],
)
def test_filters_that_were_not_read(
    names: list[object], status: Status, verdicts: Verdicts
) -> None:
    bodies = [ACCOUNT, *deployments(*names)]
    found = verdicts(rai_policy, *bodies, unread=[(RaiPolicy, ID)])
    assert found.only(ID).status is status


def test_deployments_that_were_not_read(verdicts: Verdicts) -> None:
    found = verdicts(rai_policy, ACCOUNT, unread=[(Deployment, ID)])
    assert found.only(ID).status is UNREAD


@pytest.mark.parametrize("kind", ["OpenAI", "FormRecognizer", None, ABSENT])
def test_accounts_of_other_kinds_are_no_foundry(
    kind: object, verdicts: Verdicts
) -> None:
    account: Mapping[str, object] = {**ACCOUNT, "kind": kind}
    [result] = verdicts(rai_policy, account)
    assert result.status is NONE
    assert result.target.resource_id.startswith("/tenants/")
