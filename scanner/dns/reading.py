"""What was read, or the doubt that stands for it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from scanner.dns.facts import Doubt
from scanner.model.coverage import NotRead
from scanner.model.listing import Listing
from scanner.model.resource import Resource

T = TypeVar("T")


def asked(doubts: list[Doubt], read: Callable[..., T], *arguments: object) -> T | None:
    """Return what is read; None, and a doubt noted, where it was not."""
    try:
        return read(*arguments)
    except NotRead as problem:
        doubts.append(doubt_of(problem))
        return None


def region_of(resource: Resource) -> str:
    """Return the region of a resource; raises NotRead where it is not told."""
    if not resource.region:
        raise resource.unread(f"location of {resource.name}", "says nothing")
    return resource.region


def unread(listing: Listing[Any]) -> Doubt | None:
    """Return why a list may have more than is known."""
    return doubt_of(listing.missing) if listing.missing else None


def doubt_of(problem: NotRead) -> Doubt:
    """Return the doubt that a refusal to read leaves."""
    return Doubt(problem.reason, problem.gap)


def require_known(doubts: Iterable[Doubt]) -> None:
    """Raise NotRead if an answer is open."""
    for doubt in doubts:
        raise NotRead(doubt.reason, doubt.gap)
