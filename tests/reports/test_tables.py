from __future__ import annotations

import csv
import io
import json
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from reports import FORMATS
from reports.tables import (
    gaps_csv,
    gaps_table,
    results_csv,
    results_table,
)
from scanner.model.results import Assessment, Result, Run

COLUMNS = [
    "check_id",
    "title",
    "topic",
    "status",
    "severity",
    "tenant_id",
    "subscription_id",
    "subscription_name",
    "resource_group",
    "resource_type",
    "resource_name",
    "resource_id",
    "location",
    "reason",
    "evidence",
    "remediation",
    "guidance",
    "controls",
    "exemption",
    "fingerprint",
]
GAP_COLUMNS = [
    "scope",
    "resource_type",
    "operation",
    "http_status",
    "error_code",
    "reason",
    "checks",
]

FORMULA = tuple("=+-@＝＋－＠")  # noqa: RUF001 - a spreadsheet reads both widths
REORDERING = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e")
ISOLATING = frozenset("\u2066\u2067\u2068\u2069\u2028\u2029\ufeff")

Builder = Callable[..., Result]
Hostile = Callable[..., Assessment]

texts = st.text(min_size=1, max_size=20)
leads = st.text(alphabet=" \t\r\n\v\f\x00\x1b\u00a0\u3000\u202e\ufeff", max_size=4)
formulas = st.builds("".join, st.tuples(leads, st.sampled_from(FORMULA), texts))


def written(chunks: Iterator[bytes]) -> str:
    return b"".join(chunks).decode("utf-8-sig")


def read(chunks: Iterator[bytes]) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(written(chunks), newline=""), strict=True))


def cells(assessment: Assessment) -> Iterator[str]:
    for row in [*read(results_csv(assessment)), *read(gaps_csv(assessment))]:
        yield from row.values()


def steers(character: str) -> bool:
    hidden = character in REORDERING or character in ISOLATING
    return hidden or unicodedata.category(character) in ("Cc", "Cs")


def test_formats_name_the_contracted_files() -> None:
    names = {name: list(files) for name, files in FORMATS.items()}
    assert names == {
        "csv": ["results.csv", "gaps.csv"],
        "json": ["results.json"],
        "html": ["report.html"],
        "sarif": ["results.sarif"],
        "ocsf": ["results.ocsf.json"],
        "oscal": ["results.oscal.json"],
        "xlsx": ["results.xlsx"],
        "markdown": ["summary.md"],
    }


@pytest.mark.parametrize("format", ["csv", "json", "html"])
def test_each_format_renders_bytes(assessment: Assessment, format: str) -> None:
    for render in FORMATS[format].values():
        chunks = list(render(assessment))
        assert all(isinstance(chunk, bytes) for chunk in chunks)
        assert b"keys.disabled" in b"".join(chunks)


def test_tables_have_the_contracted_columns(assessment: Assessment) -> None:
    results, gaps = results_table(assessment), gaps_table(assessment)
    assert list(results.columns) == COLUMNS
    assert list(gaps.columns) == GAP_COLUMNS
    assert [len(row) for row in results.rows] == [20] * len(assessment.results)
    assert [len(row) for row in gaps.rows] == [7] * len(assessment.gaps)


def test_files_open_with_a_byte_order_mark_and_the_columns(
    assessment: Assessment,
) -> None:
    rows, gaps = b"".join(results_csv(assessment)), b"".join(gaps_csv(assessment))
    header = ",".join(f'"{name}"' for name in COLUMNS).encode()
    assert rows.startswith(b"\xef\xbb\xbf" + header + b"\r\n")
    header = ",".join(f'"{name}"' for name in GAP_COLUMNS).encode()
    assert gaps.startswith(b"\xef\xbb\xbf" + header + b"\r\n")


def test_lines_end_as_rfc_4180_says_and_cells_are_quoted(
    assessment: Assessment,
) -> None:
    for chunks in (results_csv(assessment), gaps_csv(assessment)):
        text = written(chunks)
        assert text.endswith("\r\n")
        lines = text.removesuffix("\r\n").split("\r\n")
        assert not any("\n" in line or "\r" in line for line in lines)
        for line in lines:
            (row,) = csv.reader([line], strict=True)
            assert line == ",".join('"' + c.replace('"', '""') + '"' for c in row)


