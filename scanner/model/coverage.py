"""The coverage ledger: every declared read, and what became of it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum, unique

UNKNOWN_TYPE = "InvalidResourceType"
"""What Resource Manager says where no provider of a cloud has a type (404).

The read of it is booked under this, as an empty one.
"""


@unique
class Outcome(StrEnum):
    """What became of a read."""

    READ = "read"
    EMPTY = "empty"
    GAP = "gap"


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """What could not be read, and why."""

    tenant_id: str
    scope: str
    resource_type: str
    operation: str
    reason: str
    http_status: int | None = None
    error_code: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One declared read carried out at one scope."""

    resource_type: str
    scope: str
    operation: str
    api_version: str
    outcome: Outcome
    count: int = 0
    gaps: tuple[Gap, ...] = ()
    """Why the read is not whole: the refusal, or each item that was malformed."""
    requested: bool = True
    """Whether the scan asked for it; what was only tried for context is no gap."""

    @property
    def whole(self) -> bool:
        """Whether everything there is was read."""
        return not self.gaps


class NotRead(Exception):  # noqa: N818 - a fact about the tenant, not a fault of ours
    """Something a check asked for was not read; the verdict is `not-assessed`."""

    def __init__(self, reason: str, gap: Gap | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.gap = gap

    @classmethod
    def from_gap(cls, gap: Gap) -> NotRead:
        """Return the answer to a question that only what is missing could settle."""
        status = f" (HTTP {gap.http_status})" if gap.http_status else ""
        code = f" {gap.error_code}" if gap.error_code else ""
        what = f"{gap.resource_type} of {gap.scope}"
        return cls(f"{what} was not read:{code}{status} {gap.reason}", gap)

    def over(self, gap: Gap | None) -> NotRead:
        """Return the same where it names a gap, or else with one that was met."""
        if self.gap or gap is None:
            return self
        return NotRead(f"{self.reason}; {NotRead.from_gap(gap).reason}", gap)

    def light(self) -> NotRead:
        """Return itself without the frames it came through, and without its causes.

        What keeps it keeps it so: frames may hold what holds it, and then all they saw
        stays until someone looks for garbage.
        """
        error: BaseException | None = self
        while error is not None:
            error.__traceback__ = None
            cause = error.__cause__ or error.__context__
            error.__cause__ = error.__context__ = None
            error = cause
        return self


class Unclear:
    """What was not read on the way to an answer: the first of it, if anything.

    `with unclear:` goes on after a NotRead, for what else can be told, and keeps it.
    Other errors pass.
    """

    __slots__ = ("problem",)

    def __init__(self) -> None:
        self.problem: NotRead | None = None

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: object, trace: object) -> bool:
        if not isinstance(error, NotRead):
            return False
        self.add(error)
        return True

    def add(self, problem: NotRead | None) -> None:
        """Keep a problem, if it is one and the first."""
        self.problem = self.problem or (problem and problem.light())

    def settle(self) -> None:
        """Raise NotRead if something was not read."""
        if self.problem is not None:
            raise self.problem
