"""Who works with the keys of a storage account, and breaks when they are off."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from itertools import chain

from checks.shared.connections import label_of, stores_key_of_target, target_key
from checks.shared.links import KINDS
from checks.shared.wording import CITED, count, shown, some
from checks.shared.workspaces import mode_of
from scanner.model.coverage import NotRead
from scanner.model.ids import ResourceId, id_key
from scanner.model.machinelearning import Datastore, Workspace, encrypted_by
from scanner.model.resource import Resource
from scanner.model.storage import StorageAccount
from scanner.model.tenant import Tenant

KEYS_OF_STORES = {"accountkey", "sas"}
"""Credentials of datastores that end with the keys of the account."""

MADE_BY_AZURE = {
    "workspaceblobstore",
    "workspacefilestore",
    "workspaceartifactstore",
    "workspaceworkingdirectory",
}
"""The datastores that every workspace comes with (Microsoft Learn, "Data concepts in
Azure Machine Learning")."""

_NOUNS = {
    Workspace.type: ("workspace in credential mode", "workspaces in credential mode"),
    Datastore.type: ("datastore with a key", "datastores with keys"),
    **{kind.type: ("connection with a key", "connections with keys") for kind in KINDS},
}

Users = Mapping[str, Mapping[tuple[str, str], list[str]]]
"""The names of what needs the keys, by the nouns for it, by the name of the account.

No two storage accounts of Azure have one name, and datastores know no other.
"""


def advice_on_all_keys(tenant: Tenant, ids: Iterable[str]) -> str:
    """Return what to mind before the keys of storage accounts are switched off.

    The keys of an account that Azure made for an encrypted workspace are to stay, those
    of the first others go as `advice_on_keys` says; empty where nothing needs any.
    """
    managed, keys = tenant.once(_managed), [*map(id_key, ids)]
    kept = [managed[each] for each in keys if each in managed]
    others = [each for each in keys if each not in managed]
    accounts = (tenant.known(StorageAccount, each) for each in others[:CITED])
    moves = advice_on_keys(*filter(None, accounts))
    if not kept:
        return moves
    stay = (
        f"Leave the keys of {some(map(shown, kept))} on: what Azure made for a "
        "workspace with customer-managed keys breaks without them "
        "(foundry-cmk-storage-shared-key)."
    )
    return f"{stay} {moves or _SWITCH_OFF}" if others else stay


_SWITCH_OFF = (
    "Set allowSharedKeyAccess of the others to false once nothing signs in with their "
    "keys any more."
)


def _managed(tenant: Tenant) -> dict[str, str]:
    """Return the names of the accounts that Azure made for encryption, by id."""
    accounts = tenant.all(StorageAccount).known()
    return {each.key: each.name for each in accounts if encrypted_by(each)}


def advice_on_keys(*accounts: StorageAccount) -> str:
    """Return whom to move before the keys of storage accounts are switched off.

    Workspaces in credential mode that have one as default or additional storage, and
    connections and datastores that keep a key to it; empty where none is known.
    """
    needed = [said for each in accounts if (said := _needed_by(each))]
    if not needed:
        return ""
    return (
        f"{' '.join(needed)} Switch workspaces to identity mode and make connections "
        "and datastores anew with Entra ID, grant the storage data roles, then set "
        "allowSharedKeyAccess to false."
    )


def _needed_by(account: StorageAccount) -> str:
    """Return who needs the keys of an account, as a sentence; empty for nobody."""
    users = account.tenant.once(_users).get(account.name.lower())
    if not users:
        return ""
    needing = ", ".join(
        f"{count(len(names), *nouns)} (such as {shown(names[0])})"
        for nouns, names in users.items()
    )
    return (
        f"Leave the keys of {shown(account.name)} on for now: {needing} would break "
        "without them."
    )


def _users(tenant: Tenant) -> Users:
    found = defaultdict[str, dict[tuple[str, str], list[str]]](dict)
    every = chain(_workspaces(tenant), _connections(tenant), _stores(tenant))
    for account, user in every:
        found[account.lower()].setdefault(_NOUNS[user.type], []).append(_called(user))
    return found


def _called(user: Resource) -> str:
    return user.name if isinstance(user, Workspace) else label_of(user)


def _workspaces(tenant: Tenant) -> Iterator[tuple[str, Workspace]]:
    for workspace in tenant.all(Workspace).known():
        with suppress(NotRead):
            if mode_of(workspace) == "accesskey":
                named = [workspace.storage_account_id]
                named += workspace.additional_storage_ids or ()
                for account_id in filter(None, dict.fromkeys(named)):
                    yield ResourceId.parse(account_id).name, workspace


def _connections(tenant: Tenant) -> Iterator[tuple[str, Resource]]:
    for connection in chain.from_iterable(tenant.all(kind).known() for kind in KINDS):
        with suppress(NotRead):
            if stores_key_of_target(connection):
                leads_to = ResourceId.parse(target_key(connection))
                if leads_to.type.lower() == StorageAccount.type.lower():
                    yield leads_to.name, connection


def _stores(tenant: Tenant) -> Iterator[tuple[str, Datastore]]:
    for store in tenant.all(Datastore).known():
        with suppress(NotRead):
            if store.credentials.lower() not in KEYS_OF_STORES or _follows_mode(store):
                continue
            if store.account_name:
                yield store.account_name, store


def _follows_mode(store: Datastore) -> bool:
    """Whether Azure made a datastore, and it goes with the mode of its workspace.

    In credential mode the workspace stands for it, and a user delegation SAS needs no
    key. In identity mode such a store keeps none, unless it was made over.
    """
    workspace = store.tenant.known(Workspace, store.parts.parent)
    if workspace is None or store.name.lower() not in MADE_BY_AZURE:
        return False
    with suppress(NotRead):
        return mode_of(workspace) != "identity"
    return False
