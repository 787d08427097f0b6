"""What a condition comes to on the role that it narrows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum, auto
from functools import cached_property, partial

from checks.shared.wording import printable, some
from scanner.access.conditions import (
    Attribute,
    Condition,
    Expression,
    Fault,
    Literal,
    Outcome,
    as_of,
    attributes_of,
    families_of,
    granted_actions,
    guarded_actions,
    residual,
    residuals,
)
from scanner.access.conditions.analysis.catalogue import (
    BLOB_READ,
    BLOBS,
    DELEGATION,
    FAMILIES,
    QUEUES,
    Family,
    families_in,
    usual_actions,
)
from scanner.access.conditions.analysis.guards import may_be_open
from scanner.access.conditions.analysis.network import ORIGINS
from scanner.access.conditions.analysis.storage import may_list_freely, reads_tags
from scanner.access.conditions.documented import (
    ACCOUNT_NAME,
    BLOB_LIST,
    BLOB_PATH,
    IS_HIERARCHICAL,
    TAGS,
)
from scanner.access.conditions.partial import Fact, assume
from scanner.access.conditions.solve import may_hold
from scanner.access.conditions.syntax import SOURCES
from scanner.access.conditions.values import Values
from scanner.access.facts import Role


class About(Enum):
    """What a condition asks about, by which checks pick those they judge."""

    DATA = auto()
    """Anything but who may assign which roles."""
    BLOBS = auto()
    STORAGE = auto()
    TAGS = auto()
    PATHS = auto()
    TIME = auto()
    NETWORK = auto()
    PRINCIPAL = auto()
    DELEGATION = auto()


@dataclass(frozen=True)
class Analysis:
    """What a condition comes to on its role."""

    role: Role | None
    """None where the definition was not read."""
    condition: Condition | None
    """None where the text is none."""
    faults: tuple[Fault, ...]
    now: datetime
    """The time of the scan, that it is judged at."""
    _free: dict[tuple[str, str | None], bool] = field(
        default_factory=dict, compare=False, repr=False
    )
    _tagged: dict[str, bool] = field(default_factory=dict, compare=False, repr=False)

    def of(self, check_id: str) -> Fault | None:
        """Return the fault that a check is about, the worst if there are several."""
        found = [each for each in self.faults if each.check_id == check_id]
        return next((each for each in found if each.fails), found[0] if found else None)

    @cached_property
    def about(self) -> frozenset[About]:
        """What it asks about; everything where that cannot be told."""
        if self.condition is None:
            return frozenset(About)
        # Whatever its role grants may be what it restricts, so long as that is unread.
        data = [each for each in FAMILIES if each is not DELEGATION]
        families = self.families or (data if self.role is None else ())
        return frozenset(_subjects(self.condition.expression, tuple(families)))

    @cached_property
    def families(self) -> tuple[Family, ...]:
        """The data it is on: what it names, and what of its role it restricts."""
        if self.condition is None:
            return ()
        named = families_of(self.condition.expression)
        found = {*named, *families_in(self.restricted)}
        return tuple(each for each in FAMILIES if each in found)

    @cached_property
    def left(self) -> Expression:
        """What it still asks; nothing where it is no condition."""
        if self.condition is None:
            return Literal(True)
        return as_of(self.condition.expression, self.now)

    def may_free(self, action: str, call: str | None) -> bool:
        """Whether it may leave a call free, for all that is told; worked out once."""
        if self.condition is None:
            return False
        asked = action, call
        if asked not in self._free:
            self._free[asked] = self._may_free(action, call)
        return self._free[asked]

    def _may_free(self, action: str, call: str | None) -> bool:
        if (action, call) == (BLOB_READ, BLOB_LIST):
            return may_list_freely(self.left)
        return may_be_open(residual(self.left, action, call))

    def asks_tags_of(self, account: str) -> bool:
        """Whether it asks for blob index tags on a hierarchical account of a name."""
        if not self._on_accounts:
            return True
        if account not in self._tagged:
            known = partial(_of_hierarchical, account)
            self._tagged[account] = any(
                may_hold(left) and any(reads_tags(left, each) for each in SOURCES)
                for left in (assume(each, known) for each in self._on_accounts)
            )
        return self._tagged[account]

    @cached_property
    def _on_accounts(self) -> tuple[Expression, ...]:
        """What it asks of the actions, where that differs from account to account."""
        names = {attribute.bare.lower() for attribute in attributes_of(self.left)}
        if names.isdisjoint((ACCOUNT_NAME, IS_HIERARCHICAL)):
            return ()
        return residuals(self.left, self.granted or usual_actions(self.left))

    @cached_property
    def subject(self) -> str:
        """What it is on, in words: whose actions, and the attributes it asks for."""
        if self.condition is None:
            return "what cannot be told"
        whole = self.condition.expression
        services = some(family.about for family in self.families)
        asked = some(dict.fromkeys(map(_name, attributes_of(whole))))
        wanted = f", by {printable(asked)}" if asked else ""
        return (services or "actions of another service") + wanted

    @cached_property
    def granted(self) -> tuple[str, ...]:
        """The actions of its role that conditions may restrict, and this one may."""
        if self.role is None or self.condition is None:
            return ()
        return granted_actions(self.condition.expression, self.role.blocks)

    @cached_property
    def restricted(self) -> tuple[str, ...]:
        """The data actions of its role that it restricts or denies."""
        if self.condition is None:
            return ()
        prefix = DELEGATION.prefix.lower()
        data = [one for one in self.granted if not one.lower().startswith(prefix)]
        return tuple(
            guard.action
            for guard in guarded_actions(self.left, data)
            if guard.outcome is not Outcome.UNRESTRICTED
        )


def _of_hierarchical(account: str, attribute: Attribute) -> Values | Fact:
    """Return what is known of an attribute on a hierarchical account."""
    match attribute.source, attribute.bare.lower():
        case "Resource", name if name == ACCOUNT_NAME:
            return (account,)
        case "Resource", name if name == IS_HIERARCHICAL:
            return (True,)
        case _:
            return Fact.FREE


def _name(attribute: Attribute) -> str:
    """Return an attribute as people name it: its source and the end of its path."""
    return f"@{attribute.source}[{attribute.bare.rpartition('/')[2]}]"


def _subjects(expression: Expression, families: tuple[Family, ...]) -> Iterator[About]:
    if families != (DELEGATION,):
        yield About.DATA
    if DELEGATION in families:
        yield About.DELEGATION
    if BLOBS in families:
        yield About.BLOBS
    if BLOBS in families or QUEUES in families:
        yield About.STORAGE
    for attribute in attributes_of(expression):
        name = attribute.bare.lower()
        match attribute.source:
            case "Principal":
                yield About.PRINCIPAL
            case "Environment" if name == "utcnow":
                yield About.TIME
            case "Environment" if name in ORIGINS:
                yield About.NETWORK
            case "Resource" | "Request" if attribute.path == TAGS:
                yield About.TAGS
            case "Resource" if name == BLOB_PATH:
                yield About.PATHS
