"""What results come to: overall, by topic, control, subscription and resource."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from scanner.model.check import FINDINGS, Severity, Status, Topic
from scanner.model.ids import id_key

if TYPE_CHECKING:
    from scanner.model.results import Result, Target

K = TypeVar("K", bound=Hashable)
L = TypeVar("L", bound=Hashable)

Answer = tuple[Severity, Status, bool]
"""What of a result is counted: how grave it is, what it says, whether accepted."""
Answers = Counter[Answer]


_WON = {Status.PASS: 1.0, Status.WARN: 0.5, Status.FAIL: 0.0}
"""How much of its weight a verdict is worth."""
_NO_STATUSES = dict.fromkeys(Status, 0)
_NO_FINDINGS = dict.fromkeys(Severity, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """100 x passed weight / assessed weight, and the coverage that goes with it."""

    value: float | None
    """0 to 100; None where nothing of any weight was assessed."""
    coverage: float | None
    """0 to 1: assessed / (assessed + not assessed); None where there was neither."""

    @classmethod
    def counted(cls, counts: Mapping[tuple[Severity, Status], int]) -> Score:
        """Return the score of so many results of each severity and status.

        A warn loses half of its weight.
        """
        won = lost = 0.0
        assessed = missed = 0
        for (severity, status), number in counts.items():
            if status is Status.NOT_ASSESSED:
                missed += number
            elif status in _WON:
                assessed += number
                won += number * severity.weight * _WON[status]
                lost += number * severity.weight * (1 - _WON[status])
        total, asked = won + lost, assessed + missed
        return cls(
            value=round(100 * won / total, 1) if total else None,
            coverage=round(assessed / asked, 4) if asked else None,
        )


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
    def counted(cls, answers: Mapping[Answer, int]) -> Tally:
        """Return the tally of so many results of each answer."""
        verdicts: Counter[tuple[Severity, Status]] = Counter()
        statuses, findings = dict(_NO_STATUSES), dict(_NO_FINDINGS)
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


class NamedSubscription(NamedTuple):
    """A subscription that has results."""

    tenant_id: str
    id: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """What a whole assessment comes to."""

    answers: Answers
    """How many results of each answer there are."""
    overall: Tally
    topics: Mapping[Topic, Tally]
    """In the order of the guidance, those without results left out."""
    controls: Mapping[str, Tally]
    """By id; a result counts for every control that its check supports."""
    subscriptions: Mapping[NamedSubscription, Tally]
    resources: Mapping[str, Tally]
    """By id as received, in order; those that no check applied to left out."""

    @classmethod
    def of(cls, results: Sequence[Result]) -> Totals:
        """Return the totals of all results."""
        of_check = _answers_by(results, lambda result: result.check)
        of_target = _answers_of_targets(results)
        answers = sum(of_check.values(), Counter())
        topics = _joined(of_check, lambda check: (check.topic,))
        controls = _joined(of_check, lambda check: check.controls)
        return cls(
            answers=answers,
            overall=Tally.counted(answers),
            topics={each: topics[each] for each in Topic if each in topics},
            controls=dict(sorted(controls.items())),
            subscriptions=_by_subscription(of_target),
            resources=_by_resource(of_target),
        )

    def findings_at(self, threshold: Severity) -> int:
        """Return how many failed at or above a severity, exempted ones left out."""
        return sum(
            number
            for (severity, status, accepted), number in self.answers.items()
            if status is Status.FAIL and not accepted and severity.reaches(threshold)
        )


def _by_subscription(
    of_target: Sequence[tuple[Target, Answers]],
) -> dict[NamedSubscription, Tally]:
    """Return the tally of each subscription, by name and id."""
    one: dict[tuple[str, str], NamedSubscription] = {}
    found: dict[NamedSubscription, Answers] = defaultdict(Counter)
    for target, answers in of_target:
        named = NamedSubscription(
            target.tenant_id, target.subscription_id, target.subscription_name
        )
        key = target.tenant_id, target.subscription_id.lower()
        found[one.setdefault(key, named)].update(answers)
    ordered = sorted(found, key=lambda each: (each.name.lower(), each.id.lower()))
    return {each: Tally.counted(found[each]) for each in ordered}


def _by_resource(of_target: Sequence[tuple[Target, Answers]]) -> dict[str, Tally]:
    """Return the tally of each resource that a check applied to."""
    names: dict[str, str] = {}
    found: dict[str, Answers] = defaultdict(Counter)
    for target, answers in of_target:
        for answer, number in answers.items():
            if answer[1] is not Status.NOT_APPLICABLE:
                key = id_key(target.resource_id)
                names.setdefault(key, target.resource_id)
                found[key][answer] += number
    return {names[key]: Tally.counted(found[key]) for key in sorted(found)}


def _answers_of_targets(results: Sequence[Result]) -> list[tuple[Target, Answers]]:
    """Return how many results of each answer every target has.

    By identity: results on one resource share what they are about.
    """
    targets = {id(each.target): each.target for each in results}
    answers = _answers_by(results, lambda result: id(result.target))
    return [(targets[number], found) for number, found in answers.items()]


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
