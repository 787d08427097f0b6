"""What an earlier, interrupted run has read already."""

from __future__ import annotations

from collections.abc import Callable

from scanner.collect.ledger import Kept
from scanner.collect.reads import BELOW
from scanner.collect.resources import HIERARCHY
from scanner.model.directory import DirectoryObject
from scanner.model.ids import id_key
from scanner.model.resource import Record
from scanner.snapshot.reader import Snapshot, load

_LEADING = {*BELOW, *(read.of.type.lower() for read in HIERARCHY)}
"""The types whose resources lead to other reads."""


def kept(
    earlier: Snapshot | None,
    tenant_id: str,
    notice: Callable[[Record], None] | None = None,
) -> Kept:
    """Return what an earlier run read whole; bodies only where reads are made.

    Names are not kept: more may hold roles by now. Every record is given notice of.
    """
    if earlier is None:
        return {}
    records, readings = load(earlier, tenant_id)
    if notice is not None:
        for record in records:
            notice(record)
    whole: dict[tuple[str, str], list[Record]] = {
        (each.resource_type.lower(), id_key(each.scope)): []
        for each in readings
        if each.whole and each.resource_type != DirectoryObject.type
    }
    for record in records:
        key = (record.type.lower(), id_key(record.scope))
        if key in whole and record.type.lower() in _LEADING:
            whole[key].append(record)
    return {key: tuple(found) for key, found in whole.items()}
