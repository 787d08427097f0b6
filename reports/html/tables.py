"""Tables as the page shows them: with heads, and in a box that keyboards scroll."""

from __future__ import annotations

from collections.abc import Iterable

from reports.html.markup import Markup, tag
from reports.text import percent, points
from scanner.model.totals import Tally


def heads(names: Iterable[str]) -> Markup:
    """Return the head of a table."""
    return tag("thead", tag("tr", *(tag("th", name, scope="col") for name in names)))


def scrolled(label: str, *children: str) -> Markup:
    """Return what may be wider than the window, in a box with a name."""
    return tag(
        "div",
        *children,
        class_="scroll",
        role="group",
        aria_label=label,
        tabindex="0",
    )


def jump(label: str, control: str, value: str) -> Markup:
    """Return a button that shows the results of what it names."""
    return tag(
        "button",
        label,
        type="button",
        class_="jump",
        data_set=control,
        data_value=value,
    )


def bar(share: float) -> Markup:
    """Return a bar of 100; drawn, because the policy allows no inline style."""
    filled = tag("rect", class_="filled", width=f"{share:.1f}", height="4")
    track = tag("rect", class_="track", width="100", height="4")
    view = {"viewBox": "0 0 100 4", "preserveAspectRatio": "none"}
    return tag("svg", track, filled, class_="bar", aria_hidden="true", **view)


def scored(tally: Tally) -> tuple[Markup, Markup]:
    """Return the cells of a score and of the coverage that goes with it."""
    score = tally.score
    return (
        tag("td", points(score.value), bar(score.value or 0), class_="score"),
        tag("td", percent(score.coverage)),
    )


def dim(number: int) -> str:
    """Return the class of a cell with a number."""
    return "" if number else "zero"
