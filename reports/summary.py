"""The summary of a run for the terminal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from rich.console import Console, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from reports.text import clean, count, percent, points
from reports.totals import GapGroup, Tally, Totals, gap_groups, worst
from scanner.model.check import Severity, Status, Topic
from scanner.model.results import Assessment, Result

WORST = 10
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
    totals = Totals.of(assessment)
    gaps = len(assessment.gaps)
    # Never wrapped: jobs read the first line.
    console.print(_headline(totals.overall, gaps), soft_wrap=True, highlight=False)
    for title, body in _sections(assessment, totals, files):
        console.print()
        console.print(Text(title, style="bold"))
        console.print(Padding(body, (0, 0, 0, 2)), highlight=False)


def _headline(tally: Tally, gaps: int) -> Text:
    """Return the one line that says it all: never a score without its coverage."""
    return Text.assemble(
        ("Score ", "dim"),
        (points(tally.score.value), "bold"),
        ("  Coverage ", "dim"),
        (percent(tally.score.coverage), "bold"),
        ("  Findings ", "dim"),
        *_by_severity(tally.findings),
        ("  Gaps ", "dim"),
        (f"{gaps:,}", "bold"),
    )


def _by_severity(findings: Mapping[Severity, int]) -> Iterator[Text]:
    found = [(severity, number) for severity, number in findings.items() if number]
    if not found:
        yield Text("none")
    for position, (severity, number) in enumerate(found):
        space = " " if position else ""
        yield Text(f"{space}{number:,} {severity.value}", style=_STYLES[severity])


def _sections(
    assessment: Assessment, totals: Totals, files: Sequence[str]
) -> Iterator[tuple[str, RenderableType]]:
    if totals.topics:
        yield "By topic", _topics(totals.topics)
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


def _findings(findings: Sequence[Result]) -> Table:
    table = _table("Severity", "Check, resource and reason")
    for result in findings:
        severity = result.check.severity
        table.add_row(Text(severity.value, style=_STYLES[severity]), _finding(result))
    return table


def _finding(result: Result) -> Text:
    name = _short(result.target.resource_name, LONGEST_NAME)
    reason = _short(result.reason, LONGEST_REASON)
    return Text.assemble((result.check.id, "bold"), "  ", name, "\n", reason)


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
    exempted = sum(bool(r.exemption) for r in assessment.results if r.is_finding)
    notes = list(assessment.run.notes)
    if not assessment.run.complete:
        notes.insert(0, "The collection was interrupted: what follows is partial.")
    if exempted:
        notes.append(f"{count(exempted, 'finding')} accepted by an exemption.")
    return notes


def _lines(texts: Sequence[str]) -> Text:
    return Text("\n".join(map(clean, texts)))


def _short(text: str, longest: int) -> str:
    text = clean(text)
    return text if len(text) <= longest else text[: longest - 1] + "…"
