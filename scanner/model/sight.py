"""What a run could see of what another one found."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from scanner.model.check import Status
from scanner.model.ids import ResourceId, id_key
from scanner.model.judged import Judged, Row
from scanner.model.resources import TENANT_TYPE
from scanner.model.results import Run
from scanner.model.tenant import leading_to

BOUND = "(lower bound: "
"""What begins the mark of an answer that does without something it may miss."""

GROUPS = "microsoft.management/managementgroups"
DIRECTORY = "microsoft.graph/"

Limit = tuple[str, str]
"""What a check could not read: the resource it says so of, if it is one, and how."""


class Sight:
    """What a run saw, and where it did not look."""

    def __init__(self, judged: Judged) -> None:
        self.run = judged.run
        self.rows = {row.fingerprint: row for row in judged.rows}
        self.by_id: dict[str, list[Row]] = defaultdict(list)
        self.limits: dict[tuple[str, str], set[Limit]] = {}
        """What each check of a tenant could not read; no entry if it was not run.

        Under no check's name: what any of them could not read.
        """
        for row in judged.rows:
            self.by_id[id_key(row.resource_id)].append(row)
            limits = tuple(_limits(row))
            for check in (row.check_id, ""):
                self.limits.setdefault((row.tenant_id, check), set()).update(limits)
        self.scopes = {
            *(f"/subscriptions/{each.id.lower()}" for each in judged.run.subscriptions),
            *(f"/tenants/{each.tenant_id.lower()}" for each in judged.run.signed_in),
        }

    def covers(self, row: Row) -> bool:
        """Whether a row's subscription, or its tenant if it has none, was scanned."""
        scope = row.subscription_id and f"/subscriptions/{row.subscription_id}"
        return (scope or f"/tenants/{row.tenant_id}").lower() in self.scopes

    def covers_evidence(self, row: Row, *, above: bool = False) -> bool:
        """Whether all that a row is about and rests on is in scanned subscriptions.

        Or `above` them, where management groups, policies and roles are.
        """
        ids = {row.resource_id, *(each.resource_id for each in row.evidence)}
        return all(
            f"/subscriptions/{ResourceId.parse(each).subscription.lower()}"
            in self.scopes
            or (above and each.lower().startswith("/providers/"))
            for each in ids
        )


def _limits(row: Row) -> Iterator[Limit]:
    if row.status is Status.NOT_ASSESSED:
        yield id_key(row.resource_id), row.reason or "it could not be read"
    elif bound := _bound(row):
        yield "", bound


def _bound(row: Row) -> str:
    """Return the mark of an answer that is a lower bound, '' if it is none."""
    _, mark, rest = row.reason.partition(BOUND)
    return mark.lstrip("(") + rest.removesuffix(")").replace(f") {BOUND}", "; ")


