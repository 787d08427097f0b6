"""The tenant graph: what was read, by id, type, parent and reference."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, TypeVar

import msgspec

from scanner.model.cloud import Suffixes
from scanner.model.coverage import UNKNOWN_TYPE, Gap, NotRead, Reading, Unclear
from scanner.model.evidence import Known, Silence, Trace
from scanner.model.ids import ResourceId, id_key
from scanner.model.listing import Listing
from scanner.model.resource import Record, Resource
from scanner.model.resources import Descendant, Subscription
from scanner.model.settings import Settings

R = TypeVar("R", bound=Resource)
T = TypeVar("T")

PARSED_BODIES = 4096
"""How many parsed bodies are kept; the rest are parsed again when asked for."""


class Inventory:
    """Everything read of one tenant: records, readings, and the indexes over them."""

    def __init__(
        self,
        tenant_id: str,
        records: Iterable[Record],
        readings: Iterable[Reading],
        *,
        read_at: datetime,
        suffixes: Suffixes,
        whole_tenant: bool,
        left_out: Iterable[str] = (),
    ) -> None:
        self.tenant_id = tenant_id
        self.read_at = read_at
        self.suffixes = suffixes
        self.whole_tenant = whole_tenant
        """Whether nothing narrowed the scan: an unknown subscription is foreign."""
        self.by_id: dict[tuple[str, str], Record] = {}
        self.by_type: dict[str, list[Record]] = defaultdict(list)
        self.by_scope: dict[tuple[str, str], list[Record]] = defaultdict(list)
        self.readings = {
            (reading.resource_type.lower(), id_key(reading.scope)): reading
            for reading in readings
        }
        self.gaps_by_type: dict[str, list[Gap]] = defaultdict(list)
        self.bounded = set[str]()
        """The types of which there may be more where a scan need not look."""
        self.unoffered = set[str]()
        """The types that the cloud said it does not have."""
        for (kind, _), reading in sorted(self.readings.items()):
            if reading.operation == UNKNOWN_TYPE:
                self.unoffered.add(kind)
            if reading.requested:
                self.gaps_by_type[kind].extend(reading.gaps)
            elif not reading.whole:
                self.bounded.add(kind)
        for record in sorted(records, key=_order):
            self._add(record)
        known = frozenset(map(str.lower, left_out))
        listed = known | self._subscriptions(Subscription)
        below = self._subscriptions(Descendant) if whole_tenant else frozenset()
        self.unlisted = below - listed
        """The subscriptions in management groups that the reader may not read."""
        self.left_out = known | self.unlisted
        """The subscriptions that are there and were not read: they are not foreign."""
        self._references: dict[tuple[type[Resource], str], References] = {}
        self._made: dict[Callable[[Tenant], Any], tuple[Any, Gap | None]] = {}
        self._met: list[Gap | None] = []
        self._noted: Known = {}
        self._hiding: dict[type[Resource], tuple[Gap, ...]] = {}
        self.parse = lru_cache(maxsize=PARSED_BODIES)(self._parse)

    def _subscriptions(self, view: type[Resource]) -> frozenset[str]:
        """Return the subscriptions that the resources of a type are or lie in."""
        records = self.by_type.get(view.type.lower(), ())
        found = (ResourceId.parse(each.id).subscription.lower() for each in records)
        return frozenset(filter(None, found))

    def _add(self, record: Record) -> None:
        """Index a record; one that two reads found is one resource in both scopes.

        One that two pages of a list hold, because the list changed meanwhile, is one.
        """
        kind = record.type.lower()
        key = (kind, id_key(record.id))
        known = self.by_id.setdefault(key, record)
        if known is record:
            self.by_type[kind].append(record)
        inside = self.by_scope[kind, id_key(record.scope)]
        if not inside or inside[-1] is not known:
            inside.append(known)

    @staticmethod
    def _parse(record: Record) -> dict[str, Any]:
        body: dict[str, Any] = msgspec.json.decode(record.body)
        return body

    def window(self, settings: Settings) -> Tenant:
        """Return a fresh view of the tenant, for one verdict."""
        return Tenant(self, settings, self.trace())

    def trace(self) -> Trace:
        """Return what a verdict writes its evidence down in."""
        return Trace(self._noted)

    def once(self, make: Callable[[Tenant], T]) -> T:
        """Return what a function makes of everything read, made once."""
        if make not in self._made:
            self._made[make] = self.watched(lambda: make(self._unheard()))
        made, gap = self._made[make]
        if gap:
            self.meet(gap)
        found: T = made
        return found

    def forget(self) -> None:
        """Let go of what was made of it: that refers back, and would keep it alive."""
        self._made.clear()

    def watched(self, ask: Callable[[], T]) -> tuple[T, Gap | None]:
        """Return an answer, and the first gap that it was given in spite of.

        Raises NotRead with that gap where there is none and the reason names no other.
        """
        self._met.append(None)
        try:
            return ask(), self._met[-1]
        except NotRead as missing:
            raise missing.over(self._met[-1]) from missing
        finally:
            gap = self._met.pop()
            if gap:
                self.meet(gap)

    def meet(self, gap: Gap) -> None:
        """Remember that what is being answered does without what a gap hides."""
        if self._met and self._met[-1] is None:
            self._met[-1] = gap

    def _unheard(self) -> Tenant:
        return Tenant(self, Settings(), Silence())

    def missing(self, view: type[Resource]) -> NotRead | None:
        """Return why there may be more of a type than is known, None if there is not.

        A gap in what resources of the type lie in hides them too.
        """
        for gap in self.hiding(view):
            self.meet(gap)
            return NotRead.from_gap(gap)
        return None

    def hiding(self, view: type[Resource]) -> tuple[Gap, ...]:
        """Return every gap that may hide resources of a type."""
        found = self._hiding.get(view)
        if found is None:
            found = self._hiding[view] = tuple(self._gaps_over(view))
        return found

    def _gaps_over(self, view: type[Resource]) -> Iterator[Gap]:
        for kind in leading_to(view.type.lower()):
            yield from self.gaps_by_type.get(kind, ())
        for kind, place in view.found_by:
            for gap in self.gaps_by_type.get(kind.lower(), ()):
                if ResourceId.parse(gap.scope).type.lower() == place.lower():
                    yield gap

    def tags(self, resource_id: str) -> Mapping[str, str]:
        """Return the tags of a resource, or of the one it is a child of."""
        kind = ResourceId.parse(resource_id).type.lower()
        record = self.by_id.get((kind, id_key(resource_id)))
        tags = self.parse(record).get("tags") if record else None
        if isinstance(tags, Mapping) and tags:
            return {name: str(value) for name, value in tags.items()}
        parent = ResourceId.parse(resource_id).parent
        # Azure hands no tags down from subscriptions and resource groups.
        return self.tags(parent) if "/providers/" in parent else {}

    def references(self, view: type[R], field: str) -> References:
        """Return the records of a type by the id that one of their fields holds."""
        found = self._references.get((view, field))
        if found is None:
            found = self._references[view, field] = self._refer(view, field)
        return found

    def _refer(self, view: type[R], field: str) -> References:
        by_target: dict[str, list[Record]] = defaultdict(list)
        unclear = Unclear()
        window = self._unheard()
        for record in self.by_type[view.type.lower()]:
            with unclear:
                value = getattr(window.view(view, record), field)
                targets = (value,) if isinstance(value, str) else value or ()
                for target in dict.fromkeys(map(id_key, targets)):
                    by_target[target].append(record)
        return References(by_target, unclear.problem)


@dataclass(frozen=True, slots=True)
class References:
    """The records of a type by the ids that one of their fields holds."""

    by_target: Mapping[str, list[Record]]
    unread: NotRead | None
    """Why the field of some record could not be read: it may hold any id."""


def _order(record: Record) -> tuple[str, str, bytes]:
    """Return what puts records in the same order however they were read."""
    return id_key(record.id), record.scope, record.body


def leading_to(kind: str) -> Iterator[str]:
    """Yield a type and those without which there is no finding it: what it lies in."""
    yield kind
    root = Subscription.type.lower()
    if kind != root:
        parent = kind.rpartition("/")[0]
        yield from leading_to(parent if "/" in parent else root)


class Tenant:
    """A tenant as one verdict sees it: what is read through it becomes evidence."""

    __slots__ = ("_inventory", "settings", "trace")

    def __init__(self, inventory: Inventory, settings: Settings, trace: Trace) -> None:
        self._inventory = inventory
        self.settings = settings
        self.trace = trace

    @property
    def id(self) -> str:
        """The tenant's id."""
        return self._inventory.tenant_id

    @property
    def suffixes(self) -> Suffixes:
        """The DNS suffixes of the cloud that was scanned."""
        return self._inventory.suffixes

    @property
    def whole(self) -> bool:
        """Whether no subscription was left out: by an option, or because it is idle."""
        return self._inventory.whole_tenant and not self._inventory.left_out

    @property
    def read_at(self) -> datetime:
        """When it was read, UTC: the present, as far as verdicts go."""
        return self._inventory.read_at

    def once(self, make: Callable[[Tenant], T]) -> T:
        """Return what a function makes of the tenant, made once for all verdicts.

        What it reads is no evidence; a verdict cites what it takes from it.
        """
        return self._inventory.once(make)

    def view(self, view: type[R], record: Record) -> R:
        """Open a record."""
        return view(record, self._inventory.parse(record), self)

    def all(self, view: type[R]) -> Listing[R]:
        """Return every resource of a type, in the order of their ids."""
        kind = view.type.lower()
        missing = self._inventory.missing(view)
        return Listing(self, view, self._inventory.by_type[kind], missing)

    def within(self, view: type[R], scope: str) -> Listing[R]:
        """Return what one read found: the resources of a type at a scope.

        A subscription's list, or the children of a resource.
        """
        key = (view.type.lower(), id_key(scope))
        records = self._inventory.by_scope.get(key, [])
        return Listing(self, view, records, self._missing_at(view, scope))

    def children(self, parent: Resource, view: type[R]) -> Listing[R]:
        """Return the children of a resource; that there are none is evidence too."""
        listing = self.within(view, parent.id)
        if listing.whole and not any(listing.ids()):
            version = self._inventory.readings[
                view.type.lower(), parent.key
            ].api_version
            self.trace.note(parent.id, view.type, [], version)
        return listing

    def _missing_at(self, view: type[Resource], scope: str) -> NotRead | None:
        """Return why there may be more of a type at a scope, None if there is not."""
        reading = self._inventory.readings.get((view.type.lower(), id_key(scope)))
        if reading is None:
            outside = NotRead(f"{view.type} of {scope}: outside the scan")
            return self._hidden(scope) or outside
        return self._missed(reading)

    def _missed(self, reading: Reading) -> NotRead | None:
        """Return why a read is not whole; what was tried for context is no gap."""
        if reading.whole:
            return None
        missing = NotRead.from_gap(reading.gaps[0])
        if not reading.requested:
            return NotRead(missing.reason)
        self._inventory.meet(reading.gaps[0])
        return missing

    def _hidden(self, scope: str) -> NotRead | None:
        """Return what kept a scope from being found, so that nothing was asked of it.

        None if nothing did: it does not exist, or lies outside the scan.
        """
        kind = ResourceId.parse(scope).type.lower()
        is_root = kind == Subscription.type.lower()
        above = f"/tenants/{self.id}" if is_root else self._scope_of(scope, kind)
        reading = self._inventory.readings.get((kind, id_key(above)))
        if reading:
            return self._missed(reading)
        return self._hidden(above) if len(above) < len(scope) else None

    def offers(self, view: type[Resource]) -> bool:
        """Whether the cloud has a type at all, as far as it was asked for one."""
        return view.type.lower() not in self._inventory.unoffered

    def meet(self, gap: Gap) -> None:
        """Remember a gap: what is being answered does without what it hides."""
        self._inventory.meet(gap)

    def get(self, view: type[R], resource_id: str) -> R | None:
        """Return a resource, or None if it is known not to exist.

        Raises NotRead if it lies outside the scan or where the read has a gap.
        """
        found = self.known(view, resource_id)
        if found is not None:
            return found
        scope = self._scope_of(resource_id, view.type.lower())
        missing = self._missing_at(view, scope)
        if missing is not None:
            raise missing
        return None

    def known(self, view: type[R], resource_id: str) -> R | None:
        """Return a resource if it was read; None says nothing about the tenant."""
        record = self._inventory.by_id.get((view.type.lower(), id_key(resource_id)))
        return None if record is None else self.view(view, record)

    def _scope_of(self, resource_id: str, kind: str) -> str:
        """Return the scope whose read would have found the id; some are read alone."""
        if (kind, id_key(resource_id)) in self._inventory.readings:
            return resource_id
        parts = ResourceId.parse(resource_id)
        if kind.count("/") > 1:
            return parts.parent
        if not parts.subscription:
            return parts.parent or f"/tenants/{self.id}"
        return f"/subscriptions/{parts.subscription}"

    def referring(self, view: type[R], field: str, resource_id: str) -> Listing[R]:
        """Return the resources of a type whose field holds the id.

        That it does is evidence, once the resource is looked at.
        """
        found = self._inventory.references(view, field)
        records = found.by_target.get(id_key(resource_id), [])
        if found.unread and found.unread.gap:
            self.meet(found.unread.gap)
        missing = self._inventory.missing(view) or found.unread
        return Listing(
            self, view, records, missing, found_by=field, unclear=found.unread
        )

    def is_foreign(self, resource_id: str) -> bool:
        """Whether a resource is known to lie in a subscription of another tenant.

        Only a scan that no option narrowed can tell that from one that was left out.
        """
        subscription = ResourceId.parse(resource_id).subscription
        if not subscription or subscription.lower() in self._inventory.left_out:
            return False
        every = self._inventory.whole_tenant and self.all(Subscription).whole
        return every and not self.scanned(subscription)

    def scanned(self, subscription_id: str) -> bool:
        """Whether a subscription was in the scan."""
        key = id_key(f"/subscriptions/{subscription_id}")
        return (Subscription.type.lower(), key) in self._inventory.by_id
