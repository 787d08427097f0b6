"""Hubs, projects and workspaces: how they reach their data, and where it lies."""

from __future__ import annotations

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
    primary = workspace.primary_identity_id
    if not primary and workspace.system_identity is not None:
        return []
    every = list(workspace.user_identities)
    if primary:
        wanted = id_key(primary)
        return [each for each in every if id_key(each.resource_id) == wanted] or every
    opening = id_key(workspace.cmk_identity_id or "")
    return [each for each in every if id_key(each.resource_id) != opening] or every


def working_system_identity(workspace: Workspace) -> ManagedIdentity | None:
    """Return its system-assigned identity, None where it has none or uses others."""
    return None if primary_identities(workspace) else workspace.system_identity


def working_identities(workspace: Workspace) -> list[ManagedIdentity]:
    """Return what a workspace may sign in as: its primary identity, or else all.

    One that it has beside the primary needs no roles, but may hold too many.
    """
    named = primary_identities(workspace) if workspace.primary_identity_id else []
    return named or list(workspace.identities)
