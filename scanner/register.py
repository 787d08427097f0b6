"""The exemptions of a run, applied to its findings."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import date

from scanner.model.check import Status
from scanner.model.exemptions import Exemption, ExemptionReport, Use
from scanner.model.resources import TENANT_TYPE
from scanner.model.results import Result, Target


class Register:
    """Accepts findings, and keeps count of what each exemption accepted."""

    def __init__(self, exemptions: Iterable[Exemption], on: date) -> None:
        self._exemptions = tuple(exemptions)
        self._on = on
        self._of_check: dict[str, tuple[int, ...]] = {}
        self._met: Counter[int] = Counter()
        self._open: set[int] = set()
        """Those for what was not assessed."""

    def applied(
        self, result: Result, tags_of: Callable[[str], Mapping[str, str]]
    ) -> Result:
        """Return a finding with the exemption that accepts it; others as they are.

        The status stays: what is accepted is still so. What was not assessed is no
        finding and is never accepted.
        """
        concerning = self._concerning(result)
        if result.status is Status.NOT_ASSESSED:
            self._open.update(self._hidden_from(concerning, result.target))
        if not (concerning and result.is_finding):
            return result
        resource_id = result.target.resource_id
        tags = tags_of(resource_id)
        met = [
            number
            for number in concerning
            if self._exemptions[number].reaches(resource_id, tags)
        ]
        self._met.update(met)
        in_force = (self._exemptions[each] for each in met if self._holds(each))
        accepted = next(in_force, None)
        return replace(result, exemption=accepted.told) if accepted else result

    def _concerning(self, result: Result) -> tuple[int, ...]:
        check = result.check
        found = self._of_check.get(check.id)
        if found is None:
            names = (check.id, *check.aliases)
            found = self._of_check[check.id] = tuple(
                number
                for number, exemption in enumerate(self._exemptions)
                if exemption.concerns(names)
            )
        return found

    def _hidden_from(self, concerning: Iterable[int], target: Target) -> Iterator[int]:
        """Yield those for what lies where a check could not be answered."""
        everywhere = target.resource_type == TENANT_TYPE
        for number in concerning:
            if everywhere or self._exemptions[number].overlaps(target.resource_id):
                yield number

    def _holds(self, number: int) -> bool:
        exemption = self._exemptions[number]
        return exemption.created <= self._on <= exemption.expires

    def reports(self, scanned: Iterable[str]) -> tuple[ExemptionReport, ...]:
        """Return what became of each exemption, in the order of the file.

        `scanned` are the ids of the subscriptions that were scanned.
        """
        inside = {"", *map(str.lower, scanned)}  # "": no subscription, all of them
        return tuple(
            ExemptionReport(
                exemption=exemption,
                findings=self._met[number],
                use=self._use(number, inside),
            )
            for number, exemption in enumerate(self._exemptions)
        )

    def _use(self, number: int, inside: Container[str]) -> Use:
        exemption = self._exemptions[number]
        if exemption.expires < self._on:
            return Use.EXPIRED
        if self._on < exemption.created:
            return Use.PENDING
        if self._met[number]:
            return Use.IN_FORCE
        if not any(number in each for each in self._of_check.values()):
            return Use.NOT_RUN
        if number in self._open:
            return Use.NOT_ASSESSED
        return Use.UNUSED if exemption.subscription in inside else Use.NOT_SCANNED
