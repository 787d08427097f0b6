"""Runs as they were recorded, and as they would be judged today."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec

from scanner.assess import assess, catalogue_hash
from scanner.cli.failure import Failure
from scanner.cli.selection import Checks
from scanner.model.drift import Drift, Judged, Row, compare, judged_otherwise
from scanner.model.results import SCHEMA, Assessment, Run
from scanner.model.settings import Settings
from scanner.snapshot.lines import SnapshotError
from scanner.snapshot.reader import Snapshot

RESULTS = "results.json"


class Document(msgspec.Struct, frozen=True):
    """results.json, as far as it is read back."""

    schema: str
    run: Run
    summary: Mapping[str, Any]
    results: tuple[Row, ...]


def document(run: Path) -> Document:
    """Return the results.json of a run; raises Failure if there is none of ours."""
    path = run / RESULTS if run.is_dir() else run
    try:
        found = msgspec.json.decode(path.read_bytes(), type=Document)
    except OSError as error:
        raise Failure(f"{path} cannot be read: {error.strerror}") from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Failure(f"{path} is no results.json of posture: {error}") from error
    if found.schema != SCHEMA:
        raise Failure(f"{path} has schema {found.schema!r}, not {SCHEMA!r}")
    return found


def recorded(run: Path) -> Judged:
    """Return what a run answered when it was judged; raises Failure."""
    found = document(run)
    return Judged(run=found.run, rows=found.results)


def judged(assessment: Assessment) -> Judged:
    """Return an assessment as it will be recorded."""
    return Judged(run=assessment.run, rows=tuple(map(Row.of, assessment.results)))


def drift_between(old: Path, new: Path, checks: Checks) -> Drift:
    """Return what changed from one run to another; raises Failure.

    Runs that were judged by other checks or settings than each other are judged again,
    by today's checks and the settings of the later one: what differs then has changed
    in the tenant, and the rest is told apart.
    """
    before, after = recorded(old), recorded(new)
    if _alike(before.run, after.run):
        return compare(before, after)
    settings = _settings(after.run)
    now_before = _again(old, before, checks, settings)
    now_after = (
        after
        if after.run.catalogue == catalogue_hash(checks)
        else _again(new, after, checks, settings)
    )
    return _told_apart(before, after, now_before, now_after)


def drift_since(baseline: Path, assessment: Assessment, checks: Checks) -> Drift:
    """Return what changed from an earlier run to one just judged; raises Failure."""
    before, after = recorded(baseline), judged(assessment)
    if _alike(before.run, after.run):
        return compare(before, after)
    again = _again(baseline, before, checks, _settings(after.run))
    return _told_apart(before, after, again, after)


def _alike(old: Run, new: Run) -> bool:
    same = old.catalogue == new.catalogue
    return same and _settings(old) == _settings(new)


def _settings(run: Run) -> Settings:
    """Return the settings of a run, today's defaults where it names none."""
    return msgspec.convert(dict(run.settings), Settings)


def _again(
    run: Path, before: Judged, checks: Checks, settings: Settings
) -> Judged | None:
    """Return a run judged by today's checks; None where its snapshot is not there."""
    try:
        assessment = assess(Snapshot(run), checks, settings)
    except SnapshotError:
        return None
    accepted = {row.fingerprint: row.exemption for row in before.rows}
    rows = judged(assessment).rows
    return Judged(run=before.run, rows=tuple(_accepted(rows, accepted)))


def _accepted(rows: tuple[Row, ...], accepted: Mapping[str, str]) -> Iterator[Row]:
    for row in rows:
        exemption = accepted.get(row.fingerprint, "")
        yield replace(row, exemption=exemption) if exemption else row


def _told_apart(
    before: Judged, after: Judged, now_before: Judged | None, now_after: Judged | None
) -> Drift:
    if now_before is None or now_after is None:
        note = (
            "The runs were judged by different checks or settings, and a snapshot is "
            "missing to judge both alike: not every change is the tenant's."
        )
        return replace(compare(before, after), note=note)
    otherwise = (
        *judged_otherwise(before, now_before),
        *judged_otherwise(after, now_after),
    )
    known = {change.row.fingerprint: change for change in otherwise}
    return replace(compare(now_before, now_after), otherwise=tuple(known.values()))
