"""Whether someone can do something, from the grants held and the denials met."""

from __future__ import annotations

from collections.abc import Container, Iterable

from scanner.access.answers import Grant, Result
from scanner.access.conditions.request import Request
from scanner.access.conditions.tri import Tri
from scanner.access.deny import Hit
from scanner.access.restrictions import all_met


def decided(
    active: Iterable[Grant], hits: Container[Hit], request: Request | None
) -> Result:
    """Return the result, if nothing were missing; denials go before grants."""
    if Hit.YES in hits:
        return Result.DENIED
    result = _best(active, request)
    if result is Result.DENIED:
        return result
    if Hit.UNKNOWN in hits:
        return Result.UNKNOWN
    if Hit.CONDITIONAL in hits and result is Result.ALLOWED:
        return Result.CONDITIONAL
    return result


def _best(active: Iterable[Grant], request: Request | None) -> Result:
    """Return the result of the best of several grants: they add up."""
    results = {_of(grant, request) for grant in active}
    for result in (Result.ALLOWED, Result.CONDITIONAL, Result.UNKNOWN):
        if result in results:
            return result
    return Result.DENIED


def _of(grant: Grant, request: Request | None) -> Result:
    met = all_met(grant.restrictions, request)
    if met is Tri.TRUE:
        return Result.ALLOWED
    if met is Tri.FALSE:
        return Result.DENIED
    readable = all(each.residual is not None for each in grant.restrictions)
    return Result.CONDITIONAL if request is None and readable else Result.UNKNOWN
