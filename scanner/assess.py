"""A snapshot, judged."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, replace
from datetime import UTC, datetime
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any

from scanner.collect.order import asks_directory, asks_graph
from scanner.collect.plan import never_made
from scanner.judge import Judge
from scanner.model.check import Check
from scanner.model.exemptions import Exemption
from scanner.model.results import Assessment, GapReport, Result, Run
from scanner.model.selection import CheckSelection
from scanner.model.settings import Settings
from scanner.model.tenant import Inventory
from scanner.register import Register
from scanner.snapshot.reader import Snapshot, load


def assess(
    snapshot: Snapshot,
    checks: Sequence[Check[Any]],
    settings: Settings,
    exemptions: Iterable[Exemption] = (),
    selection: CheckSelection | None = None,
) -> Assessment:
    """Return what checks make of a snapshot; raises SnapshotError.

    `selection` is what the checks were chosen by, if they are not all there are.

    What a read was called for and is not there, because the run was cut off or an
    earlier version did not know it, is a gap.
    """
    results: list[Result] = []
    gaps: list[GapReport] = []
    bounded: dict[str, tuple[str, ...]] = {}
    unlisted: list[str] = []
    register = Register(exemptions, read_at(snapshot).date())
    for tenant_id in snapshot.tenants:
        found = inventory(snapshot, tenant_id)
        judge = Judge(found, settings)
        results.extend(
            register.applied(each, found.tags) for each in judge.results(checks)
        )
        gaps.extend(judge.gaps())
        if found.bounded:
            bounded[tenant_id] = tuple(sorted(found.bounded))
        unlisted += sorted(found.unlisted)
        found.forget()
    run = snapshot.manifest.run
    return Assessment(
        run=replace(
            run,
            notes=(*run.notes, *map(_unread, unlisted)),
            catalogue=catalogue_hash(checks),
            selection=selection,
            settings=asdict(settings),
            bounded=bounded,
        ),
        results=tuple(results),
        gaps=tuple(gaps),
        exemptions=register.reports(_scanned(run, results)),
    )


def _scanned(run: Run, results: Iterable[Result]) -> set[str]:
    """Return the subscriptions that were scanned; a killed run does not list them."""
    met = {each.target.subscription_id for each in results}
    return met | {each.id for each in run.subscriptions}


def _unread(subscription: str) -> str:
    return (
        f"subscription {subscription} is in a management group and not among those "
        "that can be read: left out"
    )


def inventory(snapshot: Snapshot, tenant_id: str) -> Inventory:
    """Return everything a snapshot holds of a tenant, and what it lacks."""
    records, readings = load(snapshot, tenant_id)
    asked = snapshot.manifest.run.scope
    readings += never_made(
        records,
        readings,
        tenant_id,
        directory=asks_directory(asked),
        graph=asks_graph(asked),
    )
    return Inventory(
        tenant_id,
        records,
        readings,
        read_at=read_at(snapshot),
        suffixes=snapshot.manifest.suffixes,
        whole_tenant=snapshot.manifest.whole_tenant,
        left_out=snapshot.manifest.left_out.get(tenant_id, ()),
    )


def read_at(snapshot: Snapshot) -> datetime:
    """Return when a snapshot was begun, UTC."""
    return datetime.fromisoformat(snapshot.manifest.run.started).astimezone(UTC)


def catalogue_hash(checks: Sequence[Check[Any]]) -> str:
    """Return a hash that changes with the choice of checks and with any logic."""
    digest = hashlib.sha256(_logic())
    for check in checks:
        judge = f"{check.decide.__module__}.{check.decide.__qualname__}"
        digest.update(f"{check.id}\0{check.severity}\0{judge}\0".encode())
    return digest.hexdigest()


@cache
def _logic() -> bytes:
    """Return a hash of every source that may bear on a verdict: more, not less."""
    digest = hashlib.sha256()
    for package in ("checks", "scanner"):
        for name, content in _sources(files(package), package):
            digest.update(f"{name}\0{len(content)}\0".encode() + content)
    return digest.digest()


def _sources(folder: Traversable, name: str) -> Iterator[tuple[str, bytes]]:
    for entry in sorted(folder.iterdir(), key=lambda each: each.name):
        if entry.is_dir():
            yield from _sources(entry, f"{name}.{entry.name}")
        elif entry.name.endswith(".py"):
            yield f"{name}.{entry.name}", entry.read_bytes()
