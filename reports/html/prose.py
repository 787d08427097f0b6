"""A check's documentation as HTML: the little Markdown that docstrings use."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

from reports.html.markup import Markup, joined, tag, text
from scanner.model.check import Check

_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_BULLET = re.compile(r"^(?:[-*]|\d+\.) +", re.MULTILINE)
_INLINE = re.compile(
    r"`(?P<code>[^`]+)`"
    r"|\*\*(?P<strong>[^*]+)\*\*"
    r"|\[(?P<label>[^\]]+)\]\((?P<target>https://[^\s)]+)\)"
    r"|<?(?P<url>https://[^\s<>]*[^\s<>.,;:)])>?"
)


@cache
def documentation(check: Check[Any]) -> Markup:
    """Return the page of a check: what it reads, then its sections; made once."""
    page = check.documentation
    sections = (_section(*section) for section in page.sections.items())
    return joined(*blocks(page.reads), *sections)


def blocks(prose: str) -> Iterator[Markup]:
    """Yield the paragraphs, lists and code blocks of some prose."""
    parts = _FENCE.split(prose)
    for position in range(0, len(parts), 3):
        for paragraph in re.split(r"\n\s*\n", parts[position]):
            yield from _paragraph(paragraph.strip())
        if position + 2 < len(parts):
            yield _code(parts[position + 1], parts[position + 2])


def inline(prose: str) -> Markup:
    """Return a line of prose: code, emphasis and links."""
    out, end = [], 0
    for match in _INLINE.finditer(prose):
        out += [text(prose[end : match.start()]), _span(match)]
        end = match.end()
    return joined(*out, prose[end:])


def _section(heading: str, body: str) -> Markup:
    return joined(tag("h4", heading), *blocks(body))


def _paragraph(paragraph: str) -> Iterator[Markup]:
    lead, *items = _BULLET.split(paragraph)
    if lead.strip():
        yield tag("p", inline(lead.strip()))
    if items:
        kind = "ol" if re.match(r"\d", paragraph.removeprefix(lead)) else "ul"
        yield tag(kind, *(tag("li", inline(item.strip())) for item in items))


def _code(language: str, body: str) -> Markup:
    label = tag("figcaption", language) if language else Markup()
    return tag("figure", label, tag("pre", tag("code", body.rstrip()), tabindex="0"))


def _span(match: re.Match[str]) -> Markup:
    return _SPANS[match.lastgroup or ""](match)


def _link(label: str, target: str) -> Markup:
    return tag("a", label, href=target, rel="noreferrer")


_SPANS: dict[str, Callable[[re.Match[str]], Markup]] = {
    "code": lambda match: tag("code", match["code"]),
    "strong": lambda match: tag("strong", match["strong"]),
    "target": lambda match: _link(match["label"], match["target"]),
    "url": lambda match: _link(match["url"], match["url"]),
}
