"""Tags: what a resource is marked with, however people spell the name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from scanner.model.settings import Settings

_WORD_BREAKS = str.maketrans("", "", "-_ ")


def plain_tag(name: str) -> str:
    """Return a tag's name as it compares: without case, dash, underscore and space."""
    return name.lower().translate(_WORD_BREAKS)


def tagged(tags: Mapping[str, Any] | None, names: Iterable[str]) -> str:
    """Return the value of the first tag of some names; empty where there is none."""
    wanted = set(map(plain_tag, names))
    for name, value in (tags or {}).items():
        if plain_tag(name) in wanted and isinstance(value, str):
            return value
    return ""


def are_several(values: Iterable[str]) -> bool:
    """Whether values of a tag are not all one, compared without case."""
    return len({each.lower() for each in values}) > 1


def are_of_several_stages(values: Iterable[str], settings: Settings) -> bool:
    """Whether some environments that tags name are production and some are not."""
    production = {each.lower() for each in settings.production_values}
    return len({each.lower() in production for each in values}) > 1
