"""Text out of a tenant, made harmless for what it is written to."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import Any

import msgspec

MEMORY = 8192
"""Texts remembered: most cells of a table say what others said before."""

_BREAKS = re.compile(r"\r\n|[\t\n\v\f\r\x1c-\x1e\x85\u2028\u2029]")
_HIDDEN = (
    "\x00-\x1f\x7f-\x9f"  # C0, DEL and C1: what terminals obey
    "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"  # what reorders the text after it
    "\u2028\u2029\ufeff"
)
_STRIPPED = re.compile(f"[{_HIDDEN}]")
_SURROGATES = re.compile("[\ud800-\udfff]")
_ESCAPED = re.compile(f"[{_HIDDEN}\ud800-\udfff]")
FORMULA = tuple("=+-@＝＋－＠")  # noqa: RUF001 - Excel reads full-width ones too
"""What a spreadsheet takes for the begin of a formula."""


@lru_cache(maxsize=MEMORY)
def clean(text: str) -> str:
    """Return text on one line, without characters that steer what displays it."""
    if text.isascii() and text.isprintable():
        return text
    text = _STRIPPED.sub("", _BREAKS.sub(" ", text))
    return _SURROGATES.sub("\ufffd", text)


def all_clean(texts: Sequence[str]) -> tuple[str, ...]:
    """Return texts clean; they are looked at together, as most are."""
    together = "".join(texts)
    if together.isascii() and together.isprintable():
        return tuple(texts)
    return tuple(map(clean, texts))


def cell(text: str) -> str:
    """Return clean text that no spreadsheet takes for a formula.

    What stood before the sign is ignored, as importers that trim cells do.
    """
    return f"'{text}" if text.lstrip().startswith(FORMULA) else text


def json_text(value: Any) -> str:
    """Return compact JSON in which no character steers a terminal or an editor."""
    try:
        text = msgspec.json.encode(value).decode()
    except UnicodeEncodeError:  # a lone surrogate, which is no text to msgspec
        plain = msgspec.to_builtins(value)
        text = json.dumps(plain, ensure_ascii=False, separators=(",", ":"))
    if text.isascii() and "\x7f" not in text:
        return text
    return _ESCAPED.sub(lambda match: f"\\u{ord(match[0]):04x}", text)


def json_list(rows: Iterable[Any]) -> Iterator[str]:
    """Yield a JSON list, one item a line."""
    mark = "["
    for row in rows:
        yield f"{mark}\n{json_text(row)}"
        mark = ","
    yield "[]" if mark == "[" else "]"


def percent(share: float | None) -> str:
    """Return a share of one as a percentage; a dash where there is none.

    Rounded down: a coverage that misses one answer in 10,000 is not 100 %.
    """
    if share is None:
        return "–"  # noqa: RUF001
    return f"{math.floor(round(share * 1000, 6)) / 10:.1f} %"


def points(score: float | None) -> str:
    """Return a score of 100; a dash where nothing was assessed."""
    return "–" if score is None else f"{score:.1f}"  # noqa: RUF001


def moment(timestamp: str) -> str:
    """Return an RFC 3339 timestamp to the minute, as people read it."""
    return timestamp[:16].replace("T", " ")


def count(number: int, one: str, many: str = "") -> str:
    """Return a number and what it counts: `1 gap`, `2,000 gaps`."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"
