"""`posture diff`: what changed between two runs."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from scanner.model.drift import Drift


class DiffFormat(StrEnum):
    """How a comparison is written."""

    TEXT = "text"
    JSON = "json"
    MARKDOWN = "markdown"
    HTML = "html"


def diff(
    old: Annotated[
        Path, typer.Argument(metavar="OLD", help="The earlier run: its directory.")
    ],
    new: Annotated[
        Path, typer.Argument(metavar="NEW", help="The later run: its directory.")
    ],
    format: Annotated[
        DiffFormat, typer.Option("--format", help="How to write what changed.")
    ] = DiffFormat.TEXT,
) -> None:
    """Show what changed between two runs, and by which property.

    A finding that is gone because something was not read this time, or because the scan
    was narrower, is lost sight of, never resolved; one that is there for that reason
    has come into sight. Runs that other checks or settings judged are judged again from
    their snapshots, as NEW was, so that only the tenant's own changes count.
    """
    from scanner.cli.past import drift_between

    drift = drift_between(old, new)
    if format is DiffFormat.TEXT:
        from rich.console import Console

        from reports.drift import show_drift

        show_drift(drift, Console())
    else:
        typer.echo(_written(drift, format), nl=False)


def _written(drift: Drift, format: DiffFormat) -> str:
    from reports.drift import drift_json, drift_markdown
    from reports.html.drift import drift_page

    match format:
        case DiffFormat.MARKDOWN:
            return drift_markdown(drift)
        case DiffFormat.HTML:
            return drift_page(drift)
        case _:
            return drift_json(drift) + "\n"
