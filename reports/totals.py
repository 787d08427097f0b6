"""What the results come to: overall, by topic, by subscription, by resource."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass
from heapq import nsmallest
from typing import Any, TypeVar

from scanner.model.check import Check, Severity, Status, Topic
from scanner.model.ids import id_key
from scanner.model.results import FINDINGS, Assessment, GapReport, Result, Score

K = TypeVar("K", bound=Hashable)
T = TypeVar("T")

Answer = tuple[Severity, Status, bool]
"""What of a result is counted: how grave it is, what it says, whether accepted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """What some results come to."""

    score: Score
    statuses: Mapping[Status, int]
    """How many results have each status, none left out."""
    findings: Mapping[Severity, int]
    """How many failed or warned at each severity, none left out."""
    exempted: int
    """How many of the findings are accepted."""

    @classmethod
    def of(cls, results: Iterable[Result]) -> Tally:
        """Return the tally of some results."""
        return cls.counted(_answers(results))

    @classmethod
    def counted(cls, answers: Mapping[Answer, int]) -> Tally:
        """Return the tally of so many results of each answer."""
        verdicts: Counter[tuple[Severity, Status]] = Counter()
        statuses, findings = dict.fromkeys(Status, 0), dict.fromkeys(Severity, 0)
        exempted = 0
        for (severity, status, accepted), number in answers.items():
            verdicts[severity, status] += number
            statuses[status] += number
            if status in FINDINGS:
                findings[severity] += number
                exempted += number if accepted else 0
        return cls(
            score=Score.counted(verdicts),
            statuses=statuses,
            findings=findings,
            exempted=exempted,
        )

    @property
    def found(self) -> int:
        """The number of findings."""
        return sum(self.findings.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    """A subscription that has results."""

    tenant_id: str
    id: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class GapGroup:
    """The gaps that have one cause."""

    reason: str
    """As the first of them words it."""
    http_status: int | None
    error_code: str | None
    gaps: tuple[GapReport, ...]

    @property
    def checks(self) -> int:
        """How many checks could not answer somewhere because of them."""
        return len({check for report in self.gaps for check in report.checks})


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """What a whole assessment comes to."""

    overall: Tally
    topics: Mapping[Topic, Tally]
    """In the order of the guidance, those without results left out."""
    controls: Mapping[str, Tally]
    """By id; a result counts for every control that its check supports."""
    subscriptions: Mapping[Subscription, Tally]
    resources: Mapping[str, Tally]
    """By id as received, in order; those that no check applied to left out."""

    @classmethod
    def of(cls, assessment: Assessment) -> Totals:
        """Return the totals of an assessment."""
        return cls(
            overall=Tally.of(assessment.results),
            topics=by_topic(assessment.results),
            controls=by_control(assessment.results),
            subscriptions=by_subscription(assessment.results),
            resources=by_resource(assessment.results),
        )


def by_topic(results: Iterable[Result]) -> dict[Topic, Tally]:
    """Return the tally of each topic that has results."""
    groups = _grouped(results, lambda result: result.check.topic)
    return {topic: Tally.of(groups[topic]) for topic in Topic if topic in groups}


def by_control(results: Iterable[Result]) -> dict[str, Tally]:
    """Return the tally of each framework's control that a check supports, by id."""
    answers: dict[str, Counter[Answer]] = defaultdict(Counter)
    groups = _grouped(results, lambda result: result.check.controls)
    for controls, group in groups.items():
        counted = _answers(group)
        for control in controls:
            answers[control].update(counted)
    return {control: Tally.counted(answers[control]) for control in sorted(answers)}


def by_subscription(results: Iterable[Result]) -> dict[Subscription, Tally]:
    """Return the tally of each subscription, by name and id."""
    groups = _grouped(results, _subscription_key)
    found = ((_subscription(group[0]), group) for group in groups.values())
    ordered = sorted(found, key=lambda pair: (pair[0].name.lower(), pair[0].id.lower()))
    return {subscription: Tally.of(group) for subscription, group in ordered}


def by_resource(results: Iterable[Result]) -> dict[str, Tally]:
    """Return the tally of each resource that a check applied to."""
    applied = (r for r in results if r.status is not Status.NOT_APPLICABLE)
    groups = _grouped(applied, lambda result: id_key(result.target.resource_id))
    return {
        group[0].target.resource_id: Tally.of(group)
        for _, group in sorted(groups.items())
    }


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check found, on however many resources."""

    check: Check[Any]
    results: tuple[Result, ...]
    """Failures first, then by resource id."""


def worst(results: Iterable[Result], limit: int) -> list[Finding]:
    """Return the gravest findings that nobody accepted, check by check."""
    severities, statuses = list(Severity), list(Status)
    by_check: dict[str, list[Result]] = defaultdict(list)
    for result in results:
        if result.is_finding and not result.exemption:
            by_check[result.check.id].append(result)
    for found in by_check.values():
        found.sort(
            key=lambda r: (statuses.index(r.status), id_key(r.target.resource_id))
        )
    return nsmallest(
        limit,
        (Finding(found[0].check, tuple(found)) for found in by_check.values()),
        key=lambda f: (
            severities.index(f.check.severity),
            -sum(r.status is Status.FAIL for r in f.results),
            -len(f.results),
            f.check.id,
        ),
    )


def gap_groups(gaps: Iterable[GapReport]) -> list[GapGroup]:
    """Return the gaps by cause, the most frequent first."""
    groups = sorted(_grouped(gaps, _cause).values(), key=len, reverse=True)
    return [
        GapGroup(
            reason=group[0].gap.reason,
            http_status=group[0].gap.http_status,
            error_code=group[0].gap.error_code,
            gaps=tuple(group),
        )
        for group in groups
    ]


def _cause(report: GapReport) -> tuple[int | None, str]:
    """Return what gaps have in common: a message names its scope, a code does not."""
    gap = report.gap
    return gap.http_status, gap.error_code or gap.reason


def _subscription_key(result: Result) -> tuple[str, str]:
    return result.target.tenant_id, result.target.subscription_id.lower()


def _subscription(result: Result) -> Subscription:
    target = result.target
    return Subscription(
        tenant_id=target.tenant_id,
        id=target.subscription_id,
        name=target.subscription_name,
    )


def _answers(results: Iterable[Result]) -> Counter[Answer]:
    return Counter(
        (each.check.severity, each.status, bool(each.exemption)) for each in results
    )


def _grouped(items: Iterable[T], key: Callable[[T], K]) -> dict[K, list[T]]:
    groups: dict[K, list[T]] = defaultdict(list)
    for item in items:
        groups[key(item)].append(item)
    return groups
