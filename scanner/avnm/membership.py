"""Which networks are in which group, by hand or by policy, as far as it is known."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from scanner.model.coverage import Gap
from scanner.policy.conditions import Subject, Test, understood


@dataclass(frozen=True, slots=True)
class Doubt:
    """Why something may be otherwise than is known."""

    reason: str
    gap: Gap | None = None


@dataclass(frozen=True, slots=True)
class Manager:
    """A network manager: the scopes it manages, and those above them, by key."""

    id: str
    scopes: frozenset[str]
    above: frozenset[str] = frozenset()
    features: frozenset[str] = frozenset()
    """In lower case; none is managed without."""
    knows_above: bool = True
    doubts: tuple[Doubt, ...] = ()
    """Why it may manage more, or have more groups."""


@dataclass(frozen=True, slots=True)
class Group:
    """A network group, and the networks that somebody put into it."""

    id: str
    manager: str
    members: frozenset[str] = frozenset()
    guarded: bool | None = False
    """Whether rules of a security admin configuration apply to it, None if open."""
    doubts: tuple[Doubt, ...] = ()


@dataclass(frozen=True, slots=True)
class Rule:
    """A policy in force on a network: whom it takes into which group."""

    definition_id: str
    group: str
    condition: object
    doubt: Doubt | None = None
    """Why it may not be there, or take the network into no group."""


@dataclass(frozen=True, slots=True)
class Network:
    """A network, the scopes it lies in by key, and the policies in force on it."""

    subject: Subject
    scopes: frozenset[str]
    knows_above: bool = True
    rules: tuple[Rule, ...] = ()
    doubts: tuple[Doubt, ...] = ()


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a network stands: who manages it, and the groups it is in."""

    managers: tuple[str, ...]
    groups: Mapping[str, tuple[str, ...]]
    """By the group, the definitions that take it in; none for one that is by hand."""
    by_hand: frozenset[str]
    """The groups that somebody put it into, whatever policies say."""
    open: tuple[tuple[str, Doubt], ...]
    """Why it may be in more: the group, or nothing where that is any."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of network managers; everything by key."""

    managers: Mapping[str, Manager] = field(default_factory=dict)
    groups: Mapping[str, Group] = field(default_factory=dict)
    networks: Mapping[str, Network] = field(default_factory=dict)
    doubts: tuple[Doubt, ...] = ()
    """Why there may be more managers."""


