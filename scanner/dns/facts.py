"""What DNS is decided on: policies, rules, lists, links, networks, what is missing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum, unique

from scanner.model.coverage import Gap


@unique
class Action(StrEnum):
    """What becomes of a query."""

    ALLOW = "allow"
    BLOCK = "block"
    ALERT = "alert"
    NONE = "none"
    """No rule decides it, or no policy sees it: it is answered as ever."""
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Doubt:
    """What is not known, and so leaves an answer open."""

    reason: str
    gap: Gap | None = None
    """The gap it comes from, where the scan asked for it and did not get it."""
    managed: bool = False
    """Whether it is what one of Microsoft's own lists holds, which nobody can read."""


@dataclass(frozen=True, slots=True)
class Names:
    """A domain list: the entries that are known, in the form that compares."""

    id: str
    entries: frozenset[str]
    doubt: Doubt | None = None
    """Why there may be more entries than are known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A traffic rule of a policy; what Azure should say of it and did not is None."""

    id: str
    priority: int | None
    action: Action
    enabled: bool | None = True
    lists: tuple[str, ...] = ()
    """The keys of its domain lists that exist, and of Microsoft's own, each once."""
    doubts: tuple[Doubt, ...] = ()
    """Why it may decide more than its lists say, or otherwise."""

    @property
    def name(self) -> str:
        """The last segment of its id."""
        return self.id.rpartition("/")[2]

    @property
    def certain(self) -> bool:
        """Whether it is tried, and when, is known."""
        return self.enabled is True and self.priority is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """A DNS security policy."""

    id: str
    location: str
    """Its region; empty where that is not known."""
    rules: tuple[Rule, ...] = ()
    logged_to: tuple[str, ...] = ()
    """The workspaces, storage accounts and hubs that its query log is sent to."""
    doubts: tuple[Doubt, ...] = ()
    """Why it may have more rules than are known."""
    log_doubt: Doubt | None = None
    """Why it may be sent to more of them than are known."""
    location_doubt: Doubt | None = None
    """Why its region is not known."""

    @property
    def logged(self) -> bool | None:
        """Whether the queries it sees leave a row in a log."""
        return True if self.logged_to else None if self.log_doubt else False


@unique
class Kind(StrEnum):
    """What has an address that a network may name as its DNS server."""

    ENDPOINT = "inbound endpoint"
    FIREWALL = "firewall"
    INTERFACE = "network interface"


@dataclass(frozen=True, slots=True)
class Host:
    """What has an address in a network."""

    kind: Kind
    id: str
    network: str | None
    """The key of the network it is in; None where that is a virtual hub's own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """A virtual network."""

    id: str
    location: str
    """Its region; empty where that is not known."""
    prefixes: tuple[str, ...] = ()
    """Its address space, each prefix as `ipaddress` writes it."""
    servers: tuple[str, ...] = ()
    """Its DNS servers; none are Azure's own resolver."""
    peers: frozenset[str] = frozenset()
    """The keys of the networks it is peered with."""
    servers_doubt: Doubt | None = None
    """Why its DNS servers are not known."""
    peers_doubt: Doubt | None = None
    """Why a network of the tenant it is peered with, or which that is, is not known."""
    location_doubt: Doubt | None = None
    """Why its region is not known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """Everything that bears on DNS in one tenant; keys are ids as they compare."""

    networks: Mapping[str, Network]
    policies: Mapping[str, Policy] = field(default_factory=dict)
    lists: Mapping[str, Names] = field(default_factory=dict)
    links: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """The keys of the policies that each network is linked to."""
    hosts: Mapping[str, tuple[Host, ...]] = field(default_factory=dict)
    """What has an address: all inbound endpoints and firewalls, and the network
    interfaces whose addresses networks name as DNS servers."""
    link_doubts: Mapping[str, Doubt] = field(default_factory=dict)
    """Why a network, by its key, may be linked to more policies than are known."""
    links_doubt: Doubt | None = None
    """Why any network may be."""
    hubs_doubt: Doubt | None = None
    """Why there may be more firewalls in virtual hubs than are known."""
    networks_doubt: Doubt | None = None
    """Why there may be more networks than are known."""
    policies_doubt: Doubt | None = None
    """Why there may be more policies than are known, in any region."""
    whole: bool = True
    """Whether nothing was left out: a network that is not there is not Azure's."""
