"""What changed between two runs, and which property changed it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum, unique
from typing import Any, cast

from scanner.model.check import Severity, Status
from scanner.model.evidence import Evidence, plain
from scanner.model.ids import id_key
from scanner.model.judged import Fingerprint, Judged, Row
from scanner.model.results import Run
from scanner.model.sight import Looking, Sight


@unique
class Kind(StrEnum):
    """What became of a finding between two runs."""

    NEW = "new"
    RESOLVED = "resolved"
    CHANGED = "changed"
    REMAINING = "remaining"
    LOST = "lost sight of"
    """A finding before, and not looked at since, or as much: never resolved."""
    SIGHTED = "come into sight"
    """A finding now, where nobody looked before, or more: perhaps not new."""


MIRRORED = {
    Kind.NEW: Kind.RESOLVED,
    Kind.RESOLVED: Kind.NEW,
    Kind.LOST: Kind.SIGHTED,
    Kind.SIGHTED: Kind.LOST,
    Kind.CHANGED: Kind.CHANGED,
    Kind.REMAINING: Kind.REMAINING,
}
"""What each kind is when the runs are compared the other way round."""


@dataclass(frozen=True, slots=True)
class Property:
    """A property that has another value than before; None stands for absent too."""

    resource_id: str
    path: str
    old: Any
    new: Any


@dataclass(frozen=True, slots=True)
class Change:
    """One finding, before and after; None where the run has no such answer."""

    kind: Kind
    before: Row | None
    after: Row | None
    why: str = ""
    """What is to be known besides: the resource is gone, the scope was left out."""

    @property
    def row(self) -> Row:
        """The answer to name it by: the later one, if there is one."""
        return self.after or cast("Row", self.before)

    @property
    def properties(self) -> tuple[Property, ...]:
        """The properties that both answers read and found different.

        What only one of them read tells nothing of the other run's tenant.
        """
        if not (self.before and self.after):
            return ()
        return tuple(_changed(self.before, self.after))


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift:
    """Everything that changed between two runs."""

    old: Run
    new: Run
    changes: tuple[Change, ...]
    otherwise: tuple[Change, ...] = ()
    """What posture judges otherwise than it did: the tenant is as it was."""
    came: tuple[str, ...] = ()
    went: tuple[str, ...] = ()
    """Ids of resources that are there no more, as far as was looked."""
    note: str = ""
    """What a reader must know, such as that both were not judged alike."""

    def of(self, kind: Kind) -> tuple[Change, ...]:
        """Return the changes of one kind."""
        return tuple(change for change in self.changes if change.kind is kind)

    def new_at(self, threshold: Severity) -> int:
        """Return how many findings fail now and did not, exempted ones left out.

        One that came into sight counts: it is new to whoever reads this.
        """
        return sum(
            change.kind in (Kind.NEW, Kind.SIGHTED, Kind.CHANGED)
            and _fails(change.after)
            and not _fails(change.before)
            and change.row.severity.reaches(threshold)
            for change in self.changes
        )


def _fails(row: Row | None) -> bool:
    return row is not None and row.status is Status.FAIL and not row.exemption


def compare(old: Judged, new: Judged) -> Drift:
    """Return what changed; findings in the order of the later run, then the earlier."""
    before, after = Sight(old), Sight(new)
    back = Looking(before, after, "in the earlier run: ")
    forth = Looking(after, before)
    names = dict.fromkeys((*after.rows, *before.rows))
    changes = (_change(name, back, forth) for name in names)
    return Drift(
        old=old.run,
        new=new.run,
        changes=tuple(change for change in changes if change),
        came=tuple(back.lacked()),
        went=tuple(forth.lacked()),
    )


def _change(name: Fingerprint, back: Looking, forth: Looking) -> Change | None:
    """Return what became of one answer, None if it was and is no finding."""
    old, new = back.sight.rows.get(name), forth.sight.rows.get(name)
    if new and new.is_finding:
        if old and old.is_finding:
            kind = Kind.REMAINING if _same(old, new) else Kind.CHANGED
            return Change(kind, old, new)
        kind, why = _appearance(old, new, (back, forth), Kind.NEW, Kind.SIGHTED)
        return Change(kind, old, new, why)
    if old and old.is_finding:
        kind, why = _appearance(new, old, (forth, back), Kind.RESOLVED, Kind.LOST)
        return Change(kind, old, new, why)
    return None


def _appearance(
    other: Row | None,
    finding: Row,
    looks: tuple[Looking, Looking],
    seen: Kind,
    unseen: Kind,
) -> tuple[Kind, str]:
    """Return what a finding is that one run has and the other, first to look, has not.

    It may be there only because its own run read less: not where what both read has
    changed, and not where its resource came or went.
    """
    looking, its_own = looks
    if other is None and looking.lacks(finding.resource_id):
        return seen, _ABSENT[seen]
    why = looking.unsettled(other, finding) if other else looking.blind(finding)
    if not (why or (other and any(_changed(other, finding)))):
        why = its_own.presumed(finding, other)
    return (unseen, why) if why else (seen, "")


_ABSENT = {
    Kind.NEW: "the resource was not there before",
    Kind.RESOLVED: "the resource is gone",
}


def _same(old: Row, new: Row) -> bool:
    """Whether two findings say the same, by status, reason and what they read."""
    if _said(old) != _said(new):
        return False
    was, now = _read(old), _read(new)
    return was.keys() == now.keys() and not any(
        _differ(was[key].value, now[key].value) for key in was
    )


def _said(row: Row) -> tuple[str, ...]:
    """Return what a finding says; names in its reason are compared without case."""
    return row.status, row.reason.lower(), row.exemption


def _changed(before: Row, after: Row) -> Iterator[Property]:
    """Yield what both answers read and found different."""
    old, new = _read(before), _read(after)
    for key, was in old.items():
        now = new.get(key)
        if now and _differ(was.value, now.value):
            yield Property(now.resource_id, now.path, was.value, now.value)


def _read(row: Row) -> Mapping[tuple[str, str], Evidence]:
    """Return what an answer read, by resource and path."""
    return {
        (id_key(each.resource_id), _folded(each.path)): each for each in row.evidence
    }


def _differ(old: Any, new: Any) -> bool:
    """Whether two values differ as JSON: to Python, true is 1."""
    before, after = plain(old), plain(new)
    return before != after and _folded(before) != _folded(after)


_ID = re.compile(
    r"""(["'])(/?(?:subscriptions|providers)/[^"'\\]*"""
    r"""|[0-9a-f]{8}(?:-[0-9a-f]{4,12}){4}(?=["'\\]))""",
    re.IGNORECASE,
)
"""An id that is all of a text in JSON, or quoted in one, or the key in a path."""


def _folded(text: str) -> str:
    """Return JSON, or a path, with ids as they compare: Azure's spelling varies."""
    return _ID.sub(lambda found: f"{found[1]}{id_key(found[2])}", text)


def judged_otherwise(recorded: Judged, again: Judged) -> Iterator[Change]:
    """Yield what two judgements of one snapshot differ in.

    What one of them was not asked for is judged otherwise by neither.
    """
    asked = [
        {row.check_id for row in each.rows}
        for each in (recorded, again)
        if each.run.selection is not None
    ]
    for change in compare(recorded, again).changes:
        known = all(change.row.check_id in checks for checks in asked)
        if known and change.kind is not Kind.REMAINING:
            yield change
