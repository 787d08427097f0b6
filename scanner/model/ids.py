"""ARM resource ids: printed as received, compared without case."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

REMEMBERED = 4096
"""Ids whose parts are remembered: every check of a resource asks for them again."""


def id_key(resource_id: str) -> str:
    """Return the form of an id by which two ids are the same resource.

    ARM ids compare case-insensitively, and Azure Monitor answers with ids that lack
    their leading slash (Microsoft.Insights 2021-05-01-preview, as recorded).
    """
    return "/" + resource_id.strip("/").lower()


@dataclass(frozen=True, slots=True)
class ResourceId:
    """The parts of an ARM id, each as received; empty where the id has none."""

    text: str
    subscription: str
    resource_group: str
    type: str
    name: str
    parent: str

    @staticmethod
    @lru_cache(maxsize=REMEMBERED)
    def parse(text: str) -> ResourceId:
        """Return the parts of any ARM id; an unusual id only has fewer of them."""
        segments = text.strip("/").split("/")
        lowered = [segment.lower() for segment in segments]
        return ResourceId(
            text=text,
            subscription=_after(segments, lowered, "subscriptions"),
            resource_group=_after(segments, lowered, "resourcegroups"),
            type=_type_of(segments, lowered),
            name=segments[-1],
            parent=_parent_of(segments, lowered),
        )

    @property
    def whole(self) -> str:
        """The id of the resource that a child is a part of; its own of any other."""
        if self.type.count("/") < 2:
            return self.text
        segments = self.text.strip("/").split("/")
        provider = _last_provider([segment.lower() for segment in segments])
        return "/" + "/".join(segments[: provider + 4])


def _after(segments: list[str], lowered: list[str], word: str) -> str:
    """Return the segment after `word` where it opens the id's scope."""
    scope = lowered[: lowered.index("providers")] if "providers" in lowered else lowered
    if word not in scope:
        return ""
    position = scope.index(word) + 1
    return segments[position] if position < len(scope) else ""


def _last_provider(lowered: list[str]) -> int:
    """Return where the last `providers` segment is, or -1."""
    return (
        len(lowered) - 1 - lowered[::-1].index("providers")
        if "providers" in lowered
        else -1
    )


def _type_of(segments: list[str], lowered: list[str]) -> str:
    provider = _last_provider(lowered)
    if provider < 0:
        if "resourcegroups" in lowered:
            return "Microsoft.Resources/resourceGroups"
        is_scope = len(segments) == 2  # /subscriptions/{id}, /tenants/{id}
        return f"Microsoft.Resources/{lowered[0]}" if is_scope else ""
    tail = segments[provider + 1 :]
    return "/".join(tail[:1] + tail[1::2])


def _parent_of(segments: list[str], lowered: list[str]) -> str:
    """Return the id this one is a child or an extension of."""
    provider = _last_provider(lowered)
    if provider >= 0 and len(segments) - provider > 4:
        return "/" + "/".join(segments[:-2])
    if provider > 0:
        return "/" + "/".join(segments[:provider])
    return "/" + "/".join(segments[:-2]) if provider < 0 < len(segments[:-2]) else ""
