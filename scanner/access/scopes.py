"""Scopes: from the root over management groups down to a child resource."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Protocol

from scanner.access.facts import ROOT
from scanner.model.ids import id_key

_EXTENSION = "/providers/microsoft."
_SUBSCRIPTION = "/subscriptions/"
_GROUP = "/providers/microsoft.management/managementgroups/"

REMEMBERED = 4096
"""Resources whose scopes are kept: several questions are asked of each."""


def prefixes(key: str) -> Iterator[str]:
    """Yield the scopes an id lies in by its own text, itself the last.

    A scope holds what is below it at a segment boundary. Prefixes that are no scopes,
    such as a namespace, do no harm: nothing is granted at them.
    """
    position = key.find("/", 1)
    while position > 0:
        yield key[:position]
        position = key.find("/", position + 1)
    if key != ROOT:
        yield key


def base_of(key: str) -> str:
    """Return the subscription or management group that an id lies in, or the root."""
    for start in (_SUBSCRIPTION, _GROUP):
        if key.startswith(start):
            return start + key[len(start) :].partition("/")[0]
    return ROOT


def scope_of(extension_id: str) -> str:
    """Return the scope that an assignment's id says it is at."""
    lowered = extension_id.lower()
    position = lowered.rfind(_EXTENSION)
    return extension_id[:position] if position > 0 else ROOT


class Placed(Protocol):
    """What is assigned at a scope: a role, a denial, a policy."""

    @property
    def id(self) -> str:
        """Its id, which begins with the scope."""

    @property
    def scope(self) -> str | None:
        """The scope, as far as it says."""


def scope_at(assignment: Placed) -> str:
    """Return the scope of an assignment, from its id where it does not say."""
    return assignment.scope or scope_of(assignment.id)


def is_group(scope: str) -> bool:
    """Whether a scope is a management group."""
    return id_key(scope).startswith(_GROUP)


class Ancestry:
    """Which scopes lie above which, management groups included."""

    def __init__(
        self,
        parents: Mapping[str, str],
        tenant_id: str,
        seen: Mapping[str, frozenset[str]] | None = None,
    ) -> None:
        self._parents = parents
        self._top = _GROUP + tenant_id.lower()
        self._seen = seen or {}
        self._above: dict[str, tuple[str, ...]] = {}
        self._remembered = lru_cache(maxsize=REMEMBERED)(self._scopes)

    def scopes(self, resource_id: str) -> tuple[str, ...]:
        """Return every scope that a resource is in, from the root down to itself."""
        return self._remembered(resource_id)

    def _scopes(self, resource_id: str) -> tuple[str, ...]:
        key = id_key(resource_id)
        return (ROOT, *self.above(base_of(key)), *prefixes(key))

    def above(self, base: str) -> tuple[str, ...]:
        """Return the management groups over a subscription or group, topmost first.

        Those that only lists of what is in force there show come first: where they
        belong is not known.
        """
        known = self._above.get(base)
        if known is None:
            chain = tuple(self._climb(base))[::-1]
            beside = sorted(self._seen.get(base, frozenset()).difference(chain))
            known = self._above[base] = (*beside, *chain)
        return known

    def _climb(self, base: str) -> Iterator[str]:
        seen = {base}  # a hierarchy that was made up may go round in circles
        parent = self._parents.get(base)
        while parent is not None and parent not in seen:
            seen.add(parent)
            yield parent
            parent = self._parents.get(parent)

    def whole(self, base: str) -> bool:
        """Whether all that lies above is known, up to the tenant root group.

        The root group has the tenant's id for a name (azure-docs, "Management groups").
        """
        return base in (ROOT, self._top) or self._top in self._climb(base)
