"""Host names in lists of allowed hosts: what they stand for, and whose they are."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import Enum, auto
from fnmatch import fnmatchcase
from typing import Any
from urllib.parse import urlsplit

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

ADDRESS = re.compile(
    r"[0-9]+(?:\.[0-9]+)*(?:/[0-9]+)?"  # also the forms that only resolvers accept
    r"|\[?[0-9a-f.]*:[0-9a-f.]*:[0-9a-f:.%/\]]*"
)
LABEL = "[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"
HOST = re.compile(rf"(?=.{{1,253}}$){LABEL}(?:\.{LABEL})+")
SCHEME = re.compile(r"^(?:[a-z][a-z0-9+.-]*:)?//", re.IGNORECASE)

STORAGE_SERVICES = ("blob", "file", "queue", "table", "dfs", "web")

SHARED_ENDPOINT = "api.cognitive.microsoft.com"
SHARED_HOSTS = (SHARED_ENDPOINT, "raw.githubusercontent.com")
"""Hosts that serve everybody: a key or a path, not the name, says whose data it is."""

WELL_KNOWN_SUFFIXES = (
    "amazonaws.com",
    SHARED_ENDPOINT,
    "azurecontainerapps.io",
    "azureedge.net",
    "azurefd.net",
    "azurestaticapps.net",
    "cloudapp.azure.com",
    "cloudfunctions.net",
    "database.windows.net",
    "github.io",
    "githubusercontent.com",
    "logic.azure.com",
    "netlify.app",
    "pages.dev",
    "s3.amazonaws.com",
    "servicebus.windows.net",
    "sharepoint.com",
    "storage.azure.net",
    "storage.googleapis.com",
    "trafficmanager.net",
    "vercel.app",
    "workers.dev",
)
"""Endings under which anyone can open a host, beside those of the scanned cloud."""

DIVIDED_SUFFIXES = (
    "*.*.azurestaticapps.net",
    "*.*.storage.azure.net",
    "*.azurecontainer.io",
    "*.azurecontainerapps.io",
    "*.azurefd.net",
    "*.cloudapp.azure.com",
    "*.inference.ml.azure.com",
    "*.logic.azure.com",
    "execute-api.*.amazonaws.com",
    "s3.*.amazonaws.com",
)
"""Endings with a region or the like, `*`, between them and the label of an owner."""


def host_name(entry: str) -> str:
    """Return an entry as DNS would be asked for it: lower case, ASCII, no last dot."""
    text = unicodedata.normalize("NFKC", entry).strip().lower()
    labels = text.replace("\u3002", ".").removesuffix(".").split(".")
    return ".".join(map(_ascii, labels))


def _ascii(label: str) -> str:
    """Return a label in the form that DNS carries (RFC 3492)."""
    if label.isascii():
        return label
    return "xn--" + label.encode("punycode").decode("ascii")


def is_within(host: str, suffix: str) -> bool:
    """Whether a host is a suffix or lies below it."""
    return host == suffix or host.endswith(f".{suffix}")


def bare_suffixes(suffixes: Suffixes) -> Iterable[str]:
    """Yield the names that stand for a whole service rather than for one host of it."""
    yield from (f"{service}.{suffixes.storage}" for service in STORAGE_SERVICES)
    yield from (service.suffix for service in platform_services(suffixes))
    yield from WELL_KNOWN_SUFFIXES


def divided_suffixes(suffixes: Suffixes) -> Iterable[str]:
    """Yield the endings that have labels of the platform before those of owners."""
    yield f"*.web.{suffixes.storage}"
    yield f"*.data.{suffixes.acr}"
    yield f"scm.{suffixes.websites}"
    yield f"*-[0-9][0-9].{suffixes.websites}"
    yield from DIVIDED_SUFFIXES


def is_anyone_s(domain: str, tenant: Tenant) -> bool:
    """Whether anyone can get a name below a domain: no label of it is an owner's."""
    blocked = [*map(host_name, tenant.settings.blocked_fqdn_suffixes)]
    if any(is_within(domain, each) for each in blocked):
        return True
    suffixes = tenant.suffixes
    shared = (*bare_suffixes(suffixes), *divided_suffixes(suffixes), *blocked)
    public = domain.removeprefix("privatelink.")
    return any(_leads_up_to(public, each) for each in shared)


def _leads_up_to(domain: str, suffix: str) -> bool:
    """Whether a domain is a suffix or one above it."""
    labels, wanted = domain.split(".")[::-1], suffix.split(".")[::-1]
    return len(labels) <= len(wanted) and all(map(fnmatchcase, labels, wanted))


def fault(entry: str, tenant: Tenant) -> str:
    """Return why an entry is not one named host of a known owner; empty if it is."""
    host = host_name(entry)
    return misshapen(host) or unbounded(host, tenant)


def misshapen(host: str) -> str:
    """Return why an entry is no host name; empty if it is one."""
    if ADDRESS.fullmatch(host):
        return "IP address"
    if "*" in host:
        return "wildcard"
    if any(mark in host for mark in "/?#@\\"):
        return "scheme or path"
    return "" if HOST.fullmatch(host) else "no host name"


def unbounded(host: str, tenant: Tenant) -> str:
    """Return why a host is not one owner's; empty if it is."""
    if any(is_within(bare, host) for bare in bare_suffixes(tenant.suffixes)):
        return "a whole service"
    if is_shared(host):
        return "shared by all customers"
    blocked = map(host_name, tenant.settings.blocked_fqdn_suffixes)
    return "open to anyone" if any(is_within(host, each) for each in blocked) else ""


def is_shared(host: str) -> bool:
    """Whether a host serves everybody, and so says nothing of whose data it is."""
    return any(is_within(host, shared) for shared in SHARED_HOSTS)


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
    host = host_name(_called(entry) or entry)
    return host.replace(".privatelink.", ".")


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
