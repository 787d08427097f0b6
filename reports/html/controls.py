"""What an auditor asks for: by framework and control, on whose word, and what came."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from reports.html.markup import Markup, tag
from reports.html.tables import dim, heads, jump, scored, scrolled
from reports.text import count
from scanner.model.check import Check, Status
from scanner.model.controls import Basis, Framework, framework_of, version_of
from scanner.model.totals import Tally

_STATUSES = (Status.FAIL, Status.WARN, Status.NOT_ASSESSED, Status.MANUAL, Status.PASS)
_COLUMNS = ("Control", "Basis", "Score", "Coverage", *_STATUSES, "accepted")
_WORDS = {Basis.INITIATIVE: "Microsoft initiative", Basis.EXPERT: "expert judgement"}
_LEAD = (
    "A check supports a control; it does not certify it. The basis is a regulatory "
    "initiative of Microsoft's, where one maps a policy on the same to the control, or "
    "else the judgement of the checks' authors. A result counts for every control that "
    "its check supports, and a finding that is accepted counts as a finding."
)

Bases = Mapping[str, Counter[tuple[Basis, str]]]
"""How many checks support each control on which basis, in which version of it."""


def controls_section(
    tallies: Mapping[str, Tally], checks: Iterable[Check[Any]]
) -> Markup:
    """Return every control that a check supports, a table for each framework."""
    frameworks: dict[Framework, list[str]] = defaultdict(list)
    for control in tallies:
        frameworks[framework_of(control)].append(control)
    if not frameworks:
        return Markup()
    bases = _bases(checks)
    parts = (
        _framework(framework, sorted(controls, key=_counted), tallies, bases)
        for framework, controls in frameworks.items()
    )
    return tag(
        "details",
        tag("summary", tag("h2", "By control")),
        tag("p", _LEAD, class_="note"),
        *parts,
        class_="overview controls",
    )


def _bases(checks: Iterable[Check[Any]]) -> Bases:
    bases: dict[str, Counter[tuple[Basis, str]]] = defaultdict(Counter)
    for check in checks:
        for support in check.supports:
            bases[support.control][support.basis, support.version] += 1
    return bases


def _counted(control: str) -> list[tuple[int, str]]:
    """Return what sorts SC-7 before SC-12."""
    return [
        (int(each or 0), "") if each.isdigit() else (0, each)
        for each in re.split(r"(\d+)", control)
    ]


def _framework(
    framework: Framework,
    controls: list[str],
    tallies: Mapping[str, Tally],
    bases: Bases,
) -> Markup:
    title = f"{framework.title}, {framework.version}"
    rows = (_row(control, tallies[control], bases[control]) for control in controls)
    table = tag("table", heads(_COLUMNS), tag("tbody", *rows), class_="tally")
    return tag(
        "details",
        tag(
            "summary",
            tag("h3", title),
            tag("span", _summary(controls, tallies), class_="note"),
        ),
        scrolled(title, table),
    )


def _summary(controls: list[str], tallies: Mapping[str, Tally]) -> str:
    found = sum(1 for each in controls if tallies[each].found)
    missed = sum(1 for each in controls if tallies[each].statuses[Status.NOT_ASSESSED])
    return (
        f"{count(len(controls), 'control')}: {found:,} with findings, "
        f"{missed:,} not wholly assessed"
    )


def _row(control: str, tally: Tally, basis: Counter[tuple[Basis, str]]) -> Markup:
    number = control.partition(":")[2]
    return tag(
        "tr",
        tag("th", jump(number, "control", control), scope="row"),
        tag("td", *_basis(control, basis), class_="basis"),
        *scored(tally),
        *(_number(tally.statuses[status]) for status in _STATUSES),
        _number(tally.exempted),
    )


def _basis(control: str, basis: Counter[tuple[Basis, str]]) -> Iterable[Markup]:
    """Yield each basis, with the version where the initiative has not all of them."""
    for (kind, version), checks in sorted(basis.items(), reverse=True):
        of = "" if version == version_of(control) else f", {version}"
        told = f"{_WORDS[kind]}{of}"
        yield tag("p", f"{told}: ", tag("small", count(checks, "check")))


def _number(number: int) -> Markup:
    return tag("td", f"{number:,}", class_=dim(number))
