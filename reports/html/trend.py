"""Runs over time, as a chart and a table."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from reports.html.frame import head
from reports.html.markup import Markup, joined, tag
from reports.html.tables import heads, scrolled
from reports.trend import COLUMNS, trend_rows
from scanner.model.trend import Point

WIDTH, HEIGHT, MARGIN, SCALE = 640, 160, 8, 20
"""Of the chart, in its own units; its scale is at the right."""


def trend_page(runs: Sequence[Point]) -> str:
    """Return runs over time as one page that works offline."""
    title = "Posture over time"
    header = tag(
        "header",
        tag("p", "posture", class_="eyebrow"),
        tag("h1", title),
        tag("p", f"{len(runs)} runs.", class_="statement"),
    )
    body = tag("body", header, tag("main", trend_section(runs)))
    return f'<!doctype html>\n<html lang="en">\n{head(title)}\n{body}\n</html>\n'


def trend_section(runs: Sequence[Point]) -> Markup:
    """Return score and coverage as lines, and every number as a table."""
    rows = (_row(cells) for cells in trend_rows(runs))
    table = tag("table", heads(COLUMNS), tag("tbody", *rows), class_="tally")
    return tag(
        "section",
        tag("h2", "Over time", id="trend-title"),
        _legend(),
        _chart(runs),
        scrolled("Every run", table),
        class_="trend",
        aria_labelledby="trend-title",
    )


def _row(cells: Sequence[str]) -> Markup:
    first, *rest = cells
    return tag(
        "tr",
        tag("th", first, scope="row", class_="moment"),
        *(tag("td", each) for each in rest),
    )


def _legend() -> Markup:
    return tag(
        "p",
        tag("span", "Score", class_="key score"),
        tag("span", "Coverage", class_="key coverage"),
        class_="legend",
    )


def _chart(runs: Sequence[Point]) -> Markup:
    lines = (
        _line(runs, lambda point: point.coverage and 100 * point.coverage, "coverage"),
        _line(runs, lambda point: point.score, "score"),
    )
    return tag(
        "svg",
        *(_grid(share) for share in (0, 50, 100)),
        *lines,
        class_="chart",
        role="img",
        aria_label=_described(runs),
        viewBox=f"0 0 {WIDTH} {HEIGHT}",
    )


def _described(runs: Sequence[Point]) -> str:
    scores = [f"{point.score:.1f}" for point in runs if point.score is not None]
    told = f"from {scores[0]} to {scores[-1]}" if scores else "unknown"
    return f"Score {told} over {len(runs)} runs; the table below has every number"


def _grid(share: float) -> Markup:
    y = f"{_y(share):.1f}"
    line = tag("line", x1="0", x2=str(WIDTH - SCALE), y1=y, y2=y, class_="grid")
    name = tag(
        "text", f"{share:.0f}", x=str(WIDTH - SCALE + 4), y=f"{_y(share) + 3:.1f}"
    )
    return joined(line, name)


def _line(
    runs: Sequence[Point], value: Callable[[Point], float | None], name: str
) -> Markup:
    """Return a line with a dot a run; a run without the number has neither.

    The dot of a run that is a part only is hollow.
    """
    places = list(_places(runs, value))
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y, _ in places)
    dots = (
        tag(
            "circle",
            tag("title", part) if part else "",
            cx=f"{x:.1f}",
            cy=f"{y:.1f}",
            r="3",
            class_=f"dot {name}{part and ' part'}",
        )
        for x, y, part in places
    )
    return joined(tag("polyline", points=path, class_=f"line {name}"), *dots)


def _places(
    runs: Sequence[Point], value: Callable[[Point], float | None]
) -> Iterator[tuple[float, float, str]]:
    step = (WIDTH - SCALE - 2 * MARGIN) / max(len(runs) - 1, 1)
    for position, point in enumerate(runs):
        share = value(point)
        if share is not None:
            yield MARGIN + position * step, _y(share), point.part


def _y(share: float) -> float:
    return HEIGHT - MARGIN - share / 100 * (HEIGHT - 2 * MARGIN)
