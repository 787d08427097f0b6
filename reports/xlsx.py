"""results.xlsx: results, gaps and what they come to, for a spreadsheet."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from io import BytesIO
from itertools import chain, islice

import xlsxwriter  # type: ignore[import-untyped]

from reports.scope import chosen
from reports.tables import Row, Table, gaps_table, results_table
from reports.text import clean, percent, points
from scanner.model.check import Status
from scanner.model.results import Assessment
from scanner.model.totals import Tally

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


def results_xlsx(assessment: Assessment, rows: int = ROWS) -> Iterator[bytes]:
    """Yield results.xlsx, with so many rows below a sheet's head at most."""
    buffer = BytesIO()
    with xlsxwriter.Workbook(buffer, _OPTIONS) as book:
        created = datetime.fromisoformat(assessment.run.started).replace(tzinfo=None)
        book.set_properties({"title": "Azure AI posture", "created": created})
        _add(book, "Summary", _summary(assessment), rows)
        _add(book, "Results", results_table(assessment), rows)
        _add(book, "Gaps", gaps_table(assessment), rows)
    yield buffer.getvalue()


def _add(book: xlsxwriter.Workbook, name: str, table: Table, most: int) -> None:
    """Write a table, on as many sheets as it takes; an empty one takes one too."""
    rows = iter(table.rows)
    _fill(book, name, table.columns, islice(rows, most))
    for number, first in enumerate(rows, 2):
        more = chain((first,), islice(rows, most - 1))
        _fill(book, f"{name} {number}", table.columns, more)


def _fill(
    book: xlsxwriter.Workbook, name: str, columns: Row, rows: Iterable[Row]
) -> None:
    """Write a sheet with a head that stays in view and filters on it."""
    sheet = book.add_worksheet(name)
    bold = book.add_format({"bold": True, "bottom": 1})
    for number, column in enumerate(columns):
        sheet.write_string(0, number, column, bold)
        sheet.set_column(number, number, _WIDTHS.get(column, _USUAL_WIDTH))
    row = 0
    for row, cells in enumerate(rows, 1):
        for number, text in enumerate(cells):
            sheet.write_string(row, number, _cut(text))
    sheet.freeze_panes(1, 0)
    sheet.autofilter(0, 0, max(row, 1), len(columns) - 1)


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"


def _summary(assessment: Assessment) -> Table:
    totals, only = assessment.totals, clean(chosen(assessment.run))
    rows = [
        (f"Overall, {only}" if only else "Overall", *_cells(totals.overall)),
        *((topic.value, *_cells(tally)) for topic, tally in totals.topics.items()),
    ]
    names = ("of", "score", "coverage", *(status.value for status in Status))
    return Table((*names, "accepted"), rows)


def _cells(tally: Tally) -> tuple[str, ...]:
    return (
        points(tally.score.value),
        percent(tally.score.coverage),
        *(str(tally.statuses[status]) for status in Status),
        str(tally.exempted),
    )
