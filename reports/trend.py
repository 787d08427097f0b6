"""Runs over time: for the terminal, for machines, for a job summary."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict

from rich.console import Console, JustifyMethod
from rich.table import Table

from reports.drift import escaped
from reports.text import json_text, moment, percent, points
from scanner.model.check import Severity
from scanner.model.results import Assessment
from scanner.model.trend import Point, header_of

COLUMNS = (
    *("Run", "Score", "Coverage"),
    *(severity.value.capitalize() for severity in Severity),
    *("Accepted", "Gaps", "In part"),
)


def point_of(assessment: Assessment) -> Point:
    """Return what an assessment came to."""
    tally = assessment.totals.overall
    return Point(
        **header_of(assessment.run),
        score=tally.score.value,
        coverage=tally.score.coverage,
        findings=tally.findings,
        exempted=tally.exempted,
        gaps=len(assessment.gaps),
    )


def trend_rows(runs: Sequence[Point]) -> Iterator[tuple[str, ...]]:
    """Yield the cells of each run, in the order of the columns."""
    for point in runs:
        yield (
            moment(point.started),
            points(point.score),
            percent(point.coverage),
            *(f"{point.findings.get(severity, 0):,}" for severity in Severity),
            f"{point.exempted:,}",
            f"{point.gaps:,}",
            point.part,
        )


def trend_json(runs: Sequence[Point]) -> str:
    """Return runs as JSON."""
    return json_text({"runs": [asdict(point) for point in runs]})


def trend_markdown(runs: Sequence[Point]) -> str:
    """Return runs as a Markdown table."""
    lines = [" | ".join(COLUMNS), "|".join(("---", *("---:" for _ in COLUMNS[1:])))]
    lines += [" | ".join(map(escaped, row)) for row in trend_rows(runs)]
    return "".join(f"| {line} |\n" for line in lines)


def show_trend(runs: Sequence[Point], console: Console) -> None:
    """Print runs as a table."""
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0), header_style="dim")
    for position, column in enumerate(COLUMNS):
        name = _SHORT.get(column, column)
        text = position == 0 or column == COLUMNS[-1]
        justify: JustifyMethod = "left" if text else "right"
        table.add_column(name, justify=justify, no_wrap=column != COLUMNS[-1])
    for row in trend_rows(runs):
        table.add_row(*row)
    console.print(table, highlight=False)


_SHORT = {"Critical": "Crit", "Medium": "Med", "Informational": "Info"}
"""Eighty columns are enough for everything else."""
