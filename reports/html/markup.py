"""HTML by construction: what is not markup is escaped."""

from __future__ import annotations

from html import escape

from reports.text import clean

_VOID = frozenset({"input", "meta"})


class Markup(str):
    """HTML that is escaped already."""

    __slots__ = ()


def text(value: str) -> Markup:
    """Return text as HTML, its lines kept."""
    if isinstance(value, Markup):
        return value
    return Markup(escape("\n".join(clean(line) for line in value.split("\n"))))


def tag(name: str, /, *children: str, **attributes: str | bool) -> Markup:
    """Return an element; `class_` and `data_topic` are `class` and `data-topic`."""
    opening = name + "".join(
        _attribute(key, value)
        for key, value in attributes.items()
        if value is not False
    )
    if name in _VOID:
        return Markup(f"<{opening}>")
    return Markup(f"<{opening}>{joined(*children)}</{name}>")


def joined(*children: str) -> Markup:
    """Return elements and texts one after the other."""
    return Markup("".join(map(text, children)))


def _attribute(key: str, value: str | bool) -> str:
    name = key.rstrip("_").replace("_", "-")
    return f" {name}" if value is True else f' {name}="{text(str(value))}"'
