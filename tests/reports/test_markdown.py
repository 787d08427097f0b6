"""summary.md: a run on a page, in which nothing of a tenant is markup."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from reports.markdown import summary_md
from scanner.model.results import Assessment, Result, Run

Builder = Callable[..., Result]
Hostile = Callable[..., Assessment]


def written(assessment: Assessment) -> str:
    return b"".join(summary_md(assessment)).decode()


def test_score_and_coverage_come_first_and_together(assessment: Assessment) -> None:
    lines = written(assessment).splitlines()
    assert lines[0] == "# Azure AI posture"
    assert "**Score " in lines[2]
    assert "coverage" in lines[2]
    assert "Gaps: 3" in lines[2]


def test_findings_topics_and_gaps_are_told(assessment: Assessment) -> None:
    text = written(assessment)
    for word in ("keys.disabled", "api-keys", "Not read, so not assessed", "403"):
        assert word in text


def test_an_interrupted_run_says_so(assessment: Assessment) -> None:
    partial = replace(assessment, run=replace(assessment.run, complete=False))
    assert "interrupted" in written(partial)


@pytest.mark.parametrize(
    "text",
    [
        "<img src=x>",
        "[a](b)",
        "a|b",
        "@team",
        "`x`",
        "![i](u)",
        "# h\n# g",
        "www.x.y WWW.x",
    ],
)
def test_what_a_tenant_says_is_no_markup(text: str, hostile: Hostile) -> None:
    page = written(hostile(text, id="/tenants/t"))
    for mark in ("<img", "[a]", "![", "@team", "`x`", "WWW.", "www."):
        assert mark not in page.replace(f"\\{mark[0]}", "")
    assert "\n# g" not in page
    rows = [each for each in page.splitlines() if each.startswith("| high")]
    for row in rows:
        assert row.replace("\\|", "").count("|") == 5


def test_nothing_to_tell(run: Run) -> None:
    text = written(Assessment(run=run, results=(), gaps=()))
    assert "Findings: none" in text
