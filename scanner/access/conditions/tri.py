"""Three-valued truth: what a condition comes to when not everything is known."""

from __future__ import annotations

from enum import Enum, unique


@unique
class Tri(Enum):
    """True, false, or not to be told (Kleene's strong logic)."""

    TRUE = "true"
    FALSE = "false"
    UNKNOWN = "unknown"

    @classmethod
    def of(cls, value: bool) -> Tri:
        """Return the truth of something known."""
        return cls.TRUE if value else cls.FALSE

    def and_(self, other: Tri) -> Tri:
        """Return false where either is false, else unknown where either is."""
        if Tri.FALSE in (self, other):
            return Tri.FALSE
        return Tri.UNKNOWN if Tri.UNKNOWN in (self, other) else Tri.TRUE

    def or_(self, other: Tri) -> Tri:
        """Return true where either is true, else unknown where either is."""
        if Tri.TRUE in (self, other):
            return Tri.TRUE
        return Tri.UNKNOWN if Tri.UNKNOWN in (self, other) else Tri.FALSE

    def not_(self) -> Tri:
        """Return the opposite; the opposite of unknown is unknown."""
        if self is Tri.UNKNOWN:
            return self
        return Tri.of(self is Tri.FALSE)