class Looking:
    """One run, looked through for what another one found.

    It saw a finding's absence only if it was as wide and read all that the other did.
    What it says begins with `named`, which tells the one run from the other.
    """

    def __init__(self, sight: Sight, other: Sight, named: str = "") -> None:
        self.sight = sight
        self._other = other
        self._named = named
        self._narrower = _narrower(sight, other)
        self._missed: dict[tuple[str, str], str] = {}

    def blind(self, row: Row) -> str:
        """Return why a run without an answer to a row may have missed it, or ''."""
        return self._told(self._blind(row))

    def _blind(self, row: Row) -> str:
        if not self.sight.run.complete:
            return "the run was cut short"
        if not self.sight.covers(row):
            return "it was outside the scan"
        if (row.tenant_id, row.check_id) not in self.sight.limits:
            return "the check was not run"
        if self._narrower:
            return self._narrower
        return self._missed_by(row) or self._untried(row)

    def unsettled(self, answer: Row, finding: Row) -> str:
        """Return why an answer does not tell that a finding is no more, or ''."""
        return self._told(self._unsettled(answer, finding))

    def presumed(self, finding: Row, answer: Row | None) -> str:
        """Return why a finding may rest on what this run did not read, or ''.

        `answer` is what the other run said of it, if it did; it is no finding.
        """
        return self._told(self._presumed(finding, answer))

    def _told(self, why: str) -> str:
        return why and f"{self._named}{why}"

    def _unsettled(self, answer: Row, finding: Row) -> str:
        if answer.status is Status.NOT_ASSESSED:
            return answer.reason or "it could not be read"
        if not self.sight.run.complete:
            return "the run was cut short"
        bound = _bound(answer)
        if bound and bound != _bound(finding):
            return bound
        if self._narrower and not (
            answer.status is not Status.NOT_APPLICABLE
            and self.sight.covers_evidence(finding)
        ):
            return self._narrower
        # What is on no subscription may rest on any of them.
        return "" if finding.subscription_id else self._missed_by(finding)

    def _presumed(self, finding: Row, answer: Row | None) -> str:
        if not self.sight.run.complete:
            return "the run was cut short"
        bound = _bound(finding)
        if bound and ("", bound) not in self._other.limits[(finding.tenant_id, "")]:
            return bound
        reached = (
            finding.subscription_id
            and answer
            and answer.status is not Status.NOT_APPLICABLE
            and self.sight.covers_evidence(answer, above=True)
        )
        return "" if reached else self._narrower

    def lacked(self) -> Iterator[str]:
        """Yield the ids of the resources that the other run has and this lacks."""
        for rows in self._other.by_id.values():
            if self.lacks(rows[-1].resource_id):
                yield rows[-1].resource_id

    def lacks(self, resource_id: str) -> bool:
        """Whether a resource is there no more: a check that saw it would see it yet."""
        key = id_key(resource_id)
        return key not in self.sight.by_id and any(
            _judges(row) and not self.blind(row) for row in self._other.by_id[key]
        )

    def _missed_by(self, row: Row) -> str:
        """Return what a row's check read in the other run and not in this one.

        Who is in the directory is asked for those only that something names, so there
        it is what any check read.
        """
        key = (row.tenant_id, row.check_id)
        if row.resource_type.lower().startswith(DIRECTORY):
            key = (row.tenant_id, "")
        if key not in self._missed:
            more = self.sight.limits[key] - self._other.limits[key]
            self._missed[key] = min(more)[1] if more else ""
        return self._missed[key]

    def _untried(self, row: Row) -> str:
        """Return which type, needed to find a resource, was read in part only."""
        kinds = set(leading_to(row.resource_type.lower()))
        if not row.subscription_id:
            kinds.add(GROUPS)
        if self.sight.run.bounded is None:
            # An earlier version did not record it.
            told = "it is not recorded what was read above subscriptions"
            return "" if row.subscription_id else told
        here = self.sight.run.bounded.get(row.tenant_id, ())
        there = (self._other.run.bounded or {}).get(row.tenant_id, ())
        missing = min(kinds.intersection(here).difference(there), default="")
        return missing and f"{missing} was not read whole"


def _judges(row: Row) -> bool:
    """Whether a row is about a resource, and stands for no place or tenant."""
    return row.status is not Status.NOT_ASSESSED and row.resource_type != TENANT_TYPE


def _narrower(sight: Sight, other: Sight) -> str:
    """Return how one run looked at less than another, or ''."""
    if not sight.scopes >= other.scopes or (
        _is_narrowed(sight.run) and not _is_narrowed(other.run)
    ):
        return "the scan was narrower"
    missing = min(_ways(other.run) - _ways(sight.run), default="")
    return missing and f"the scan did without {missing}"


def _is_narrowed(run: Run) -> bool:
    names = ("subscriptions", "management_groups", "excluded")
    return any(run.scope.get(name) for name in names)


def _ways(run: Run) -> set[str]:
    """Return what was asked besides Resource Manager."""
    asked = {*run.scope.get("directory", ()), *run.scope.get("discovery", ())}
    return {said for name, said in _WAYS.items() if name in asked}


_WAYS = {"microsoft-graph": "the directory", "auto": "Resource Graph"}
"""By what the header of a run calls it."""
