"""The first rule that matches a name, told from the end of the name."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping

from scanner.dns.names import covers


class SuffixTrie:
    """The entries of rules that are tried in order, by their labels from the last.

    It is kept flat: each node lies under its whole name, so walking down to a name is
    one look-up a label, and an entry costs no more nodes than itself.
    """

    def __init__(self) -> None:
        self._first: dict[str, int] = {}

    def add(self, entries: Iterable[str], rank: int) -> None:
        """Add the entries of a rule; those that a rule before it had stay with it."""
        for entry in entries:
            self._first.setdefault(entry, rank)

    def match(self, name: str) -> tuple[int, str] | None:
        """Return the lowest rank that matches a name and all below it, and by what.

        Of several entries of that rank, it is by the longest.
        """
        known = self._first
        found = ((known[each], each) for each in covers(name) if each in known)
        return min(found, key=lambda match: match[0], default=None)

    def split(self, entries: Iterable[str]) -> Mapping[int | None, frozenset[str]]:
        """Return entries by the lowest rank that matches each and all below it."""
        known = self._first
        parts: dict[int | None, list[str]] = defaultdict(list)
        for entry in entries:
            ranks = (known[each] for each in covers(entry) if each in known)
            parts[min(ranks, default=None)].append(entry)
        return {rank: frozenset(part) for rank, part in parts.items()}
