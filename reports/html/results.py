"""The results: the controls that narrow them, and the places the script fills."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from reports.html.markup import Markup, joined, tag
from scanner.model.check import Severity, Status, Topic
from scanner.model.results import Result

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


def explorer(results: Sequence[Result]) -> Markup:
    """Return the results section."""
    return tag(
        "section",
        tag("h2", "Results", id="results-title"),
        _controls(results),
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


def _controls(results: Sequence[Result]) -> Markup:
    return tag(
        "form",
        tag("div", _search(), *_selects(results), _reset(), class_="row"),
        tag("div", _statuses(results), _severities(results), class_="row"),
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


def _selects(results: Sequence[Result]) -> Iterable[Markup]:
    present = {result.check.topic for result in results}
    topics = [(topic.value, topic.value) for topic in Topic if topic in present]
    yield _select("topic", "Topic", [("*", "All"), *topics])
    controls = sorted({each for result in results for each in result.check.controls})
    yield _select(
        "control", "Control", [("*", "All"), *zip(controls, controls, strict=True)]
    )
    yield _select("subscription", "Subscription", [("*", "All"), *_named(results)])
    yield _select("group", "Group by", GROUPS.items())


def _named(results: Sequence[Result]) -> list[Option]:
    targets = {
        result.target.subscription_id.lower(): result.target.subscription_name
        for result in results
    }
    options = [(key, name or key or "None (tenant)") for key, name in targets.items()]
    return sorted(options, key=lambda option: (option[1].lower(), option[0]))


def _select(name: str, label: str, options: Iterable[Option]) -> Markup:
    items = (tag("option", title, value=value) for value, title in options)
    field = tag("select", *items, name=name, id=name)
    return tag("label", label, field, class_="field", for_=name)


def _reset() -> Markup:
    return tag("button", "Reset", type="reset", class_="plain")


def _statuses(results: Sequence[Result]) -> Markup:
    counts = Counter(result.status for result in results)
    boxes = (
        _box("status", status.value, counts[status], ticked=status in SHOWN)
        for status in Status
    )
    return tag("fieldset", tag("legend", "Status"), *boxes)


def _severities(results: Sequence[Result]) -> Markup:
    counts = Counter(result.check.severity for result in results)
    boxes = (
        _box("severity", severity.value, counts[severity], ticked=True)
        for severity in Severity
    )
    return tag("fieldset", tag("legend", "Severity"), *boxes)


def _box(name: str, value: str, number: int, *, ticked: bool) -> Markup:
    field = tag("input", type="checkbox", name=name, value=value, checked=ticked)
    return tag("label", field, joined(value, " ", tag("small", f"{number:,}")))
