"""`--exemptions FILE`: accepted findings, from TOML or CSV; a wrong file is refused."""

from __future__ import annotations

import csv
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import date, datetime
from io import StringIO
from itertools import pairwise
from pathlib import Path

from scanner.cli.failure import Failure
from scanner.cli.selection import Checks, require_match
from scanner.model.exemptions import Exemption

KEYS = (
    *("check", "scope", "tag", "owner", "approver", "reason"),
    *("created", "expires"),
)
REQUIRED = ("check", "owner", "approver", "reason", "created", "expires")

_HEADER = re.compile(r"^[ \t]*\[\[[ \t]*exemption[ \t]*\]\]", re.M)
_QUOTED = re.compile(
    r"""
    (?P<lines> "{3} (?: \\. | [^\\] )*? "{3,5} | '{3} .*? '{3,5} )
    | " (?: \\. | [^"\\\n] )* " | ' [^'\n]* ' | \# [^\n]*
    """,
    re.S | re.X,
)
"""What TOML quotes, over several `lines` or one, and its comments."""


@dataclass(frozen=True, slots=True)
class _Entry:
    """One exemption as written, and where."""

    values: Mapping[str, object]
    places: Mapping[str, tuple[int, int]]
    """The line and column of each value."""
    start: tuple[int, int]

    def wrong(self, key: str, problem: str) -> Failure:
        line, column = self.places.get(key, self.start)
        return Failure(f"line {line}, column {column}: {problem}")


def load_exemptions(path: Path | None) -> tuple[Exemption, ...]:
    """Return the exemptions of a file; none where there is no file.

    Raises Failure naming the file, the line and the column of the first thing wrong.
    """
    if path is None:
        return ()
    from checks import ALL

    try:
        text = path.read_text(encoding="utf-8-sig")
        read = _csv if path.suffix.lower() == ".csv" else _toml
        return tuple(_exemption(entry, ALL) for entry in read(text))
    except OSError as error:
        raise Failure(
            f"--exemptions {path} cannot be read: {error.strerror}"
        ) from error
    except UnicodeDecodeError as error:
        raise Failure(f"--exemptions {path} is not UTF-8: {error.reason}") from error
    except Failure as error:
        raise Failure(f"--exemptions {path}: {error}") from error


@dataclass(frozen=True, slots=True, kw_only=True)
class _Recorded:
    """An exemption as results.json records it."""

    check: str
    scope: str
    tag: str
    owner: str
    approver: str
    reason: str
    created: date
    expires: date


def from_rows(rows: object) -> tuple[Exemption, ...]:
    """Return exemptions as results.json records them.

    Raises msgspec.ValidationError for rows that it does not.
    """
    import msgspec

    found = msgspec.convert(rows, tuple[_Recorded, ...])
    return tuple(
        Exemption(**{**asdict(each), "tag": _pair(each.tag)}) for each in found
    )


def _pair(tag: str) -> tuple[str, str] | None:
    name, equals, value = tag.partition("=")
    return (name, value) if equals else None


def _toml(text: str) -> Iterator[_Entry]:
    try:
        given = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise Failure(str(error)) from error
    for key in given:
        if key != "exemption":
            line, column = _place(text, _key_in(text, key))
            raise Failure(
                f"line {line}, column {column}: {key!r} is not known: each exemption "
                "is an [[exemption]] table"
            )
    tables = given.get("exemption", [])
    text = _without_lines(text)
    starts = [match.start() for match in _HEADER.finditer(text)]
    if not isinstance(tables, list) or len(tables) != len(starts):
        raise Failure("line 1, column 1: each exemption is an [[exemption]] table")
    ends = pairwise([*starts, len(text)])
    for values, (start, end) in zip(tables, ends, strict=True):
        places = {key: _place(text, _key_in(text, key, start, end)) for key in values}
        yield _Entry(values, places, _place(text, start))


