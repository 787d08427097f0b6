from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from fractions import Fraction
from math import isclose
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.worst import gap_groups, worst
from scanner.model.check import Check, Severity, Status, Topic
from scanner.model.coverage import Gap
from scanner.model.results import Assessment, GapReport, Result, Run
from scanner.model.totals import Score, Tally, Totals

Builder = Callable[..., Result]
Answer = tuple[Status, Severity]

WEIGHTS = {"critical": 10, "high": 6, "medium": 3, "low": 1, "informational": 0}
LOST = {"pass": Fraction(0), "warn": Fraction(1, 2), "fail": Fraction(1)}
PASS, FAIL, WARN = Status.PASS, Status.FAIL, Status.WARN
UNREAD = Status.NOT_ASSESSED
SILENT = (Status.INFO, Status.MANUAL, Status.NOT_APPLICABLE)

statuses, severities = st.sampled_from(Status), st.sampled_from(Severity)
answers = st.lists(st.tuples(statuses, severities), max_size=30)


def tally_of(results: Iterable[Result]) -> Tally:
    return Totals.of(tuple(results)).overall


def scored(results: Iterable[Result]) -> Score:
    return tally_of(results).score


def expected(answers: Sequence[Answer]) -> Fraction | None:
    """Return the score as the contract words it."""
    assessed = [(s, WEIGHTS[severity]) for s, severity in answers if s in LOST]
    total = sum(weight for _, weight in assessed)
    lost = sum((LOST[status] * weight for status, weight in assessed), Fraction())
    return 100 * (total - lost) / total if total else None


def coverage(answers: Sequence[Answer]) -> Fraction | None:
    assessed = sum(status in LOST for status, _ in answers)
    asked = assessed + sum(status is UNREAD for status, _ in answers)
    return Fraction(assessed, asked) if asked else None


def near(found: float | None, wanted: Fraction | None, places: int) -> bool:
    if found is None or wanted is None:
        return found is None and wanted is None
    return isclose(found, wanted, rel_tol=0, abs_tol=0.5000001 * 0.1**places)


@pytest.mark.parametrize("severity", list(Severity)[:-1])
@pytest.mark.parametrize(
    ("status", "value"), [(PASS, 100.0), (WARN, 50.0), (FAIL, 0.0)]
)
def test_one_answer(
    result: Builder, severity: Severity, status: Status, value: float
) -> None:
    assert scored([result(status, severity)]) == Score(value=value, coverage=1.0)


@pytest.mark.parametrize(
    ("given", "value"),
    [
        ([(PASS, Severity.CRITICAL), (FAIL, Severity.LOW)], 90.9),
        ([(PASS, Severity.HIGH), (FAIL, Severity.MEDIUM)], 66.7),
        ([(WARN, Severity.CRITICAL), (PASS, Severity.CRITICAL)], 75.0),
        ([(WARN, Severity.HIGH), (FAIL, Severity.HIGH)], 25.0),
        ([(FAIL, Severity.INFORMATIONAL), (PASS, Severity.LOW)], 100.0),
    ],
)
def test_answers_weigh_as_their_severity(
    result: Builder, given: list[Answer], value: float
) -> None:
    assert scored(result(*each) for each in given).value == value


def test_what_was_not_assessed_lowers_the_coverage_alone(result: Builder) -> None:
    known = [result(PASS), result(FAIL)]
    assert scored(known) == Score(value=50.0, coverage=1.0)
    asked = [*known, result(UNREAD, Severity.CRITICAL), result(UNREAD)]
    assert scored(asked) == Score(value=50.0, coverage=0.5)


@pytest.mark.parametrize("status", SILENT)
def test_what_is_no_verdict_counts_for_nothing(result: Builder, status: Status) -> None:
    assert scored([result(status)]) == Score(value=None, coverage=None)
    both = [result(PASS), result(FAIL), result(status, Severity.CRITICAL)]
    assert scored(both) == Score(value=50.0, coverage=1.0)


def test_nothing_assessed_has_no_score(result: Builder) -> None:
    assert scored([]) == Score(value=None, coverage=None)
    assert scored([result(UNREAD)]) == Score(value=None, coverage=0.0)


