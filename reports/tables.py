"""The one table of results, that of gaps, and the CSV files."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from msgspec.structs import astuple, replace

from reports.rows import GapRow, ResultRow, gap_row, result_row
from reports.text import FORMULA, MEMORY, all_clean, cell, json_text
from scanner.model.results import Assessment, Result

BYTE_ORDER_MARK = b"\xef\xbb\xbf"  # without it Excel reads UTF-8 as the local code page
_MAY_BE_FORMULA = re.compile(rf"\t\s*[{re.escape(''.join(FORMULA))}]")

Row = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """Named columns, and rows that can be read once."""

    columns: Row
    rows: Iterable[Row]
    """Every cell text on one line."""


def results_table(assessment: Assessment) -> Table:
    """Return one row a result."""
    rows = map(_result_cells, assessment.results)
    return Table(ResultRow.__struct_fields__, rows)


def gaps_table(assessment: Assessment) -> Table:
    """Return one row a gap."""
    rows = (_cells(astuple(gap_row(each))) for each in assessment.gaps)
    return Table(GapRow.__struct_fields__, rows)


def results_csv(assessment: Assessment) -> Iterator[bytes]:
    """Yield results.csv."""
    return _csv(results_table(assessment))


def gaps_csv(assessment: Assessment) -> Iterator[bytes]:
    """Yield gaps.csv."""
    return _csv(gaps_table(assessment))


def _result_cells(result: Result) -> Row:
    row = result_row(result)
    return _cells(astuple(replace(row, evidence=json_text(row.evidence))))


def _cells(values: Iterable[Any]) -> Row:
    # Most are texts as they are, and a call for each would take as long as the rest.
    return all_clean([v if type(v) is str else _text(v) for v in values])


@lru_cache(maxsize=MEMORY)
def _text(value: Any) -> str:
    if isinstance(value, tuple):
        return "; ".join(value)
    return "" if value is None else str(value)


def _csv(table: Table) -> Iterator[bytes]:
    yield BYTE_ORDER_MARK
    yield _line(table.columns)
    yield from map(_line, table.rows)


def _line(cells: Row) -> bytes:
    """Return a row of RFC 4180, everything quoted.

    Clean cells hold no tab, so one may stand for what comes between them; `csv` takes
    ten times as long.
    """
    row = "\t".join(cells)
    if _MAY_BE_FORMULA.search(f"\t{row}"):
        row = "\t".join(map(cell, cells))
    row = row.replace('"', '""').replace("\t", '","')
    return f'"{row}"\r\n'.encode()
