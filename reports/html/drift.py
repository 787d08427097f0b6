"""What changed between two runs, as a section and as a page of its own."""

from __future__ import annotations

from reports.drift import KINDS, what
from reports.html.frame import head
from reports.html.markup import Markup, joined, tag
from reports.html.tables import heads, scrolled
from reports.text import count
from scanner.model.drift import Change, Drift, Kind

LISTED = 500
"""Changes of a kind that the page lists."""
UNFOLDED = 10
"""Changes that are shown without being asked for."""


def drift_page(drift: Drift) -> str:
    """Return a comparison as one page that works offline."""
    title = "What changed"
    header = tag(
        "header",
        tag("p", f"posture {drift.new.version}", class_="eyebrow"),
        tag("h1", title),
        tag(
            "p",
            f"From the run of {drift.old.started} to that of {drift.new.started}.",
            class_="statement",
        ),
    )
    body = tag("body", header, tag("main", drift_section(drift)))
    return f'<!doctype html>\n<html lang="en">\n{head(title)}\n{body}\n</html>\n'


def drift_section(drift: Drift) -> Markup:
    """Return findings that came, went and changed, with the properties that did it."""
    return tag(
        "section",
        tag("h2", f"What changed since {drift.old.started[:10]}", id="drift-title"),
        tag("p", drift.note, class_="note") if drift.note else "",
        *(_kind(kind, drift.of(kind)) for kind in KINDS[:-1]),
        _group("judged otherwise by posture", drift.otherwise, "not-assessed"),
        _resources("Resources that came", drift.came),
        _resources("Resources that went", drift.went),
        tag("p", _remaining(drift), class_="note"),
        class_="gaps",
        aria_labelledby="drift-title",
    )


def _remaining(drift: Drift) -> str:
    remaining = len(drift.of(Kind.REMAINING))
    return f"{count(remaining, 'finding')} as before."


def _kind(kind: Kind, changes: tuple[Change, ...]) -> Markup:
    return _group(kind.value, changes, _CHIPS[kind])


_CHIPS = {
    Kind.NEW: "fail",
    Kind.SIGHTED: "fail",
    Kind.CHANGED: "warn",
    Kind.LOST: "not-assessed",
    Kind.RESOLVED: "pass",
}


def _group(name: str, changes: tuple[Change, ...], chip: str) -> Markup:
    if not changes:
        return Markup()
    columns = ("Severity", "Check", "Resource", "What changed")
    rows = (_row(change) for change in changes[:LISTED])
    rest = len(changes) - LISTED
    more = f"{rest:,} more: see `posture diff --format json`." if rest > 0 else ""
    return tag(
        "details",
        tag(
            "summary",
            tag("b", f"{len(changes):,}", class_="number"),
            tag("span", name, class_=f"chip {chip}"),
        ),
        scrolled(
            f"Findings: {name}",
            tag("table", heads(columns), tag("tbody", *rows)),
            tag("p", more, class_="note") if more else "",
        ),
        open=chip == "fail" and len(changes) <= UNFOLDED,
    )


def _row(change: Change) -> Markup:
    row = change.row
    severity = tag("span", row.severity.value, class_=f"chip {row.severity.value}")
    return tag(
        "tr",
        tag("td", severity),
        tag("td", row.check_id, class_="name"),
        tag("td", row.resource_name, tag("small", row.resource_id, class_="below")),
        tag("td", *(tag("p", line) for line in what(change))),
    )


def _resources(title: str, ids: tuple[str, ...]) -> Markup:
    if not ids:
        return Markup()
    items = joined(*(tag("li", tag("code", each)) for each in ids[:LISTED]))
    summary = tag("summary", tag("b", f"{len(ids):,}", class_="number"), title)
    return tag("details", summary, tag("ul", items))
