"""Hubs, projects and workspaces: how they reach their data, and where it lies."""

from __future__ import annotations

from collections.abc import Iterator

from checks.shared.wording import count, shown
from scanner.model.coverage import NotRead
from scanner.model.identity import ManagedIdentity
from scanner.model.ids import id_key
from scanner.model.machinelearning import Workspace
from scanner.model.storage import StorageAccount
from scanner.model.tenant import Tenant


def mode_of(workspace: Workspace) -> str:
    """Return how its datastores sign in, in lower case.

    Null is `accesskey`, the default; raises NotRead where the key is absent (workspace
    REST reference: api-versions before 2024-10-01-preview leave it out).
    """
    return (workspace.datastores_auth_mode or "accesskey").lower()


def default_storage(workspace: Workspace, tenant: Tenant) -> StorageAccount | None:
    """Return a workspace's default storage, None where there is no such account.

    Raises NotRead where the account lies outside the scan or its list has a gap.
    """
    if not workspace.storage_account_id:
        return None
    return tenant.get(StorageAccount, workspace.storage_account_id)


def primary_identities(workspace: Workspace) -> list[ManagedIdentity]:
    """Return the user-assigned identities that a workspace works with.

    The one it says is the primary. Where it names none, it works with its
    system-assigned identity (Microsoft Learn, "Set up authentication between Azure
    Machine Learning and other services"), and with none of these; where it has no such
    identity, with all but the one that opens its encryption key, if there are others.
    """
    every = list(workspace.user_identities)
    primary = workspace.primary_identity_id
    if primary:
        wanted = id_key(primary)
        return [each for each in every if id_key(each.resource_id) == wanted] or every
    if workspace.system_identity is not None:
        return []
    opening = id_key(workspace.cmk_identity_id or "")
    return [each for each in every if id_key(each.resource_id) != opening] or every


def advice_on_keys(account: StorageAccount) -> str:
    """Return whom to move before the keys of a storage account are switched off.

    Workspaces in credential mode work with the keys; empty where none is known.
    """
    needing = [workspace.name for workspace in _keyed(account)]
    if not needing:
        return ""
    return (
        "Leave the keys of this account on for now: "
        f"{count(len(needing), 'workspace', 'workspaces')}, such as "
        f"{shown(needing[0])}, still use it in credential mode and would break. "
        "Switch them to identity mode, grant the storage data roles, then set "
        "allowSharedKeyAccess to false."
    )


def _keyed(account: StorageAccount) -> Iterator[Workspace]:
    users = account.tenant.referring(Workspace, "storage_account_id", account.id)
    for workspace in users.known():
        try:
            if mode_of(workspace) == "accesskey":
                yield workspace
        except NotRead:
            continue
