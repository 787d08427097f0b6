"""What each check looks at, found out by judging the demo tenant with it alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, TypeVar

from scanner import demo
from scanner.collect.assemble import assemble
from scanner.collect.reads import READS
from scanner.judge import Judge
from scanner.model.check import Check
from scanner.model.cloud import Suffixes
from scanner.model.evidence import Silence, Trace
from scanner.model.listing import Listing
from scanner.model.resource import Record, Resource
from scanner.model.resources import Subscription
from scanner.model.settings import Settings
from scanner.model.tenant import Inventory, Tenant

R = TypeVar("R", bound=Resource)
T = TypeVar("T")
View = type[Resource]

READ_AT = datetime(2026, 9, 1, tzinfo=UTC)


class Watched(Tenant):
    """A tenant that tells its inventory which types it is asked for."""

    __slots__ = ("_views",)

    def __init__(self, inventory: Asked, settings: Settings, trace: Trace) -> None:
        super().__init__(inventory, settings, trace)
        self._views = inventory.views

    def view(self, view: type[R], record: Record) -> R:
        """Open a record."""
        self._views.add(view)
        return super().view(view, record)

    def all(self, view: type[R]) -> Listing[R]:
        """Return every resource of a type."""
        self._views.add(view)
        return super().all(view)

    def within(self, view: type[R], scope: str) -> Listing[R]:
        """Return the resources of a type at a scope."""
        self._views.add(view)
        return super().within(view, scope)

    def known(self, view: type[R], resource_id: str) -> R | None:
        """Return a resource if it was read."""
        self._views.add(view)
        return super().known(view, resource_id)

    def referring(self, view: type[R], field: str, resource_id: str) -> Listing[R]:
        """Return the resources of a type whose field holds the id."""
        self._views.add(view)
        return super().referring(view, field, resource_id)


class Asked(Inventory):
    """The demo tenant, and the types that were asked for of it."""

    def __init__(self) -> None:
        records, readings = assemble(demo.bodies(), demo.TENANT_ID, demo.parents())
        super().__init__(
            demo.TENANT_ID,
            records,
            readings,
            read_at=READ_AT,
            suffixes=Suffixes(),
            whole_tenant=True,
        )
        self.views = set[View]()
        self._by_index: dict[Callable[[Tenant], Any], frozenset[View]] = {}

    def window(self, settings: Settings) -> Tenant:
        """Return a fresh view of the tenant, for one verdict."""
        return Watched(self, settings, Trace())

    def _unheard(self) -> Tenant:
        return Watched(self, Settings(), Silence())

    def once(self, make: Callable[[Tenant], T]) -> T:
        """Return what a function makes; whoever uses it asks for what it asked for."""
        if make not in self._by_index:
            before = {*self.views}
            self.views.clear()
            try:
                super().once(make)
            finally:
                self._by_index[make] = frozenset(self.views)
                self.views |= before
        self.views |= self._by_index[make]
        return super().once(make)


def looked_at(catalogue: Sequence[Check[Any]]) -> Mapping[str, frozenset[View]]:
    """Return the types that each check asks for, its own included, by its id."""
    tenant = Asked()
    judge = Judge(tenant, Settings())
    found = {}
    for check in catalogue:
        tenant.views.clear()
        for _ in judge.results([check]):
            pass
        found[check.id] = frozenset({*tenant.views, *check.on})
    return found


def actions(views: frozenset[View]) -> list[str]:
    """Return the RBAC actions that it takes to read some types, and to come to them."""
    reads = [read for read in READS if read.action]
    found = {*views}
    while above := {each for view in found for each in _above(view, found)}:
        found |= above
    return sorted({r.action for r in reads if r.of in found}, key=str.lower)


def _above(view: View, found: set[View]) -> Iterator[View]:
    """Yield what a type is read at, unless some of that is read already."""
    places = {read.at for read in READS if read.of is view}
    if not places & {*found, Subscription}:
        yield from places
