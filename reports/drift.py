"""What changed between two runs: for the terminal, for machines, for a job summary."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from typing import Any

from rich.console import Console
from rich.text import Text

from reports.text import clean, count, json_list, json_text
from scanner.model.drift import Change, Drift, Kind, Property

SHOWN = 20
"""Findings of a kind, and resources, that the terminal names."""
LONGEST_VALUE = 80

KINDS = (
    *(Kind.NEW, Kind.SIGHTED, Kind.CHANGED),
    *(Kind.LOST, Kind.RESOLVED, Kind.REMAINING),
)
"""The kinds as readers need them: what asks for something to be done comes first."""

_STYLES = {
    Kind.NEW: "bold red",
    Kind.SIGHTED: "red",
    Kind.CHANGED: "yellow",
    Kind.LOST: "magenta",
    Kind.RESOLVED: "green",
    Kind.REMAINING: "dim",
}


def drift_json(drift: Drift) -> str:
    """Return a comparison as JSON."""
    return "".join(drift_chunks(drift))


def drift_chunks(drift: Drift) -> Iterator[str]:
    """Yield a comparison as JSON, one change a line."""
    head = {
        "old": _run(drift, old=True),
        "new": _run(drift, old=False),
        "note": drift.note,
        "counts": {kind.value: len(drift.of(kind)) for kind in KINDS},
    }
    resources = {"came": list(drift.came), "went": list(drift.went)}
    yield f'{json_text(head).removesuffix("}")},\n"findings":'
    yield from json_list(map(change_row, drift.changes))
    yield ',\n"judged_otherwise":'
    yield from json_list(map(change_row, drift.otherwise))
    yield f',\n"resources":{json_text(resources)}}}'


def _run(drift: Drift, *, old: bool) -> dict[str, str]:
    run = drift.old if old else drift.new
    names = ("started", "finished", "version", "catalogue")
    return {name: getattr(run, name) for name in names}


def change_row(change: Change) -> dict[str, Any]:
    """Return one change by name."""
    row = change.row
    return {
        "kind": change.kind.value,
        "check_id": row.check_id,
        "title": row.title,
        "severity": row.severity.value,
        "resource_id": row.resource_id,
        "resource_name": row.resource_name,
        "status": {
            "old": change.before.status.value if change.before else None,
            "new": change.after.status.value if change.after else None,
        },
        "reason": {
            "old": change.before.reason if change.before else None,
            "new": change.after.reason if change.after else None,
        },
        "exemption": {
            "old": change.before.exemption if change.before else None,
            "new": change.after.exemption if change.after else None,
        },
        "why": change.why,
        "properties": [asdict(each) for each in change.properties],
        "fingerprint": row.fingerprint,
    }


def headline(drift: Drift) -> Text:
    """Return one line that says it all."""
    parts = [Text(f"Since {drift.old.started}")]
    for kind in KINDS:
        number = len(drift.of(kind))
        parts.append(
            Text(f"{number:,} {kind.value}", _STYLES[kind] if number else "dim")
        )
    return Text("  ").join(parts)


def show_drift(drift: Drift, console: Console) -> None:
    """Print a comparison."""
    console.print(headline(drift), soft_wrap=True, highlight=False)
    if drift.note:
        console.print(Text(drift.note, "yellow"))
    for kind in KINDS[:-1]:
        _show(kind.value.capitalize(), drift.of(kind), console, _STYLES[kind])
    _show("Judged otherwise by posture", drift.otherwise, console, "dim")
    _show_resources("Resources that came", drift.came, console)
    _show_resources("Resources that went", drift.went, console)


def _show(
    title: str, changes: tuple[Change, ...], console: Console, style: str
) -> None:
    if not changes:
        return
    console.print(Text(f"\n{title}", style))
    for change in changes[:SHOWN]:
        for line in _told(change):
            console.print(Text(line), soft_wrap=True, highlight=False)
    _more(len(changes), console)


def _told(change: Change) -> Iterator[str]:
    row = change.row
    severity = f"  {row.severity.value}"
    yield clean(f"  {row.check_id}  {row.resource_name}{severity}")
    for line in what(change):
        yield clean(f"      {line}")


def what(change: Change) -> Iterator[str]:
    """Yield what is different, a line each: properties, answer, acceptance."""
    if change.why:
        yield change.why
    for each in change.properties:
        yield _property(each, change.row.resource_id)
    turned = tuple(_turned(change))
    yield from turned
    if change.after and not (change.properties or turned):
        yield change.after.reason


def _turned(change: Change) -> Iterator[str]:
    """Yield how a finding that both runs have turned into what it is."""
    before, after = change.before, change.after
    if change.kind is not Kind.CHANGED or not (before and after):
        return
    if before.status is not after.status:
        yield f"{before.status} -> {after.status}: {after.reason}"
    if before.exemption != after.exemption:
        told = f"accepted: {after.exemption}"
        yield told if after.exemption else "no longer accepted"


def _property(each: Property, resource_id: str) -> str:
    """Return a property, whose if not the resource's own, and both its values."""
    own = each.resource_id.lower() == resource_id.lower()
    of = "" if own else f" of {each.resource_id.rpartition('/')[2]}"
    return f"{each.path}{of}: {_value(each.old)} -> {_value(each.new)}"


