"""The parts of the page that need no script."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from reports.html.controls import controls_section
from reports.html.markup import Markup, joined, tag
from reports.html.tables import bar, dim, heads, jump, scored, scrolled
from reports.scope import asked_for, chosen, narrowed, share
from reports.text import count, moment, percent, points
from reports.worst import GapGroup, gap_groups
from scanner.model.check import Severity, Status
from scanner.model.results import Assessment, GapReport, Run, SignedIn
from scanner.model.totals import Tally, Totals

RESOURCES = 25
"""How many resources the overview names; the results can be grouped by all."""
SCOPES = 50
"""How many scopes a cause of gaps lists."""

_STATUS_COLUMNS = (Status.FAIL, Status.WARN, Status.NOT_ASSESSED, Status.PASS)
Row = tuple[Markup, Tally]


def opening(assessment: Assessment) -> Markup:
    """Return the header: who read what, when, in which cloud, over which scope."""
    run = assessment.run
    return tag(
        "header",
        tag("p", f"posture {run.version}", class_="eyebrow"),
        tag("h1", "Azure AI posture"),
        *(tag("p", _statement(run, who), class_="statement") for who in _readers(run)),
        tag("p", _scope(run), class_="statement"),
        _subscriptions(run),
    )


def _readers(run: Run) -> tuple[SignedIn, ...]:
    return run.signed_in or (SignedIn(tenant_id=""),)


def _statement(run: Run, who: SignedIn) -> Markup:
    name = who.principal_name or who.principal_id or "An unnamed principal"
    kind = f" ({who.principal_type})" if who.principal_type else ""
    tenant = joined(" tenant ", tag("code", who.tenant_id)) if who.tenant_id else ""
    return joined(
        tag("strong", name),
        f"{kind}, signed in by {run.method}, read",
        tenant or " what it could",
        f" in {run.cloud}, ",
        _moment(run.started),
        f" to {_moment(run.finished)}" if run.finished else "",
        ".",
    )


def _moment(timestamp: str) -> str:
    return f"{moment(timestamp)} UTC" if timestamp else "at no known time"


def _scope(run: Run) -> str:
    asked = narrowed(run) or "every enabled subscription it could read"
    catalogue = f", catalogue {run.catalogue[:12]}" if run.catalogue else ""
    judged = f"judged by posture {run.version}{catalogue}"
    only = f", with {chosen(run)}" if run.selection else ""
    return f"Scope: {asked}. {asked_for(run).capitalize()}, {judged}{only}."


def _subscriptions(run: Run) -> Markup:
    if not run.subscriptions:
        return Markup()
    items = (
        tag("li", f"{item.name} ", tag("code", item.id), f" {item.state}")
        for item in run.subscriptions
    )
    number = count(len(run.subscriptions), "subscription")
    return tag("details", tag("summary", f"{number} in scope"), tag("ul", *items))


def headline(assessment: Assessment) -> Markup:
    """Return score and coverage, findings by severity, and gaps."""
    totals, gaps = assessment.totals, len(assessment.gaps)
    tally = totals.overall
    missed = count(tally.statuses[Status.NOT_ASSESSED], "answer")
    return tag(
        "section",
        _figure("Score", points(tally.score.value), _of(assessment), tally.score.value),
        _figure(
            "Coverage",
            percent(tally.score.coverage),
            f"of what was asked; {missed} missing",
            None if tally.score.coverage is None else 100 * tally.score.coverage,
        ),
        _found(totals),
        _figure("Gaps", f"{gaps:,}", "reads that did not succeed", None),
        class_="headline",
        aria_label="Outcome",
    )


def _of(assessment: Assessment) -> str:
    """Return what a score is out of, and that nothing accepted makes it better."""
    exempted = assessment.totals.overall.exempted
    selection = assessment.run.selection
    by = f", by {share(selection)}" if selection else ""
    counted = "; accepted findings count as findings" if exempted else ""
    return f"of 100{by}{counted}"


def _figure(label: str, value: str, note: str, share: float | None) -> Markup:
    return tag(
        "div",
        tag("h2", label),
        tag("p", value, class_="figure"),
        bar(share) if share is not None else "",
        tag("p", note, class_="note"),
        class_="card",
    )


def _found(totals: Totals) -> Markup:
    tally = totals.overall
    items = (
        tag("li", tag("b", f"{number:,}"), _chip(severity))
        for severity, number in tally.findings.items()
    )
    on = [f"on {count(_with_findings(totals), 'resource')}"]
    if tally.exempted:
        link = tag("a", f"{tally.exempted:,} accepted", href="#exemptions")
        on += ["; ", link]
    return tag(
        "div",
        tag("h2", "Findings"),
        tag("p", f"{tally.found:,}", class_="figure"),
        tag("ul", *items, class_="severities"),
        tag("p", *on, class_="note"),
        class_="card wide",
    )


def _with_findings(totals: Totals) -> int:
    return sum(tally.found > 0 for tally in totals.resources.values())


def _chip(severity: Severity) -> Markup:
    return tag("span", severity.value, class_=f"chip {severity.value}")


def contents(assessment: Assessment) -> Markup:
    """Return what a reader must know before the numbers."""
    notes = list(assessment.run.notes)
    if not assessment.run.complete:
        notes.insert(0, "The collection was interrupted: this report is partial.")
    notes += filter(None, (each.warning for each in assessment.exemptions))
    if not notes:
        return Markup()
    items = (tag("li", note) for note in notes)
    return tag("aside", tag("ul", *items), class_="notes", aria_label="Notes")


def gaps(reports: Sequence[GapReport]) -> Markup:
    """Return what could not be read, by cause."""
    title = tag("h2", "What could not be read", id="gaps-title")
    groups = gap_groups(reports)
    body = (
        joined(*map(_cause, groups))
        if groups
        else tag("p", "Every declared read in scope succeeded.", class_="note")
    )
    lead = (
        "What was not read is never a pass: the checks that needed it are not assessed."
    )
    return tag(
        "section",
        title,
        tag("p", lead, class_="note") if groups else "",
        body,
        class_="gaps",
        aria_labelledby="gaps-title",
    )


def _cause(group: GapGroup) -> Markup:
    kept = f"{count(group.checks, 'check')} kept from an answer" if group.checks else ""
    return tag(
        "details",
        tag(
            "summary",
            tag("b", f"{len(group.gaps):,}", class_="number"),
            tag("span", _status(group), class_="chip not-assessed"),
            tag("span", tag("strong", group.error_code or "Not read"), " "),
            tag("span", group.reason, class_="reason"),
            tag("span", kept, class_="note"),
        ),
        _scopes(group),
    )


def _status(group: GapGroup) -> str:
    """Return the HTTP status that gaps have in common, in words."""
    return f"HTTP {group.http_status}" if group.http_status else "No HTTP status"


def _scopes(group: GapGroup) -> Markup:
    head = ("Scope", "Resource type", "Operation", "Reason", "Checks")
    rows = (_gap(report) for report in group.gaps[:SCOPES])
    rest = len(group.gaps) - SCOPES
    more = f"{rest:,} more; the csv and json formats list all." if rest > 0 else ""
    return scrolled(
        f"{_status(group)} {group.error_code or ''}".strip(),
        tag("table", heads(head), tag("tbody", *rows)),
        tag("p", more, class_="note") if more else "",
    )


def _gap(report: GapReport) -> Markup:
    gap = report.gap
    cells = (gap.scope, gap.resource_type, gap.operation, gap.reason)
    checks = ", ".join(report.checks) or "none"
    return tag("tr", *(tag("td", cell) for cell in cells), tag("td", checks))


def tallies(assessment: Assessment) -> Markup:
    """Return score and coverage by topic, control, subscription and resource."""
    totals = assessment.totals
    return joined(
        _table("By topic", "Topic", _topics(totals), shut=False),
        controls_section(totals.controls, assessment.checks),
        _table("By subscription", "Subscription", _by_subscription(totals)),
        _table(_resources_title(totals), "Resource", _resources(totals)),
    )


def _resources_title(totals: Totals) -> str:
    number = len(totals.resources)
    return (
        f"By resource (the worst {RESOURCES})" if number > RESOURCES else "By resource"
    )


def _topics(totals: Totals) -> Iterator[Row]:
    for topic, tally in totals.topics.items():
        yield jump(topic.value, "topic", topic.value), tally


def _by_subscription(totals: Totals) -> Iterator[Row]:
    for item, tally in totals.subscriptions.items():
        name = item.name or item.id or "No subscription (tenant)"
        yield jump(name, "subscription", item.id.lower()), tally


def _resources(totals: Totals) -> Iterator[Row]:
    ranked = sorted(
        totals.resources.items(),
        key=lambda pair: [-n for n in pair[1].findings.values()],
    )
    for resource_id, tally in ranked[:RESOURCES]:
        name = resource_id.rpartition("/")[2]
        where = tag("small", resource_id)
        yield joined(jump(name, "search", resource_id), where), tally


def _table(title: str, first: str, rows: Iterable[Row], *, shut: bool = True) -> Markup:
    numbers = ("Score", "Coverage", *(status.value for status in _STATUS_COLUMNS))
    body = (_tally(label, tally) for label, tally in rows)
    table = tag("table", heads((first, *numbers)), tag("tbody", *body), class_="tally")
    return tag(
        "details",
        tag("summary", tag("h2", title)),
        scrolled(title, table),
        class_="overview",
        open=not shut,
    )


def _tally(label: Markup, tally: Tally) -> Markup:
    return tag(
        "tr",
        tag("th", label, scope="row"),
        *scored(tally),
        *(
            tag("td", f"{tally.statuses[status]:,}", class_=dim(tally.statuses[status]))
            for status in _STATUS_COLUMNS
        ),
    )
