"""What a comparison says of one finding, line by line."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest

from reports.drift import change_row, summary_line, what
from scanner.model.check import Status
from scanner.model.drift import Change, compare
from scanner.model.evidence import Evidence
from scanner.model.judged import Judged, Row
from scanner.model.results import Result, Run

Builder = Callable[..., Result]


def only(run: Run, old: Result, new: Result) -> Change:
    [change] = compare(
        Judged(run=run, rows=(Row.of(old),)), Judged(run=run, rows=(Row.of(new),))
    ).changes
    return change


def read(result: Result, value: object) -> tuple[Evidence, ...]:
    return (Evidence(result.target.resource_id, "properties.a", value, "1"),)


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ({}, {"exemption": "Known."}, ["accepted: Known."]),
        ({"exemption": "Known."}, {}, ["no longer accepted"]),
        ({"exemption": "a"}, {"exemption": "b"}, ["accepted: b"]),
        ({}, {"status": Status.WARN}, ["fail -> warn: It is fail."]),
        ({}, {"reason": "Worse."}, ["Worse."]),
    ],
)
def test_a_finding_that_changed_says_in_what(
    result: Builder, run: Run, old: dict[str, Any], new: dict[str, Any], told: list[str]
) -> None:
    change = only(run, replace(result(), **old), replace(result(), **new))
    assert list(what(change)) == told


def test_a_property_comes_before_what_it_did(result: Builder, run: Run) -> None:
    base = result()
    old = replace(base, evidence=read(base, True))
    new = replace(base, evidence=read(base, False), exemption="Known.")
    said: Sequence[str] = list(what(only(run, old, new)))
    assert said == ["properties.a: true -> false", "accepted: Known."]


def test_a_change_carries_both_exemptions(result: Builder, run: Run) -> None:
    change = only(run, result(), result(exemption="Known."))
    assert change_row(change)["exemption"] == {"old": "", "new": "Known."}


def test_the_sentence_tells_every_kind_that_may_fail_a_job(
    result: Builder, run: Run
) -> None:
    def since(old: Sequence[Result], new: Sequence[Result]) -> str:
        before, after = (
            Judged(run=run, rows=tuple(map(Row.of, each))) for each in (old, new)
        )
        return summary_line(compare(before, after)).partition("Z: ")[2]

    unread = [result(Status.NOT_ASSESSED)]
    assert since(unread, [result()]) == (
        "0 new findings, 0 resolved, 1 come into sight."
    )
    assert since([result()], unread) == "0 new findings, 0 resolved, 1 lost sight of."
    worse = since([result(Status.WARN)], [result()])
    assert worse == "0 new findings, 0 resolved, 1 changed."
    assert since([result()], [result()]) == "0 new findings, 0 resolved."
