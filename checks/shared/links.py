"""What workspaces work with: the connections they see, and what those lead to."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import TypeVar

from checks.shared.connections import (
    cite_lead,
    stores_key,
    target,
    target_key,
    uses_entra,
)
from checks.shared.wording import CITED
from scanner.model.cognitive import (
    AccountConnection,
    CognitiveAccount,
    ProjectConnection,
)
from scanner.model.connections import Connection
from scanner.model.coverage import NotRead, Unclear
from scanner.model.ids import ResourceId, id_key
from scanner.model.machinelearning import Workspace, WorkspaceConnection
from scanner.model.resource import Resource
from scanner.model.search import SearchService
from scanner.model.storage import StorageAccount
from scanner.model.tenant import Tenant

R = TypeVar("R", bound=Resource)

KINDS: tuple[type[Connection], ...] = (
    WorkspaceConnection,
    AccountConnection,
    ProjectConnection,
)
"""Every kind of connection."""

LINKED: tuple[type[Resource], ...] = (SearchService, CognitiveAccount, StorageAccount)
"""What connections with Entra ID need roles on."""


def hub_of(workspace: Workspace) -> Workspace | None:
    """Return the hub of a project, None for any other workspace.

    Raises NotRead where the hub lies outside the scan or its list has a gap.
    """
    hub_id = workspace.hub_id
    return workspace.tenant.get(Workspace, hub_id) if hub_id else None


def connections(workspace: Workspace) -> Iterator[WorkspaceConnection]:
    """Yield the connections a workspace can use: its own, and those its hub shares.

    Raises NotRead in the end if there may be more.
    """
    yield from workspace.connections.known()
    hub = hub_of(workspace)
    if hub is not None:
        yield from (each for each in hub.connections if each.shared_to_all)
    workspace.connections.require_whole()


def keeps_key(workspace: Workspace) -> bool:
    """Whether a connection that a workspace can use stores a key.

    Raises NotRead where none is known to and one may.
    """
    unclear = Unclear()
    for connection in connections(workspace):
        with unclear:
            if stores_key(connection):
                return True
    unclear.settle()
    return False


@dataclass(frozen=True, slots=True)
class Link:
    """A connection with Entra ID, and the resource it leads to."""

    connection: Connection
    resource: Resource


def links(workspace: Workspace, *views: type[Resource]) -> Iterator[Link]:
    """Yield what a workspace can use with Entra ID, of some of the `LINKED` types.

    Raises NotRead in the end if there may be more.
    """
    tenant, unclear, cited = workspace.tenant, Unclear(), 0
    with suppress(NotRead):
        workspace.cite(Workspace.hub_id)
    for trail in tenant.once(_trails).get(workspace.key, ()):
        if trail.view is not None and trail.view not in views:
            continue
        if trail.problem is not None:
            unclear.add(trail.problem)
            continue
        connection = tenant.known(WorkspaceConnection, trail.connection_id)
        found = tenant.known(trail.view, trail.target_id) if trail.view else None
        if connection is not None and found is not None:
            connection.cite(Connection.auth_type)
            if cited < CITED:
                cited += 1
                cite_lead(connection)
                if id_key(connection.parts.parent) != workspace.key:
                    connection.cite(Connection.shared_to_all)
            yield Link(connection, found)
    unclear.settle()


@dataclass(frozen=True, slots=True)
class _Trail:
    """Where a connection with Entra ID leads, or why that is not known."""

    connection_id: str = ""
    view: type[Resource] | None = None
    """The type it leads to; None where it may be any."""
    target_id: str = ""
    problem: NotRead | None = None


def _trails(tenant: Tenant) -> Mapping[str, tuple[_Trail, ...]]:
    """Return where every workspace's connections lead, by the workspace's key.

    Many workspaces see the connections of one hub, and many people work in each.
    """
    every = tenant.all(Workspace).known()
    return {workspace.key: tuple(_trails_of(workspace)) for workspace in every}


def _trails_of(workspace: Workspace) -> Iterator[_Trail]:
    try:
        for connection in connections(workspace):
            yield from _trail(connection)
    except NotRead as problem:
        yield _Trail(problem=problem.light())


def _trail(connection: Connection) -> Iterator[_Trail]:
    """Yield where a connection leads, if that is of a `LINKED` type."""
    view = None
    try:
        if uses_entra(connection):
            view = _named_type(connection)
            found = target(connection, *LINKED)
            if found is not None:
                yield _Trail(connection.id, type(found), found.id)
    except NotRead as problem:
        yield _Trail(connection.id, view, problem=problem.light())


def _named_type(connection: Connection) -> type[Resource] | None:
    kind = ResourceId.parse(connection.target_id or "").type.lower()
    return next((view for view in LINKED if view.type.lower() == kind), None)


@dataclass(frozen=True, slots=True)
class Leading:
    """The connections of one kind in a tenant, by what they lead to."""

    ids: Mapping[str, tuple[str, ...]]
    """By the key of the resource."""
    unclear: Unclear
    """Why more may lead to any resource."""


def connections_to(
    resource: Resource, *kinds: type[Connection]
) -> Iterator[Connection]:
    """Yield the connections that lead to a resource, of some kinds.

    Raises NotRead in the end if there may be more.
    """
    every = resource.tenant.once(_leading)
    for kind in kinds:
        for place, found in enumerate(every[kind].ids.get(resource.key, ())):
            connection = resource.tenant.known(kind, found)
            if connection is not None:
                if place < CITED:
                    cite_lead(connection)
                yield connection
    for kind in kinds:
        every[kind].unclear.settle()


def _leading(tenant: Tenant) -> Mapping[type[Connection], Leading]:
    return {kind: _leading_of(tenant, kind) for kind in KINDS}


def _leading_of(tenant: Tenant, kind: type[Connection]) -> Leading:
    found = defaultdict(list)
    unclear = Unclear()
    listing = tenant.all(kind)
    for connection in listing.known():
        with unclear:
            found[target_key(connection)].append(connection.id)
    unclear.add(listing.missing)
    return Leading({key: tuple(each) for key, each in found.items()}, unclear)


def workspaces_with(resource: Resource) -> Iterator[Workspace]:
    """Yield the workspaces that can use a resource with Entra ID, each once.

    Raises NotRead in the end if there may be more.
    """
    seen = set()
    unclear = Unclear()
    for connection in connections_to(resource, WorkspaceConnection):
        with unclear:
            seeing = tuple(_seeing(connection)) if uses_entra(connection) else ()
            for workspace in seeing:
                if workspace.key not in seen:
                    seen.add(workspace.key)
                    yield workspace
    unclear.settle()


def _seeing(connection: Connection) -> Iterator[Workspace]:
    """Yield the workspace a connection is of, and the projects it is shared with."""
    tenant = connection.tenant
    owner = tenant.get(Workspace, connection.parts.parent)
    if owner is None:
        return
    yield owner
    if connection.shared_to_all:
        yield from tenant.referring(Workspace, "hub_id", owner.id)


def partners(resource: Resource, view: type[R]) -> Iterator[R]:
    """Yield what the workspaces that use a resource can use beside it, each once.

    Both with Entra ID. Raises NotRead in the end if there may be more.
    """
    seen = set()
    unclear = Unclear()
    for workspace in workspaces_with(resource):
        with unclear:
            for found in (link.resource for link in links(workspace, view)):
                if isinstance(found, view) and found.key not in seen:
                    seen.add(found.key)
                    yield found
    unclear.settle()
