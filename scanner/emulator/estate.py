"""What is served: the records and readings of tenants, indexed by request."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from scanner.collect.order import asks_directory, asks_graph
from scanner.collect.plan import never_made
from scanner.emulator.directory import Directory, is_of_directory
from scanner.emulator.listing import Listing, listing_of
from scanner.model.cloud import Suffixes
from scanner.model.coverage import Gap, Reading
from scanner.model.ids import ResourceId, id_key
from scanner.model.resource import Record
from scanner.model.resources import Descendant, Subscription
from scanner.snapshot.reader import Snapshot, load

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Tenant:
    """One tenant: its lists and resources by the path that asks for them."""

    id: str
    listings: Mapping[str, Listing]
    resources: Mapping[str, bytes]
    refused: Mapping[str, Gap]
    """Why resources that are asked for one by one were not to be had."""
    types: frozenset[str]
    """The types that were read, in lower case: what is not there does not exist."""
    subscriptions: frozenset[str]
    groups: frozenset[str]
    """The resource groups that hold anything, as comparable ids."""
    directory: Directory = field(default_factory=Directory)

    @classmethod
    def of(
        cls, tenant_id: str, records: Iterable[Record], readings: Iterable[Reading]
    ) -> Tenant:
        """Return a tenant that answers as it did when it was read."""
        named, records = _apart(records, lambda record: record.type)
        asked, readings = _apart(readings, lambda reading: reading.resource_type)
        found: dict[tuple[str, str], list[Record]] = defaultdict(list)
        resources, groups = {}, set()
        for record in records:
            found[record.type.lower(), id_key(record.scope)].append(record)
            if record.type != Descendant.type:
                resources[id_key(record.id)] = record.body
                groups.add(group_of(id_key(record.id)))
        known = {
            (each.resource_type.lower(), id_key(each.scope)): each for each in readings
        }
        listings = {
            list_path(kind, scope): listing_of(reading, found[kind, scope])
            for (kind, scope), reading in known.items()
            if not _is_alone(kind, scope)
        }
        refused = {
            scope: reading.gaps[0]
            for (kind, scope), reading in known.items()
            if _is_alone(kind, scope) and reading.gaps
        }
        scopes = (*resources, *(scope for _, scope in known))
        return cls(
            id=tenant_id.lower(),
            listings=listings,
            resources=resources,
            refused=refused,
            types=frozenset(kind for kind, _ in known),
            subscriptions=frozenset(map(_subscription_of, scopes)) - {""},
            groups=frozenset(groups) - {""},
            directory=Directory.of(named, asked),
        )


@dataclass(frozen=True, slots=True)
class Estate:
    """Everything one emulator serves."""

    tenants: tuple[Tenant, ...]
    suffixes: Suffixes = field(default_factory=Suffixes)

    @classmethod
    def of_snapshot(cls, snapshot: Snapshot) -> Estate:
        """Return a snapshot's tenants; raises SnapshotError for a damaged one.

        What an interrupted run never read is refused, not empty.
        """
        tenants = []
        for tenant_id in snapshot.tenants:
            records, readings = load(snapshot, tenant_id)
            if not snapshot.complete:
                asked = snapshot.manifest.run.scope
                readings += never_made(
                    records,
                    readings,
                    tenant_id,
                    directory=asks_directory(asked),
                    graph=asks_graph(asked),
                )
            tenants.append(Tenant.of(tenant_id, records, readings))
        return cls(tuple(tenants), snapshot.manifest.suffixes)


def _apart(every: Iterable[T], type_of: Callable[[T], str]) -> tuple[list[T], list[T]]:
    """Return what is of the directory, and what is of Resource Manager."""
    parts: tuple[list[T], list[T]] = [], []
    for each in every:
        parts[not is_of_directory(type_of(each))].append(each)
    return parts


def list_path(kind: str, scope: str) -> str:
    """Return the path, in comparable form, that lists a type at a reading's scope."""
    base = "" if scope.startswith("/tenants/") else id_key(scope)
    kind = kind.lower()
    parent, _, collection = kind.rpartition("/")
    if parent in {"microsoft.resources", ResourceId.parse(base).type.lower()}:
        return f"{base}/{collection}"
    return f"{base}/providers/{kind}"


def _is_alone(kind: str, scope: str) -> bool:
    """Whether a reading is of one resource and not of a list."""
    return ResourceId.parse(scope).type.lower() == kind


def group_of(key: str) -> str:
    """Return the resource group of a comparable id; empty where it lies in none."""
    parts = key.split("/", 5)
    return "/".join(parts[:5]) if parts[3:4] == ["resourcegroups"] else ""


def _subscription_of(key: str) -> str:
    parts = key.split("/", 3)
    kind = Subscription.type.rpartition("/")[2]
    return parts[2] if parts[1] == kind and len(parts) > 2 else ""