class Membership:
    """The groups of every network, and the networks of every group."""

    def __init__(self, facts: Facts) -> None:
        self.facts = facts
        self._groups: dict[str, list[str]] = defaultdict(list)
        self._by_hand: dict[tuple[str, str], list[str]] = defaultdict(list)
        """By manager and network, the groups that somebody put it into."""
        for key, group in facts.groups.items():
            self._groups[group.manager].append(key)
            for member in group.members:
                self._by_hand[group.manager, member].append(key)
        self._unread = {each: tuple(self._unread_of(each)) for each in facts.managers}
        self._tests: dict[int, Test] = {}
        self.standings = {key: self._standing(key) for key in facts.networks}
        self._members: dict[str, list[str]] = defaultdict(list)
        self._open: dict[str, list[Doubt]] = defaultdict(list)
        for network, standing in self.standings.items():
            for key in standing.groups:
                self._members[key].append(network)
            for key, doubt in standing.open:
                self._open[key].append(doubt)

    def members(self, group: str) -> tuple[str, ...]:
        """Return the networks that are in a group for certain."""
        return tuple(self._members.get(group, ()))

    def doubts(self, group: str) -> Iterator[Doubt]:
        """Yield why there may be more networks in a group."""
        yield from self.facts.groups[group].doubts
        yield from self._open.get(group, ())
        yield from self._open.get("", ())

    def guarded(self, network: str) -> bool | None:
        """Whether security admin rules apply to a network, once they are deployed.

        None where that is not known.
        """
        groups = self.standings[network].groups
        told = {self.facts.groups[each].guarded for each in groups}
        return True if True in told else None if None in told else False

    def by_tags(self, network: str) -> tuple[Rule, ...]:
        """Return the policies that keep a network in groups, by its tags alone.

        With other tags it may leave these groups: nobody put it there, no policy takes
        it in whatever its tags are, and nothing is open that may do either.
        """
        known, standing = self.facts.networks[network], self.standings[network]
        untagged = replace(known.subject, knows_tags=False)
        holding = [
            (rule, self._test_of(rule.condition)(untagged).holds)
            for rule in known.rules
            if rule.definition_id in standing.groups.get(rule.group, ())
        ]
        staying = {key for key, _ in standing.open} | standing.by_hand
        staying |= {rule.group for rule, holds in holding if holds}
        return tuple(
            rule
            for rule, holds in holding
            if holds is None and rule.group not in staying
        )

    def _standing(self, key: str) -> Standing:
        network = self.facts.networks[key]
        within = {
            each: manages(manager, network)
            for each, manager in self.facts.managers.items()
        }
        found: dict[str, tuple[str, ...]] = {}
        opened: list[tuple[str, Doubt]] = []
        for manager, managed in within.items():
            if managed is None:
                opened.append(("", _unknown_scope(manager)))
            if managed:
                found.update(dict.fromkeys(self._by_hand.get((manager, key), ()), ()))
                opened += self._unread[manager]
        by_hand = frozenset(found)
        for rule in network.rules:
            taken = self._takes(rule, network, within)
            if taken is True:
                found[rule.group] = (*found.get(rule.group, ()), rule.definition_id)
            elif isinstance(taken, Doubt):
                opened.append((rule.group, taken))
        opened += [("", each) for each in (*self.facts.doubts, *network.doubts)]
        managers = tuple(each for each, managed in within.items() if managed)
        return Standing(managers, found, by_hand, tuple(opened))

    def _test_of(self, condition: object) -> Test:
        """Return a condition understood: it is asked about each of many networks."""
        found = self._tests.get(id(condition))
        if found is None:
            found = self._tests[id(condition)] = understood(condition)
        return found

    def _unread_of(self, manager: str) -> Iterator[tuple[str, Doubt]]:
        yield from (("", each) for each in self.facts.managers[manager].doubts)
        for key in self._groups[manager]:
            yield from ((key, each) for each in self.facts.groups[key].doubts)

    def _takes(
        self, rule: Rule, network: Network, within: Mapping[str, bool | None]
    ) -> bool | Doubt:
        """Return whether a policy takes a network in, or why that is open."""
        group = self.facts.groups.get(rule.group)
        managed = within.get(group.manager) if group else None
        if group and managed is False:
            return False
        answer = self._test_of(rule.condition)(network.subject)
        if answer.holds is False:
            return False
        if rule.doubt or not group:
            return rule.doubt or Doubt(f"{rule.group} was not read")
        if answer.holds is None:
            why = "; ".join(answer.open)
            return Doubt(f"{rule.definition_id} has a condition with {why}")
        return True if managed else _unknown_scope(group.manager)


def _unknown_scope(manager: str) -> Doubt:
    return Doubt(f"whether {manager} manages the network is not known")


def manages(manager: Manager, network: Network) -> bool | None:
    """Return whether a manager manages a network, None if that is open.

    It does so in its scope, and nothing anywhere without features.
    """
    if not manager.features:
        return False
    if not manager.scopes.isdisjoint(network.scopes):
        return True
    groups = any("/managementgroups/" in each for each in manager.scopes)
    return None if groups and not network.knows_above else False


@dataclass(frozen=True, slots=True)
class Overlap:
    """Two managers of the same scope or of scopes above one another."""

    other: str
    features: frozenset[str]
    """What both manage there."""
    same: bool
    higher: bool = False
    """Whether the other's scope is above, which wins."""


def overlaps(manager: Manager, others: Mapping[str, Manager]) -> Iterator[Overlap]:
    """Yield where other managers do the same for the same networks."""
    for other in others.values():
        features = manager.features & other.features
        if other.id == manager.id or not features:
            continue
        if manager.scopes & other.scopes:
            yield Overlap(other.id, features, same=True)
        elif manager.above & other.scopes:
            yield Overlap(other.id, features, same=False, higher=True)
        elif manager.scopes & other.above:
            yield Overlap(other.id, features, same=False)
