"""What changed between two runs, and what only was not looked at."""

from __future__ import annotations

import json
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
    Kind,
    Property,
    compare,
)
from scanner.model.evidence import Evidence
from scanner.model.judged import Judged, Row
from scanner.model.results import Run, ScannedSubscription, SignedIn

TENANT, SUB = "t", "s"
GROUP = f"/subscriptions/{SUB}/resourceGroups/rg/providers/Microsoft.X/things"
RUN = Run(
    started="2026-01-01T00:00:00Z",
    version="1",
    cloud="c",
    method="m",
    complete=True,
    bounded={},
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
        "resource_type": "r",
        **more,
    }
    return Row(
        check_id=check,
        title=check,
        severity=Severity.HIGH,
        status=status,
        tenant_id=TENANT,
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


EARLIER = "in the earlier run: "
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
        (judged(OTHER, subscriptions=()), "it was outside the scan"),
    ],
)
def test_what_was_not_looked_at_is_lost_and_never_resolved(
    later: Judged, why: str
) -> None:
    assert changes(judged(row()), later) == [(Kind.LOST, why)]
    assert changes(later, judged(row())) == [(Kind.SIGHTED, f"{EARLIER}{why}")]


REFUSED = row(Status.NOT_ASSESSED, resource_id="/subscriptions/other", reason="403")
MARKED = "fine (lower bound: 1 group was not read)"
DIRECTORY = {"directory": ("microsoft-graph",)}
MANAGED: dict[str, Any] = {
    "resource_id": "/providers/Microsoft.Management/managementGroups/m/providers/x/y/z",
    "subscription_id": "",
}
TENANTS_OWN: dict[str, Any] = {
    "resource_id": f"/tenants/{TENANT}/p",
    "subscription_id": "",
}
GROUPS = "microsoft.management/managementgroups"
BOUNDED: dict[str, Any] = {"bounded": {TENANT: (GROUPS,)}}


@pytest.mark.parametrize(
    ("earlier", "later", "why"),
    [
        (judged(row()), judged(OTHER, complete=False), "the run was cut short"),
        (
            judged(row()),
            judged(row(Status.PASS), complete=False),
            "the run was cut short",
        ),
        (judged(row(**TENANTS_OWN)), judged(OTHER, REFUSED), "403"),
        (
            judged(row(**TENANTS_OWN)),
            judged(row(Status.PASS, **TENANTS_OWN), REFUSED),
            "403",
        ),
        (judged(row()), judged(OTHER, REFUSED), "403"),
        (
            judged(row()),
            judged(row(Status.PASS, reason=MARKED)),
            "lower bound: 1 group was not read",
        ),
        (
            judged(row()),
            judged(row(Status.PASS, "other", reason=MARKED)),
            "lower bound: 1 group was not read",
        ),
        (
            judged(row()),
            judged(OTHER, scope={"excluded": ("x",)}),
            "the scan was narrower",
        ),
        (
            judged(row(), scope=DIRECTORY),
            judged(OTHER),
            "the scan did without the directory",
        ),
        (
            judged(row(), scope={"discovery": ("auto",)}),
            judged(OTHER, scope={"discovery": ("arm",)}),
            "the scan did without Resource Graph",
        ),
        (
            judged(row(**MANAGED)),
            judged(OTHER, **BOUNDED),
            f"{GROUPS} was not read whole",
        ),
        (
            judged(row(**MANAGED), bounded=None),
            judged(OTHER, bounded=None),
            "it is not recorded what was read above subscriptions",
        ),
        (
            judged(row()),
            judged(row(Status.NOT_APPLICABLE), scope={"subscriptions": (SUB,)}),
            "the scan was narrower",
        ),
        (
            judged(row(evidence=(Evidence("/subscriptions/x/y", "p", 1, "v"),))),
            judged(row(Status.PASS), scope={"subscriptions": (SUB,)}),
            "the scan was narrower",
        ),
    ],
)
def test_what_a_later_run_could_not_have_found_is_lost(
    earlier: Judged, later: Judged, why: str
) -> None:
    assert changes(earlier, later) == [(Kind.LOST, why)]
    assert changes(later, earlier) == [(Kind.SIGHTED, f"{EARLIER}{why}")]
    assert compare(earlier, later).went == ()


