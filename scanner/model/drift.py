"""What changed between two runs, and which property changed it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum, unique
from typing import Any, cast

from scanner.model.check import FINDINGS, Severity, Status
from scanner.model.evidence import Evidence, plain
from scanner.model.ids import ResourceId, id_key
from scanner.model.results import Result, Run

Fingerprint = str


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A result as a run recorded it; its check may be gone since."""

    check_id: str
    title: str
    severity: Severity
    status: Status
    tenant_id: str
    subscription_id: str
    resource_type: str
    resource_name: str
    resource_id: str
    reason: str
    evidence: tuple[Evidence, ...]
    exemption: str
    fingerprint: Fingerprint

    @classmethod
    def of(cls, result: Result) -> Row:
        """Return a result as it will be recorded."""
        target = result.target
        return cls(
            check_id=result.check.id,
            title=result.check.title,
            severity=result.check.severity,
            status=result.status,
            tenant_id=target.tenant_id,
            subscription_id=target.subscription_id,
            resource_type=target.resource_type,
            resource_name=target.resource_name,
            resource_id=target.resource_id,
            reason=result.reason,
            evidence=result.evidence,
            exemption=result.exemption,
            fingerprint=result.fingerprint,
        )

    @property
    def is_finding(self) -> bool:
        """Whether something is to be done about it."""
        return self.status in FINDINGS


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A run and what it answered."""

    run: Run
    rows: tuple[Row, ...]


@unique
class Kind(StrEnum):
    """What became of a finding between two runs."""

    NEW = "new"
    RESOLVED = "resolved"
    CHANGED = "changed"
    REMAINING = "remaining"
    LOST = "lost sight of"
    """A finding before, and not looked at since: never resolved."""
    SIGHTED = "come into sight"
    """A finding now, where nobody looked before: perhaps not new."""


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

        Where there is none, those that one of them read: another verdict looks at
        other things, so beside a property that changed they would only distract.
        """
        if not (self.before and self.after):
            return ()
        old, new = _values(self.before.evidence), _values(self.after.evidence)
        found = tuple(_properties(old, new))
        both = tuple(
            each
            for each in found
            if (key := (each.resource_id, each.path)) in old and key in new
        )
        return both or found


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
    """What keeps the comparison from telling the tenant's changes from posture's."""

    def of(self, kind: Kind) -> tuple[Change, ...]:
        """Return the changes of one kind."""
        return tuple(change for change in self.changes if change.kind is kind)

    def new_at(self, threshold: Severity) -> int:
        """Return how many findings fail now and did not, exempted ones left out.

        One that was not looked at before counts: it is new to whoever reads this.
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
    before, after = _Sight(old), _Sight(new)
    names = dict.fromkeys((*after.rows, *before.rows))
    changes = (_change(name, before, after) for name in names)
    return Drift(
        old=old.run,
        new=new.run,
        changes=tuple(change for change in changes if change),
        came=tuple(_arrivals(before, after)),
        went=tuple(_arrivals(after, before)),
    )


class _Sight:
    """What a run saw, and where it did not look."""

    def __init__(self, judged: Judged) -> None:
        self.rows = {row.fingerprint: row for row in judged.rows}
        self.ids = {id_key(row.resource_id): row for row in judged.rows}
        self._checks = {row.check_id for row in judged.rows}
        self._scopes = {
            *(f"/subscriptions/{each.id.lower()}" for each in judged.run.subscriptions),
            *(f"/tenants/{each.tenant_id.lower()}" for each in judged.run.signed_in),
        }
        self._unread: dict[str, set[str]] = {}
        for row in judged.rows:
            if row.status is Status.NOT_ASSESSED:
                unread = self._unread.setdefault(row.check_id, set())
                unread.add(id_key(row.resource_id))

    def blind(self, row: Row) -> str:
        """Return why a run without an answer to a row may have missed it, or ''."""
        if row.check_id not in self._checks:
            return "the check was not run"
        unread = self._unread.get(row.check_id, ())
        if any(scope in unread for scope in _lineage(row)):
            return "it could not be read"
        return "" if self.covers(row) else "it is outside the scan"

    def covers(self, row: Row) -> bool:
        """Whether a row's subscription, or its tenant if it has none, was scanned."""
        scope = row.subscription_id and f"/subscriptions/{row.subscription_id}"
        return (scope or f"/tenants/{row.tenant_id}").lower() in self._scopes


def _lineage(row: Row) -> Iterator[str]:
    """Yield the ids of a row's resource and of all it lies in."""
    resource_id = row.resource_id
    while resource_id and resource_id != "/":
        yield id_key(resource_id)
        resource_id = ResourceId.parse(resource_id).parent
    yield id_key(f"/subscriptions/{row.subscription_id}")
    yield id_key(f"/tenants/{row.tenant_id}")


def _change(name: Fingerprint, before: _Sight, after: _Sight) -> Change | None:
    """Return what became of one answer, None if it was and is no finding."""
    old, new = before.rows.get(name), after.rows.get(name)
    if new and new.is_finding:
        if old and old.is_finding:
            kind = Kind.REMAINING if _same(old, new) else Kind.CHANGED
            return Change(kind, old, new)
        kind, why = _appearance(old, new, before, Kind.NEW, Kind.SIGHTED)
        return Change(kind, old, new, why)
    if old and old.is_finding:
        kind, why = _appearance(new, old, after, Kind.RESOLVED, Kind.LOST)
        return Change(kind, old, new, why)
    return None


def _appearance(
    other: Row | None, finding: Row, sight: _Sight, seen: Kind, unseen: Kind
) -> tuple[Kind, str]:
    """Return what a finding is that one run has and the other has not."""
    if other is None:
        why = sight.blind(finding)
        known = id_key(finding.resource_id) in sight.ids
        return (unseen, why) if why else (seen, "" if known else _ABSENT[seen])
    if other.status is Status.NOT_ASSESSED:
        return unseen, other.reason
    return seen, ""


_ABSENT = {
    Kind.NEW: "the resource was not there before",
    Kind.RESOLVED: "the resource is gone",
}


def _same(old: Row, new: Row) -> bool:
    """Whether two findings say the same, by status, reason and what they read."""
    return (old.status, old.reason, old.exemption) == (
        new.status,
        new.reason,
        new.exemption,
    ) and not any(_properties(_values(old.evidence), _values(new.evidence)))


Values = Mapping[tuple[str, str], Any]
"""What was read, by resource and path."""


def _properties(old: Values, new: Values) -> Iterator[Property]:
    for key in dict.fromkeys((*old, *new)):
        was, now = old.get(key), new.get(key)
        # As JSON: to Python, true is 1.
        if plain(was) != plain(now):
            yield Property(*key, was, now)


def _values(evidence: Iterable[Evidence]) -> Values:
    return {(each.resource_id, each.path): each.value for each in evidence}


def _arrivals(before: _Sight, after: _Sight) -> Iterator[str]:
    """Yield the resources that one run has answers about and the other knew not of."""
    for key, row in after.ids.items():
        if key not in before.ids and not before.blind(row):
            yield row.resource_id


def judged_otherwise(recorded: Judged, again: Judged) -> Iterator[Change]:
    """Yield what two judgements of one snapshot differ in."""
    for change in compare(recorded, again).changes:
        if change.kind is not Kind.REMAINING:
            yield change
