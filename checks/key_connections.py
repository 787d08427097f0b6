"""Which connections lead to a Cognitive Services account, and which hold its key."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from checks.hosts import plain_host, service_of
from scanner.model.cognitive import (
    AccountConnection,
    CognitiveAccount,
    ProjectConnection,
)
from scanner.model.connections import Connection
from scanner.model.coverage import NotRead
from scanner.model.ids import ResourceId, id_key
from scanner.model.machinelearning import WorkspaceConnection
from scanner.model.tenant import Tenant

CONNECTIONS: tuple[type[Connection], ...] = (
    WorkspaceConnection,
    AccountConnection,
    ProjectConnection,
)

ACCOUNT_KEYS = frozenset({"apikey", "accountkey", "customkeys"})
"""How a connection signs in with the key of a Cognitive Services account."""


def holds_key(connection: Connection) -> bool:
    """Whether it signs in with an account's key; raises NotRead if it does not say."""
    return connection.authentication.lower() in ACCOUNT_KEYS


def label_of(connection: Connection) -> str:
    """Return a connection as a sentence names it: with what it belongs to."""
    return f"{ResourceId.parse(connection.parts.parent).name}/{connection.name}"


def leads_to_account(connection: Connection) -> bool:
    """Whether what a connection leads to is a Cognitive Services account."""
    named = connection.target_id
    if named:
        return ResourceId.parse(named).type.lower() == CognitiveAccount.type.lower()
    service = service_of(_host(connection), connection.tenant.suffixes)
    return service is not None and service.type == CognitiveAccount.type


def _host(connection: Connection) -> str:
    return plain_host(connection.target or "")


@dataclass(frozen=True, slots=True)
class Leading:
    """The connections that lead to an account, as far as they were read."""

    keyed: tuple[Connection, ...]
    """Those that hold a key."""
    others: tuple[Connection, ...]
    unread: NotRead | None
    """Why there may be more."""


def leading_to(tenant: Tenant, account: CognitiveAccount) -> Leading:
    """Return the connections that lead to an account."""
    index = tenant.once(_index)
    places = (account.key, *hosts_of(account))
    found = dict.fromkeys(each for place in places for each in index.at.get(place, ()))
    return Leading(
        keyed=tuple(_opened(tenant, found, keyed=True)),
        others=tuple(_opened(tenant, found, keyed=False)),
        unread=index.unread,
    )


def hosts_of(account: CognitiveAccount) -> tuple[str, ...]:
    """Return the hosts that are one account's: those of its own name.

    The shared host of a region says nothing about the account, and neither does a
    value that is malformed.
    """
    suffixes = account.tenant.suffixes
    try:
        label = (account.custom_subdomain or "").lower()
    except NotRead:
        label = ""
    ends = suffixes.openai, suffixes.cognitive, suffixes.ai_services
    return tuple(f"{label}.{end}" for end in ends) if label else ()


@dataclass(frozen=True, slots=True)
class _Lead:
    view: type[Connection]
    id: str
    keyed: bool


@dataclass(frozen=True, slots=True)
class _Index:
    at: Mapping[str, list[_Lead]]
    """By the key of the account, or by the host where no account is named."""
    unread: NotRead | None


def _opened(
    tenant: Tenant, leads: Mapping[_Lead, None], *, keyed: bool
) -> Iterator[Connection]:
    for lead in leads:
        found = tenant.known(lead.view, lead.id) if lead.keyed is keyed else None
        if found:
            yield found


def _index(tenant: Tenant) -> _Index:
    """Return every connection to an account; those that cannot be read are missing."""
    at: dict[str, list[_Lead]] = defaultdict(list)
    unread = None
    for view in CONNECTIONS:
        for connection in tenant.all(view).known():
            try:
                if leads_to_account(connection):
                    lead = _Lead(view, connection.id, holds_key(connection))
                    at[_place(connection)].append(lead)
            except NotRead as problem:
                unread = unread or problem
        unread = unread or _missing(tenant, view)
    return _Index(at, unread)


def _place(connection: Connection) -> str:
    named = connection.target_id
    return id_key(named) if named else _host(connection)


def _missing(tenant: Tenant, view: type[Connection]) -> NotRead | None:
    try:
        tenant.all(view).require_whole()
    except NotRead as problem:
        return problem
    return None
