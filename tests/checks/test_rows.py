"""Every row of the guidance is a check, another name of one, or says why it is none."""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import checks
from scanner.model.check import Check

HERE = Path(__file__).parent
SHARED = HERE.parents[2] / "shared"
GUIDANCE, FACTS = SHARED / "guidance.md", SHARED / "azure-facts.md"

TABLE: dict[str, Any] = tomllib.loads((HERE / "rows.toml").read_text("utf-8"))
CHECKS: dict[str, dict[str, str]] = TABLE["checks"]
BY_ID: dict[str, Check[Any]] = {check.id: check for check in checks.ALL}

SEVERITIES = {"Info": "informational"}
ROW = re.compile(
    r"^\| `([a-z0-9-]+)` [sd] \| .*? \| (Critical|High|Medium|Low|Info) \|"
)

with_guidance = pytest.mark.skipif(
    not (GUIDANCE.exists() and FACTS.exists()),
    reason=f"the guidance is not at hand: there is no {GUIDANCE}",
)


def mapped() -> Iterator[str]:
    """Yield every row that the table has."""
    for rows in CHECKS.values():
        yield from rows
    for kind in ("aliases", "notes", "not-built"):
        yield from TABLE[kind]


def test_each_row_is_mapped_once() -> None:
    assert [row for row, times in Counter(mapped()).items() if times > 1] == []


def test_the_checks_are_those_of_the_rows() -> None:
    assert {
        check.id: (check.topic.value, check.severity.value) for check in checks.ALL
    } == {
        row: (topic, severity)
        for topic, rows in CHECKS.items()
        for row, severity in rows.items()
    }


def test_the_aliases_are_those_of_the_rows() -> None:
    known = {alias: check.id for check in checks.ALL for alias in check.aliases}
    assert known == TABLE["aliases"]


@pytest.mark.parametrize("row", TABLE["notes"])
def test_a_note_is_in_the_documentation_beside_it(row: str) -> None:
    note = TABLE["notes"][row]
    page = BY_ID[note["in"]].documentation
    text = " ".join(" ".join(page.sections.values()).split())
    assert note["words"] in text


def test_what_is_not_built_says_what_it_would_read() -> None:
    assert all(reads.strip() for reads in TABLE["not-built"].values())


# Against the document


def chapters() -> dict[str, list[str]]:
    """Return the lines of each chapter of the catalogue, by its number."""
    text = GUIDANCE.read_text("utf-8")
    parts = re.split(r"^### (1\.\d+) .*$", text, flags=re.M)
    pairs = zip(parts[1::2], parts[2::2], strict=True)
    return {number: content.splitlines() for number, content in pairs}


def named_for_accounts() -> set[str]:
    text = FACTS.read_text("utf-8")
    chapter = text.partition("### 6.2")[2].partition("### 6.3")[0]
    return set(re.findall(r"`(fdp-[a-z0-9-]+)`", chapter))


@with_guidance
def test_the_rows_are_those_of_the_document() -> None:
    rows = {
        line.split("`")[1]
        for number, lines in chapters().items()
        if int(number.partition(".")[2]) <= 15
        for line in lines
        if line.startswith("| `")
    }
    assert set(mapped()) == rows | named_for_accounts()


@with_guidance
def test_topics_and_severities_are_those_of_the_document() -> None:
    found = []
    for lines in chapters().values():
        matches = [match for line in lines if (match := ROW.match(line))]
        found.append({each[1]: each[2] for each in matches if each[1] in BY_ID})
    by_chapter = [
        {row: SEVERITIES.get(word, word.lower()) for row, word in rows.items()}
        for rows in found
        if rows
    ]
    wanted = [rows for topic, rows in CHECKS.items() if topic != "foundry-accounts"]
    assert by_chapter == wanted
