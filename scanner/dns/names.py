"""Domain names as DNS security policies compare them: by whole labels, from the end."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

ROOT = "."
"""The entry that matches every name."""


def normalise(entry: str) -> str:
    """Return an entry in the form that compares; empty where it names nothing.

    Case and one trailing dot do not count, and a name in Unicode is its IDNA form.
    """
    name = entry.strip()
    if name == ROOT:
        return ROOT
    name = name.removesuffix(".")
    return name.lower() if name.isascii() else _ascii(name)


def _ascii(name: str) -> str:
    """Return the IDNA form of a name, or its lower case where it has none."""
    try:
        return name.encode("idna").decode("ascii").lower()
    except UnicodeError:
        return name.lower()


@lru_cache(maxsize=64)
def normalised(entries: tuple[str, ...]) -> frozenset[str]:
    """Return entries in the form that compares, each once.

    Every rule of a policy asks for the lists of those before it: a long list is gone
    through once, and rules that share it share the result.
    """
    return frozenset(name for entry in entries if (name := normalise(entry)))


def covers(name: str) -> Iterator[str]:
    """Yield every entry that matches a normalised name, from itself to the root."""
    if name != ROOT:
        yield name
        start = name.find(".") + 1
        while start:
            yield name[start:]
            start = name.find(".", start) + 1
    yield ROOT
