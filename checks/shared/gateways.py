"""API Management in front of Cognitive Services accounts: how it signs in to them."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from checks.shared.gateway_policies import (
    KEY_NAMES,
    Said,
    SignIn,
    addresses_named,
    backends_named,
    calls_outer,
    said,
)
from checks.shared.hostnames import is_regional
from checks.shared.hosts import answering, leads_to, plain_host
from scanner.model.apimanagement import (
    Api,
    ApiService,
    Backend,
    Policy,
    Product,
    ProductApi,
)
from scanner.model.cognitive import CognitiveAccount
from scanner.model.coverage import NotRead, Unclear
from scanner.model.ids import ResourceId, id_key
from scanner.model.tenant import Tenant

T = TypeVar("T")

Front = Api | Backend
"""What passes calls on to an address: a backend, or an API that has one of its own."""

FRONTS: tuple[type[Api] | type[Backend], ...] = (Backend, Api)

_REVISION = re.compile(r";rev=\d+$", re.IGNORECASE)

_UNTOLD = re.compile(
    r"\s*(?:@[({]|(?:[a-z][a-z0-9+.-]*://)?[^/?#]*\{\{)", re.IGNORECASE
)
"""An address that a policy expression makes, or whose host is a named value."""


@dataclass(frozen=True, slots=True)
class Behind:
    """What calls are passed on to, as far as it is told."""

    accounts: tuple[CognitiveAccount, ...]
    sharing: tuple[CognitiveAccount, ...]
    """Those at the endpoint of their region: their keys alone tell them apart."""
    untold: tuple[str, ...]
    """Addresses of which nothing that is read tells where they lead."""


def addresses_of(front: Front, unclear: Unclear) -> tuple[str, ...]:
    """Return the addresses that calls are passed on to; `unclear` why more may be.

    That of a backend, or of an API, and those that the policies in force put in place
    of the API's own.
    """
    return tuple(dict.fromkeys(filter(None, _addresses(front, unclear))))


def _addresses(front: Front, unclear: Unclear) -> Iterator[str]:
    with unclear:
        yield (front.url if isinstance(front, Backend) else front.service_url) or ""
    if isinstance(front, Api):
        for policy in _policies_of(front, unclear):
            yield from _known(addresses_named(policy), unclear)


def fronts_account(front: Front) -> bool:
    """Whether something passes calls on to a Cognitive Services account.

    What leads to an untold address does if it signs in as such accounts have it; raises
    NotRead where a policy that was not read may lead there.
    """
    unclear = Unclear()
    addresses = addresses_of(front, unclear)
    if any(_is_of_accounts(front.tenant, each) for each in addresses):
        return True
    unclear.settle()
    return any(map(_UNTOLD.match, addresses)) and signs_in(front)


def _is_of_accounts(tenant: Tenant, address: str) -> bool:
    own = leads_to(tenant, address, CognitiveAccount)
    return own or is_regional(plain_host(address))


def signs_in(front: Front) -> bool:
    """Whether calls are signed in, with a key or an identity, as accounts have it."""
    return sign_in(front).how is not SignIn.NOT_TOLD


def behind(front: Front, unclear: Unclear) -> Behind:
    """Return the accounts that calls are passed on to, as far as the scan has them.

    `unclear` tells why it may be one that the scan asked for and did not get.
    """
    sure, sharing = dict[str, CognitiveAccount](), dict[str, CognitiveAccount]()
    untold = list[str]()
    for address in addresses_of(front, unclear):
        if _UNTOLD.match(address):
            untold.append(address)
            continue
        with unclear:
            found = _accounts_at(front.tenant, address)
            kept = sure if len(found) == 1 else sharing
            kept.update((each.key, each) for each in found)
    return Behind(tuple(sure.values()), tuple(sharing.values()), tuple(untold))


def _accounts_at(tenant: Tenant, address: str) -> tuple[CognitiveAccount, ...]:
    """Return the account at an address, several where they share it."""
    host = plain_host(address)
    regional = is_regional(host)
    listings = (
        (tenant.referring(CognitiveAccount, "endpoint", f"https://{host}"),)
        if regional
        else answering(tenant, address)
    )
    found = {each.key: each for listing in listings for each in listing.known()}
    if not found or (regional and len(found) == 1):
        for listing in listings:
            listing.require_whole()
    return tuple(found.values())[: None if regional else 1]


def sign_in(front: Front) -> Said:
    """Return how calls are signed in to what is behind.

    One way in with a key is enough to call it that; raises NotRead where there is none
    and there may be one.
    """
    ways, unclear = _ways(front)
    keyed = [way for way in ways if way.how is SignIn.KEY]
    if keyed:
        return keyed[0]
    unclear.settle()
    untold = [way for way in ways if way.how is SignIn.NOT_TOLD]
    return next(iter([*untold, *ways]))


def _ways(front: Front) -> tuple[list[Said], Unclear]:
    """Return how each way to a front signs in, and why there may be more of them."""
    own, unclear = _credentials(front), Unclear()
    if own is not None:
        return [own], unclear
    ways = []
    for api in _apis_before(front, unclear):
        ways += [_first(levels, unclear) for levels in _levels(api, unclear)]
    everywhere = (_service_of(front).policies,)
    return ways or [_first(everywhere, unclear)], unclear


def _known(found: Iterable[T], unclear: Unclear) -> Iterator[T]:
    """Yield what was read; that there may be more is kept."""
    with unclear:
        yield from found


def _levels(api: Api, unclear: Unclear) -> list[tuple[Iterable[Policy], ...]]:
    """Return, for each way to an API, the policies on it from the inside out."""
    service = _service_of(api)
    return [
        (api.policies, product.policies, service.policies)
        for product in _products_with(api, unclear)
    ] or [(api.policies, service.policies)]


def _policies_of(api: Api, unclear: Unclear) -> Iterable[Policy]:
    """Return the policies in force on any way to an API, each once."""
    found = dict[str, Policy]()
    with unclear:
        for levels in _levels(api, unclear):
            found.update((each.key, each) for each in _in_force(levels, unclear))
    return found.values()


def _in_force(levels: Iterable[Iterable[Policy]], unclear: Unclear) -> Iterator[Policy]:
    """Yield the policies that a call meets on one way.

    What is further out counts only where `<base />` calls it in (azure-docs, "Set or
    edit Azure API Management policies").
    """
    for policies in levels:
        unread = Unclear()
        known = [*_known(policies, unread)]
        yield from known
        goes_on = all([*_known(map(calls_outer, known), unread)])
        unclear.add(unread.problem)
        if unread.problem or not goes_on:
            break


def _first(levels: Iterable[Iterable[Policy]], unclear: Unclear) -> Said:
    """Return which policy of one way decides: a key goes first."""
    every: list[Said] = []
    for policy in _in_force(levels, unclear):
        with unclear:
            every.append(said(policy))
    for how in (SignIn.KEY, SignIn.IDENTITY):
        for each in every:
            if each.how is how:
                return each
    return Said(SignIn.NOT_TOLD, "no policy that was read")


def _credentials(front: Front) -> Said | None:
    """Return that a backend keeps a key itself, None if it does not."""
    if not isinstance(front, Backend):
        return None
    names = (*(front.headers or ()), *(front.parameters or ()))
    keeps = not KEY_NAMES.isdisjoint(each.lower() for each in names)
    return Said(SignIn.KEY, "the backend") if keeps else None


def _service_of(front: Front) -> ApiService:
    service = front.tenant.get(ApiService, front.parts.parent)
    if service is None:
        raise NotRead(f"the service of {front.name} was not read")
    return service


def _apis_before(front: Front, unclear: Unclear) -> Iterator[Api]:
    """Yield the APIs whose calls reach a front."""
    if isinstance(front, Api):
        yield front
        return
    service = _service_of(front)
    names = {front.name.lower(), *_known(_pools_with(front, service), unclear)}
    for api in _known(service.apis, unclear):
        if api.is_current is False:
            continue
        policies = _policies_of(api, unclear)
        if any(names & {*_known(backends_named(each), unclear)} for each in policies):
            yield api


def _products_with(api: Api, unclear: Unclear) -> Iterator[Product]:
    """Yield the products that an API is in: it is called by way of one of them."""
    tenant, service_key = api.tenant, id_key(api.parts.parent)
    links = tenant.once(_links)
    if service_key in links.unread:
        unclear.add(links.unread[service_key].problem)
    for link_id in links.of_api.get(_first_revision(api.id), ()):
        link = tenant.known(ProductApi, link_id)
        product = link and tenant.known(Product, link.parts.parent)
        if link and product:
            link.cite(ProductApi.api_id)
            yield product


@dataclass(frozen=True, slots=True)
class _Links:
    of_api: Mapping[str, Sequence[str]]
    """The ids of what puts an API in a product, by the key of its first revision."""
    unread: Mapping[str, Unclear]
    """Why there may be more of them in a service, by its key."""


def _links(tenant: Tenant) -> _Links:
    of_api, unread = defaultdict[str, list[str]](list), dict[str, Unclear]()
    for service in tenant.all(ApiService).known():
        unclear = unread[service.key] = Unclear()
        for product in _known(service.products, unclear):
            for link in _known(product.apis, unclear):
                with unclear:
                    of_api[_first_revision(link.api_id or "")].append(link.id)
    return _Links(of_api, unread)


def _first_revision(api_id: str) -> str:
    return _REVISION.sub("", id_key(api_id))


def _pools_with(backend: Backend, service: ApiService) -> Iterator[str]:
    """Yield the names of the pools that a backend is in."""
    for pool in service.backends:
        if backend.key in map(id_key, pool.pool_ids or ()):
            yield pool.name.lower()


def front_name(front: Front) -> str:
    """Return a backend or API as a sentence names it: with its service."""
    return f"{ResourceId.parse(front.parts.parent).name}/{front.name}"
