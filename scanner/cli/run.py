"""What `posture scan` and `posture demo` do once their options are understood."""

from __future__ import annotations

import asyncio
import logging
import sys
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any, TypeVar

from rich.console import Console

from scanner.arm.clouds import CloudError
from scanner.arm.errors import ASSIGN, SignInError, next_step
from scanner.assess import assess, catalogue_hash
from scanner.cli.failure import Exit, Failure
from scanner.cli.files import write_reports
from scanner.cli.options import FailOn, LogFormat
from scanner.cli.past import Past, drift_since, runs_in, to_compare
from scanner.cli.progress import said, shown
from scanner.cli.selection import Choice
from scanner.collect.kept import ResumeError
from scanner.collect.order import Order
from scanner.collect.scan import scan
from scanner.collect.scope import ScopeError
from scanner.collect.watch import Watch
from scanner.model.check import Check, Severity
from scanner.model.coverage import NotRead
from scanner.model.drift import Drift
from scanner.model.exemptions import Exemption
from scanner.model.results import Assessment
from scanner.model.settings import Settings
from scanner.snapshot.lines import SnapshotError
from scanner.snapshot.reader import Snapshot

log = logging.getLogger(__name__)

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """How what was read is judged and told."""

    choice: Choice
    settings: Settings
    exemptions: Sequence[Exemption] = ()
    formats: Sequence[str]
    fail_on: FailOn
    baseline: Path | None = None
    """An earlier run, or a folder of them, to tell what changed since."""
    fail_on_new: bool = False
    """Whether only findings that the baseline lacks make the exit code 1."""
    allow_gaps: bool
    quiet: bool
    log_format: LogFormat = LogFormat.TEXT
    no_color: bool


def collect(
    order: Order, directory: Path, judgement: Judgement, earlier: Snapshot | None = None
) -> Snapshot:
    """Read what an order asks for into a run's snapshot; raises Failure."""
    watch = Watch()
    console = Console(
        stderr=True,
        no_color=judgement.no_color or None,
        # What reads JSON lines is no terminal, whatever it says.
        force_terminal=False if judgement.log_format is LogFormat.JSON else None,
    )
    target = directory / "snapshot"
    warm = partial(_warm, judgement)
    try:
        with shown(watch, console, quiet=judgement.quiet):
            in_loop(lambda: scan(order, target, watch, earlier, meanwhile=warm))
    except SignInError as error:
        raise Failure(str(error), Exit.NOTHING_READ) from error
    except (CloudError, ResumeError, ScopeError) as error:
        raise Failure(str(error)) from error
    except OSError as error:
        raise Failure(
            f"{target} cannot be written: {error.strerror or error}; "
            "make room, or gain the right to write, and go on with "
            f"--resume {directory}",
            Exit.INCOMPLETE,
        ) from error
    log.info("read %s", said(watch))
    snapshot = Snapshot(directory)
    require_something(snapshot)
    if not snapshot.complete:
        log.warning("interrupted: go on with --resume %s", directory)
    return snapshot


def require_something(snapshot: Snapshot) -> None:
    """Raise Failure for a run that read no subscription; one cut off may have."""
    run = snapshot.manifest.run
    if not snapshot.tenants or (snapshot.complete and not run.subscriptions):
        raise Failure(_nothing(snapshot), Exit.NOTHING_READ)


def _warm(judgement: Judgement) -> None:
    """Do what needs no tenant: import what judges and reports, hash it, document it."""
    for name in ("document", "summary", "tables"):
        import_module(f"reports.{name}")
    catalogue_hash(judgement.choice.checks)
    if "html" in judgement.formats:
        from reports.html.prose import documentation

        for check in judgement.choice.checks:
            documentation(check)


def in_loop(coroutine: Callable[[], Awaitable[T]]) -> T:
    """Run a coroutine to its end, on the faster loop where there is one."""
    if sys.platform == "win32":
        return asyncio.run(_awaited(coroutine))
    import uvloop

    return uvloop.run(_awaited(coroutine))


