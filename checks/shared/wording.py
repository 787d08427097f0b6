"""How reasons quote what a tenant says: briefly, and without its control characters."""

from __future__ import annotations

import json
from collections.abc import Iterable

LONGEST = 60
LONGEST_SENTENCE = 500
FIRST = 3
CITED = 20
"""How much of one kind a verdict shows as evidence; its reason counts the rest."""


def quote(text: str) -> str:
    """Return a text in quotes, cut, with everything unprintable or foreign escaped."""
    cut = text if len(text) <= LONGEST else text[:LONGEST] + "..."
    return json.dumps(cut)


def printable(sentence: str) -> str:
    """Return a sentence with what a tenant says in it, cut and escaped alike."""
    cut = sentence[:LONGEST_SENTENCE]
    more = "..." if len(cut) < len(sentence) else ""
    return json.dumps(cut)[1:-1].replace('\\"', '"') + more


def some(phrases: Iterable[str]) -> str:
    """Return the first few phrases of a list, and how many more there are."""
    every = list(phrases)
    more = f" and {len(every) - FIRST} more" if len(every) > FIRST else ""
    return ", ".join(every[:FIRST]) + more


def shown(value: str | bool | None) -> str:
    """Return a setting's value as a sentence names it, `not set` for None."""
    if value is None:
        return "not set"
    return quote(value)[1:-1] if isinstance(value, str) else json.dumps(value)


def count(number: int, one: str, many: str) -> str:
    """Return a number with the noun that goes with it."""
    return f"{number} {one if number == 1 else many}"


def named_by(ids: Iterable[str]) -> str:
    """Return the first few resources of a list of ids, by their names."""
    return some(quote(each.rpartition("/")[2]) for each in ids)
