"""The names of the platform that an AI estate cannot do without."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from scanner.model.apimanagement import ApiService
from scanner.model.containerregistry import Registry
from scanner.model.coverage import NotRead
from scanner.model.documentdb import CosmosAccount
from scanner.model.machinelearning import Workspace
from scanner.model.resource import Resource
from scanner.model.search import SearchService
from scanner.model.tenant import Tenant

_ZONE = "privatelink."


@dataclass(frozen=True, slots=True)
class Need:
    """Names that have to resolve: public ones, and the private link zones."""

    names: tuple[str, ...]
    unread: NotRead | None = None
    """Why it is not known whether they have to."""


def needs(tenant: Tenant) -> Iterator[Need]:
    """Yield what has to resolve: what AI always takes, then what the estate has.

    A client asks for the public name, and is led on to the zone.
    """
    suffixes = tenant.suffixes
    services = (suffixes.openai, suffixes.cognitive, suffixes.ai_services)
    alike = _with_zones((*services, f"blob.{suffixes.storage}"))
    vaults = re.sub("^vault", f"{_ZONE}vaultcore", suffixes.keyvault)
    yield Need((suffixes.sign_in, *alike, suffixes.keyvault, vaults))
    yield from _if_any(tenant, SearchService, suffixes.search)
    yield from _if_any(tenant, CosmosAccount, suffixes.cosmos)
    yield from _if_any(tenant, Registry, suffixes.acr)
    yield from _if_any(tenant, Workspace, suffixes.ml_api, suffixes.ml_notebooks)
    yield from _if_any(tenant, ApiService, suffixes.apim)


def services(names: Iterable[str]) -> tuple[str, ...]:
    """Return names without the private link zones of those that are among them."""
    every = tuple(names)
    zones = {f"{_ZONE}{each}" for each in every}
    return tuple(each for each in every if each not in zones)


def _if_any(tenant: Tenant, view: type[Resource], *suffixes: str) -> Iterator[Need]:
    """Yield what has to resolve if there is any resource of a type."""
    listing = tenant.all(view)
    first = next(listing.known(), None)
    if first is not None:
        first.note("id", first.id)
        yield Need(_with_zones(suffixes))
    elif listing.missing:
        yield Need(_with_zones(suffixes), listing.missing)


def _with_zones(suffixes: Iterable[str]) -> tuple[str, ...]:
    return tuple(n for each in suffixes for n in (each, f"{_ZONE}{each}"))
