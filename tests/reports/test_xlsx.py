"""results.xlsx: everything as text, nothing that a spreadsheet would run."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import openpyxl  # type: ignore[import-untyped]
import pytest

from reports.rows import GapRow, ResultRow
from reports.xlsx import LONGEST, results_xlsx
from scanner.model.results import Assessment, Result, Run

Builder = Callable[..., Result]
Hostile = Callable[..., Assessment]

COLUMNS = ResultRow.__struct_fields__


def opened(assessment: Assessment, **limit: int) -> Any:
    content = b"".join(results_xlsx(assessment, **limit))
    return openpyxl.load_workbook(io.BytesIO(content))


def test_sheets_have_a_frozen_head_and_filters(assessment: Assessment) -> None:
    book = opened(assessment)
    assert book.sheetnames == ["Summary", "Results", "Gaps"]
    for sheet in book:
        assert sheet.freeze_panes == "A2"
        assert sheet.auto_filter.ref.startswith("A1:")


def test_every_result_and_gap_is_a_row(assessment: Assessment) -> None:
    book = opened(assessment)
    results, gaps = book["Results"], book["Gaps"]
    assert [cell.value for cell in results[1]] == list(COLUMNS)
    assert [cell.value for cell in gaps[1]] == list(GapRow.__struct_fields__)
    assert results.max_row == 1 + len(assessment.results)
    assert gaps.max_row == 1 + len(assessment.gaps)
    statuses = [row[COLUMNS.index("status")].value for row in results.iter_rows(2)]
    assert statuses == [each.status.value for each in assessment.results]


@pytest.mark.parametrize("text", ["=1+1", "@x", "https://x.test", "1", "+2", "\ud800"])
def test_what_a_tenant_says_is_text(text: str, hostile: Hostile, run: Run) -> None:
    book = opened(replace(hostile(text, id="/tenants/t"), run=run))
    for sheet in book:
        for row in sheet.iter_rows(2):
            for cell in row:
                assert cell.data_type in ("s", "n"), cell
                assert cell.hyperlink is None
                assert cell.value is None or isinstance(cell.value, str)


def test_a_cell_is_cut_where_a_spreadsheet_ends(
    result: Builder, assessment: Assessment
) -> None:
    long = replace(assessment, results=(result(reason="x" * 2 * LONGEST),))
    reasons = opened(long)["Results"].cell(2, COLUMNS.index("reason") + 1).value
    assert len(reasons) == LONGEST
    assert reasons.endswith("…")


@pytest.mark.parametrize("results", [2, 3, 4, 5])
def test_what_a_sheet_cannot_hold_is_on_the_next(
    result: Builder, run: Run, results: int
) -> None:
    many = Assessment(run=run, results=(result(),) * results, gaps=())
    book = opened(many, rows=2)
    held = [book[name].max_row - 1 for name in book.sheetnames if "Result" in name]
    assert sum(held) == results
    assert max(held) == 2
    assert 0 not in held


def test_nothing_to_tell_is_still_a_table(run: Run) -> None:
    book = opened(Assessment(run=run, results=(), gaps=()))
    assert book["Results"].max_row == 1
