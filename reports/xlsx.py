"""results.xlsx: results, gaps and what they come to, for a spreadsheet."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from io import BytesIO

import pandas as pd
import xlsxwriter  # type: ignore[import-untyped]

from reports.tables import frame, gap_frame
from reports.text import percent, points
from reports.totals import Tally, Totals
from scanner.model.check import Status
from scanner.model.results import Assessment

LONGEST = 32_767
"""Characters that a cell may have."""
ROWS = 1_048_575
"""Rows that a sheet may have, below its head."""

_WIDTHS = {
    **dict.fromkeys(("check_id", "title", "resource_name", "subscription_name"), 32),
    **dict.fromkeys(("reason", "evidence", "remediation", "resource_id"), 60),
}
_USUAL_WIDTH = 16
_OPTIONS = {
    "in_memory": True,
    # Whatever a tenant calls its resources is text: no formula, no link, no number.
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
}


def results_xlsx(assessment: Assessment) -> Iterator[bytes]:
    """Yield results.xlsx."""
    buffer = BytesIO()
    with xlsxwriter.Workbook(buffer, _OPTIONS) as book:
        created = datetime.fromisoformat(assessment.run.started).replace(tzinfo=None)
        book.set_properties({"title": "Azure AI posture", "created": created})
        _fill(book, "Summary", _summary(assessment))
        for number, part in enumerate(_parts(frame(assessment.results))):
            _fill(book, f"Results {number + 1}" if number else "Results", part)
        _fill(book, "Gaps", gap_frame(assessment).head(ROWS))
    yield buffer.getvalue()


def _parts(table: pd.DataFrame) -> Iterator[pd.DataFrame]:
    """Yield what fits in a sheet each; an empty table is one too."""
    for start in range(0, max(len(table), 1), ROWS):
        yield table.iloc[start : start + ROWS]


def _fill(book: xlsxwriter.Workbook, name: str, table: pd.DataFrame) -> None:
    """Write a table with a head that stays in view and filters on it."""
    sheet = book.add_worksheet(name)
    bold = book.add_format({"bold": True, "bottom": 1})
    for number, column in enumerate(table.columns):
        sheet.write_string(0, number, column, bold)
        sheet.set_column(number, number, _WIDTHS.get(column, _USUAL_WIDTH))
    for row, cells in enumerate(table.itertuples(index=False, name=None), 1):
        for number, text in enumerate(cells):
            sheet.write_string(row, number, _cut(text))
    sheet.freeze_panes(1, 0)
    sheet.autofilter(0, 0, max(len(table), 1), len(table.columns) - 1)


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"


def _summary(assessment: Assessment) -> pd.DataFrame:
    totals = Totals.of(assessment)
    rows = [
        ("Overall", *_cells(totals.overall)),
        *((topic.value, *_cells(tally)) for topic, tally in totals.topics.items()),
    ]
    names = ("of", "score", "coverage", *(status.value for status in Status))
    return pd.DataFrame.from_records(rows, columns=[*names, "accepted"])


def _cells(tally: Tally) -> tuple[str, ...]:
    return (
        points(tally.score.value),
        percent(tally.score.coverage),
        *(str(tally.statuses[status]) for status in Status),
        str(tally.exempted),
    )
