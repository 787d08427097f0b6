"""The entries of all domain lists by their labels, from the last."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping

from scanner.dns.facts import Names
from scanner.dns.names import covers


class SuffixTrie:
    """Entries, each below the nearest other one that matches all it matches.

    It is kept flat: nodes lie under their whole names, and there are none but entries,
    so climbing from one passes by all that cover it and nothing else.
    """

    def __init__(self, lists: Mapping[str, Names]) -> None:
        """Take domain lists by their keys."""
        self._holders: dict[str, list[str]] = defaultdict(list)
        for key, names in lists.items():
            for entry in names.entries:
                self._holders[entry].append(key)
        self._above = {entry: self._cover(entry) for entry in self._holders}

    def _cover(self, entry: str) -> str | None:
        """Return the longest entry that covers another."""
        every = covers(entry)
        next(every)
        return next((each for each in every if each in self._holders), None)

    def climb(self, name: str) -> Iterator[tuple[str, list[str]]]:
        """Yield the entries that match a name and all below it, the longest first.

        Each with the keys of the lists that have it.
        """
        node = name if name in self._holders else self._cover(name)
        while node is not None:
            yield node, self._holders[node]
            node = self._above[node]

    def lowest(self, entry: str, ranks: Mapping[str, int]) -> int | None:
        """Return the lowest rank that an entry or one that covers it has."""
        lowest, node = ranks.get(entry), self._above[entry]
        while node is not None:
            rank = ranks.get(node)
            if rank is not None and (lowest is None or rank < lowest):
                lowest = rank
            node = self._above[node]
        return lowest
