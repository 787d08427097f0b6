"""The patterns of `StringLike`, matched in bounded time.

A run of text between two `*` has a fixed length, so taking each at the first place
it is found decides the match without going back.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

_SPECIAL = ("*", "?", "\\")
"""What stands for itself after a backslash."""


@dataclass(frozen=True, slots=True)
class Pattern:
    """A pattern, as the expressions of the runs of text between its `*`."""

    runs: tuple[re.Pattern[str], ...]
    lengths: tuple[int, ...]

    def matches(self, value: str) -> bool:
        """Return whether the whole value is what the pattern says."""
        if len(self.runs) == 1:
            return self.runs[0].fullmatch(value) is not None
        end = len(value) - self.lengths[-1]
        position = self.lengths[0]
        if position > end or self.runs[0].match(value) is None:
            return False
        return self._inner(value, position, end) and (
            self.runs[-1].fullmatch(value, end) is not None
        )

    def _inner(self, value: str, position: int, end: int) -> bool:
        for run in self.runs[1:-1]:
            found = run.search(value, position, end)
            if found is None:
                return False
            position = found.end()
        return True


@lru_cache(maxsize=4096)
def like(pattern: str) -> Pattern:
    r"""Return a pattern of `StringLike`: `*` any run, `?` one character, `\` escapes.

    Source: "Azure role assignment condition format and syntax", special characters.
    """
    return _compiled(list(_like_parts(pattern)))


def beginning(pattern: str) -> tuple[str, str]:
    """Return the text that a pattern begins with, and what of it is left then."""
    position = 0
    text: list[str] = []
    while position < len(pattern) and pattern[position] not in "*?":
        is_escape = (
            pattern[position] == "\\" and pattern[position + 1 :][:1] in _SPECIAL
        )
        position += is_escape
        text.append(pattern[position])
        position += 1
    return "".join(text), pattern[position:]


def _like_parts(pattern: str) -> Iterator[str | None]:
    """Yield the expression of each character; None for `*`."""
    characters = iter(pattern)
    for char in characters:
        match char:
            case "*":
                yield None
            case "?":
                yield "."
            case "\\":
                yield from _escaped(next(characters, ""))
            case _:
                yield re.escape(char)


def _escaped(char: str) -> Iterator[str]:
    # Other characters are not documented to be escaped: the backslash stands.
    if char not in _SPECIAL:
        yield re.escape("\\")
    if char:
        yield re.escape(char)


def _compiled(parts: list[str | None]) -> Pattern:
    runs: list[list[str]] = [[]]
    for part in parts:
        if part is None:
            runs.append([])
        else:
            runs[-1].append(part)
    return Pattern(
        tuple(re.compile("".join(run), re.DOTALL) for run in runs),
        tuple(map(len, runs)),
    )
