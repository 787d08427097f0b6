from __future__ import annotations

import io
import unicodedata
from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console

from reports.summary import (
    GAP_GROUPS,
    LONGEST_REASON,
    WORST,
    headline,
    print_headline,
    show,
)
from scanner.model.check import Severity, Status
from scanner.model.results import Assessment, Result, Run

Builder = Callable[..., Result]
Hostile = Callable[..., Assessment]

ESCAPES = "\x1b[2J\x1b]8;;https://evil.example\x07link\x1b]8;;\x07\u009b31m"
MARKUP = "[bold red]x[/] [link=https://evil.example]y[/link] [/nothing] :warning:"


def shown(
    assessment: Assessment, width: int = 80, *files: str, terminal: bool = False
) -> str:
    out = io.StringIO()
    console = Console(
        file=out, width=width, no_color=not terminal, force_terminal=terminal
    )
    show(assessment, console, files)
    return out.getvalue()


def words(text: str) -> str:
    return " ".join(text.split())


def test_the_first_line_says_it_all(assessment: Assessment) -> None:
    first, *_ = shown(assessment, 20).split("\n")
    assert first == "Score 50.0  Coverage 75.0 %  Findings 2 high 2 low  Gaps 3"


def test_the_headline_alone_is_one_line(assessment: Assessment) -> None:
    out = io.StringIO()
    print_headline(assessment, Console(file=out, width=10))
    assert out.getvalue() == f"{headline(assessment).plain}\n"


def test_a_headline_of_nothing_claims_nothing(run: Run) -> None:
    empty = Assessment(run=run, results=(), gaps=())
    expected = "Score –  Coverage –  Findings none  Gaps 0"  # noqa: RUF001
    assert headline(empty).plain == expected


def test_a_headline_names_every_severity_that_has_findings(
    result: Builder, run: Run
) -> None:
    results = tuple(result(Status.FAIL, severity) for severity in Severity)
    plain = headline(Assessment(run=run, results=results * 1000, gaps=())).plain
    for severity in Severity:
        assert f"1,000 {severity.value}" in plain


def test_a_coverage_that_misses_one_answer_is_not_whole(
    result: Builder, run: Run
) -> None:
    results = (result(Status.PASS),) * 9999 + (result(Status.NOT_ASSESSED),)
    plain = headline(Assessment(run=run, results=results, gaps=())).plain
    assert "Coverage 99.9 %" in plain


def test_the_sections_follow(assessment: Assessment) -> None:
    lines = shown(assessment, 100, "run/results.csv").split("\n")
    titles = [line for line in lines[1:] if line and not line.startswith(" ")]
    assert titles == [
        "By topic",
        "Worst findings",
        "Not read, so not assessed",
        "Notes",
        "Written",
    ]
    assert "  run/results.csv" in map(str.rstrip, lines)


def test_an_empty_section_is_left_out(run: Run) -> None:
    silent = replace(run, notes=())
    text = shown(Assessment(run=silent, results=(), gaps=()))
    assert text.count("\n") == 1


def test_findings_name_their_resources_and_their_reason(assessment: Assessment) -> None:
    text = words(shown(assessment, 120))
    assert "high 2 keys.disabled fail-account, warn-account It is fail." in text
    assert "logging.on" in text


def test_gaps_say_their_cause(assessment: Assessment) -> None:
    text = words(shown(assessment, 120))
    assert "2 403 AuthorizationFailed Not one." in text
    assert "/subscriptions/1" in text
    assert "kept 2 checks from an answer" in text


def test_what_is_partial_or_accepted_is_told(result: Builder, run: Run) -> None:
    cut = replace(run, complete=False)
    results = (result(exemption="Known."),)
    assessment = Assessment(run=cut, results=results, gaps=())
    assert headline(assessment).plain.endswith("  Findings 1 high  Gaps 0  Accepted 1")
    text = words(shown(assessment))
    assert "The collection was interrupted" in text
    assert "1 finding accepted by an exemption." in text
    assert "Worst findings" not in text


def test_long_lists_are_cut_and_say_so(
    result: Builder, run: Run, assessment: Assessment
) -> None:
    kept = result()
    many = tuple(
        replace(kept, check=replace(kept.check, id=f"check-{number:02}"))
        for number in range(WORST + 3)
    )
    one = assessment.gaps[0]
    causes = tuple(
        replace(one, gap=replace(one.gap, error_code=f"Cause{number:02}"))
        for number in range(GAP_GROUPS + 2)
    )
    text = words(shown(Assessment(run=run, results=many, gaps=causes), 120))
    assert text.count("check-") == WORST
    assert text.count("Cause") == GAP_GROUPS
    assert "2 more causes" in text


def test_many_resources_are_counted(result: Builder, run: Run) -> None:
    many = tuple(result(name=f"account-{number}") for number in range(5))
    text = words(shown(Assessment(run=run, results=many, gaps=()), 120))
    assert "account-0, account-1 and 3 more" in text


def test_long_reasons_are_cut(result: Builder, run: Run) -> None:
    wordy = result(reason="x" * 10_000, advice="y")
    text = shown(Assessment(run=run, results=(wordy,), gaps=()))
    assert text.count("x") < LONGEST_REASON + 10
    assert "…" in text


@pytest.mark.parametrize("width", [80, 120])
def test_lines_keep_to_the_width(assessment: Assessment, width: int) -> None:
    _, *lines = shown(assessment, width, "d/" + "long-name" * 30).split("\n")
    assert max(map(cell_len, lines)) <= width


@settings(max_examples=40)
@given(text=st.text(min_size=1, max_size=60))
@example(ESCAPES)
@example(MARKUP)
@example("名前" * 60)
@example("\u202e\u2066gpj.exe\u2069\u200f\u061c")
@pytest.mark.parametrize("width", [80, 120])
def test_hostile_text_keeps_to_the_width_and_steers_nothing(
    hostile: Hostile, width: int, text: str
) -> None:
    printed = shown(hostile(text), width)
    _, *lines = printed.split("\n")
    assert max(map(cell_len, lines)) <= width
    categories = {unicodedata.category(c) for c in printed if c != "\n"}
    assert categories.isdisjoint({"Cc", "Cs", "Zl", "Zp"})
    assert not set(printed) & set("\u061c\u200e\u200f\u202a\u202b\u202d\u202e\ufeff")
    assert not set(printed) & set("\u2066\u2067\u2068\u2069")


def test_a_lone_surrogate_can_be_printed(hostile: Hostile) -> None:
    shown(hostile("a\ud800", id="/subscriptions/1")).encode()


def test_markup_of_a_tenant_is_text(hostile: Hostile) -> None:
    text = shown(hostile("[bold]x[/bold]:smile:"), 200, "[red]a[/red]")
    assert "[bold]x[/bold]:smile:" in text
    assert "  [red]a[/red]\n" in text


def test_a_terminal_is_sent_styles_but_no_link_of_a_tenant(hostile: Hostile) -> None:
    text = shown(hostile(ESCAPES), 200, terminal=True)
    assert "\x1b[" in text
    assert "\x1b]" not in text
    assert "\x1b[2J" not in text
    assert "\u009b" not in text
    assert "\x07" not in text
