"""Measure DNS: what is shadowed, who is covered, and what decides many names."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator

from scanner.dns.facts import Action, Facts, Names, Network, Policy, Rule
from scanner.dns.names import normalised
from scanner.dns.resolver import Resolver

DOMAINS = 100_000
LISTS = 1_000
POLICIES = 20
RULES = 100
"""Rules a policy, each with ten of the lists."""
NETWORKS = 500
ASKED = 10_000

_ACTIONS = (Action.ALLOW, Action.BLOCK, Action.ALERT)
_REGIONS = ("westeurope", "swedencentral", "uksouth", "northeurope")


def main() -> None:
    """Print the figures."""
    print(shadows_and_coverage())
    print(one_list_for_all())


def shadows_and_coverage() -> str:
    """Return seconds and counts of one estate's worth of answers, in one line."""
    chance = random.Random(6)  # noqa: S311 - the same estate every time
    began = time.perf_counter()
    resolver = Resolver(invented(chance))
    read = time.perf_counter()
    lost = sum(
        standing.can_decide is False
        for policy in resolver.facts.policies
        for standing in resolver.shadowed(policy).values()
    )
    shadowed = time.perf_counter()
    covered = sum(row.covered is True for row in resolver.covered().values())
    regions = len(resolver.regions())
    walked = time.perf_counter()
    blocked = sum(
        resolver.decide(f"a.{name}", policy).action is Action.BLOCK
        for name, policy in _asked(chance, resolver.facts)
    )
    return (
        f"{DOMAINS:,} domains in {LISTS:,} lists, {POLICIES} policies x {RULES} rules: "
        f"normalised in {read - began:.2f} s, shadows in {shadowed - read:.2f} s "
        f"({lost} rules never fire), coverage of {NETWORKS} networks in {regions} "
        f"regions in {walked - shadowed:.2f} s ({covered} covered), {ASKED:,} names "
        f"decided in {time.perf_counter() - walked:.2f} s ({blocked:,} blocked)"
    )


def one_list_for_all() -> str:
    """Return the seconds of the shadows of fifty rules over one list of all domains."""
    every = Names("/list", normalised(f"h{n}.example.com." for n in range(DOMAINS)))
    rules = (_rule(place, _ACTIONS[place % 3], "/list") for place in range(50))
    policy = Policy(id="/policy", location="westeurope", rules=tuple(rules))
    facts = Facts(networks={}, policies={"/policy": policy}, lists={"/list": every})
    began = time.perf_counter()
    lost = sum(
        not each.can_decide for each in Resolver(facts).shadowed("/policy").values()
    )
    seconds = time.perf_counter() - began
    return f"50 rules over one list of {DOMAINS:,}: {seconds:.2f} s ({lost} never fire)"


def invented(chance: random.Random) -> Facts:
    """Return an estate: lists that overlap, policies, hubs, spokes that ask them."""
    size = DOMAINS // LISTS
    lists = {
        f"/list-{number}": Names(
            f"/list-{number}", normalised(domain(chance) for _ in range(size))
        )
        for number in range(LISTS)
    }
    policies = {
        f"/policy-{number}": Policy(
            id=f"/policy-{number}",
            location=_REGIONS[number % 4],
            rules=tuple(_rules(chance, tuple(lists))),
        )
        for number in range(POLICIES)
    }
    return Facts(
        networks={each.id: each for each in _networks()},
        policies=policies,
        lists=lists,
        links={
            f"/network-{n}": (f"/policy-{n % POLICIES}",) for n in range(0, 400, 10)
        },
    )


def domain(chance: random.Random) -> str:
    """Return a name as people write it into lists."""
    labels = chance.choice((2, 3, 3, 4))
    return ".".join(f"L{chance.randrange(600)}" for _ in range(labels)) + "."


def _rules(chance: random.Random, lists: tuple[str, ...]) -> Iterator[Rule]:
    for place in range(RULES):
        yield _rule(place, chance.choice(_ACTIONS), *chance.sample(lists, 10))


def _rule(place: int, action: Action, *lists: str) -> Rule:
    return Rule(id=f"/rule-{place}", priority=100 + place, action=action, lists=lists)


def _networks() -> Iterator[Network]:
    """Yield every tenth network as a hub, the nine after it as spokes that ask it."""
    for number in range(NETWORKS):
        hub = number - number % 10
        asks = () if number == hub else (f"10.{hub // 256}.{hub % 256}.4",)
        yield Network(
            id=f"/network-{number}",
            location=_REGIONS[hub // 10 % 4],
            prefixes=(f"10.{number // 256}.{number % 256}.0/24",),
            servers=asks,
            peers=frozenset({f"/network-{hub}"}),
        )


def _asked(chance: random.Random, facts: Facts) -> Iterator[tuple[str, str]]:
    policies = tuple(facts.policies)
    names = [name for each in facts.lists.values() for name in sorted(each.entries)]
    for _ in range(ASKED):
        yield chance.choice(names), chance.choice(policies)


if __name__ == "__main__":
    main()
