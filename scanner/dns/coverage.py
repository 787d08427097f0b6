"""Which networks and regions have a policy that sees their queries."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain

from scanner.dns.facts import Doubt, Facts, Network, Policy
from scanner.dns.routes import Route
from scanner.model.ids import id_key


@dataclass(frozen=True, slots=True)
class Sight:
    """What sees the queries that Azure's resolver in a network is asked."""

    network: str
    """The key of the network."""
    policies: tuple[Policy, ...]
    """The policies linked to it; Azure lets a network have one."""
    doubt: Doubt | None = None
    """Why it is not known that there is none."""

    @property
    def seen(self) -> bool | None:
        """Whether a policy sees them; None where that is not known."""
        return True if self.policies else None if self.doubt else False

    @property
    def policy(self) -> Policy | None:
        """The policy that sees them, if it is known which."""
        return self.policies[0] if len(self.policies) == 1 else None


@dataclass(frozen=True, slots=True)
class Row:
    """A network, where its queries go, and what sees them there."""

    network: Network
    route: Route
    sights: tuple[Sight, ...]
    """One for each network whose Azure resolver is asked, itself or another."""

    @property
    def covered(self) -> bool | None:
        """Whether a policy sees the queries wherever they reach Azure's resolver.

        None where that is not known. Servers outside Azure count only where there is
        no other.
        """
        seen = {each.seen for each in self.sights}
        if False in seen or not (seen or self.route.doubts):
            return False
        return None if None in seen or self.route.doubts else True

    @property
    def policies(self) -> tuple[Policy, ...]:
        """What is linked where a policy sees the queries: to itself, or else `via`.

        Azure lets a network have one policy: where there are several, it is one.
        """
        place = self.via or id_key(self.network.id)
        linked = (each.policies for each in self.sights if each.network == place)
        return next(linked, ()) if self.covered else ()

    @property
    def policy(self) -> Policy | None:
        """The policy that sees the queries there, if it is known which."""
        return self.policies[0] if len(self.policies) == 1 else None

    @property
    def via(self) -> str | None:
        """The key of the network the queries reach Azure's resolver in, if another."""
        return None if self.route.here else next(iter(self.route.asked), None)

    @property
    def doubts(self) -> tuple[Doubt, ...]:
        """Why it is not known what sees the queries."""
        blind = (each.doubt for each in self.sights if each.doubt)
        return (*self.route.doubts, *blind)


@dataclass(frozen=True, slots=True)
class Region:
    """A region with networks, and whether a policy is there for them."""

    location: str
    rows: tuple[Row, ...]
    policies: tuple[Policy, ...]
    """Those that lie in the region."""
    doubt: Doubt | None = None
    """Why there may be more of them, or which region it is."""

    @property
    def doubts(self) -> tuple[Doubt, ...]:
        """Why it is not known whether it has a policy, or what its networks have."""
        of_rows = chain.from_iterable(each.doubts for each in self.rows)
        return (*filter(None, [self.doubt]), *of_rows)

    @property
    def asking(self) -> tuple[Network, ...]:
        """The networks whose own Azure resolver is asked, and so needs a policy."""
        return tuple(each.network for each in self.rows if each.route.here)

    @property
    def covered(self) -> bool | None:
        """Whether it has a policy, or networks elsewhere that see all its queries do.

        Policies are regional, so each region needs one (DNS security policy
        documentation). None where it is not known.
        """
        seen = {each.covered for each in self.rows}
        if self.policies or seen == {True}:
            return True
        return None if self.doubt or False not in seen else False


def regions(facts: Facts, rows: Iterable[Row]) -> Iterator[Region]:
    """Yield the regions that have networks, by name.

    Networks of which it is not known where they lie come as one without a name.
    """
    found: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        found[row.network.location].append(row)
    policies: dict[str, list[Policy]] = defaultdict(list)
    for policy in facts.policies.values():
        policies[policy.location].append(policy)
    policies.pop("", None)
    for location in sorted(found):
        yield Region(
            location=location,
            rows=tuple(found[location]),
            policies=tuple(policies[location]),
            doubt=facts.policies_doubt or found[location][0].network.location_doubt,
        )
