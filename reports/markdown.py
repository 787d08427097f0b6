"""summary.md: a run in a page, for a job's summary."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from reports.drift import bulleted, drift_markdown, escaped
from reports.scope import chosen
from reports.text import count, percent, points
from reports.worst import Finding, GapGroup, gap_groups, worst
from scanner.model.results import Assessment
from scanner.model.totals import Tally, Totals

WORST = 25
NAMED = 3
GROUPS = 20


def summary_md(assessment: Assessment) -> Iterator[bytes]:
    """Yield summary.md."""
    for line in _lines(assessment):
        yield f"{line}\n".encode()


def _lines(assessment: Assessment) -> Iterator[str]:
    run, totals = assessment.run, assessment.totals
    yield "# Azure AI posture\n"
    yield f"{_headline(totals.overall, len(assessment.gaps))}\n"
    if run.selection:
        yield f"Judged by {escaped(chosen(run))}.\n"
    yield f"Read {escaped(run.started)} by posture {escaped(run.version)}.\n"
    if not run.complete:
        yield "**The collection was interrupted: this is partial.**\n"
    yield from _findings(worst(assessment.results, WORST))
    yield from _topics(totals)
    yield from _gaps(gap_groups(assessment.gaps))
    notes = (*run.notes, *(each.warning for each in assessment.exemptions))
    yield from bulleted("## Notes", filter(None, notes))
    if assessment.drift:
        yield f"\n{drift_markdown(assessment.drift)}"


def _headline(tally: Tally, gaps: int) -> str:
    found = ", ".join(
        f"{number:,} {severity.value}"
        for severity, number in tally.findings.items()
        if number
    )
    accepted = f" ({tally.exempted:,} accepted)" if tally.exempted else ""
    return (
        f"**Score {points(tally.score.value)}** at a coverage of "
        f"**{percent(tally.score.coverage)}**. Findings: {found or 'none'}{accepted}. "
        f"Gaps: {gaps:,}."
    )


def _findings(findings: Iterable[Finding]) -> Iterator[str]:
    rows = [
        (
            finding.check.severity.value,
            finding.check.id,
            f"{len(finding.results):,}",
            finding.on(NAMED),
        )
        for finding in findings
    ]
    yield from _table("Worst findings", ("Severity", "Check", "Found", "On"), rows)


def _topics(totals: Totals) -> Iterator[str]:
    rows = [
        (
            topic.value,
            points(tally.score.value),
            percent(tally.score.coverage),
            f"{tally.found:,}",
        )
        for topic, tally in totals.topics.items()
    ]
    yield from _table("By topic", ("Topic", "Score", "Coverage", "Findings"), rows)


def _gaps(groups: Iterable[GapGroup]) -> Iterator[str]:
    rows = [
        (
            f"{len(group.gaps):,}",
            str(group.http_status or ""),
            group.reason,
            count(group.checks, "check"),
        )
        for group in list(groups)[:GROUPS]
    ]
    head = ("Gaps", "HTTP", "Reason", "Kept from an answer")
    yield from _table("Not read, so not assessed", head, rows)


def _table(
    title: str, head: Sequence[str], rows: Sequence[Sequence[str]]
) -> Iterator[str]:
    if not rows:
        return
    yield f"\n## {title}\n"
    yield f"| {' | '.join(head)} |"
    yield f"|{'---|' * len(head)}"
    for row in rows:
        yield f"| {' | '.join(map(escaped, row))} |"
