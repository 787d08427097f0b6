"""Management groups over subscriptions, where the hierarchy is given as data."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from scanner.model.ids import ResourceId, id_key
from scanner.model.resources import ManagementGroup


class Hierarchy:
    """Which management group each group and subscription is in, by their ids."""

    def __init__(self, parents: Mapping[str, str]) -> None:
        self._parents = {id_key(child): parent for child, parent in parents.items()}
        self._children = tuple(parents)

    def covers(self, resource_id: str, subscription: str) -> bool:
        """Whether what hangs on a scope above the subscriptions reaches one.

        What hangs on the root does, and all of it where no hierarchy is given.
        """
        group = ResourceId.parse(resource_id).parent
        if not self._parents or ManagementGroup.type.lower() not in id_key(group):
            return True
        return id_key(group) in self._above(subscription)

    def _above(self, child: str) -> Iterator[str]:
        parent = self._parents.get(id_key(child))
        while parent is not None:
            yield id_key(parent)
            parent = self._parents.get(id_key(parent))

    def below(self, group: str) -> Iterator[Mapping[str, Any]]:
        """Yield the bodies of a group's descendants, as its list returns them."""
        for child in self._children:
            if id_key(group) in self._above(child):
                parent = {"id": self._parents[id_key(child)]}
                parts = ResourceId.parse(child)
                group_type = f"/providers/{ManagementGroup.type}"
                yield {
                    "id": child,
                    "type": "/subscriptions" if parts.subscription else group_type,
                    "name": parts.name,
                    "properties": {"displayName": parts.name, "parent": parent},
                }
