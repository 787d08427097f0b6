"""Take the values out of environment variables: people put keys into them.

An online deployment has them by name; an application on a compute instance has an
object for each, with its `value` (Machine Learning REST reference). Names stay.
"""

from __future__ import annotations

from typing import Any

from scanner.redact.values import WITHHELD, objects, rewritten

HINT = b'"environmentvariables"'


def withheld(body: bytes) -> bytes:
    """Return the JSON of a resource without the values of environment variables."""
    return rewritten(body, _withhold)


def _withhold(resource: Any) -> bool:
    found = [held for held in objects(resource, "environmentvariables") if held]
    for held in found:
        held.update({name: _hidden(held[name]) for name in held})
    return bool(found)


def _hidden(variable: Any) -> Any:
    if isinstance(variable, dict) and isinstance(variable.get("value"), str):
        return {**variable, "value": WITHHELD}
    return WITHHELD if isinstance(variable, str) else variable