def _without_lines(text: str) -> str:
    """Return TOML in which texts of several lines are blank: places stay."""
    return _QUOTED.sub(
        lambda found: re.sub(r"[^\n]", " ", found[0]) if found["lines"] else found[0],
        text,
    )


def _key_in(text: str, key: str, start: int = 0, end: int | None = None) -> int:
    pattern = re.compile(rf"^[ \t]*[\"']?({re.escape(key)})[\"']?\s*[=.]", re.M)
    found = pattern.search(text, start, len(text) if end is None else end)
    return found.start(1) if found else start


def _place(text: str, position: int) -> tuple[int, int]:
    line = text.count("\n", 0, position) + 1
    return line, position - text.rfind("\n", 0, position)


def _csv(text: str) -> Iterator[_Entry]:
    reader = csv.reader(StringIO(text, newline=""), strict=True)
    try:
        header = next(reader, [])
        for number, name in enumerate(header, 1):
            if name not in KEYS:
                raise Failure(f"line 1, column {number}: {_unknown(name)}")
            if name in header[: number - 1]:
                raise Failure(f"line 1, column {number}: {name!r} is there twice")
        for row in reader:
            if len(row) > len(header):
                extra = f"line {reader.line_num}, column {len(header) + 1}"
                raise Failure(f"{extra}: more cells than the header has")
            yield _row(header, row, reader.line_num)
    except csv.Error as error:
        raise Failure(f"line {reader.line_num}, column 1: {error}") from error


def _row(header: list[str], row: list[str], line: int) -> _Entry:
    values = {name: cell for name, cell in zip(header, row, strict=False) if cell}
    places = {name: (line, number) for number, name in enumerate(header, 1)}
    return _Entry(values, places, (line, 1))


def _unknown(name: str) -> str:
    return f"{name!r} is not known; an exemption has {', '.join(KEYS)}"


def _exemption(entry: _Entry, catalogue: Checks) -> Exemption:
    for key in entry.values:
        if key not in KEYS:
            raise entry.wrong(key, _unknown(key))
    for key in REQUIRED:
        value = entry.values.get(key)
        if not value or (isinstance(value, str) and not value.strip()):
            raise entry.wrong(key, f"{key!r} is missing")
    exemption = Exemption(
        check=_check(entry, catalogue),
        scope=_scope(entry),
        tag=_tag(entry),
        owner=_text(entry, "owner"),
        approver=_text(entry, "approver"),
        reason=_text(entry, "reason"),
        created=_date(entry, "created"),
        expires=_date(entry, "expires"),
    )
    if exemption.expires < exemption.created:
        raise entry.wrong("expires", "it expires before it was created")
    if not exemption.scope and not exemption.tag:
        raise entry.wrong("scope", "'scope' or 'tag' must say which resources")
    return exemption


def _text(entry: _Entry, key: str) -> str:
    value = entry.values.get(key, "")
    if not isinstance(value, str):
        raise entry.wrong(key, f"{key!r} must be text")
    return value.strip()


def _check(entry: _Entry, catalogue: Checks) -> str:
    pattern = _text(entry, "check")
    try:
        require_match(pattern, catalogue)
    except Failure as error:
        raise entry.wrong("check", str(error)) from error
    return pattern


def _scope(entry: _Entry) -> str:
    scope = _text(entry, "scope")
    if scope and not scope.startswith("/"):
        raise entry.wrong("scope", f"{scope!r} is no resource id: it begins with '/'")
    return scope.rstrip("/") or scope


def _tag(entry: _Entry) -> tuple[str, str] | None:
    name, equals, value = _text(entry, "tag").partition("=")
    if not name and not equals:
        return None
    if not name.strip() or not equals:
        raise entry.wrong("tag", "a tag is written NAME=VALUE")
    return name.strip(), value.strip()


def _date(entry: _Entry, key: str) -> date:
    value = entry.values[key]
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    try:
        return date.fromisoformat(str(value))
    except ValueError as error:
        raise entry.wrong(key, f"{key!r} is no date: write YYYY-MM-DD") from error
