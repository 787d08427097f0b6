"""The rules of a policy: which decides a name, and which never decide any."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from operator import itemgetter
from typing import TypeAlias

from scanner.dns.facts import Action, Doubt, Names, Policy, Rule
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
    match: Match | None
    """The first rule that is known to match it."""
    unless: tuple[Rule, ...]
    """The rules tried before it that may match too, for all that is known."""
    doubts: tuple[Doubt, ...]
    """Why it is not known what decides; none where it is."""
    action: Action
    """What becomes of it; known too where all that may decide it do the same."""

    @property
    def decider(self) -> Rule | None:
        """The rule that decides; None where none does or it is not known which."""
        return self.match.rule if self.match and not self.doubts else None


class Ruleset:
    """The enabled rules of one policy, in the order they are tried.

    The first whose list has the name or a parent of it decides (DNS security policy
    documentation). A rule of unknown priority may be the first of all. Azure refuses
    two of one priority; which of them comes first is not known.
    """

    def __init__(
        self, policy: Policy, lists: Mapping[str, Names], trie: SuffixTrie
    ) -> None:
        """Take a policy, the lists its rules name, and a trie of all their entries."""
        self.policy = policy
        active = (rule for rule in policy.rules if rule.enabled is not False)
        self.rules = tuple(sorted(active, key=_order))
        self._lists = lists
        self._trie = trie
        self._tied = _tied(self.rules)
        self._doubts = tuple(tuple(self._of(rule)) for rule in self.rules)

    def _of(self, rule: Rule) -> Iterator[Doubt]:
        """Yield why a rule may decide more than its known entries, or none at all."""
        yield from rule.doubts
        for key in rule.lists:
            if doubt := self._lists[key].doubt:
                yield doubt
        if rule.priority in self._tied:
            does = "the priority of a rule that does otherwise"
            yield Doubt(f"{rule.name} has {does}: {rule.priority}")
        if not rule.certain and not any(_unmanaged(rule.doubts)):
            yield Doubt(f"whether and when {rule.name} is tried is not known")

    def _certain(self, rule: Rule) -> bool:
        """Whether a rule is tried, and when, is known."""
        return rule.certain and rule.priority not in self._tied

    @cached_property
    def _users(self) -> Mapping[str, list[int]]:
        """The ranks of the rules that have each list."""
        users: dict[str, list[int]] = defaultdict(list)
        for rank, rule in enumerate(self.rules):
            for key in rule.lists:
                users[key].append(rank)
        return users

    def decide(self, name: str) -> Decision:
        """Return what decides a normalised name."""
        found = self._matches(name)
        sure = ((rank, each) for rank, each in found if self._certain(each.rule))
        rank, match = next(sure, (len(self.rules), None))
        unless = [place for place in range(rank) if self._doubts[place]]
        doubts = (doubt for place in unless for doubt in self._doubts[place])
        before = tuple(self.rules[place] for place in unless)
        return Decision(
            name=name,
            match=match,
            unless=before,
            doubts=(*self.policy.doubts, *doubts),
            action=self._action(match, before),
        )

    def _action(self, match: Match | None, before: tuple[Rule, ...]) -> Action:
        """Return what every rule that may decide comes to, if it is the same."""
        actions = {each.action for each in before}
        actions.add(match.rule.action if match else Action.NONE)
        known = len(actions) == 1 and not self.policy.doubts
        return actions.pop() if known else Action.UNKNOWN

    def matching(self, name: str) -> Iterator[Match]:
        """Yield every rule known to match a normalised name, in the order tried."""
        return (match for _, match in self._matches(name))

    def _matches(self, name: str) -> Iterator[tuple[int, Match]]:
        """Yield matches with the rank of the rule."""
        found: dict[int, Match] = {}
        for entry, holders in self._trie.climb(name):
            for key in holders:
                for rank in self._users.get(key, ()):
                    match = Match(self.rules[rank], entry, self._lists[key].id)
                    found.setdefault(rank, match)
        return iter(sorted(found.items(), key=itemgetter(0)))

    def standings(self) -> Iterator[Standing]:
        """Yield what is left to each rule, in the order they are tried."""
        split = _Split(self._lists, self._trie, self._ranks())
        earlier = dict.fromkeys(self.policy.doubts)
        for rank, rule in enumerate(self.rules):
            own = dict.fromkeys(_unmanaged(self._doubts[rank]))
            parts = split.of(rule.lists)
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

    def _ranks(self) -> dict[str, int]:
        """Return the first rule that has each entry, of those known to be tried."""
        ranks: dict[str, int] = {}
        seen = set[str]()
        for rank, rule in enumerate(self.rules):
            if self._certain(rule):
                for key in set(rule.lists) - seen:
                    for entry in self._lists[key].entries:
                        ranks.setdefault(entry, rank)
                seen.update(rule.lists)
        return ranks


class _Split:
    """The entries of lists by what decides them.

    Each list is gone through once, however many rules have it.
    """

    def __init__(
        self, lists: Mapping[str, Names], trie: SuffixTrie, ranks: dict[str, int]
    ) -> None:
        self._lists = lists
        self._trie = trie
        self._ranks = ranks
        self._known: dict[tuple[str, ...], Parts] = {}

    def of(self, lists: tuple[str, ...]) -> Parts:
        """Return the entries that some lists have together."""
        if lists not in self._known:
            if len(lists) == 1:
                self._known[lists] = self._divided(self._lists[lists[0]].entries)
            else:
                self._known[lists] = _merged(self.of((key,)) for key in lists)
        return self._known[lists]

    def _divided(self, entries: Iterable[str]) -> Parts:
        parts: dict[int | None, list[str]] = defaultdict(list)
        for entry in entries:
            parts[self._trie.lowest(entry, self._ranks)].append(entry)
        return {rank: frozenset(part) for rank, part in parts.items()}


def _merged(several: Iterable[Parts]) -> Parts:
    """Return the union of what several lists have, rank by rank."""
    together: dict[int | None, list[frozenset[str]]] = defaultdict(list)
    for parts in several:
        for rank, entries in parts.items():
            together[rank].append(entries)
    return {rank: frozenset[str]().union(*found) for rank, found in together.items()}


def _unmanaged(doubts: Iterable[Doubt]) -> Iterator[Doubt]:
    return (doubt for doubt in doubts if not doubt.managed)


def _tied(rules: Iterable[Rule]) -> frozenset[int]:
    """Return the priorities of rules that do not all do the same."""
    actions: dict[int, set[Action]] = defaultdict(set)
    for rule in rules:
        if rule.priority is not None:
            actions[rule.priority].add(rule.action)
    return frozenset(each for each, found in actions.items() if len(found) > 1)


def _order(rule: Rule) -> tuple[bool, int, str]:
    """Return what rules are tried by; those of one priority keep the order of ids."""
    return rule.priority is not None, rule.priority or 0, id_key(rule.id)
