"""What was accepted: each exemption, and what became of it."""

from __future__ import annotations

from collections.abc import Sequence

from reports.html.markup import Markup, tag
from reports.html.sections import heads
from scanner.model.exemptions import ExemptionReport

_COLUMNS = (
    *("Check", "Resources", "Reason", "Owner", "Approver"),
    *("Created", "Expires", "State", "Findings"),
)


def accepted(reports: Sequence[ExemptionReport]) -> Markup:
    """Return the exemptions of the run; nothing where none were given."""
    if not reports:
        return Markup()
    table = tag("table", heads(_COLUMNS), tag("tbody", *map(_row, reports)))
    return tag(
        "details",
        tag("summary", tag("h2", "Exemptions")),
        tag("p", "An accepted finding stays a finding; a gap is never accepted."),
        tag("div", table, class_="scroll"),
        class_="overview",
    )


def _row(report: ExemptionReport) -> Markup:
    exemption = report.exemption
    cells = (
        *(exemption.check, exemption.where, exemption.reason, exemption.owner),
        *(exemption.approver, str(exemption.created), str(exemption.expires)),
        *(report.use.value, f"{report.findings:,}"),
    )
    return tag("tr", *(tag("td", cell) for cell in cells))
