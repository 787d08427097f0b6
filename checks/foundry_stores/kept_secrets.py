"""Secrets that lie in hubs, projects and workspaces, and what shows them to whom."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from checks.shared.connections import stores_key
from checks.shared.links import connections
from checks.shared.project_users import may_reach_more
from checks.shared.reach import Reach, reach
from scanner.model.connections import Connection
from scanner.model.coverage import NotRead, Unclear
from scanner.model.ids import ResourceId, id_key
from scanner.model.machinelearning import (
    Datastore,
    Workspace,
    WorkspaceConnection,
    holds_work,
)
from scanner.model.resource import Resource
from scanner.model.tenant import Tenant

CONNECTION_SECRETS = (
    "Microsoft.MachineLearningServices/workspaces/connections/listsecrets/action"
)
DATASTORE_SECRETS = (
    "Microsoft.MachineLearningServices/workspaces/datastores/listsecrets/action"
)

STORED = {"accountkey", "sas", "serviceprincipal", "certificate"}
"""Credentials that a datastore keeps, in place of the identity of whoever works."""


@dataclass(slots=True)
class Kept:
    """The secrets that a place shows, as far as they were read."""

    connections: list[str] = field(default_factory=list)
    """The ids of those that store one."""
    datastores: list[str] = field(default_factory=list)
    unclear: Unclear = field(default_factory=Unclear)
    """Why there may be more."""

    def shown_by(self, action: str) -> list[str]:
        """Return what an action shows the secrets of."""
        return self.connections if action == CONNECTION_SECRETS else self.datastores


def kept_at(tenant: Tenant, place: str) -> Kept:
    """Return the secrets that lie open to whoever has an action at a place.

    In a hub, project or default workspace its own, and those of the connections that
    its hub shares; at a connection or datastore that one.
    """
    of_workspace = tenant.once(_kept).get(id_key(place))
    return of_workspace or _collected(_keeper(tenant, place))


def _kept(tenant: Tenant) -> Mapping[str, Kept]:
    return {each.key: _kept_in(each) for each in working(tenant)}


def _kept_in(workspace: Workspace) -> Kept:
    return _collected(connections(workspace), workspace.datastores)


def _keeper(tenant: Tenant, place: str) -> Iterator[Resource]:
    """Yield what keeps secrets at an id; raises NotRead where it was not read."""
    view = KEEPERS.get(ResourceId.parse(place).type.lower())
    keeper = tenant.get(view, place) if view else None
    if keeper is not None:
        yield keeper


def _collected(*keepers: Iterable[Resource]) -> Kept:
    """Return which of some keepers store a secret."""
    found = Kept()
    for several in keepers:
        with found.unclear:
            for keeper in several:
                with found.unclear:
                    if stores_secret(keeper):
                        found.shown_by(KEEPING[type(keeper)]).append(keeper.id)
    return found


KEEPING: Mapping[type[Resource], str] = {
    WorkspaceConnection: CONNECTION_SECRETS,
    Datastore: DATASTORE_SECRETS,
}
"""The action that shows the secrets of each type."""

KEEPERS: Mapping[str, type[Resource]] = {view.type.lower(): view for view in KEEPING}
"""The types that keep secrets, by their names in lower case."""


def secret_readers(tenant: Tenant) -> Mapping[str, Reach]:
    """Return the assignments that show secrets of workspaces, and of which."""
    return tenant.once(_secret_readers)


def _secret_readers(tenant: Tenant) -> Mapping[str, Reach]:
    places = {each.key: each.id for each in working(tenant)}

    def is_part(scope: str) -> bool:
        parts = ResourceId.parse(scope)
        if parts.type.lower() not in KEEPERS:
            return False
        return id_key(parts.parent) in places or may_reach_more(tenant, parts.parent)

    return reach(tenant, KEEPING.values(), places.values(), is_part)


def stores_secret(keeper: Resource) -> bool:
    """Whether a connection or datastore keeps a secret; raises NotRead if unclear."""
    if isinstance(keeper, Datastore):
        return keeper.credentials.lower() in STORED
    return isinstance(keeper, Connection) and stores_key(keeper)


def working(tenant: Tenant) -> Iterator[Workspace]:
    """Yield the workspaces that hold work, those included that do not say."""
    for workspace in tenant.all(Workspace).known():
        try:
            if holds_work(workspace):
                yield workspace
        except NotRead:
            yield workspace