def _value(value: Any) -> str:
    text = "not there" if value is None else json_text(value)
    return text if len(text) <= LONGEST_VALUE else text[: LONGEST_VALUE - 1] + "…"


def _show_resources(title: str, ids: tuple[str, ...], console: Console) -> None:
    if not ids:
        return
    console.print(Text(f"\n{title}", "bold"))
    for each in ids[:SHOWN]:
        console.print(Text(f"  {clean(each)}"), soft_wrap=True, highlight=False)
    _more(len(ids), console)


def _more(number: int, console: Console) -> None:
    if number > SHOWN:
        console.print(Text(f"  and {number - SHOWN:,} more", "dim"))


def drift_markdown(drift: Drift) -> str:
    """Return a comparison as Markdown, for a job's summary."""
    return "\n".join(_markdown(drift)) + "\n"


def _markdown(drift: Drift) -> Iterator[str]:
    yield f"## What changed since {drift.old.started}\n"
    yield "| Findings | Number |\n|---|---:|"
    for kind in KINDS:
        yield f"| {kind.value} | {len(drift.of(kind)):,} |"
    if drift.note:
        yield f"\n{escaped(drift.note)}"
    for kind in KINDS[:-1]:
        yield from _markdown_table(kind.value.capitalize(), drift.of(kind))
    yield from _markdown_table("Judged otherwise by posture", drift.otherwise)
    yield from bulleted("### Resources that came", drift.came)
    yield from bulleted("### Resources that went", drift.went)


def _markdown_table(title: str, changes: tuple[Change, ...]) -> Iterator[str]:
    if not changes:
        return
    yield f"\n### {title}\n"
    yield "| Severity | Check | Resource | What changed |\n|---|---|---|---|"
    for change in changes:
        row = change.row
        cells = map(escaped, (row.severity.value, row.check_id, row.resource_name))
        yield f"| {' | '.join(cells)} | {'<br>'.join(map(escaped, what(change)))} |"


def bulleted(heading: str, lines: Iterable[str]) -> Iterator[str]:
    """Yield a Markdown list under its heading; nothing where there are no lines."""
    for position, line in enumerate(lines):
        if not position:
            yield f"\n{heading}\n"
        yield f"- {escaped(line)}"


_MARKS = str.maketrans({mark: f"\\{mark}" for mark in "\\`*_{}[]<>#!|~&@:"})
_AUTOLINK = re.compile(r"(www)\.", re.I)
"""What GitHub makes a link of without being asked."""


def escaped(text: str) -> str:
    """Return text that Markdown shows as it is, on one line."""
    return _AUTOLINK.sub(r"\1\\.", clean(text).translate(_MARKS))


_SAID = (Kind.SIGHTED, Kind.CHANGED, Kind.LOST)
"""What the sentence on a comparison says of where there is any."""


def summary_line(drift: Drift) -> str:
    """Return what became of the findings, in a sentence."""
    new, resolved = len(drift.of(Kind.NEW)), len(drift.of(Kind.RESOLVED))
    numbers = {kind.value: len(drift.of(kind)) for kind in _SAID}
    others = (f", {number:,} {kind}" for kind, number in numbers.items() if number)
    return (
        f"Since {drift.old.started}: {count(new, 'new finding')}, "
        f"{resolved:,} resolved{''.join(others)}."
    )
