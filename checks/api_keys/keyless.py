"""What calls an account without keeping a key, and whether it may by its identity."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from checks.api_keys.key_connections import Leading
from checks.shared.connections import label_of, uses_entra
from checks.shared.fronting import Fronting
from checks.shared.gateway_policies import SignIn
from checks.shared.workspaces import working_identities
from scanner.model.apimanagement import ApiService
from scanner.model.cognitive import (
    AccountConnection,
    CognitiveAccount,
    Project,
    ProjectConnection,
)
from scanner.model.connections import Connection
from scanner.model.coverage import NotRead, Unclear
from scanner.model.identity import Identified
from scanner.model.machinelearning import Workspace, WorkspaceConnection
from scanner.model.tenant import Tenant

_OWNERS: Mapping[type[Connection], type[Identified]] = {
    WorkspaceConnection: Workspace,
    AccountConnection: CognitiveAccount,
    ProjectConnection: Project,
}


@dataclass(frozen=True, slots=True)
class Keyless:
    """What calls an account without a key of its own, by what sentences call it."""

    ready: tuple[str, ...]
    """What signs in with an identity that holds a data role."""
    roleless: tuple[str, ...]
    """Gateways that sign in with an identity that holds none."""
    passing: tuple[str, ...]
    """Gateways of which nothing tells how they sign in: callers may send keys."""
    unproven: tuple[str, ...]
    """Connections of something whose identity holds none: people may sign in."""
    unread: NotRead | None
    """Why it is not told of all of them."""


def keyless(
    tenant: Tenant, leading: Leading, fronting: Fronting, holders: Collection[str]
) -> Keyless:
    """Return what calls an account without a key, sorted by who holds a data role.

    Of holders, the ids are in lower case.
    """
    ready, roleless, unproven = list[str](), list[str](), list[str]()
    unclear = Unclear()
    for gateway in fronting.by(SignIn.IDENTITY):
        with unclear:
            service = tenant.get(ApiService, gateway.service_id)
            (ready if _holds(service, holders) else roleless).append(gateway.name)
    for connection in leading.others:
        with unclear:
            may = uses_entra(connection) and _holds(_owner_of(connection), holders)
            (ready if may else unproven).append(label_of(connection))
    passing = tuple(each.name for each in fronting.by(SignIn.NOT_TOLD))
    return Keyless(
        tuple(ready), tuple(roleless), passing, tuple(unproven), unclear.problem
    )


def _owner_of(connection: Connection) -> Identified | None:
    view = _OWNERS[type(connection)]
    return connection.tenant.get(view, connection.parts.parent)


def _holds(caller: Identified | None, holders: Collection[str]) -> bool:
    """Whether one of the identities that something signs in as is a holder."""
    if isinstance(caller, Workspace):
        identities = tuple(working_identities(caller))
    else:
        identities = caller.identities if caller else ()
    return any(each.principal_id.lower() in holders for each in identities)
