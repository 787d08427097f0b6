"""A tenant's directory: who there is and who is in which group, as it was read."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

import msgspec

from scanner.emulator.listing import Listing, listing_of
from scanner.model.coverage import Reading
from scanner.model.directory import Application, DirectoryObject, GroupMember
from scanner.model.ids import id_key
from scanner.model.resource import Record

_OBJECTS = DirectoryObject.type.lower()
_MEMBERS = GroupMember.type.lower()
_APPLICATIONS = Application.type.lower()


class _Resource(msgspec.Struct):
    """What a snapshot has of a directory object."""

    properties: msgspec.Raw
    """The object as Microsoft Graph returned it."""


_resource = msgspec.json.Decoder(_Resource)


@dataclass(frozen=True, slots=True)
class Directory:
    """What Microsoft Graph knows of one tenant."""

    objects: Listing | None = None
    """By their own ids; None where Microsoft Graph was not asked."""
    members: Mapping[str, Listing] = field(default_factory=dict)
    """Those of each group, by its id."""
    applications: Listing | None = None
    granted: Mapping[tuple[str, str], Listing] = field(default_factory=dict)
    """What service principals are permitted, by their id and the kind of list."""

    @classmethod
    def of(cls, records: Iterable[Record], readings: Iterable[Reading]) -> Directory:
        """Return the directory that answers as it did when it was read."""
        found: dict[tuple[str, str], list[Record]] = defaultdict(list)
        for record in records:
            found[record.type.lower(), id_key(record.scope)].append(record)
        whole: dict[str, Listing] = {}
        members, granted = {}, {}
        for reading in readings:
            kind, scope = key = reading.resource_type.lower(), id_key(reading.scope)
            listing = _unwrapped(listing_of(reading, found[key]))
            if kind in (_OBJECTS, _APPLICATIONS):
                whole[kind] = listing
            elif kind == _MEMBERS:
                members[_last(scope)] = listing
            else:
                granted[_last(scope), _last(kind)] = listing
        return cls(whole.get(_OBJECTS), members, whole.get(_APPLICATIONS), granted)


def is_of_directory(resource_type: str) -> bool:
    """Whether a type is Microsoft Graph's and not Resource Manager's."""
    return resource_type.lower().startswith("microsoft.graph/")


def _unwrapped(listing: Listing) -> Listing:
    """Return a list as Microsoft Graph has it; what was not kept has no key."""
    pairs = zip(listing.keys, listing.items, strict=True)
    return replace(
        listing,
        keys=tuple(_last(key) for key in listing.keys),
        items=tuple(
            bytes(_resource.decode(item).properties) if key else item
            for key, item in pairs
        ),
    )


def _last(key: str) -> str:
    return key.rpartition("/")[2]
