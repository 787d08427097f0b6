"""Everything recorded arrives, is judged, and comes back the same."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from typing import Any

import pytest

from checks import ALL
from reports.document import results_json
from scanner.assess import assess, inventory
from scanner.collect.reads import READS
from scanner.collect.scope import IDLE
from scanner.emulator import Estate
from scanner.model.authorization import Registration
from scanner.model.check import Check, Status
from scanner.model.coverage import NotRead, Reading
from scanner.model.ids import id_key
from scanner.model.resource import Record, Resource
from scanner.model.resources import Subscription
from scanner.model.results import Assessment
from scanner.model.settings import Settings
from scanner.model.tenant import Inventory
from scanner.redact.bodies import redacted
from scanner.snapshot.reader import Snapshot, load

Body = dict[str, Any]
Ledger = tuple[list[Record], list[Reading]]
Scan = Callable[..., Snapshot]
Item = tuple[str, str, str, str]

NEVER_RECORDED = {
    "Microsoft.MachineLearningServices/workspaces/serverlessEndpoints",
    "Microsoft.CognitiveServices/accounts/managedNetworks",
    *(
        f"Microsoft.ApiManagement/service/{child}"
        for child in (
            *("policies", "backends", "namedValues", "diagnostics", "apis"),
            *("apis/policies", "policyFragments", "products", "products/policies"),
            "products/apiLinks",
        )
    ),
    "Microsoft.Insights/eventtypes/values",
}

DECIDED = {Status.PASS, Status.FAIL, Status.WARN}


@pytest.fixture(scope="module")
def assessment(scanned: Snapshot) -> Assessment:
    return assess(scanned, ALL, Settings())


@pytest.fixture(scope="module")
def found(scanned: Snapshot) -> Inventory:
    return inventory(scanned, scanned.tenants[0])


def contents(records: list[Record]) -> set[Item]:
    """Return resources as they compare: scope, id as received, and JSON content."""
    return {
        (each.type, id_key(each.scope), each.id, content(each.body)) for each in records
    }


@cache
def content(body: bytes) -> str:
    return json.dumps(json.loads(redacted(body)), sort_keys=True)


def left_out(records: list[Record]) -> set[str]:
    """Return the subscriptions that no scan reads unless they are named."""
    return {
        id_key(each.id)
        for each in records
        if each.type == Subscription.type
        and json.loads(each.body)["state"].lower() in IDLE
    }


# Collecting


def test_every_collected_type_was_recorded(ledger: Ledger) -> None:
    there = {each.type for each in ledger[0]}
    assert {read.of.type for read in READS} - there == NEVER_RECORDED


def test_everything_arrives_and_nothing_else(ledger: Ledger, scanned: Snapshot) -> None:
    records, _ = ledger
    shut = left_out(records)
    expected = [
        each for each in records if not {id_key(each.scope), id_key(each.id)} & shut
    ]
    arrived, _ = load(scanned, scanned.tenants[0])
    assert contents(arrived) == contents(expected)
    assert len(arrived) == len(expected)
    assert len(shut) == len(scanned.manifest.run.notes)


def test_every_read_is_accounted_for_without_a_gap(
    ledger: Ledger, scanned: Snapshot
) -> None:
    records, readings = ledger
    shut = left_out(records)
    planned = {
        (each.resource_type, id_key(each.scope))
        for each in readings
        if id_key(each.scope) not in shut
    }
    _, made = load(scanned, scanned.tenants[0])
    assert {(each.resource_type, id_key(each.scope)) for each in made} == planned
    assert not [gap for each in made for gap in each.gaps]
    assert scanned.complete


# Judging


def applies(
    check: Check[Any], view: type[Resource], record: Record, found: Inventory
) -> bool:
    """Whether a check covers a resource; one that cannot be told is covered."""
    try:
        picked = check.among is None or id_key(record.id) in found.once(check.among)
    except NotRead:
        return False  # its one answer is the tenant's
    try:
        return picked and check.where(found.window(Settings()).view(view, record))
    except NotRead:
        return True


@pytest.mark.parametrize("check", ALL, ids=[check.id for check in ALL])
def test_a_check_answers_for_each_resource_it_applies_to(
    check: Check[Any], assessment: Assessment, found: Inventory
) -> None:
    covered = [
        record
        for view in check.on
        for record in found.by_type[view.type.lower()]
        if applies(check, view, record, found)
    ]
    tenant = f"/tenants/{found.tenant_id}"
    if check.by_region:
        expected = {(tenant, region(record)) for record in covered}
    else:
        expected = {(record.id, "") for record in covered}
    answered = [
        (each.target.resource_id, each.target.location if check.by_region else "")
        for each in assessment.results
        if each.check is check
    ]
    assert Counter(answered) == Counter(expected or [(tenant, "")])


def region(record: Record) -> str:
    location: str = json.loads(record.body)["location"]
    return location.lower().replace(" ", "")


def test_no_check_fails_on_recorded_resources(assessment: Assessment) -> None:
    reasons = [each.reason for each in assessment.results]
    assert not [reason for reason in reasons if "internal error" in reason]
    assert all(reason and reason.isprintable() for reason in reasons)


def test_every_decided_verdict_has_evidence(assessment: Assessment) -> None:
    decided = [each for each in assessment.results if each.status in DECIDED]
    assert {each.status for each in decided} == DECIDED
    assert not [(e.check.id, e.target.resource_id) for e in decided if not e.evidence]


def test_only_what_has_no_properties_is_a_gap(
    assessment: Assessment, found: Inventory
) -> None:
    """Listings of `/resources` were recorded too, whose items are stubs."""
    for report in assessment.gaps:
        kind = report.gap.resource_type.lower()
        record = found.by_id[kind, id_key(report.gap.scope)]
        properties = json.loads(record.body).get("properties")
        if kind == Registration.type.lower():  # recorded without what it delegates
            assert "registrationDefinition" not in properties
            assert "has no managing_tenant" in report.gap.reason
            continue
        assert not properties
        assert "the response has no `properties`" in report.gap.reason


# Coming back


@pytest.fixture(scope="module")
def again(scanned: Snapshot, run_scan: Scan) -> Snapshot:
    """Return a scan of the scan, this time of lists in pages."""
    return run_scan(Estate.of_snapshot(scanned), page_size=25)


def test_a_scan_of_the_served_snapshot_is_that_snapshot(
    scanned: Snapshot, again: Snapshot
) -> None:
    tenant_id = scanned.tenants[0]
    (records, readings), (same, made) = load(scanned, tenant_id), load(again, tenant_id)
    assert again.tenants == scanned.tenants
    assert contents(same) == contents(records)
    assert set(made) == set(readings)


def test_it_gives_the_same_results(
    assessment: Assessment, scanned: Snapshot, again: Snapshot
) -> None:
    # A snapshot has nothing to serve of the subscriptions that it left out.
    again.manifest = replace(again.manifest, left_out=scanned.manifest.left_out)
    second = replace(assess(again, ALL, Settings()), run=assessment.run)
    assert b"".join(results_json(second)) == b"".join(results_json(assessment))
