"""A run that options narrowed says so wherever its score or its scope is told."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import replace

import pytest
from rich.console import Console

from reports import FORMATS
from reports.scope import chosen
from reports.statement import statement
from reports.summary import headline, show
from scanner.model.check import Severity, Topic
from scanner.model.results import Assessment, Run
from scanner.model.selection import CheckSelection

SELECTION = CheckSelection(
    check=("keys.a", "keys.b"),
    exclude_check=("keys.c",),
    topic=(Topic.API_KEYS,),
    min_severity=Severity.HIGH,
    chosen=2,
    catalogue=277,
)
TOLD = (
    "2 of 277 checks: --check keys.a --check keys.b --exclude-check keys.c "
    "--topic api-keys --min-severity high"
)


def terminal(assessment: Assessment) -> str:
    out = io.StringIO()
    show(assessment, Console(file=out, width=200))
    return out.getvalue()


def written(name: str) -> Callable[[Assessment], str]:
    [render] = FORMATS[name].values()
    return lambda assessment: b"".join(render(assessment)).decode()


def test_the_options_are_told_as_given(run: Run) -> None:
    assert chosen(replace(run, selection=SELECTION)) == TOLD
    assert chosen(run) == ""


@pytest.mark.parametrize(
    "told",
    [
        lambda assessment: statement(assessment, ()),
        terminal,
        written("html"),
        lambda assessment: written("markdown")(assessment).replace("\\", ""),
        written("oscal"),
    ],
    ids=["statement", "terminal", "html", "markdown", "oscal"],
)
def test_every_report_tells_it(
    told: Callable[[Assessment], str], assessment: Assessment
) -> None:
    run = replace(assessment.run, selection=SELECTION)
    assert TOLD in told(replace(assessment, run=run))
    assert "277" not in told(assessment)


def test_the_line_of_the_terminal_ends_with_it(assessment: Assessment) -> None:
    narrowed = replace(assessment, run=replace(assessment.run, selection=SELECTION))
    whole = headline(assessment).plain
    assert headline(narrowed).plain == f"{whole}  Checks 2 of 277"


def test_a_population_is_of_all_checks(assessment: Assessment) -> None:
    run = replace(assessment.run, selection=SELECTION)
    told = statement(replace(assessment, run=run), ())
    assert "Population: 2 of 277 checks on all of" in told
    assert "Population: 2 checks on all of" in statement(assessment, ())


def test_a_killed_run_tells_no_numbers_that_nobody_took(assessment: Assessment) -> None:
    run = replace(assessment.run, finished="", requests=0, subscriptions=())
    killed = replace(assessment, run=run)
    sealed, page = statement(killed, ()), written("html")(killed)
    assert "was not recorded" in sealed
    for told in (sealed, page):
        assert "requests not counted" in told.lower()
        assert "0 requests" not in told
        assert "0 subscriptions" not in told
