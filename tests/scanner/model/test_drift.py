"""What changed between two runs, and what only was not looked at."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanner.model.check import Severity, Status
from scanner.model.drift import (
    MIRRORED,
    Change,
    Judged,
    Kind,
    Property,
    Row,
    compare,
)
from scanner.model.evidence import Evidence
from scanner.model.results import Run, ScannedSubscription, SignedIn

TENANT, SUB = "t", "s"
GROUP = f"/subscriptions/{SUB}/resourceGroups/rg/providers/Microsoft.X/things"
RUN = Run(
    started="2026-01-01T00:00:00Z",
    version="1",
    cloud="c",
    method="m",
    signed_in=(SignedIn(tenant_id=TENANT),),
    subscriptions=(ScannedSubscription(id="S", name="", tenant_id=TENANT),),
)


def row(
    status: Status = Status.FAIL, name: str = "a", check: str = "one", **more: Any
) -> Row:
    resource_id = more.pop("resource_id", f"{GROUP}/{name}")
    fields: dict[str, Any] = {
        "reason": "",
        "evidence": (),
        "exemption": "",
        "subscription_id": SUB,
        **more,
    }
    return Row(
        check_id=check,
        title=check,
        severity=Severity.HIGH,
        status=status,
        tenant_id=TENANT,
        resource_type="r",
        resource_name=name,
        resource_id=resource_id,
        fingerprint=f"{check} {resource_id}",
        **fields,
    )


def judged(*rows: Row, **run: Any) -> Judged:
    return Judged(run=replace(RUN, **run), rows=rows)


def changes(old: Judged, new: Judged) -> list[tuple[Kind, str]]:
    return [(each.kind, each.why) for each in compare(old, new).changes]


def kinds(old: Judged, new: Judged) -> list[Kind]:
    return [kind for kind, _ in changes(old, new)]


OTHER = row(Status.PASS, "other")


def test_a_finding_that_is_fixed_is_resolved() -> None:
    assert kinds(judged(row()), judged(row(Status.PASS))) == [Kind.RESOLVED]
    assert kinds(judged(row(Status.PASS)), judged(row(Status.WARN))) == [Kind.NEW]


def test_a_finding_whose_resource_is_gone_is_resolved_and_says_so() -> None:
    told = changes(judged(row(), OTHER), judged(OTHER))
    assert told == [(Kind.RESOLVED, "the resource is gone")]


@pytest.mark.parametrize(
    ("later", "why"),
    [
        (judged(row(Status.NOT_ASSESSED, reason="HTTP 403")), "HTTP 403"),
        (judged(), "the check was not run"),
        (
            judged(row(Status.NOT_ASSESSED, resource_id=f"/subscriptions/{SUB}")),
            "it could not be read",
        ),
        (judged(OTHER, subscriptions=()), "it is outside the scan"),
    ],
)
def test_what_was_not_looked_at_is_lost_and_never_resolved(
    later: Judged, why: str
) -> None:
    assert changes(judged(row()), later) == [(Kind.LOST, why)]
    assert changes(later, judged(row())) == [(Kind.SIGHTED, why)]


def test_the_property_that_changed_is_named() -> None:
    def said(value: object) -> Evidence:
        return Evidence("/a", "properties.x", value, "v")

    before, after = row(Status.PASS, evidence=(said(True),)), row(evidence=(said(1),))
    [change] = compare(judged(before), judged(after)).changes
    assert change.properties == (Property("/a", "properties.x", True, 1),)
    [gone] = compare(judged(after), judged(row(reason="x"))).changes
    assert gone.kind is Kind.CHANGED
    assert gone.properties == (Property("/a", "properties.x", 1, None),)


def test_resources_that_came_and_went() -> None:
    drift = compare(judged(row(), OTHER), judged(OTHER, row(name="b")))
    assert (drift.came, drift.went) == ((f"{GROUP}/b",), (f"{GROUP}/a",))
    unread = row(Status.NOT_ASSESSED, resource_id=f"/subscriptions/{SUB}")
    assert compare(judged(row()), judged(unread)).went == ()


def test_what_is_new_enough_to_fail_on() -> None:
    def new_at(old: Judged, new: Judged, threshold: Severity) -> int:
        return compare(old, new).new_at(threshold)

    fine, bad = judged(row(Status.PASS)), judged(row())
    assert new_at(fine, bad, Severity.HIGH) == 1
    assert new_at(fine, bad, Severity.CRITICAL) == 0
    assert new_at(bad, bad, Severity.HIGH) == 0
    assert new_at(judged(row(Status.WARN)), bad, Severity.HIGH) == 1
    assert new_at(fine, judged(row(Status.WARN)), Severity.HIGH) == 0
    assert new_at(fine, judged(row(exemption="known")), Severity.HIGH) == 0
    expired = judged(row(exemption="known"))
    assert new_at(expired, bad, Severity.HIGH) == 1


rows = st.builds(
    row,
    st.sampled_from(Status),
    st.sampled_from("abc"),
    st.sampled_from(["one", "two"]),
    reason=st.sampled_from(["", "x"]),
)
runs = st.builds(
    lambda found, scanned: judged(
        *{each.fingerprint: each for each in found}.values(),
        **({} if scanned else {"subscriptions": ()}),
    ),
    st.lists(rows),
    st.booleans(),
)


@given(runs)
def test_a_run_does_not_differ_from_itself(run: Judged) -> None:
    drift = compare(run, run)
    assert {each.kind for each in drift.changes} <= {Kind.REMAINING}
    assert drift.came == drift.went == ()


@given(runs, runs)
def test_the_other_way_round_is_the_mirror_image(old: Judged, new: Judged) -> None:
    def told(each: Change, kind: Kind) -> tuple[object, ...]:
        unseen = kind in (Kind.LOST, Kind.SIGHTED)
        return kind, each.row.fingerprint, unseen and each.why

    there, back = compare(old, new), compare(new, old)
    mirrored = Counter(told(each, MIRRORED[each.kind]) for each in back.changes)
    assert Counter(told(each, each.kind) for each in there.changes) == mirrored
    assert (there.came, there.went) == (back.went, back.came)


@given(runs, runs)
def test_nothing_is_resolved_that_was_not_assessed(old: Judged, new: Judged) -> None:
    answered = {each.fingerprint: each.status for each in new.rows}
    for change in compare(old, new).of(Kind.RESOLVED):
        status = answered.get(change.row.fingerprint)
        assert status is not Status.NOT_ASSESSED
        assert status is not None or new.run.subscriptions