def test_nothing_found_is_a_header_alone(run: Run) -> None:
    empty = Assessment(run=run, results=(), gaps=())
    assert written(results_csv(empty)).count("\r\n") == 1
    assert written(gaps_csv(empty)).count("\r\n") == 1
    assert read(results_csv(empty)) == []


def test_a_result_reads_back(result: Builder, run: Run) -> None:
    failed = result(exemption="Accepted until May.")
    (row,) = read(results_csv(Assessment(run=run, results=(failed,), gaps=())))
    target = failed.target
    assert json.loads(row.pop("evidence")) == [
        {
            "resource_id": target.resource_id,
            "path": "properties.a",
            "value": {"b": [1, None]},
            "api_version": "2026-01-01",
        }
    ]
    assert row == {
        "check_id": "keys.disabled",
        "title": "API keys are off",
        "topic": "api-keys",
        "status": "fail",
        "severity": "high",
        "tenant_id": target.tenant_id,
        "subscription_id": target.subscription_id,
        "subscription_name": target.subscription_name,
        "resource_group": "rg",
        "resource_type": target.resource_type,
        "resource_name": "one",
        "resource_id": target.resource_id,
        "location": "westeurope",
        "reason": "It is fail.",
        "remediation": "Set `disableLocalAuth` to true.",
        "guidance": "Blocking API Key Access in Azure OpenAI Service; "
        "Authorization in Azure OpenAI Service",
        "controls": "MCSB:IM-1; NIST-800-53:AC-2",
        "exemption": "Accepted until May.",
        "fingerprint": failed.fingerprint,
    }


def test_a_gap_reads_back(assessment: Assessment) -> None:
    first, second, third = read(gaps_csv(assessment))
    assert first == {
        "scope": "/subscriptions/1",
        "resource_type": "Microsoft.CognitiveServices/accounts",
        "operation": "Accounts_List",
        "http_status": "403",
        "error_code": "AuthorizationFailed",
        "reason": "Not one.",
        "checks": "keys.disabled; logging.on",
    }
    assert second["checks"] == ""
    assert (third["http_status"], third["error_code"]) == ("", "")


def test_what_needs_no_fix_has_none(assessment: Assessment) -> None:
    fixes = {row["status"]: row["remediation"] for row in read(results_csv(assessment))}
    assert {status for status, fix in fixes.items() if fix} == {
        "fail",
        "warn",
        "manual",
    }


@given(text=texts | formulas)
@example("=HYPERLINK(1)")
@example("＠SUM(A1)")  # noqa: RUF001
@example("\ufeff\t-1")
@example("\x1b[31mred\x1b]0;title\x07")
@example("\u202egnp.exe")
def test_no_cell_is_a_formula_or_steers(hostile: Hostile, text: str) -> None:
    for cell in cells(hostile(text)):
        assert not cell.lstrip().startswith(FORMULA)
        assert not any(map(steers, cell))


@given(text=texts | formulas)
def test_evidence_is_whole_whatever_it_says(hostile: Hostile, text: str) -> None:
    for row in read(results_csv(hostile(text))):
        deep, flat = json.loads(row["evidence"])
        assert list(deep) == ["resource_id", "path", "value", "api_version"]
        assert deep["value"] == {text: [text, {"deep": text}]}
        assert set(flat.values()) == {text}


def test_a_lone_surrogate_is_written(hostile: Hostile) -> None:
    (row, *_) = read(results_csv(hostile("a\ud800b", id="/subscriptions/1")))
    assert row["resource_name"] == "a\ufffdb"
    assert json.loads(row["evidence"])[0]["path"] == "a\ud800b"


@pytest.mark.parametrize(
    "value", [None, True, 1, -1.5, "=1", [], {}, ["=1"], {"=": "="}, "é\U0001f600"]
)
def test_every_kind_of_value_reads_back(result: Builder, run: Run, value: Any) -> None:
    failed = result()
    item = replace(failed.evidence[0], value=value)
    changed = replace(failed, evidence=(item,))
    (row,) = read(results_csv(Assessment(run=run, results=(changed,), gaps=())))
    assert json.loads(row["evidence"])[0]["value"] == value
