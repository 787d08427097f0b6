"""Earlier runs: which there are, and what changed since."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path

import msgspec

from scanner.assess import assess, catalogue_hash
from scanner.cli.failure import Failure
from scanner.cli.recorded import (
    RESULTS,
    file_of,
    folder_of,
    header,
    recorded,
    settings_of,
)
from scanner.cli.selection import Checks, Choice
from scanner.model.drift import Drift, compare, judged_otherwise
from scanner.model.judged import Judged, Row
from scanner.model.results import Assessment, Run
from scanner.model.trend import Point, header_of
from scanner.snapshot.lines import SnapshotError
from scanner.snapshot.reader import Snapshot


@dataclass(frozen=True, slots=True)
class Past:
    """A run that is on disk, without its results."""

    path: Path
    run: Run
    point: Point


def runs_in(path: Path) -> list[Past]:
    """Return a run, or the runs that a folder holds, the oldest first.

    Raises Failure for one that is none of ours.
    """
    return sorted(
        map(_past, _found(path)), key=lambda each: (each.run.started, each.path)
    )


def _found(path: Path) -> list[Path]:
    """Return a run, or the runs that a folder holds; raises Failure.

    What cannot be entered may be one. Of `lost+found`, which many drives have, it is
    known that it is none.
    """
    try:
        if not path.is_dir() or (path / RESULTS).exists():
            return [path]
        folders = (each for each in path.iterdir() if each.name != "lost+found")
        return [each for each in folders if (each / RESULTS).exists()]
    except OSError as error:
        raise Failure(
            f"{error.filename} cannot be read: {error.strerror}; gain the right to, "
            "or name a folder of runs that can be read"
        ) from error


def to_compare(runs: Sequence[Past]) -> Past | None:
    """Return the latest run that was not cut short, or the latest if all were."""
    whole = [each for each in runs if each.run.complete]
    return (whole or runs)[-1] if runs else None


def _past(run: Path) -> Past:
    """Return what is known of a run without its results; raises Failure."""
    found = header(run)
    known = {each.name: found.summary.get(each.name) for each in fields(Point)}
    try:
        point = msgspec.convert({**known, **header_of(found.run)}, Point)
    except msgspec.ValidationError as error:
        told = f"{file_of(run)} has a summary that is none of ours: {error}"
        raise Failure(told) from error
    return Past(run, found.run, point)


def judged(assessment: Assessment) -> Judged:
    """Return an assessment as it will be recorded."""
    return Judged(run=assessment.run, rows=tuple(map(Row.of, assessment.results)))


def drift_between(old: Path, new: Path) -> Drift:
    """Return what changed from one run to another; raises Failure.

    Runs that were judged by other checks or settings than each other are judged again,
    by those of today's checks that the later one was asked for, and by its settings:
    what differs then has changed in the tenant, and the rest is told apart.
    """
    before, after = recorded(old), recorded(new)
    if _alike(before.run, after.run):
        return compare(before, after)
    checks = Choice.of(after.run.selection).checks
    before, after = _renamed(before, checks), _renamed(after, checks)
    now_before = _again(old, before, checks, after.run)
    now_after = (
        after
        if after.run.catalogue == catalogue_hash(checks)
        else _again(new, after, checks, after.run)
    )
    return _told_apart(before, after, now_before, now_after)


def drift_since(baseline: Path, assessment: Assessment, checks: Checks) -> Drift:
    """Return what changed from an earlier run to one just judged; raises Failure."""
    before, after = recorded(baseline), judged(assessment)
    if _alike(before.run, after.run):
        return compare(before, after)
    before = _renamed(before, checks)
    again = _again(baseline, before, checks, after.run)
    return _told_apart(before, after, again, after)


def _alike(old: Run, new: Run) -> bool:
    same = old.catalogue == new.catalogue
    return same and settings_of(old) == settings_of(new)


def _renamed(before: Judged, checks: Checks) -> Judged:
    """Return what a run answered, under the ids that its checks have today."""
    ids = {alias: check.id for check in checks for alias in check.aliases}
    rows: dict[str, Row] = {}
    for row in before.rows:
        if row.check_id in ids:
            named = row.of_check(ids[row.check_id])
            rows.setdefault(named.fingerprint, named)
        else:
            rows[row.fingerprint] = row
    return replace(before, rows=tuple(rows.values()))


def _again(run: Path, before: Judged, checks: Checks, like: Run) -> Judged | None:
    """Return a run judged as another one is; None where its snapshot is not there."""
    try:
        assessment = assess(Snapshot(folder_of(run)), checks, settings_of(like))
    except SnapshotError:
        return None
    accepted = {row.fingerprint: row.exemption for row in before.rows}
    rows = judged(assessment).rows
    run_then = replace(
        before.run, bounded=assessment.run.bounded, selection=like.selection
    )
    return Judged(run=run_then, rows=tuple(_accepted(rows, accepted)))


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
