"""Agents of Foundry accounts: which projects run them, in which subnets, on what."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum, unique

from scanner.model.cognitive import (
    AccountCapabilityHost,
    CapabilityHost,
    CognitiveAccount,
    NetworkInjection,
    Project,
    ProjectCapabilityHost,
)
from scanner.model.coverage import Unclear
from scanner.model.listing import Listing


@unique
class Store(StrEnum):
    """What agents keep, by the field of the capability host that says where."""

    THREADS = "thread_connections"
    VECTORS = "vector_connections"
    FILES = "storage_connections"

    @property
    def named(self) -> str:
        """What a sentence calls it."""
        return self.name.lower()


def injections(account: CognitiveAccount) -> tuple[NetworkInjection, ...]:
    """Return the networks that an account's agents are to run in."""
    return tuple(
        each
        for each in account.network_injections
        if (each.scenario or "").lower() == "agent"
    )


def hosts(project: Project) -> Iterator[ProjectCapabilityHost]:
    """Yield what makes a project run agents; raises NotRead if there may be more."""
    yield from filter(_is_of_agents, project.capability_hosts)


def _is_of_agents(host: CapabilityHost) -> bool:
    return (host.kind or "agents").lower() == "agents"


def run_agents(account: CognitiveAccount) -> list[Project]:
    """Return the projects known to run agents.

    Raises NotRead where none is and one may be.
    """
    found, unclear = list[Project](), Unclear()
    for project in account.projects.known():
        with unclear:
            if any(True for _ in hosts(project)):
                found.append(project)
    if not found:
        account.projects.require_whole()
        unclear.settle()
    return found


def stores(project: Project) -> dict[Store, tuple[str, ...]]:
    """Return the connections that lead to what a project's agents keep.

    Those of the account go where the project's own host names none (Microsoft Learn,
    "Capability hosts"). Raises NotRead where either may be missing.
    """
    own = list(hosts(project))
    found = {store: _named(own, store) for store in Store}
    if all(found.values()):
        return found
    listing: Listing[AccountCapabilityHost] = project.tenant.within(
        AccountCapabilityHost, project.parts.parent
    )
    shared = list(filter(_is_of_agents, listing))
    return {store: named or _named(shared, store) for store, named in found.items()}


def _named(
    of: list[ProjectCapabilityHost] | list[AccountCapabilityHost], store: Store
) -> tuple[str, ...]:
    lists = (getattr(host, store.value) or () for host in of)
    return tuple(name for names in lists for name in names)
