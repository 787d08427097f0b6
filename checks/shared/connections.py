"""Connections: how they sign in, and which resource each leads to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from checks.shared.categories import OF_ANY_SERVICE, WITHOUT_ENTRA
from checks.shared.hosts import answering, plain_host, service_of
from checks.shared.scanned import require_all_scanned
from scanner.model.cognitive import CognitiveAccount
from scanner.model.connections import Connection
from scanner.model.containerregistry import Registry
from scanner.model.documentdb import CosmosAccount
from scanner.model.ids import ResourceId, id_key
from scanner.model.keyvault import KeyVault
from scanner.model.listing import Listing
from scanner.model.resource import Resource
from scanner.model.search import SearchService
from scanner.model.storage import StorageAccount

ENTRA = {
    "aad",
    "managedidentity",
    "projectmanagedidentity",
    "accountmanagedidentity",
    "userentratoken",
    "agenticidentitytoken",
}
KEYS = {
    "apikey",
    "accountkey",
    "accesskey",
    "sas",
    "pat",
    "usernamepassword",
    "customkeys",
    "serviceprincipal",
}
OTHERWISE = {
    "oauth2": "it keeps a client's secret, though no key",
    "delegatedsas": "a token that tells no caller from another",
    "none": "nobody signs in",
    "agentuserimpersonation": "an agent acts in the name of a person",
    "agenticuser": "an agent acts as a user of its own",
}
"""Ways without a stored key or a token of the caller or an identity, and what they do.

The last two are new ways of agents, which nobody has judged yet.
"""
NEITHER = set(OTHERWISE)

SECRETS_OF_ENTRA = {"serviceprincipal", "pat"}
"""Stored secrets that are no keys of the target: switching its keys off spares them."""

_TAKING_ENTRA = (
    CognitiveAccount,
    SearchService,
    StorageAccount,
    CosmosAccount,
    KeyVault,
    Registry,
)


def uses_entra(connection: Connection) -> bool:
    """Whether it signs in with Entra ID; raises NotRead if it does not say."""
    return connection.authentication.lower() in ENTRA


def stores_key(connection: Connection) -> bool:
    """Whether a secret lies in it; raises NotRead if it does not say."""
    return connection.authentication.lower() in KEYS


def label_of(part: Resource) -> str:
    """Return a connection, or another part, as a sentence names it: with its owner."""
    return f"{ResourceId.parse(part.parts.parent).name}/{part.name}"


def stores_key_of_target(connection: Connection) -> bool:
    """Whether what lies in it is a key of its target; raises NotRead like the rest."""
    return stores_key(connection) and (
        connection.authentication.lower() not in SECRETS_OF_ENTRA
    )


def target(connection: Connection, *views: type[Resource]) -> Resource | None:
    """Return what a connection leads to, if it is a resource of one of some types.

    The id in its metadata says it; without one, the host it calls. None where it leads
    to something else, or to what is known not to exist. Raises NotRead where it leads
    out of the scan, or to where the read has a gap.
    """
    wanted = {view.type.lower(): view for view in views}
    named = connection.target_id
    if not named:
        return _by_host(connection, wanted)
    view = wanted.get(ResourceId.parse(named).type.lower())
    return connection.tenant.get(view, named) if view else None


def target_key(connection: Connection) -> str:
    """Return the key of what a connection leads to, of whatever type, in scan or not.

    Empty where nobody here answers at the host it calls. Raises NotRead where its
    metadata or its target is malformed.
    """
    named = connection.target_id
    if named:
        return id_key(named)
    return next((owner.key for owner in owners(connection)), "")


def cite_lead(connection: Connection) -> None:
    """Note what says where a connection leads; what it says was understood before."""
    if not connection.target_id:
        connection.cite(Connection.target)


def takes_entra(connection: Connection) -> bool:
    """Whether a service that takes Entra tokens is known to be behind a connection.

    Whatever its category: it may say no more than that there is a key. Raises NotRead
    where the target is malformed.
    """
    category = (connection.category or "").lower()
    if category not in WITHOUT_ENTRA:
        return True
    if category not in OF_ANY_SERVICE:
        return False
    kind = ResourceId.parse(connection.target_id or "").type.lower()
    named = any(kind == each.type.lower() for each in _TAKING_ENTRA)
    return named or any(isinstance(each, _TAKING_ENTRA) for each in owners(connection))


def _by_host(
    connection: Connection, wanted: Mapping[str, type[Resource]]
) -> Resource | None:
    tenant, host = connection.tenant, plain_host(connection.target or "")
    service = service_of(host, tenant.suffixes)
    if service is None or service.type.lower() not in wanted:
        return None
    for owner in owners(connection):
        return owner
    for listing in listings(connection):
        listing.require_whole()
    require_all_scanned(tenant, f"what answers at {host}")
    return None


def owners(connection: Connection) -> Iterator[Resource]:
    """Yield the resources that are known to answer at the host of a connection."""
    for listing in listings(connection):
        yield from listing.known()


def listings(connection: Connection) -> tuple[Listing[Any], ...]:
    """Return the lists that tell who answers at the host of a connection."""
    return answering(connection.tenant, connection.target or "")
