"""What the results come to: overall, by topic, by subscription, by resource."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass, replace
from heapq import nsmallest
from typing import Any, NamedTuple, TypeVar

from scanner.model.check import Check, Severity, Status, Topic
from scanner.model.ids import id_key
from scanner.model.results import FINDINGS, Assessment, GapReport, Result, Score

K = TypeVar("K", bound=Hashable)
L = TypeVar("L", bound=Hashable)
T = TypeVar("T")

Answer = tuple[Severity, Status, bool]
"""What of a result is counted: how grave it is, what it says, whether accepted."""
Answers = Counter[Answer]


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
        return cls.counted(Counter(map(_answer, results)))

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


class Subscription(NamedTuple):
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
        of_check = _answers_by(assessment.results, lambda result: result.check)
        topics = _joined(of_check, lambda check: (check.topic,))
        controls = _joined(of_check, lambda check: check.controls)
        return cls(
            overall=Tally.of(assessment.results),
            topics={each: topics[each] for each in Topic if each in topics},
            controls=dict(sorted(controls.items())),
            subscriptions=by_subscription(assessment.results),
            resources=by_resource(assessment.results),
        )


def by_subscription(results: Iterable[Result]) -> dict[Subscription, Tally]:
    """Return the tally of each subscription, by name and id."""
    written = _answers_by(results, _subscription)
    one: dict[tuple[str, str], Subscription] = {}
    for each in written:
        one.setdefault((each.tenant_id, each.id.lower()), each)
    tallies = _joined(written, lambda each: (one[each.tenant_id, each.id.lower()],))
    ordered = sorted(tallies, key=lambda each: (each.name.lower(), each.id.lower()))
    return {each: tallies[each] for each in ordered}


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
    severities = list(Severity)
    open_ = (each for each in results if each.is_finding and not each.exemption)
    by_check = _grouped(open_, lambda result: result.check.id)
    gravest = nsmallest(
        limit,
        (Finding(found[0].check, tuple(found)) for found in by_check.values()),
        key=lambda f: (
            severities.index(f.check.severity),
            -sum(r.status is Status.FAIL for r in f.results),
            -len(f.results),
            f.check.id,
        ),
    )
    return [replace(each, results=_failures_first(each.results)) for each in gravest]


def _failures_first(results: Iterable[Result]) -> tuple[Result, ...]:
    order = {status: rank for rank, status in enumerate(Status)}
    return tuple(
        sorted(results, key=lambda r: (order[r.status], id_key(r.target.resource_id)))
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


def _subscription(result: Result) -> Subscription:
    target = result.target
    return Subscription(
        target.tenant_id, target.subscription_id, target.subscription_name
    )


def _answers_by(
    results: Iterable[Result], key: Callable[[Result], K]
) -> dict[K, Answers]:
    """Return how many results of each answer there are, by what they are about."""
    found: dict[K, Answers] = defaultdict(Counter)
    counts = Counter((key(each), _answer(each)) for each in results)
    for (group, answer), number in counts.items():
        found[group][answer] = number
    return found


def _answer(result: Result) -> Answer:
    return result.check.severity, result.status, bool(result.exemption)


def _joined(
    groups: Mapping[K, Answers], belongs: Callable[[K], Iterable[L]]
) -> dict[L, Tally]:
    """Return the tally of what groups of answers belong to."""
    found: dict[L, Answers] = defaultdict(Counter)
    for group, answers in groups.items():
        for each in belongs(group):
            found[each].update(answers)
    return {each: Tally.counted(answers) for each, answers in found.items()}


def _grouped(items: Iterable[T], key: Callable[[T], K]) -> dict[K, list[T]]:
    groups: dict[K, list[T]] = defaultdict(list)
    for item in items:
        groups[key(item)].append(item)
    return groups
