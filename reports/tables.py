"""The one table of results, and the CSV files."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from io import StringIO
from typing import Any

import pandas as pd

from reports.rows import COLUMNS, GAP_COLUMNS, gap_row, result_row
from reports.text import cell, clean, json_text
from scanner.model.results import Assessment, Result

ROWS_AT_ONCE = 5_000
BYTE_ORDER_MARK = b"\xef\xbb\xbf"  # without it Excel reads UTF-8 as the local code page


def frame(assessment: Assessment) -> pd.DataFrame:
    """Return one row a result, every cell text on one line."""
    rows = map(_result_cells, assessment.results)
    return pd.DataFrame.from_records(rows, columns=list(COLUMNS))


def gap_frame(assessment: Assessment) -> pd.DataFrame:
    """Return one row a gap, every cell text on one line."""
    rows = [_cells(gap_row(report)) for report in assessment.gaps]
    return pd.DataFrame.from_records(rows, columns=list(GAP_COLUMNS))


def results_csv(assessment: Assessment) -> Iterator[bytes]:
    """Yield results.csv."""
    return _csv(frame(assessment))


def gaps_csv(assessment: Assessment) -> Iterator[bytes]:
    """Yield gaps.csv."""
    return _csv(gap_frame(assessment))


def _result_cells(result: Result) -> tuple[str, ...]:
    row = result_row(result)
    return _cells(row | {"evidence": json_text(row["evidence"])})


def _cells(row: dict[str, Any]) -> tuple[str, ...]:
    return tuple(map(_cell, row.values()))


def _cell(value: Any) -> str:
    if isinstance(value, list):
        value = "; ".join(map(str, value))
    return "" if value is None else clean(str(value))


def _csv(table: pd.DataFrame) -> Iterator[bytes]:
    yield BYTE_ORDER_MARK
    text = StringIO()
    writer = csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerow(table.columns)
    for position, row in enumerate(table.itertuples(index=False, name=None), 1):
        writer.writerow(map(cell, row))
        if position % ROWS_AT_ONCE == 0:
            yield text.getvalue().encode()
            text.seek(0)
            text.truncate()
    yield text.getvalue().encode()
