"""Accepted findings: which, by whom, why and until when."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum, unique
from fnmatch import fnmatchcase

from scanner.model.ids import ResourceId, id_key


@dataclass(frozen=True, slots=True, kw_only=True)
class Exemption:
    """Findings that somebody answers for until a day."""

    check: str
    """An id, an alias, or a glob of them."""
    scope: str = ""
    """A resource, or what resources lie in; empty for all."""
    tag: tuple[str, str] | None = None
    """The name and value of a tag that resources have."""
    owner: str
    approver: str
    reason: str
    created: date
    """The first day on which it holds."""
    expires: date
    """The last."""

    @property
    def told(self) -> str:
        """What a report says of it."""
        return (
            f"{self.reason} (owner {self.owner}, approved by {self.approver} on "
            f"{self.created}, until {self.expires})"
        )

    @property
    def subscription(self) -> str:
        """The subscription that its scope is or lies in; empty for a wider scope."""
        return ResourceId.parse(self.scope).subscription.lower()

    @property
    def where(self) -> str:
        """The resources it is for, as a sentence names them."""
        tagged = f"what is tagged {'='.join(self.tag)}" if self.tag else ""
        return " and ".join(filter(None, (self.scope, tagged)))

    def concerns(self, names: Iterable[str]) -> bool:
        """Whether it is of a check with one of some names."""
        return any(fnmatchcase(name, self.check.lower()) for name in names)

    def overlaps(self, resource_id: str) -> bool:
        """Whether a resource is in its scope, or its scope in the resource."""
        own = f"{id_key(self.scope).rstrip('/')}/"
        other = f"{id_key(resource_id)}/"
        return own.startswith(other) or other.startswith(own)

    def reaches(self, resource_id: str, tags: Mapping[str, str]) -> bool:
        """Whether a resource is in its scope and has its tag.

        A scope ends at a segment boundary; names of tags are compared without case,
        their values with it (Azure Resource Manager, "Tag usage").
        """
        key = f"{id_key(resource_id)}/"
        inside = key.startswith(f"{id_key(self.scope).rstrip('/')}/")
        if not inside or self.tag is None:
            return inside
        name, value = self.tag
        return any(
            one.lower() == name.lower() and said == value for one, said in tags.items()
        )


@unique
class Use(StrEnum):
    """What an exemption did in a run."""

    IN_FORCE = "in force"
    UNUSED = "unused"
    NOT_RUN = "not run"
    """No check that it is for was run."""
    NOT_ASSESSED = "not assessed"
    """It met no finding, and not all that it is for could be assessed."""
    NOT_SCANNED = "not scanned"
    """The subscription that it is for was not scanned."""
    PENDING = "not in force yet"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True, kw_only=True)
class ExemptionReport:
    """An exemption and what it came to."""

    exemption: Exemption
    findings: int
    """How many findings it accepts, or would if it were in force."""
    use: Use

    @property
    def warning(self) -> str:
        """What is to be done about it; empty while it is in force and used."""
        one = self.exemption
        name = f"The exemption of {one.check} for {one.where} (owner {one.owner})"
        match self.use:
            case Use.EXPIRED:
                ended = f"{name} expired on {one.expires}"
                return f"{ended}: findings it no longer accepts: {self.findings}."
            case Use.PENDING:
                begins = f"{name} is not in force before {one.created}"
                return f"{begins}: findings it does not accept yet: {self.findings}."
            case Use.UNUSED:
                return f"{name} is unused: it meets no finding of this run."
            case Use.NOT_RUN:
                return f"{name} met no finding: its check was not run."
            case Use.NOT_ASSESSED:
                return f"{name} met no finding: not all it is for could be assessed."
            case Use.NOT_SCANNED:
                return f"{name} met no finding: its subscription was not scanned."
            case Use.IN_FORCE:
                return ""
