"""The rules of a policy: which decides a name, and which never decide any."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

from scanner.dns.facts import Action, Doubt, Names, Policy, Rule
from scanner.dns.names import covers
from scanner.dns.shadows import Clash, Shadow, Standing
from scanner.dns.trie import SuffixTrie
from scanner.model.ids import id_key

Parts: TypeAlias = Mapping[int | None, frozenset[str]]
"""Entries by the rank of the rule that decides them; None where none is known to."""


@dataclass(frozen=True, slots=True)
class Match:
    """A rule that matches a name, by its longest entry that does."""

    rule: Rule
    entry: str
    list_id: str


@dataclass(frozen=True, slots=True)
class Decision:
    """What becomes of the queries for a name that reach a policy."""

    name: str
    rule: Rule | None
    """The first rule that is known to match it."""
    entry: str | None
    """The entry it matches by."""
    unless: tuple[Rule, ...]
    """The rules tried before it that may match too, for all that is known."""
    doubts: tuple[Doubt, ...]
    """Why it is not known what decides; none where it is."""
    action: Action
    """What becomes of it; known too where all that may decide it do the same."""

    @property
    def decider(self) -> Rule | None:
        """The rule that decides; None where none does or it is not known which."""
        return None if self.doubts else self.rule


class Ruleset:
    """The enabled rules of one policy, in the order they are tried.

    The first whose list has the name or a parent of it decides (DNS security policy
    documentation). A rule of unknown priority may be the first of all.
    """

    def __init__(self, policy: Policy, lists: Mapping[str, Names]) -> None:
        self.policy = policy
        active = (rule for rule in policy.rules if rule.enabled is not False)
        self.rules = tuple(sorted(active, key=_order))
        self._lists = lists
        self._doubts = tuple(tuple(self._of(rule)) for rule in self.rules)
        self._parts: dict[tuple[str, ...], Parts] = {}

    def _of(self, rule: Rule) -> Iterator[Doubt]:
        """Yield why a rule may decide more than its known entries, or none at all."""
        yield from rule.doubts
        for key in rule.lists:
            if doubt := self._lists[key].doubt:
                yield doubt
        if not rule.certain and not any(_unmanaged(rule.doubts)):
            yield Doubt(f"whether and when {rule.name} is tried is not known")

    @cached_property
    def _trie(self) -> SuffixTrie:
        """The entries of the rules that are known to be tried, and when."""
        trie, seen = SuffixTrie(), set[str]()
        for rank, rule in enumerate(self.rules):
            if rule.certain:
                for key in set(rule.lists) - seen:
                    trie.add(self._lists[key].entries, rank)
                seen.update(rule.lists)
        return trie

    def decide(self, name: str) -> Decision:
        """Return what decides a normalised name."""
        found = self._trie.match(name)
        rank, entry = found or (len(self.rules), None)
        unless = [place for place in range(rank) if self._doubts[place]]
        doubts = (doubt for place in unless for doubt in self._doubts[place])
        rule = self.rules[rank] if found else None
        before = tuple(self.rules[place] for place in unless)
        return Decision(
            name=name,
            rule=rule,
            entry=entry,
            unless=before,
            doubts=(*self.policy.doubts, *doubts),
            action=self._action(rule, before),
        )

    def _action(self, rule: Rule | None, before: tuple[Rule, ...]) -> Action:
        """Return what every rule that may decide comes to, if it is the same."""
        actions = {each.action for each in before}
        actions.add(rule.action if rule else Action.NONE)
        known = len(actions) == 1 and not self.policy.doubts
        return actions.pop() if known else Action.UNKNOWN

    def matching(self, name: str) -> Iterator[Match]:
        """Yield every rule known to match a normalised name, in the order tried."""
        entries = tuple(covers(name))
        for rule in self.rules:
            lists = [self._lists[key] for key in rule.lists]
            for entry in entries:
                holder = next((each for each in lists if entry in each.entries), None)
                if holder is not None:
                    yield Match(rule, entry, holder.id)
                    break

    def standings(self) -> Iterator[Standing]:
        """Yield what is left to each rule, in the order they are tried."""
        earlier = dict.fromkeys(self.policy.doubts)
        for rank, rule in enumerate(self.rules):
            own = dict.fromkeys(_unmanaged(self._doubts[rank]))
            parts = self._split(rule.lists)
            yield Standing(
                rule=rule,
                entries=sum(map(len, parts.values())),
                shadows=tuple(self._shadows(rule, rank, parts)),
                doubts=tuple(own | earlier),
            )
            earlier |= own

    def _shadows(self, rule: Rule, rank: int, parts: Parts) -> Iterator[Shadow]:
        for place in sorted(each for each in parts if each is not None):
            if place < rank:
                by = self.rules[place]
                known = Action.UNKNOWN not in (by.action, rule.action)
                yield Shadow(
                    by=by,
                    entries=parts[place],
                    clash=Clash.of(by.action, rule.action),
                    sure=known and place <= self._known_until,
                )

    @cached_property
    def _known_until(self) -> int:
        """The rank of the first rule that may match more than is known, or -1."""
        if self.policy.doubts:
            return -1
        for rank, doubts in enumerate(self._doubts):
            if any(_unmanaged(doubts)):
                return rank
        return len(self.rules)

    def _split(self, lists: tuple[str, ...]) -> Parts:
        """Return the entries of lists by what decides them.

        Each list is gone through once, however many rules have it.
        """
        if lists not in self._parts:
            if len(lists) == 1:
                found = self._trie.split(self._lists[lists[0]].entries)
            else:
                found = _merged(self._split((key,)) for key in lists)
            self._parts[lists] = found
        return self._parts[lists]


def _merged(several: Iterable[Parts]) -> Parts:
    """Return the union of what several lists have, rank by rank."""
    together: dict[int | None, list[frozenset[str]]] = defaultdict(list)
    for parts in several:
        for rank, entries in parts.items():
            together[rank].append(entries)
    return {rank: frozenset[str]().union(*found) for rank, found in together.items()}


def _unmanaged(doubts: Iterable[Doubt]) -> Iterator[Doubt]:
    return (doubt for doubt in doubts if not doubt.managed)


def _order(rule: Rule) -> tuple[bool, int, str]:
    """Return what rules are tried by; those of one priority keep the order of ids."""
    return rule.priority is not None, rule.priority or 0, id_key(rule.id)
