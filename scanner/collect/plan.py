"""Which reads a tenant calls for, and which of them were never made."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator

import msgspec

from scanner.collect.directory import AT_TENANT as OF_DIRECTORY
from scanner.collect.read import Read, its_subscription, itself
from scanner.collect.reads import ABOVE, AT_SUBSCRIPTION, AT_TENANT, BELOW, QUERIES
from scanner.collect.resources import DESCENDANTS, SUBSCRIPTIONS
from scanner.model.coverage import Gap, Outcome, Reading
from scanner.model.ids import ResourceId, id_key
from scanner.model.resource import Record
from scanner.model.resources import ManagementGroup, Subscription

NEVER_MADE = "the run ended before this was read"


def planned(
    records: Iterable[Record],
    tenant_id: str,
    *,
    directory: bool = False,
    graph: bool = True,
) -> Iterator[tuple[Read, str]]:
    """Yield every read that a tenant's records call for, with its scope.

    What is read once in a tenant is read at one of its subscriptions; the directory and
    Resource Graph are where a scan asked for them.
    """
    yield SUBSCRIPTIONS, tenant_scope(tenant_id)
    if directory:
        yield from ((read, tenant_scope(tenant_id)) for read in OF_DIRECTORY)
    once = iter(AT_TENANT)
    known = list(records)
    scanned = {id_key(each.id) for each in known if each.type == Subscription.type}
    seen: set[tuple[str, str]] = set()
    for read in queries({each.type.lower() for each in known}) if graph else ():
        yield read, tenant_scope(tenant_id)
    for record in known:
        if record.type == Subscription.type:
            yield from ((read, tenant_scope(tenant_id)) for read in once)
            yield from ((read, record.id) for read in AT_SUBSCRIPTION)
        elif record.type == ManagementGroup.type:
            yield from ((read, record.id) for read in (DESCENDANTS, *ABOVE))
        for read, scope in below(record):
            key = read.of.type, id_key(scope)
            if key not in seen and stays_inside(read, scope, scanned):
                seen.add(key)
                yield read, scope


def queries(kinds: Container[str]) -> Iterator[Read]:
    """Yield the queries of Resource Graph that some types of resources call for."""
    return (read for read in QUERIES if read.at.type.lower() in kinds)


def below(record: Record) -> Iterator[tuple[Read, str]]:
    """Yield the reads that a resource calls for, with the scope of each."""
    reads = BELOW.get(record.type.lower(), ())
    body = msgspec.json.decode(record.body) if reads else {}
    for read in reads:
        if read.where(body):
            yield read, read.place(record.id, body)


def stays_inside(read: Read, scope: str, subscriptions: Container[str]) -> bool:
    """Whether a read stays in the scanned subscriptions, or above all of them.

    What is read at a resource does; the JSON of one may name anything.
    """
    if read.place in (itself, its_subscription):
        return True
    own = ResourceId.parse(scope).subscription
    return not own or id_key(f"/subscriptions/{own}") in subscriptions


def tenant_scope(tenant_id: str) -> str:
    """Return the scope of what is read once in a tenant."""
    return f"/tenants/{tenant_id}"


def never_made(
    records: list[Record],
    readings: list[Reading],
    tenant_id: str,
    *,
    directory: bool = False,
    graph: bool = True,
) -> list[Reading]:
    """Return the planned reads that have no reading, each as a gap."""
    made = {(each.resource_type.lower(), id_key(each.scope)) for each in readings}
    return [
        _never_made(read, scope, tenant_id)
        for read, scope in planned(records, tenant_id, directory=directory, graph=graph)
        if (read.of.type.lower(), id_key(scope)) not in made
    ]


def _never_made(read: Read, scope: str, tenant_id: str) -> Reading:
    gap = Gap(
        tenant_id=tenant_id,
        scope=scope,
        resource_type=read.of.type,
        operation=read.operation.name,
        reason=NEVER_MADE,
    )
    return Reading(
        resource_type=read.of.type,
        scope=scope,
        operation=read.operation.name,
        api_version=read.of.api_version,
        outcome=Outcome.GAP,
        gaps=(gap,),
        requested=read is not DESCENDANTS and not read.context,
    )