async def _awaited(coroutine: Callable[[], Awaitable[T]]) -> T:
    return await coroutine()


def _nothing(snapshot: Snapshot) -> str:
    """Return why there was nothing to scan."""
    for tenant_id in snapshot.tenants:
        for reading, _ in snapshot.readings(tenant_id):
            for gap in reading.gaps:
                if reading.requested:
                    why = NotRead.from_gap(gap).reason
                    step = next_step(gap.http_status)
                    return f"nothing could be read: {why}; {step}; {_LOOK}"
    return f"no enabled subscription is readable in the chosen scope; {ASSIGN}; {_LOOK}"


_LOOK = "`posture doctor` shows what is in reach"


def judge_and_report(snapshot: Snapshot, directory: Path, judgement: Judgement) -> Exit:
    """Judge a snapshot, write the reports, print the summary; raises Failure."""
    try:
        assessment = assess(
            snapshot,
            judgement.choice.checks,
            judgement.settings,
            judgement.exemptions,
            judgement.choice.recorded,
        )
    except SnapshotError as error:
        raise Failure(str(error)) from error
    if judgement.baseline:
        assessment = _since(judgement.baseline, assessment, judgement.choice.checks)
    written = write_reports(assessment, directory, judgement.formats)
    _print_summary(assessment, [*written, directory / "snapshot"], judgement)
    return exit_code(assessment, judgement)


def _since(
    baseline: Path, assessment: Assessment, checks: Sequence[Check[Any]]
) -> Assessment:
    """Return an assessment with what changed since the latest of earlier runs.

    What was read is worth its reports even where there is nothing to compare with.
    """
    from reports.trend import point_of

    try:
        runs = runs_in(baseline)
        earlier = [each for each in runs if each.run.started < assessment.run.started]
        named = [each for each in runs if each.path == baseline]
        past = to_compare(named or earlier)
        if past is None:
            later = [each for each in runs if each.run.started > assessment.run.started]
            _tell_of_none(baseline, later)
            return assessment
        drift = _noted(drift_since(past.path, assessment, checks), past)
    except Failure as error:
        log.warning("what changed cannot be told: %s", error)
        return assessment
    points = (*(each.point for each in earlier), point_of(assessment))
    return replace(assessment, drift=drift, trend=points)


def _tell_of_none(baseline: Path, later: Sequence[Past]) -> None:
    """Log that no earlier run is there: loudly where there are later ones."""
    told = f"no earlier run is in {baseline}: nothing to compare with"
    if later:
        log.warning("%s; the latest there began %s", told, later[-1].run.started)
    else:
        log.info("%s", told)


def _noted(drift: Drift, past: Past) -> Drift:
    """Return a comparison that says so where the earlier run was cut short."""
    if past.run.complete:
        return drift
    then = past.run.started
    told = f"The run of {then} was cut short: what it missed comes into sight."
    log.warning("%s", told)
    return replace(drift, note=f"{drift.note} {told}".strip())


def _print_summary(
    assessment: Assessment, files: Sequence[Path], judgement: Judgement
) -> None:
    from reports.summary import print_headline, show

    console = Console(no_color=judgement.no_color or None)
    if judgement.quiet:
        print_headline(assessment, console)
    else:
        show(assessment, console, [str(file) for file in files])


def exit_code(assessment: Assessment, judgement: Judgement) -> Exit:
    """Return the exit code: findings win over what could not be read.

    What an interrupted run has not read is nothing that anybody has accepted.
    """
    if _fails(assessment, judgement):
        return Exit.FINDINGS
    if not assessment.run.complete or (assessment.gaps and not judgement.allow_gaps):
        return Exit.INCOMPLETE
    return Exit.CLEAN


def _fails(assessment: Assessment, judgement: Judgement) -> bool:
    if judgement.fail_on is FailOn.NEVER:
        return False
    threshold = Severity(judgement.fail_on)
    if judgement.fail_on_new and assessment.drift:
        return bool(assessment.drift.new_at(threshold))
    return bool(assessment.totals.findings_at(threshold))
