"""The plain statement of an evidence pack: who read what, and what was not read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from reports.text import clean, count, percent, points
from reports.totals import Tally, gap_groups
from scanner.model.check import Status
from scanner.model.results import Assessment, Run, SignedIn


def statement(assessment: Assessment, roles: Sequence[str]) -> str:
    """Return the statement; `roles` are those found of the reader."""
    return "\n".join(map(clean, _lines(assessment, roles))) + "\n"


def _lines(assessment: Assessment, roles: Sequence[str]) -> Iterator[str]:
    run = assessment.run
    yield "STATEMENT OF SCOPE AND COVERAGE"
    yield from _who(run)
    yield f"When: from {run.started} to {run.finished or 'no known end'} (UTC)."
    yield f"With what: posture {run.version}, catalogue {run.catalogue}."
    yield f"Over what: {_scope(run)}."
    yield ""
    yield "WITH WHAT RIGHTS"
    yield from (f"- {role}" for role in roles)
    if not roles:
        yield "No role assignment of the reader was among what was read."
    yield ""
    yield "WHAT IT CAME TO"
    yield from _outcome(assessment)
    yield ""
    yield "WHAT WAS NOT READ"
    yield from _unread(assessment)
    yield ""
    yield "ACCEPTED FINDINGS"
    yield from (
        f"- {each.exemption.check} for {each.exemption.where}: {each.exemption.told}; "
        f"{each.use.value}, {count(each.findings, 'finding')}"
        for each in assessment.exemptions
    )
    if not assessment.exemptions:
        yield "No exemption was given."


def _who(run: Run) -> Iterator[str]:
    for who in run.signed_in or (SignedIn(tenant_id="unknown"),):
        name = who.principal_name or who.principal_id or "an unnamed principal"
        yield (
            f"Who: {name} ({who.principal_type or 'type unknown'}, object "
            f"{who.principal_id or 'unknown'}, application "
            f"{who.application_id or 'unknown'}), signed in by {run.method} to tenant "
            f"{who.tenant_id} in {run.cloud}. Only reads were made: {run.requests:,}."
        )


def _scope(run: Run) -> str:
    narrowed = "; ".join(
        f"{name} {', '.join(values)}"
        for name, values in sorted(run.scope.items())
        if values and name != "discovery"
    )
    named = ", ".join(f"{each.name} ({each.id})" for each in run.subscriptions)
    asked = narrowed or "every enabled subscription that could be read"
    return f"{asked}; subscriptions read: {named or 'none'}"


def _outcome(assessment: Assessment) -> Iterator[str]:
    tally = Tally.of(assessment.results)
    yield (
        f"Score {points(tally.score.value)} of 100 at a coverage of "
        f"{percent(tally.score.coverage)}; {count(tally.found, 'finding')}, "
        f"{tally.exempted:,} of them accepted; "
        f"{count(tally.statuses[Status.NOT_ASSESSED], 'answer')} not assessed, "
        f"{tally.statuses[Status.MANUAL]:,} for a person to decide."
    )
    resources = {each.target.resource_id.lower() for each in assessment.results}
    checks = {each.check.id for each in assessment.results}
    yield (
        f"Population: {count(len(checks), 'check')} on all of "
        f"{count(len(resources), 'resource')}; nothing was sampled."
    )
    if not assessment.run.complete:
        yield "The collection was interrupted: the run is partial."
    yield from assessment.run.notes


def _unread(assessment: Assessment) -> Iterator[str]:
    for group in gap_groups(assessment.gaps):
        status = f"HTTP {group.http_status} " if group.http_status else ""
        yield f"- {len(group.gaps):,}: {status}{group.reason}"
        for report in group.gaps:
            yield f"  - {report.gap.resource_type} of {report.gap.scope}"
    if not assessment.gaps:
        yield "Every declared read in scope succeeded."
