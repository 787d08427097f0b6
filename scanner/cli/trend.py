"""`posture trend`: score, coverage and findings over time."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from scanner.model.trend import Point


class TrendFormat(StrEnum):
    """How a trend is written."""

    TEXT = "text"
    JSON = "json"
    MARKDOWN = "markdown"
    HTML = "html"


def trend(
    runs: Annotated[
        list[Path],
        typer.Argument(metavar="RUN", help="Runs, or a folder that holds runs."),
    ],
    format: Annotated[
        TrendFormat, typer.Option("--format", help="How to write it.")
    ] = TrendFormat.TEXT,
) -> None:
    """Show score, coverage and findings of runs, the oldest first."""
    points = _points(runs)
    if format is TrendFormat.TEXT:
        from rich.console import Console

        from reports.trend import show_trend

        show_trend(points, Console())
    else:
        typer.echo(_written(points, format), nl=False)


def _written(points: tuple[Point, ...], format: TrendFormat) -> str:
    from reports.html.trend import trend_page
    from reports.trend import trend_json, trend_markdown

    match format:
        case TrendFormat.MARKDOWN:
            return trend_markdown(points)
        case TrendFormat.HTML:
            return trend_page(points)
        case _:
            return trend_json(points) + "\n"


def _points(runs: list[Path]) -> tuple[Point, ...]:
    """Return what runs came to, by when they began; raises Failure."""
    from scanner.cli.failure import Failure
    from scanner.cli.past import runs_in

    found = {each.path.resolve(): each for run in runs for each in runs_in(run)}
    if not found:
        raise Failure(
            f"no run is in {', '.join(map(str, runs))}: a run is a directory with a "
            "results.json, as `posture scan -o DIR` leaves it"
        )
    points = (each.point for each in found.values())
    return tuple(sorted(points, key=lambda each: each.started))
