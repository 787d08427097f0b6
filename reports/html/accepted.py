"""What was accepted: each exemption, and what became of it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from reports.html.markup import Markup, tag
from reports.html.tables import heads, jump, scrolled
from scanner.model.exemptions import ExemptionReport, Use

UNFOLDED = 10
"""Exemptions that are shown without being asked for."""

_COLUMNS = (
    *("Check", "Resources", "Reason", "Owner", "Approver"),
    *("Created", "Expires", "State", "Findings"),
)
_LEAD = (
    "An accepted finding stays a finding in every number of this report; only the "
    "exit code leaves it out. What was not assessed is never accepted."
)


def accepted(reports: Sequence[ExemptionReport]) -> Markup:
    """Return the exemptions of the run; nothing where none were given."""
    if not reports:
        return Markup()
    table = tag("table", heads(_COLUMNS), tag("tbody", *map(_row, reports)))
    return tag(
        "details",
        tag("summary", tag("h2", "Exemptions")),
        tag("p", _LEAD, class_="note"),
        scrolled("Exemptions", table),
        class_="overview",
        id="exemptions",
        open=len(reports) <= UNFOLDED,
    )


def _row(report: ExemptionReport) -> Markup:
    exemption = report.exemption
    cells = (
        *(exemption.check, exemption.where, exemption.reason, exemption.owner),
        exemption.approver,
        *(_day(each) for each in (exemption.created, exemption.expires)),
        tag("span", report.use.value, class_=f"chip {_CHIPS[report.use]}"),
        _findings(report),
    )
    return tag("tr", *(tag("td", cell) for cell in cells))


def _day(day: date) -> Markup:
    return tag("span", str(day), class_="moment")


def _findings(report: ExemptionReport) -> Markup:
    """Return how many findings there are, and the way to them where they are marked."""
    number = f"{report.findings:,}"
    if report.use is Use.IN_FORCE:
        return jump(number, "search", report.exemption.told)
    return tag("span", number)


_CHIPS = {
    Use.IN_FORCE: "pass",
    Use.UNUSED: "",
    Use.NOT_RUN: "not-assessed",
    Use.NOT_ASSESSED: "not-assessed",
    Use.NOT_SCANNED: "not-assessed",
    Use.PENDING: "",
    Use.EXPIRED: "warn",
}
