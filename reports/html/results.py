"""The results: the controls that narrow them, and the places the script fills."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from reports.html.markup import Markup, joined, tag
from scanner.model.check import Severity, Status
from scanner.model.totals import Totals

SHOWN = (Status.FAIL, Status.WARN, Status.NOT_ASSESSED)
"""The statuses that are ticked when the page opens."""
GROUPS = {
    "": "Nothing",
    "topic": "Topic",
    "resource": "Resource",
    "check": "Check",
    "control": "Control",
}

Option = tuple[str, str]


def explorer(totals: Totals) -> Markup:
    """Return the results section."""
    return tag(
        "section",
        tag("h2", "Results", id="results-title"),
        _controls(totals),
        tag("p", id="count", class_="note", role="status"),
        tag("div", id="list", role="list", aria_labelledby="results-title"),
        tag("noscript", tag("p", _NO_SCRIPT)),
        tag("div", id="print", hidden=True),
        id="results",
        aria_labelledby="results-title",
        tabindex="-1",
    )


_NO_SCRIPT = (
    "The list of results needs JavaScript. The csv and json formats hold all of it too."
)


def _controls(totals: Totals) -> Markup:
    return tag(
        "form",
        tag("div", _search(), *_selects(totals), _reset(), class_="row"),
        tag("div", _statuses(totals), _severities(totals), class_="row"),
        id="controls",
        role="search",
        aria_label="Narrow the results",
    )


def _search() -> Markup:
    field = tag(
        "input",
        type="search",
        name="search",
        id="search",
        autocomplete="off",
        spellcheck="false",
        placeholder="Name, id, reason, evidence, control",
    )
    return tag("label", "Search", field, class_="field grow", for_="search")


def _selects(totals: Totals) -> Iterable[Markup]:
    topics = [topic.value for topic in totals.topics]
    yield _select("topic", "Topic", _all_or(topics))
    yield _select("control", "Control", _all_or(totals.controls))
    yield _select("subscription", "Subscription", [("*", "All"), *_named(totals)])
    yield _select("group", "Group by", GROUPS.items())


def _all_or(names: Iterable[str]) -> list[Option]:
    return [("*", "All"), *((each, each) for each in names)]


def _named(totals: Totals) -> list[Option]:
    names = {each.id.lower(): each.name for each in totals.subscriptions}
    options = [(key, name or key or "None (tenant)") for key, name in names.items()]
    return sorted(options, key=lambda option: (option[1].lower(), option[0]))


def _select(name: str, label: str, options: Iterable[Option]) -> Markup:
    items = (tag("option", title, value=value) for value, title in options)
    field = tag("select", *items, name=name, id=name)
    return tag("label", label, field, class_="field", for_=name)


def _reset() -> Markup:
    return tag("button", "Reset", type="reset", class_="plain")


def _statuses(totals: Totals) -> Markup:
    counts = totals.overall.statuses
    boxes = (
        _box("status", status.value, counts[status], ticked=status in SHOWN)
        for status in Status
    )
    return tag("fieldset", tag("legend", "Status"), *boxes)


def _severities(totals: Totals) -> Markup:
    counts: Counter[Severity] = Counter()
    for (severity, _, _), number in totals.answers.items():
        counts[severity] += number
    boxes = (
        _box("severity", severity.value, counts[severity], ticked=True)
        for severity in Severity
    )
    return tag("fieldset", tag("legend", "Severity"), *boxes)


def _box(name: str, value: str, number: int, *, ticked: bool) -> Markup:
    field = tag("input", type="checkbox", name=name, value=value, checked=ticked)
    return tag("label", field, joined(value, " ", tag("small", f"{number:,}")))
