"""Tables as the page shows them: with heads, and in a box that keyboards scroll."""

from __future__ import annotations

from collections.abc import Iterable

from reports.html.markup import Markup, tag


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