@pytest.mark.parametrize(
    ("earlier", "later"),
    [
        (judged(row(), REFUSED), judged(OTHER, REFUSED)),
        (judged(row(reason=MARKED)), judged(row(Status.PASS, reason=MARKED))),
        (judged(row(**MANAGED), **BOUNDED), judged(OTHER, **BOUNDED)),
        (judged(row(), **BOUNDED), judged(OTHER, **BOUNDED)),
        (judged(row()), judged(row(Status.PASS), scope={"subscriptions": (SUB,)})),
        (
            judged(row(), row(Status.PASS, check="sure")),
            judged(OTHER, REFUSED, row(Status.PASS, "other", check="sure")),
        ),
    ],
)
def test_what_a_later_run_would_have_found_is_resolved(
    earlier: Judged, later: Judged
) -> None:
    assert kinds(earlier, later) == [Kind.RESOLVED]


BOUND = "lower bound: 1 group was not read"
NARROW: dict[str, Any] = {"scope": {"subscriptions": (SUB,)}}
ELSEWHERE = (Evidence("/subscriptions/x/y", "p", 1, "v"),)
ABOVE = (Evidence("/providers/microsoft.management/x", "p", 1, "v"),)
READ = (Evidence("/a", "properties.x", True, "v"),)
SINCE = (Evidence("/a", "properties.x", False, "v"),)
FINE = judged(row(Status.PASS))


@pytest.mark.parametrize(
    ("earlier", "later", "why"),
    [
        (FINE, judged(row(reason=MARKED)), BOUND),
        (
            FINE,
            judged(row(reason=f"x (lower bound: 403) ({BOUND})")),
            "lower bound: 403; 1 group was not read",
        ),
        (FINE, judged(row(), complete=False), "the run was cut short"),
        (
            judged(row(Status.PASS, evidence=ELSEWHERE)),
            judged(row(), **NARROW),
            "the scan was narrower",
        ),
        (
            judged(row(Status.NOT_APPLICABLE)),
            judged(row(), **NARROW),
            "the scan was narrower",
        ),
    ],
)
def test_what_is_found_because_less_was_read_is_not_new(
    earlier: Judged, later: Judged, why: str
) -> None:
    assert changes(earlier, later) == [(Kind.SIGHTED, why)]
    assert changes(later, earlier) == [(Kind.LOST, f"{EARLIER}{why}")]
    assert compare(earlier, later).new_at(Severity.HIGH) == 1


@pytest.mark.parametrize(
    ("earlier", "later"),
    [
        (judged(row(Status.PASS, reason=MARKED)), judged(row(reason=MARKED))),
        (
            judged(row(Status.PASS), row(Status.PASS, "b", reason=MARKED)),
            judged(row(reason=MARKED)),
        ),
        (FINE, judged(row(), **NARROW)),
        (judged(row(Status.PASS, evidence=ABOVE)), judged(row(), **NARROW)),
        (judged(OTHER), judged(OTHER, row(reason=MARKED))),
        (
            judged(row(Status.PASS, evidence=READ)),
            judged(row(evidence=SINCE), complete=False),
        ),
    ],
)
def test_what_was_found_by_what_both_runs_read_is_new(
    earlier: Judged, later: Judged
) -> None:
    assert kinds(earlier, later) == [Kind.NEW]


def test_who_is_in_the_directory_is_gone_only_if_everything_was_read() -> None:
    kind = "Microsoft.Graph/directoryObjects"
    person = row(Status.INFO, resource_type=kind, **TENANTS_OWN)
    everything = row(Status.PASS, "other", check="two")
    unread = row(Status.NOT_ASSESSED, "other", check="two", reason="403")
    earlier = judged(person, OTHER, everything)
    assert compare(earlier, judged(OTHER, everything)).went == (person.resource_id,)
    assert compare(earlier, judged(OTHER, unread)).went == ()


def test_a_place_that_could_not_be_read_neither_comes_nor_goes() -> None:
    drift = compare(judged(OTHER, REFUSED), judged(OTHER))
    assert drift.came == drift.went == ()


