"""Tags: what a resource is marked with, however people spell the name."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from checks.shared.wording import quote, some
from scanner.model.settings import Settings

_WORD_BREAKS = str.maketrans("", "", "-_ ")


def plain_tag(name: str) -> str:
    """Return a tag's name as it compares: without case, dash, underscore and space."""
    return name.lower().translate(_WORD_BREAKS)


def tagged(tags: Mapping[str, Any] | None, names: Iterable[str]) -> str:
    """Return the value of the first tag of some names that says something, or empty."""
    wanted = set(map(plain_tag, names))
    for name, value in (tags or {}).items():
        if plain_tag(name) in wanted and isinstance(value, str) and value.strip():
            return value
    return ""


def are_several(values: Iterable[str]) -> bool:
    """Whether values of a tag are not all one, compared without case."""
    return len({each.strip().lower() for each in values}) > 1


def is_production(value: str, settings: Settings) -> bool | None:
    """Whether an environment that a tag names is production, None if nobody said."""
    name = value.strip().lower()
    if name in map(str.lower, settings.production_values):
        return True
    return False if name in map(str.lower, settings.non_production_values) else None


_NEGATED = re.compile(r"\b(non|not|pre)[^a-z0-9]+(?=[a-z0-9])")


def stage_in(name: str, settings: Settings) -> str:
    """Return the word of a name that tells what it is for; empty if none or two do.

    `pre-prod` and `non-prod` are words of their own.
    """
    plain = _NEGATED.sub(r"\1", name.lower().replace("_", "-"))
    words = dict.fromkeys(re.findall(r"[a-z0-9]+", plain))
    found = [word for word in words if is_production(word, settings) is not None]
    return "" if are_of_several_stages(found, settings) else next(iter(found), "")


def are_of_several_stages(values: Iterable[str], settings: Settings) -> bool:
    """Whether some environments that tags name are production and some are not."""
    return {True, False} <= {is_production(each, settings) for each in values}


def one_of_each(named: Iterable[tuple[str, str]]) -> str:
    """Return an example of each value of a tag, by what has it, as a reason says it."""
    first: dict[str, str] = {}
    for name, value in named:
        if value:
            first.setdefault(value.strip().lower(), f"{name} {quote(value)}")
    return some(first.values())
