"""Whose the hosts are that lists and connections name."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any
from urllib.parse import urlsplit

from checks.shared.hostnames import (
    STORAGE_SERVICES,
    host_name,
    is_within,
    without_privatelink,
)
from scanner.model.apimanagement import ApiService
from scanner.model.cloud import Suffixes
from scanner.model.cognitive import CognitiveAccount
from scanner.model.containerregistry import Registry
from scanner.model.documentdb import CosmosAccount
from scanner.model.keyvault import KeyVault
from scanner.model.listing import Listing
from scanner.model.resource import Resource
from scanner.model.resources import Subscription
from scanner.model.search import SearchService
from scanner.model.storage import StorageAccount
from scanner.model.tenant import Tenant

SCHEME = re.compile(r"^(?:[a-z][a-z0-9+.-]*:)?//", re.IGNORECASE)


Owners = Callable[[Tenant, str], tuple[Listing[Any], ...]]


@dataclass(frozen=True, slots=True)
class Service:
    """A type of resource that answers at names below a suffix of the cloud."""

    suffix: str
    type: str
    owners: Owners | None = None
    """Who has a name, by the part before the suffix; None: the type is not read."""


def _accounts(tenant: Tenant, label: str) -> tuple[Listing[Any], ...]:
    """Return the Cognitive Services accounts that answer at a label."""
    suffixes = tenant.suffixes
    known = (suffixes.openai, suffixes.cognitive, suffixes.ai_services)
    endpoints = (f"https://{label}.{suffix}" for suffix in known)
    return (
        tenant.referring(CognitiveAccount, "custom_subdomain", label),
        *(tenant.referring(CognitiveAccount, "endpoint", each) for each in endpoints),
    )


STORAGE_NAME = re.compile(
    rf"([a-z0-9]+)(?:-secondary)?(?:\.z[0-9]+)?\.(?:{'|'.join(STORAGE_SERVICES)})"
)


def _storage_accounts(tenant: Tenant, label: str) -> tuple[Listing[Any], ...]:
    """Return the storage accounts one of whose services answers at a label."""
    parts = STORAGE_NAME.fullmatch(label)
    name = parts.group(1) if parts else ""
    return (tenant.referring(StorageAccount, "name", name),)


def _vaults(tenant: Tenant, label: str) -> tuple[Listing[Any], ...]:
    """Return the key vaults that answer at a label."""
    return (tenant.referring(KeyVault, "name", label),)


def _search_services(tenant: Tenant, label: str) -> tuple[Listing[Any], ...]:
    """Return the Search services that answer at a label."""
    return (tenant.referring(SearchService, "name", label),)


def _cosmos_accounts(tenant: Tenant, label: str) -> tuple[Listing[Any], ...]:
    """Return the Cosmos DB accounts that answer at a label, in all or one region."""
    regional = f"https://{label}.{tenant.suffixes.cosmos}:443/"
    return (
        tenant.referring(CosmosAccount, "name", label),
        tenant.referring(CosmosAccount, "regional_endpoints", regional),
    )


def _registries(tenant: Tenant, label: str) -> tuple[Listing[Any], ...]:
    """Return the registries that are signed in to, or give out layers, at a label."""
    host = f"{label}.{tenant.suffixes.acr}"
    return (
        tenant.referring(Registry, "login_server", host),
        tenant.referring(Registry, "data_hosts", host),
    )


API_HOST = re.compile(r"([a-z0-9-]+)(?:\.(?:developer|portal|management|scm))?")


def _gateways(tenant: Tenant, label: str) -> tuple[Listing[Any], ...]:
    """Return the API Management services one of whose endpoints answers at a label."""
    parts = API_HOST.fullmatch(label)
    regional = f"https://{label}.{tenant.suffixes.apim}"
    return (
        tenant.referring(ApiService, "name", parts.group(1) if parts else ""),
        tenant.referring(ApiService, "regional_url", regional),
    )


def platform_services(suffixes: Suffixes) -> tuple[Service, ...]:
    """Return the services of a cloud whose names belong to one resource each."""
    accounts = CognitiveAccount.type
    return (
        Service(suffixes.openai, accounts, _accounts),
        Service(suffixes.cognitive, accounts, _accounts),
        Service(suffixes.ai_services, accounts, _accounts),
        Service(suffixes.storage, StorageAccount.type, _storage_accounts),
        Service(suffixes.keyvault, KeyVault.type, _vaults),
        Service(suffixes.search, SearchService.type, _search_services),
        Service(suffixes.acr, Registry.type, _registries),
        Service(suffixes.cosmos, CosmosAccount.type, _cosmos_accounts),
        Service(suffixes.apim, ApiService.type, _gateways),
        Service(suffixes.websites, "Microsoft.Web/sites"),
    )


def answering(tenant: Tenant, address: str) -> tuple[Listing[Any], ...]:
    """Return the lists that tell who answers at an address; none for other services."""
    host = plain_host(address)
    service = service_of(host, tenant.suffixes)
    if service is None or service.owners is None:
        return ()
    return service.owners(tenant, host.removesuffix(f".{service.suffix}"))


def leads_to(tenant: Tenant, address: str, view: type[Resource]) -> bool:
    """Whether an address is one of a type of service, whoever has it."""
    service = service_of(plain_host(address), tenant.suffixes)
    return service is not None and service.type == view.type


class Owner(Enum):
    """Whose an allowed host is, as far as the scan can tell."""

    OURS = auto()
    APPROVED = auto()
    NOBODY_HERE = auto()
    """No resource has the name, and the whole tenant was read."""
    NOT_FOUND = auto()
    """No resource has the name, but only a part of the tenant was read."""
    UNREAD_TYPE = auto()
    NO_PLATFORM_NAME = auto()


def plain_host(entry: str) -> str:
    """Return the host an entry is about: of a URL, the one that is called.

    Without scheme, user, port, path and `privatelink`. What clients do not agree on, as
    with a backslash or a port that is none, is returned as it is: no host's name.
    """
    return without_privatelink(host_name(_called(entry) or entry))


def _called(entry: str) -> str:
    """Return the host that a URL leads to; empty if that is not certain."""
    if "\\" in entry:
        return ""
    try:
        parts = urlsplit("//" + SCHEME.sub("", entry.strip()))
        _ = parts.port  # raises where it is none
    except ValueError:
        return ""
    return parts.hostname or ""


def service_of(host: str, suffixes: Suffixes) -> Service | None:
    """Return the service of the cloud whose suffix a host has."""
    services = platform_services(suffixes)
    return next((each for each in services if is_within(host, each.suffix)), None)


def owner_of(entry: str, tenant: Tenant) -> Owner:
    """Return whose an entry of the list is; approval matters where it is not ours."""
    host = plain_host(entry)
    found = _found(host, tenant)
    approved = map(plain_host, tenant.settings.approved_fqdns)
    return Owner.APPROVED if found is not Owner.OURS and host in approved else found


def _found(host: str, tenant: Tenant) -> Owner:
    service = service_of(host, tenant.suffixes)
    if service is None:
        return Owner.NO_PLATFORM_NAME
    if host == service.suffix or "*" in host:
        return Owner.NOBODY_HERE
    if service.owners is None:
        return Owner.UNREAD_TYPE
    listings = service.owners(tenant, host.removesuffix(f".{service.suffix}"))
    if any(True for listing in listings for _ in listing.known()):
        return Owner.OURS
    whole = tenant.whole and tenant.all(Subscription).whole
    if whole and all(listing.whole for listing in listings):
        return Owner.NOBODY_HERE
    return Owner.NOT_FOUND
