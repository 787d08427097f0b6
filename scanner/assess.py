"""A snapshot, judged."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from scanner.collect.plan import never_made
from scanner.judge import Judge
from scanner.model.check import Check
from scanner.model.results import Assessment, GapReport, Result
from scanner.model.settings import Settings
from scanner.model.tenant import Inventory
from scanner.snapshot.reader import Snapshot, load


def assess(
    snapshot: Snapshot, checks: Sequence[Check[Any]], settings: Settings
) -> Assessment:
    """Return what checks make of a snapshot; raises SnapshotError.

    What a read was called for and is not there, because the run was cut off or an
    earlier version did not know it, is a gap.
    """
    results: list[Result] = []
    gaps: list[GapReport] = []
    for tenant_id in snapshot.tenants:
        judge = Judge(inventory(snapshot, tenant_id), settings)
        results.extend(judge.results(checks))
        gaps.extend(judge.gaps())
    return Assessment(
        run=replace(snapshot.manifest.run, catalogue=catalogue_hash(checks)),
        results=tuple(results),
        gaps=tuple(gaps),
    )


def inventory(snapshot: Snapshot, tenant_id: str) -> Inventory:
    """Return everything a snapshot holds of a tenant, and what it lacks."""
    records, readings = load(snapshot, tenant_id)
    readings += never_made(records, readings, tenant_id)
    return Inventory(
        tenant_id,
        records,
        readings,
        read_at=datetime.fromisoformat(snapshot.manifest.run.started),
        suffixes=snapshot.manifest.suffixes,
        whole_tenant=snapshot.manifest.whole_tenant,
    )


def catalogue_hash(checks: Sequence[Check[Any]]) -> str:
    """Return a hash that changes with any check's text or logic."""
    digest = hashlib.sha256()
    for check in checks:
        digest.update(f"{check.id}\0{check.severity}\0{check.source}\0".encode())
    return digest.hexdigest()
