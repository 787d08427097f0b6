from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanner.model.check import Check, Severity, Status, Topic, Verdict, check, passed
from scanner.model.check import Post as Guidance
from scanner.model.resources import Subscription
from scanner.model.results import Assessment, Result, Run, Target
from scanner.model.totals import Score, Tally

WEIGHTS = {"critical": 10, "high": 6, "medium": 3, "low": 1, "informational": 0}
TARGET = Target(
    tenant_id="t",
    resource_type=Subscription.type,
    resource_name="S",
    resource_id="/subscriptions/S",
    location="westeurope",
)


def scored(results: Iterable[Result]) -> Score:
    return Tally.of(results).score


def made(severity: Severity, id: str = "one") -> Check[Any]:
    @check(
        id=id,
        title="t",
        topic=Topic.DNS,
        severity=severity,
        on=Subscription,
        guidance=Guidance.DNS_POLICIES,
    )
    def decide(_: Subscription, __: Any) -> Verdict:
        """Reads nothing.

        ## How to fix
        Do it.
        """
        return passed("yes")

    return decide


CHECKS = {severity: made(severity) for severity in Severity}


def result(status: Status, severity: Severity = Severity.HIGH, **more: Any) -> Result:
    return Result(
        check=CHECKS[severity], target=TARGET, status=status, reason="r", **more
    )


answers = st.lists(st.tuples(st.sampled_from(Status), st.sampled_from(Severity)))


def naive(given: Sequence[tuple[Status, Severity]]) -> tuple[Any, Any]:
    """Score and coverage, word by word as the contract has them."""
    won = {"pass": 1.0, "warn": 0.5, "fail": 0.0}
    assessed = [
        (won[status], WEIGHTS[severity]) for status, severity in given if status in won
    ]
    asked = len(assessed) + sum(status == "not-assessed" for status, _ in given)
    total = sum(weight for _, weight in assessed)
    gained = sum(share * weight for share, weight in assessed)
    return (
        100 * gained / total if total else None,
        len(assessed) / asked if asked else None,
    )


@given(answers)
def test_scores_are_what_the_contract_says(
    given: list[tuple[Status, Severity]],
) -> None:
    score = scored(result(*each) for each in given)
    expected, coverage = naive(given)
    assert (score.value is None) == (expected is None)
    assert (score.coverage is None) == (coverage is None)
    if expected is not None:
        assert score.value == pytest.approx(float(expected), abs=0.051)
    if coverage is not None:
        assert score.coverage == pytest.approx(float(coverage), abs=0.000051)


def test_a_score_by_hand() -> None:
    score = scored(
        [
            result(Status.PASS, Severity.CRITICAL),
            result(Status.FAIL, Severity.HIGH),
            result(Status.WARN, Severity.MEDIUM),
            result(Status.NOT_ASSESSED, Severity.CRITICAL),
            result(Status.MANUAL, Severity.CRITICAL),
        ]
    )
    assert score == Score(value=60.5, coverage=0.75)


@given(answers, st.sampled_from([Status.INFO, Status.MANUAL, Status.NOT_APPLICABLE]))
def test_what_is_no_verdict_changes_nothing(
    given: list[tuple[Status, Severity]], status: Status
) -> None:
    results = [result(*each) for each in given]
    assert scored([*results, result(status, Severity.CRITICAL)]) == scored(results)


@given(answers)
def test_what_was_not_read_costs_coverage_and_no_score(
    given: list[tuple[Status, Severity]],
) -> None:
    results = [result(*each) for each in given]
    before, after = scored(results), scored([*results, result(Status.NOT_ASSESSED)])
    assert after.value == before.value
    assert after.coverage is not None
    assert after.coverage <= (before.coverage or 0)


# Which findings make the exit code


def assessment(*results: Result) -> Assessment:
    run = Run(started="", version="", cloud="", method="")
    return Assessment(run=run, results=results, gaps=())


@pytest.mark.parametrize("status", Status)
@pytest.mark.parametrize("severity", Severity)
def test_only_failures_at_or_above_the_threshold_count(
    status: Status, severity: Severity
) -> None:
    found = assessment(result(status, severity))
    order = list(WEIGHTS)
    for threshold in Severity:
        reached = order.index(severity) <= order.index(threshold)
        assert found.findings_at(threshold) == (status == "fail" and reached)


def test_an_accepted_finding_does_not_count() -> None:
    found = assessment(result(Status.FAIL, exemption="accepted"))
    assert found.findings_at(Severity.LOW) == 0


# What to do


@pytest.mark.parametrize("status", Status)
def test_there_is_something_to_do_about_findings_and_questions(status: Status) -> None:
    to_do = status in ("fail", "warn", "manual")
    assert result(status).remediation == ("Do it." if to_do else "")
    own = result(status, advice="Do not.")
    assert own.remediation == ("Do not." if to_do else "")
    assert own.is_finding == (status in ("fail", "warn"))


# Fingerprints


@pytest.mark.parametrize(
    "change",
    [
        {"resource_id": "SUBSCRIPTIONS/s/"},
        {"resource_name": "renamed"},
        {"subscription_name": "renamed"},
        {"location": "elsewhere"},
    ],
    ids=str,
)
def test_a_fingerprint_outlives_what_does_not_name_the_resource(
    change: dict[str, str],
) -> None:
    one = result(Status.FAIL)
    assert replace(one, target=replace(TARGET, **change)).fingerprint == one.fingerprint
    assert replace(one, status=Status.PASS, reason="x").fingerprint == one.fingerprint
    assert len(one.fingerprint) == 32


def test_a_fingerprint_is_the_same_in_every_version() -> None:
    # Exemptions and diffs of runs made by earlier versions rely on it.
    assert result(Status.FAIL).fingerprint == "dae43388c9db217f94b2c5a726270319"


def test_fingerprints_tell_checks_tenants_resources_and_regions_apart() -> None:
    one = result(Status.FAIL)
    whole = replace(TARGET, resource_id="/tenants/t")
    others = [
        one,
        replace(one, check=made(Severity.HIGH, "two")),
        replace(one, target=replace(TARGET, tenant_id="u")),
        replace(one, target=replace(TARGET, resource_id="/subscriptions/S2")),
        replace(one, target=whole),
        replace(one, target=replace(whole, location="northeurope")),
    ]
    assert len({each.fingerprint for each in others}) == len(others)
