"""The summary of a run for the terminal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial

from rich.console import Console, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from reports.drift import summary_line
from reports.scope import chosen
from reports.text import clean, count, percent, points
from reports.worst import Finding, GapGroup, gap_groups, worst
from scanner.model.check import Severity, Status, Topic
from scanner.model.results import Assessment
from scanner.model.totals import Tally

WORST = 10
NAMED = 2
"""How many of a finding's resources are named."""
GAP_GROUPS = 10
LONGEST_REASON = 240
LONGEST_NAME = 60

_STYLES = {
    Severity.CRITICAL: "bold red",
    Severity.HIGH: "red",
    Severity.MEDIUM: "yellow",
    Severity.LOW: "cyan",
    Severity.INFORMATIONAL: "dim",
}


def show(assessment: Assessment, console: Console, files: Sequence[str] = ()) -> None:
    """Print what an assessment came to, and where its files are."""
    print_headline(assessment, console)
    for title, body in _sections(assessment, files):
        console.print()
        console.print(Text(title, style="bold"))
        console.print(Padding(body, (0, 0, 0, 2), expand=False), highlight=False)


def print_headline(assessment: Assessment, console: Console) -> None:
    """Print the one line that says it all, never wrapped: jobs read it."""
    console.print(headline(assessment), soft_wrap=True, highlight=False)


def headline(assessment: Assessment) -> Text:
    """Return score, findings and gaps; the score never without its coverage.

    What was accepted, and how many checks it is of where options left some out, stands
    at the end.
    """
    selection = assessment.run.selection
    tally, gaps = assessment.totals.overall, len(assessment.gaps)
    line = Text.assemble(
        ("Score ", "dim"),
        (points(tally.score.value), "bold"),
        ("  Coverage ", "dim"),
        (percent(tally.score.coverage), "bold"),
        ("  Findings ", "dim"),
        *_by_severity(tally.findings),
        ("  Gaps ", "dim"),
        (f"{gaps:,}", "bold"),
    )
    if tally.exempted:
        line.append_text(Text.assemble(("  Accepted ", "dim"), f"{tally.exempted:,}"))
    if selection:
        number = f"{selection.chosen:,} of {selection.catalogue:,}"
        line.append_text(Text.assemble(("  Checks ", "dim"), number))
    return line


def _by_severity(findings: Mapping[Severity, int]) -> Iterator[Text]:
    found = [(severity, number) for severity, number in findings.items() if number]
    if not found:
        yield Text("none")
    for position, (severity, number) in enumerate(found):
        space = " " if position else ""
        yield Text(f"{space}{number:,} {severity.value}", style=_STYLES[severity])


def _sections(
    assessment: Assessment, files: Sequence[str]
) -> Iterator[tuple[str, RenderableType]]:
    if topics := assessment.totals.topics:
        yield "By topic", _topics(topics)
    findings = worst(assessment.results, WORST)
    if findings:
        yield "Worst findings", _findings(findings)
    groups = gap_groups(assessment.gaps)
    if groups:
        yield "Not read, so not assessed", _gaps(groups)
    if notes := _notes(assessment):
        yield "Notes", _lines(notes)
    if files:
        yield "Written", _lines(files)


def _table(*columns: str, numbers: tuple[str, ...] = ()) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    for column in columns:
        table.add_column(column, justify="right" if column in numbers else "left")
    return table


def _topics(topics: Mapping[Topic, Tally]) -> Table:
    numbers = ("Score", "Coverage", "Fail", "Warn", "Not assessed")
    table = _table("Topic", *numbers, numbers=numbers)
    for topic, tally in topics.items():
        statuses = tally.statuses
        table.add_row(
            topic.value,
            points(tally.score.value),
            percent(tally.score.coverage),
            f"{statuses[Status.FAIL]:,}",
            f"{statuses[Status.WARN]:,}",
            f"{statuses[Status.NOT_ASSESSED]:,}",
        )
    return table


def _findings(findings: Sequence[Finding]) -> Table:
    table = _table(
        "Severity", "Found", "Check, resources and reason", numbers=("Found",)
    )
    for finding in findings:
        severity = finding.check.severity
        table.add_row(
            Text(severity.value, style=_STYLES[severity]),
            f"{len(finding.results):,}",
            _finding(finding),
        )
    return table


def _finding(finding: Finding) -> Text:
    named = finding.on(NAMED, partial(_short, longest=LONGEST_NAME))
    return Text.assemble(
        (finding.check.id, "bold"),
        f"  {named}\n",
        (_short(finding.results[0].reason, LONGEST_REASON), "dim"),
    )


def _gaps(groups: Sequence[GapGroup]) -> Table:
    table = _table("Gaps", "HTTP", "Code", "Reason and example", numbers=("Gaps",))
    for group in groups[:GAP_GROUPS]:
        table.add_row(
            f"{len(group.gaps):,}",
            str(group.http_status or "–"),  # noqa: RUF001
            Text(_short(group.error_code or "–", LONGEST_NAME)),  # noqa: RUF001
            _gap(group),
        )
    if rest := groups[GAP_GROUPS:]:
        number = sum(len(group.gaps) for group in rest)
        table.add_row(f"{number:,}", "", "", count(len(rest), "more cause"))
    return table


def _gap(group: GapGroup) -> Text:
    gap = group.gaps[0].gap
    example = f"{gap.resource_type} of {gap.scope}"
    kept = count(group.checks, "check")
    return Text.assemble(
        _short(group.reason, LONGEST_REASON),
        ("\n" + _short(example, LONGEST_REASON), "dim"),
        f"\nkept {kept} from an answer" if group.checks else "",
    )


def _notes(assessment: Assessment) -> list[str]:
    exempted = assessment.totals.overall.exempted
    notes = list(assessment.run.notes)
    if not assessment.run.complete:
        notes.insert(0, "The collection was interrupted: what follows is partial.")
    if assessment.run.selection:
        notes.append(f"Judged by {chosen(assessment.run)}.")
    if exempted:
        notes.append(f"{count(exempted, 'finding')} accepted by an exemption.")
    if assessment.drift:
        notes.append(summary_line(assessment.drift))
    notes += filter(None, (each.warning for each in assessment.exemptions))
    return notes


def _lines(texts: Sequence[str]) -> Text:
    return Text("\n".join(map(clean, texts)))


def _short(text: str, longest: int) -> str:
    text = clean(text)
    return text if len(text) <= longest else text[: longest - 1] + "…"