def test_informational_checks_cover_and_weigh_nothing(result: Builder) -> None:
    failed = result(FAIL, Severity.INFORMATIONAL)
    assert scored([failed]) == Score(value=None, coverage=1.0)


@given(answers=answers)
def test_scores_are_as_contracted(result: Builder, answers: list[Answer]) -> None:
    score = scored(result(*each) for each in answers)
    assert near(score.value, expected(answers), 1)
    assert near(score.coverage, coverage(answers), 4)
    assert score.value is None or score.coverage is not None


@given(answers=answers)
def test_a_tally_leaves_nothing_out(result: Builder, answers: list[Answer]) -> None:
    tally = tally_of([result(*each) for each in answers])
    assert list(tally.statuses) == list(Status)
    assert list(tally.findings) == list(Severity)
    assert sum(tally.statuses.values()) == len(answers)
    assert tally.found == tally.statuses[FAIL] + tally.statuses[WARN]


def test_exempted_findings_are_findings_that_are_accepted(result: Builder) -> None:
    accepted = result(exemption="Known.")
    tally = tally_of([accepted, result(WARN), result(PASS, exemption="Moot.")])
    assert (tally.found, tally.exempted) == (2, 1)


def test_totals_are_by_topic_in_the_order_of_the_guidance(
    result: Builder, run: Run, checks: dict[str, Check[Any]]
) -> None:
    both = tuple(result(check=checks[name]) for name in ("logging.on", "keys.disabled"))
    totals = Totals.of(both)
    assert list(totals.topics) == [Topic.API_KEYS, Topic.LOGGING]


def test_a_resource_is_one_however_its_id_is_written(result: Builder) -> None:
    upper = result(PASS, name="ONE")
    tallies = Totals.of([result(FAIL, name="one"), upper]).resources
    (tally,) = tallies.values()
    assert tally.score.value == 50.0


def test_a_resource_no_check_applies_to_is_left_out(result: Builder) -> None:
    assert Totals.of([result(Status.NOT_APPLICABLE)]).resources == {}


def test_the_worst_findings_come_by_severity_then_failures(
    result: Builder, checks: dict[str, Check[Any]]
) -> None:
    keys, logs = checks["keys.disabled"], checks["logging.on"]
    found = [result(WARN, check=logs), result(WARN, name="a"), result(name="b")]
    silent = [result(PASS), result(UNREAD), result(exemption="Known.", name="c")]
    first, second = worst([*found, *silent], 10)
    assert (first.check, second.check) == (keys, logs)
    assert [each.status for each in first.results] == [FAIL, WARN]
    assert [each.check for each in worst(found, 1)] == [keys]


def test_gaps_of_one_cause_are_told_together(assessment: Assessment) -> None:
    refused, malformed = gap_groups(assessment.gaps)
    assert (refused.http_status, refused.error_code) == (403, "AuthorizationFailed")
    assert (len(refused.gaps), refused.checks) == (2, 2)
    assert (malformed.reason, malformed.checks) == ("Not JSON.", 0)


@given(
    causes=st.lists(
        st.tuples(
            st.sampled_from([None, 403, 500]),
            st.sampled_from([None, "A", "B"]),
            st.sampled_from(["x", "y"]),
        )
    )
)
def test_no_gap_is_lost_in_its_group(
    causes: list[tuple[int | None, str | None, str]],
) -> None:
    reports = [
        GapReport(
            gap=Gap(
                tenant_id="t",
                scope="s",
                resource_type="r",
                operation="o",
                reason=reason,
                http_status=status,
                error_code=code,
            )
        )
        for status, code, reason in causes
    ]
    sizes = [len(group.gaps) for group in gap_groups(reports)]
    assert sum(sizes) == len(reports)
    assert sizes == sorted(sizes, reverse=True)


def test_a_result_counts_for_every_control_of_its_check(
    result: Builder, run: Run
) -> None:
    answers = (result(Status.PASS), result(Status.FAIL))
    controls = Totals.of(answers).controls
    assert list(controls) == ["MCSB:IM-1", "NIST-800-53:AC-2"]
    assert {tally.score.value for tally in controls.values()} == {50.0}
