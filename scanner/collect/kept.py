"""What an earlier, interrupted run has read already, and who may go on with it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from scanner.arm.clouds import CLOUDS, Cloud
from scanner.collect.doors import Door
from scanner.collect.ledger import Kept
from scanner.collect.reads import BELOW
from scanner.collect.resources import HIERARCHY
from scanner.model.directory import DirectoryObject
from scanner.model.ids import id_key
from scanner.model.resource import Record
from scanner.snapshot.reader import Snapshot, load

_LEADING = {*BELOW, *(read.of.type.lower() for read in HIERARCHY)}
"""The types whose resources lead to other reads."""


class ResumeError(Exception):
    """An earlier run cannot be gone on with so; the message says how it can."""


def require_same_cloud(earlier: Snapshot, cloud: Cloud) -> None:
    """Raise ResumeError if an earlier run is of another cloud."""
    name = earlier.manifest.run.cloud
    if name == cloud.name:
        return
    known = name in {each.name for each in CLOUDS}
    give = f"--cloud {name}" if known else "its file by --cloud"
    raise ResumeError(
        f"--resume: the run is of cloud {name!r}, not of {cloud.name!r}: give {give}; "
        "the run is as it was"
    )


def require_same_tenants(earlier: Snapshot, doors: Sequence[Door]) -> None:
    """Raise ResumeError, or SignInError, if an earlier run read what is shut now.

    What was read of a tenant must not be lost, or mixed with another's.
    """
    read = sorted({each.lower() for each in earlier.tenants})
    here = sorted({door.tenant_id for door in doors})
    if read != here:
        raise ResumeError(
            f"--resume: the run is of {_tenants(read)}, the sign-in to "
            f"{_tenants(here)}: sign in as for that run, or begin a new one with "
            "--output; the run is as it was"
        )
    opened = {each.tenant_id for each in earlier.manifest.run.signed_in}
    for door in doors:
        if door.refusal and door.tenant_id in opened:
            raise door.refusal


def _tenants(ids: Sequence[str]) -> str:
    return f"tenant {', '.join(ids)}" if ids else "no tenant"


def kept(
    earlier: Snapshot | None,
    tenant_id: str,
    notice: Callable[[Record], None] | None = None,
) -> Kept:
    """Return what an earlier run read whole; bodies only where reads are made.

    Names are not kept: more may hold roles by now. Every record kept is given notice
    of.
    """
    if earlier is None:
        return {}
    records, readings = load(earlier, tenant_id)
    whole: dict[tuple[str, str], list[Record]] = {
        (each.resource_type.lower(), id_key(each.scope)): []
        for each in readings
        if each.whole and each.resource_type != DirectoryObject.type
    }
    for record in records:
        key = (record.type.lower(), id_key(record.scope))
        if key not in whole:
            continue
        if notice is not None:
            notice(record)
        if record.type.lower() in _LEADING:
            whole[key].append(record)
    return {key: tuple(found) for key, found in whole.items()}