def test_the_property_that_changed_is_named() -> None:
    def said(value: object) -> Evidence:
        return Evidence("/a", "properties.x", value, "v")

    before, after = row(Status.PASS, evidence=(said(True),)), row(evidence=(said(1),))
    [change] = compare(judged(before), judged(after)).changes
    assert change.properties == (Property("/a", "properties.x", True, 1),)
    absent = row(evidence=(said(None),))
    [gone] = compare(judged(after), judged(absent)).changes
    assert gone.kind is Kind.CHANGED
    assert gone.properties == (Property("/a", "properties.x", 1, None),)
    [unread] = compare(judged(after), judged(row(reason="x"))).changes
    assert unread.kind is Kind.CHANGED
    assert unread.properties == ()


KEPT = {"/subscriptions/s/resourceGroups/rg": ["D1E2F3A4-0000-4000-8000-00000000000A"]}
SPELT = {"/subscriptions/S/resourcegroups/RG": ["d1e2f3a4-0000-4000-8000-00000000000a"]}


@pytest.mark.parametrize(
    ("was", "now", "kind"),
    [
        (KEPT, SPELT, Kind.REMAINING),
        (f"{json.dumps(KEPT)}...", f"{json.dumps(SPELT)}...", Kind.REMAINING),
        ("subscriptions/S/x", "/Subscriptions/s/X", Kind.REMAINING),
        ("@A IN {'/subscriptions/S'}", "@A IN {'/subscriptions/s'}", Kind.REMAINING),
        ({"p": "Deny"}, {"p": "deny"}, Kind.CHANGED),
        ("see /subscriptions/S", "see /subscriptions/s", Kind.CHANGED),
    ],
)
def test_only_ids_are_the_same_in_any_case(was: Any, now: Any, kind: Kind) -> None:
    read = Evidence(f"{GROUP}/a", f"properties.x['{GROUP}/i'].y", was, "v")
    spelt = f"{GROUP}/A".replace("Groups", "groups")
    again = Evidence(spelt, f"properties.x['{GROUP.upper()}/i'].y", now, "v")
    old, new = (
        row(evidence=(read,), reason="rg/A"),
        row(evidence=(again,), reason="rg/a"),
    )
    [change] = compare(judged(old), judged(new)).changes
    assert change.kind is kind
    named = (Property(again.resource_id, again.path, was, now),)
    assert change.properties == (named if kind is Kind.CHANGED else ())


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
    reason=st.sampled_from(["", "x", MARKED]),
)
runs = st.builds(
    lambda found, subscriptions, complete, scope: judged(
        *{each.fingerprint: each for each in found}.values(),
        subscriptions=subscriptions,
        complete=complete,
        scope=scope,
    ),
    st.lists(rows),
    st.sampled_from([RUN.subscriptions, ()]),
    st.booleans(),
    st.sampled_from([{}, DIRECTORY]),
)


@given(runs)
def test_a_run_does_not_differ_from_itself(run: Judged) -> None:
    drift = compare(run, run)
    assert {each.kind for each in drift.changes} <= {Kind.REMAINING}
    assert drift.came == drift.went == ()


@given(runs, runs)
def test_the_other_way_round_is_the_mirror_image(old: Judged, new: Judged) -> None:
    def told(each: Change, kind: Kind, *, flipped: bool) -> tuple[object, ...]:
        unseen = kind in (Kind.LOST, Kind.SIGHTED)
        why = each.why.removeprefix(EARLIER)
        of_the_earlier = (why != each.why) is not flipped
        return kind, each.row.fingerprint, unseen and (why, of_the_earlier)

    there, back = compare(old, new), compare(new, old)
    mirrored = Counter(
        told(each, MIRRORED[each.kind], flipped=True) for each in back.changes
    )
    straight = Counter(told(each, each.kind, flipped=False) for each in there.changes)
    assert straight == mirrored
    assert (there.came, there.went) == (back.went, back.came)


@given(runs, runs)
def test_nothing_is_resolved_that_was_not_looked_at(old: Judged, new: Judged) -> None:
    answered = {each.fingerprint: each.status for each in new.rows}
    for change in compare(old, new).of(Kind.RESOLVED):
        assert new.run.complete
        status = answered.get(change.row.fingerprint)
        assert status is not Status.NOT_ASSESSED
        if status is None:
            assert new.run.subscriptions
            assert new.run.scope or not old.run.scope
