"""What asks for attention first: the worst findings, and the causes of gaps."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass, replace
from heapq import nsmallest
from typing import Any, TypeVar

from scanner.model.check import Check, Severity, Status
from scanner.model.ids import id_key
from scanner.model.results import GapReport, Result

K = TypeVar("K", bound=Hashable)
T = TypeVar("T")


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


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check found, on however many resources."""

    check: Check[Any]
    results: tuple[Result, ...]
    """Failures first, then by resource id."""

    def on(self, most: int, shown: Callable[[str], str] = str) -> str:
        """Return the names of so many of its resources, and how many more there are."""
        named = (shown(each.target.resource_name) for each in self.results[:most])
        rest = len(self.results) - most
        return ", ".join(named) + (f" and {rest:,} more" if rest > 0 else "")


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


def _grouped(items: Iterable[T], key: Callable[[T], K]) -> dict[K, list[T]]:
    groups: dict[K, list[T]] = defaultdict(list)
    for item in items:
        groups[key(item)].append(item)
    return groups
