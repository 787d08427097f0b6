"""A whole ledger made from bare ARM bodies."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import msgspec

from scanner.collect.directory import READS as DIRECTORY
from scanner.collect.hierarchy import Hierarchy
from scanner.collect.plan import planned, tenant_scope
from scanner.collect.read import BY_ITS_ID, Every, Read, its_subscription
from scanner.collect.reads import ABOVE, QUERIES, READS
from scanner.collect.resources import DESCENDANTS, HIERARCHY, MANAGEMENT_GROUPS
from scanner.model.activity import ActivityEvent
from scanner.model.authorization import RoleAssignment
from scanner.model.cognitive import CognitiveAccount
from scanner.model.coverage import Outcome, Reading
from scanner.model.ids import ResourceId, id_key
from scanner.model.resource import Record
from scanner.model.resources import ManagementGroup, Subscription

_PLACES = {Subscription.type.lower(), ManagementGroup.type.lower()}

_BY_TYPE = {
    read.of.type.lower(): read for read in (*HIERARCHY, *DIRECTORY, *READS, *QUERIES)
}


_EVENT = re.compile(r"/events/[^/]+/ticks/[0-9]+$", re.IGNORECASE)

_AT_OWN_SCOPE = {read.of for read in ABOVE} - {RoleAssignment}
"""What a list holds where it lies, and no list below."""


_OF_DIRECTORY = {read.of.type for read in DIRECTORY}


def assemble(
    bodies: Iterable[Mapping[str, Any]],
    tenant_id: str,
    parents: Mapping[str, str] | None = None,
) -> tuple[list[Record], list[Reading]]:
    """Return the records of collected types among bodies, and a reading for each read.

    The demo tenant, recorded responses and tests come as bodies, as if every
    planned read had been made and answered. `parents` names the management group
    that each group and subscription is in.
    """
    known = list(bodies)
    hierarchy = Hierarchy(parents or {})
    places = [body["id"] for body in known if _is_place(body)]
    found = {}
    for body in known:
        read = _BY_TYPE.get(_type_of(body))
        if read is None:
            continue
        for scope in _scopes(body, read, tenant_id, places, hierarchy):
            record = _record(body, read, scope)
            found[record.type, id_key(record.id), id_key(scope)] = record
    records = [*found.values(), *_descendants(found.values(), hierarchy)]
    named = any(record.type in _OF_DIRECTORY for record in records)
    counts = Counter((each.type, id_key(each.scope)) for each in records)
    return records, [
        reading_of(read, scope, counts[read.of.type, id_key(scope)])
        for read, scope in dict.fromkeys(
            (
                (MANAGEMENT_GROUPS, tenant_scope(tenant_id)),
                *planned(records, tenant_id, directory=named),
            )
        )
    ]


def reading_of(read: Read, scope: str, count: int) -> Reading:
    """Return that a read was made whole and found so many."""
    return Reading(
        resource_type=read.of.type,
        scope=scope,
        operation=read.operation.name,
        api_version=read.of.api_version,
        outcome=Outcome.READ if count else Outcome.EMPTY,
        count=count,
        requested=not read.context,
    )


def _record(body: Mapping[str, Any], read: Read, scope: str) -> Record:
    return Record(
        id=body["id"],
        type=read.of.type,
        scope=scope,
        api_version=read.of.api_version,
        operation=read.operation.name,
        body=msgspec.json.encode(body),
    )


def _type_of(body: Mapping[str, Any]) -> str:
    """Return the type of a body in lower case; an event has no type of its own."""
    is_event = _EVENT.search(body["id"])
    return (ActivityEvent if is_event else ResourceId.parse(body["id"])).type.lower()


def _is_place(body: Mapping[str, Any]) -> bool:
    """Whether a body is what lists are made at that reach up: see `_scopes`."""
    return ResourceId.parse(body["id"]).type.lower() in _PLACES


def _descendants(records: Iterable[Record], hierarchy: Hierarchy) -> Iterator[Record]:
    for record in records:
        if record.type == ManagementGroup.type:
            for body in hierarchy.below(record.id):
                yield _record(body, DESCENDANTS, record.id)


def _scopes(
    body: Mapping[str, Any],
    read: Read,
    tenant_id: str,
    places: list[str],
    hierarchy: Hierarchy,
) -> list[str]:
    """Return the scopes whose reads would find a body.

    What is granted above a subscription or a management group is in its list, and so
    is what is assigned; what is defined there is in the list of that scope alone.
    """
    parts = ResourceId.parse(body["id"])
    properties = body.get("properties")
    kind = properties.get("type") if isinstance(properties, Mapping) else None
    if read.of in _AT_OWN_SCOPE and parts.parent:
        return [parts.parent]
    if kind == "BuiltInRole" or (read.every is Every.TENANT and kind != "CustomRole"):
        return [tenant_scope(tenant_id)]
    if read.of is ActivityEvent:
        of_account = f"{CognitiveAccount.type}/".lower() in id_key(body["id"])
        inside = "" if of_account else f"/resourceGroups/{parts.resource_group}"
        return [f"/subscriptions/{parts.subscription}{inside}"]
    if read.operation == BY_ITS_ID:
        return [body["id"]]
    if read.at is not Subscription and read.place is not its_subscription:
        return [parts.parent]
    if parts.subscription:
        return [f"/subscriptions/{parts.subscription}"]
    listed = places if read.of is RoleAssignment else filter(_in_subscription, places)
    return [
        each
        for each in listed
        if id_key(each) == id_key(parts.parent) or hierarchy.covers(body["id"], each)
    ]


def _in_subscription(scope: str) -> bool:
    return bool(ResourceId.parse(scope).subscription)
