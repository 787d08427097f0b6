"""The storage accounts that a role assignment reaches, by the scope it is at."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from checks.shared.grants import access
from checks.shared.tags import plain_tag
from scanner.access.scopes import base_of, is_group
from scanner.model.coverage import NotRead, Unclear
from scanner.model.ids import id_key
from scanner.model.machinelearning import Workspace
from scanner.model.storage import StorageAccount
from scanner.model.tenant import Tenant

_ACCOUNT = re.compile(
    r"(/subscriptions/[^/]+/resourcegroups/[^/]+"
    r"/providers/microsoft\.storage/storageaccounts/[^/]+)(?:/.*)?"
)


_CUT = ("rejected", "disconnected")
"""Connections that stay listed when their endpoint was refused, or is gone."""


@dataclass(frozen=True, slots=True)
class Store:
    """What bears on conditions of one storage account."""

    id: str
    takes_keys: bool
    """Absent and null mean that it does (Storage REST reference)."""
    hierarchical: bool
    """Absent and null mean that it is not (Storage REST reference)."""
    tags: frozenset[str]
    """The names of its tags as they compare."""
    workspaces: int
    """How many workspaces keep their data in it."""
    unread: NotRead | None = None
    """Why the rest is not known: a field was malformed."""


class Stores:
    """Every storage account that was read and has blobs, by the scopes it is in."""

    def __init__(self, tenant: Tenant) -> None:
        known = access(tenant)
        self.by_scope: Mapping[str, list[Store]] = defaultdict(list)
        self.endpoints: set[str] = set()
        """The private endpoints that are connected to one of them."""
        self._unclear = Unclear()
        for account in tenant.all(StorageAccount).known():
            store = _store(account)
            if store is not None:
                for scope in dict.fromkeys(known.scopes(account.id)):
                    self.by_scope[scope].append(store)
            self._connect(account)

    def _connect(self, account: StorageAccount) -> None:
        with self._unclear:
            for each in account.private_endpoint_connections:
                if each.endpoint_id and (each.status or "").lower() not in _CUT:
                    self.endpoints.add(id_key(each.endpoint_id))

    def require_endpoints(self, tenant: Tenant) -> None:
        """Raise NotRead if more endpoints may be connected than are known."""
        tenant.all(StorageAccount).require_whole()
        self._unclear.settle()


def _store(account: StorageAccount) -> Store | None:
    """Return what is known of an account, None where it is for files alone."""
    try:
        if not account.has_blobs:
            return None
        return Store(
            id=account.id,
            takes_keys=account.shared_key_allowed is not False,
            hierarchical=account.hierarchical is True,
            tags=frozenset(map(plain_tag, account.tags or ())),
            workspaces=_users(account),
        )
    except NotRead as problem:
        return Store(account.id, False, False, frozenset(), 0, problem.light())


def _users(account: StorageAccount) -> int:
    users = account.tenant.referring(Workspace, "storage_account_id", account.id)
    return sum(1 for _ in users.known())


def account_at(scope: str) -> str | None:
    """Return the storage account that a scope is or lies in, None for a wider one."""
    found = _ACCOUNT.fullmatch(id_key(scope))
    return found[1] if found else None


def holds_accounts(scope: str) -> bool:
    """Whether a scope is a storage account or one that accounts may lie in."""
    key = id_key(scope)
    return "/providers/" not in key or is_group(key) or account_at(key) == key


def stores_in(tenant: Tenant, scope: str) -> tuple[Store, ...]:
    """Return the storage accounts in reach of a scope, as far as they were read."""
    inside = tenant.once(Stores).by_scope
    return tuple(inside.get(account_at(scope) or id_key(scope), ()))


def require_all(tenant: Tenant, scope: str) -> None:
    """Raise NotRead if a scope may reach accounts that are not known."""
    account = account_at(scope)
    base = base_of(id_key(scope))
    if account:
        tenant.get(StorageAccount, account)
    elif base.startswith("/subscriptions/"):
        tenant.within(StorageAccount, base).require_whole()
    else:
        tenant.all(StorageAccount).require_whole()
    for store in stores_in(tenant, scope):
        if store.unread:
            raise store.unread
