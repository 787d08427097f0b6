"""The one table of results, and the CSV files."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import pandas as pd

from reports.rows import COLUMNS, GAP_COLUMNS, gap_row, result_row
from reports.text import all_clean, cell, json_text
from scanner.model.results import Assessment, Result

BYTE_ORDER_MARK = b"\xef\xbb\xbf"  # without it Excel reads UTF-8 as the local code page


ROWS_AT_ONCE = 5_000


def frame(results: Iterable[Result]) -> pd.DataFrame:
    """Return one row a result, every cell text on one line."""
    return _table(COLUMNS, map(_result_cells, results))


def gap_frame(assessment: Assessment) -> pd.DataFrame:
    """Return one row a gap, every cell text on one line."""
    rows = (_cells(gap_row(report)) for report in assessment.gaps)
    return _table(GAP_COLUMNS, rows)


def _table(columns: Sequence[str], rows: Iterable[tuple[str, ...]]) -> pd.DataFrame:
    # Kept as they are: pandas' own texts take longer to read back than to make.
    return pd.DataFrame(list(rows), columns=list(columns), dtype=object)


def results_csv(assessment: Assessment) -> Iterator[bytes]:
    """Yield results.csv."""
    results = assessment.results
    starts = range(0, max(len(results), 1), ROWS_AT_ONCE)
    return _csv(frame(results[start : start + ROWS_AT_ONCE]) for start in starts)


def gaps_csv(assessment: Assessment) -> Iterator[bytes]:
    """Yield gaps.csv."""
    return _csv((gap_frame(assessment),))


def _result_cells(result: Result) -> tuple[str, ...]:
    row = result_row(result)
    return _cells(row | {"evidence": json_text(row["evidence"])})


def _cells(row: dict[str, Any]) -> tuple[str, ...]:
    return all_clean(map(_text, row.values()))


def _text(value: Any) -> str:
    if isinstance(value, list):
        return "; ".join(map(str, value))
    return "" if value is None else str(value)


def _csv(tables: Iterable[pd.DataFrame]) -> Iterator[bytes]:
    """Yield the rows of some tables of the same columns as one."""
    yield BYTE_ORDER_MARK
    for number, table in enumerate(tables):
        if not number:
            yield _line(table.columns)
        for row in table.itertuples(index=False, name=None):
            yield _line(map(cell, row))


def _line(cells: Iterable[str]) -> bytes:
    """Return a row of RFC 4180, everything quoted.

    Clean cells hold no tab, so one may stand for what comes between them; `csv` takes
    ten times as long.
    """
    row = "\t".join(cells).replace('"', '""').replace("\t", '","')
    return f'"{row}"\r\n'.encode()
