"""Secrets that lie in hubs, projects and workspaces, and the actions that show them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from checks.shared.connections import stores_key
from scanner.model.connections import Connection
from scanner.model.coverage import NotRead, Unclear
from scanner.model.ids import id_key
from scanner.model.listing import Listing
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
    """The secrets that lie in a workspace, as far as they were read."""

    connections: list[str] = field(default_factory=list)
    """The ids of those that store one."""
    datastores: list[str] = field(default_factory=list)
    unclear: Unclear = field(default_factory=Unclear)
    """Why there may be more."""

    def shown_by(self, action: str) -> list[str]:
        """Return what an action shows the secrets of."""
        return self.connections if action == CONNECTION_SECRETS else self.datastores


def kept(tenant: Tenant) -> Mapping[str, Kept]:
    """Return the secrets of hubs, projects and default workspaces, by their keys."""
    return tenant.once(_kept)


def _kept(tenant: Tenant) -> Mapping[str, Kept]:
    return {id_key(each): _kept_in(tenant, each) for each in working(tenant)}


def _kept_in(tenant: Tenant, workspace_id: str) -> Kept:
    found = Kept()
    for view, action in KEEPING.items():
        with found.unclear:
            for keeper in _storing(tenant.within(view, workspace_id)):
                found.shown_by(action).append(keeper)
    return found


def _storing(keepers: Listing[Resource]) -> Iterator[str]:
    """Yield what stores a secret; raises NotRead in the end if more may."""
    unclear = Unclear()
    for keeper in keepers.known():
        with unclear:
            if stores_secret(keeper):
                yield keeper.id
    unclear.settle()
    keepers.require_whole()


KEEPING: Mapping[type[Resource], str] = {
    WorkspaceConnection: CONNECTION_SECRETS,
    Datastore: DATASTORE_SECRETS,
}
"""The action that shows the secrets of each type."""


def stores_secret(keeper: Resource) -> bool:
    """Whether a connection or datastore keeps a secret; raises NotRead if unclear."""
    if isinstance(keeper, Datastore):
        return keeper.credentials.lower() in STORED
    return isinstance(keeper, Connection) and stores_key(keeper)


def working(tenant: Tenant) -> Iterator[str]:
    """Yield the ids of workspaces that hold work, those included that do not say."""
    for workspace in tenant.all(Workspace).known():
        try:
            if holds_work(workspace):
                yield workspace.id
        except NotRead:
            yield workspace.id
