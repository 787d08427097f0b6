"""Microsoft.MachineLearningServices: workspaces and their children.

The SDK knows none of the children (1.0.1); its list of workspaces is asked for a
version new enough to return `systemDatastoresAuthMode`.
"""

from __future__ import annotations

from collections.abc import Callable

from scanner.collect.read import (
    Body,
    Read,
    RestOperation,
    SdkOperation,
    kind_of,
    properties_of,
)
from scanner.model.machinelearning import (
    Compute,
    Datastore,
    OnlineEndpoint,
    OutboundRule,
    ServerlessEndpoint,
    Workspace,
    WorkspaceConnection,
)
from scanner.model.resource import Resource

_ACTIONS = "Microsoft.MachineLearningServices/workspaces"


def _holds_work(workspace: Body) -> bool:
    return kind_of(workspace) in {"", "default", "hub", "project"}


def _holds_compute(workspace: Body) -> bool:
    """Projects work on their hub's compute and have none of their own."""
    return kind_of(workspace) in {"", "default", "hub"}


def is_encrypted(workspace: Body) -> bool:
    """Whether a key of the customer's own encrypts what a workspace keeps."""
    encryption = properties_of(workspace).get("encryption")
    status = encryption.get("status") if isinstance(encryption, dict) else None
    return str(status).lower() == "enabled"


def _has_managed_network(workspace: Body) -> bool:
    """Projects inherit their hub's managed network and have no rules of their own."""
    managed = bool(properties_of(workspace).get("managedNetwork"))
    return managed and _holds_compute(workspace)


def _children(
    of: type[Resource], collection: str, where: Callable[[Body], bool]
) -> Read:
    return Read(
        of=of,
        at=Workspace,
        operation=RestOperation(path=collection),
        action=f"{_ACTIONS}/{collection}/read",
        where=where,
    )


READS = (
    Read(
        of=Workspace,
        operation=SdkOperation(
            client="azure.mgmt.machinelearningservices:MachineLearningServicesMgmtClient",
            method="workspaces.list_by_subscription",
        ),
        action=f"{_ACTIONS}/read",
        indexed=True,
    ),
    _children(WorkspaceConnection, "connections", _holds_work),
    _children(Datastore, "datastores", _holds_work),
    _children(OutboundRule, "outboundRules", _has_managed_network),
    _children(OnlineEndpoint, "onlineEndpoints", _holds_work),
    _children(ServerlessEndpoint, "serverlessEndpoints", _holds_work),
    _children(Compute, "computes", _holds_compute),
)
