"""API Management in front of Cognitive Services accounts: how it signs in to them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import Enum, auto
from itertools import chain
from typing import TypeVar

from checks.shared.hostnames import is_regional
from checks.shared.hosts import answering, leads_to, plain_host
from scanner.model.apimanagement import (
    Api,
    ApiService,
    Backend,
    Policy,
    PolicyFragment,
    Product,
    ProductPolicy,
    ServicePolicy,
)
from scanner.model.cognitive import CognitiveAccount
from scanner.model.coverage import NotRead, Unclear
from scanner.model.ids import ResourceId, id_key

T = TypeVar("T")

Front = Api | Backend
"""What passes calls on to an address: a backend, or an API that has one of its own."""

FRONTS: tuple[type[Api] | type[Backend], ...] = (Backend, Api)

KEY_NAMES = frozenset({"api-key", "ocp-apim-subscription-key", "subscription-key"})
"""The headers and parameters in which these accounts take a key (azure-docs,
"Authenticate requests to Azure AI services")."""

_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
_ASIDE = re.compile(
    r"<(outbound|on-error|send-request|send-one-way-request)\b"
    r"(?:(?!<\1\b).)*?</\1\s*>",
    re.DOTALL | re.IGNORECASE,
)
"""What of a policy is about the answer, or about a call to something else."""
_BASE = re.compile(
    r"<inbound\s*>(?:(?!</inbound\b).)*?<base\b", re.DOTALL | re.IGNORECASE
)
_IDENTITY = re.compile(
    r"<authentication-managed-identity\b[^>]*\bresource\s*=\s*[\"']"
    r"[^\"']*(?:cognitiveservices|ai)\.azure\.[^\"']*[\"']",
    re.IGNORECASE,
)
_SETTING = re.compile(
    r"<set-(?:header|query-parameter)\b(?P<attributes>[^>]*)>", re.IGNORECASE
)
_NAME = re.compile(r"\bname\s*=\s*[\"']([^\"']*)[\"']", re.IGNORECASE)
_DELETES = re.compile(r"\bexists-action\s*=\s*[\"']delete[\"']", re.IGNORECASE)
_INCLUDED = re.compile(
    r"<include-fragment\b[^>]*\bfragment-id\s*=\s*[\"']([^\"']*)[\"']", re.IGNORECASE
)
_REVISION = re.compile(r";rev=\d+$", re.IGNORECASE)
_BACKEND = re.compile(r"\bbackend-id\s*=\s*[\"']([^\"']*)[\"']", re.IGNORECASE)


class SignIn(Enum):
    """How a gateway signs in to what it passes calls on to."""

    KEY = auto()
    IDENTITY = auto()
    NOT_TOLD = auto()
    """Neither is set: what callers send is passed on, or a part not read decides."""


@dataclass(frozen=True, slots=True)
class Said:
    """How something signs in, and what says so."""

    how: SignIn
    by: str


def address_of(front: Front) -> str:
    """Return the address that calls are passed on to, empty where there is none."""
    return (front.url if isinstance(front, Backend) else front.service_url) or ""


def fronts_account(front: Front) -> bool:
    """Whether something passes calls on to a Cognitive Services account."""
    address = address_of(front)
    own = leads_to(front.tenant, address, CognitiveAccount)
    return own or is_regional(plain_host(address))


def accounts_behind(front: Front) -> tuple[CognitiveAccount, ...]:
    """Return the account that calls are passed on to, none if none of the scan is.

    Several where they share the endpoint of their region: their keys alone tell them
    apart. Raises NotRead where it may be one that the scan asked for and did not get.
    """
    tenant, host = front.tenant, plain_host(address_of(front))
    regional = is_regional(host)
    listings = (
        (tenant.referring(CognitiveAccount, "endpoint", f"https://{host}"),)
        if regional
        else answering(tenant, address_of(front))
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
    service = _service_of(front)
    ways = []
    for api in _apis_before(front, service, unclear):
        ways += [
            _first(unclear, api.policies, product.policies, service.policies)
            for product in _products_with(api, service, unclear)
        ] or [_first(unclear, api.policies, service.policies)]
    return ways or [_first(unclear, service.policies)], unclear


def _known(found: Iterable[T], unclear: Unclear) -> Iterator[T]:
    """Yield what was read; that there may be more is kept."""
    with unclear:
        yield from found


def _first(unclear: Unclear, *levels: Iterable[Policy]) -> Said:
    """Return which policy decides, of levels from the inside out: a key goes first.

    What is further out counts only where `<base />` calls it in (azure-docs, "Set or
    edit Azure API Management policies").
    """
    every: list[Said] = []
    for policies in levels:
        unread = Unclear()
        known = [*_known(policies, unread)]
        every += _known(map(_said, known), unclear)
        goes_on = all([*_known(map(_calls_outer, known), unread)])
        unclear.add(unread.problem)
        if unread.problem or not goes_on:
            break
    for how in (SignIn.KEY, SignIn.IDENTITY):
        for said in every:
            if said.how is how:
                return said
    return Said(SignIn.NOT_TOLD, "no policy that was read")


def _calls_outer(policy: Policy) -> bool:
    """Whether a policy has what is further out done too, before a call is passed on."""
    return bool(_BASE.search(_COMMENT.sub("", policy.xml or "")))


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


def _apis_before(front: Front, service: ApiService, unclear: Unclear) -> Iterator[Api]:
    """Yield the APIs whose calls reach a front."""
    if isinstance(front, Api):
        yield front
        return
    names = {front.name.lower(), *_known(_pools_with(front, service), unclear)}
    for api in _known(service.apis, unclear):
        if api.is_current is False:
            continue
        products = _products_with(api, service, unclear)
        policies = chain(
            _known(api.policies, unclear),
            *(_known(product.policies, unclear) for product in products),
        )
        if any(names & _known_backends(each, unclear) for each in policies):
            yield api


def _products_with(api: Api, service: ApiService, unclear: Unclear) -> list[Product]:
    """Return the products that an API is in: it is called by way of one of them."""
    key = _REVISION.sub("", api.key)
    return [
        product
        for product in _known(service.products, unclear)
        if any(
            _REVISION.sub("", id_key(each.api_id or "")) == key
            for each in _known(product.apis, unclear)
        )
    ]


def _known_backends(policy: Policy, unclear: Unclear) -> set[str]:
    """Return the backends that a policy and its fragments name, as far as read."""
    return {
        each.lower()
        for text in _known(_texts(policy), unclear)
        for each in _BACKEND.findall(text)
    }


def _pools_with(backend: Backend, service: ApiService) -> Iterator[str]:
    """Yield the names of the pools that a backend is in."""
    for pool in service.backends:
        if backend.key in map(id_key, pool.pool_ids or ()):
            yield pool.name.lower()


def _texts(policy: Policy) -> Iterator[str]:
    """Yield the text of a policy, then of the fragments it includes, each once.

    As far as it is about the call that is passed on: what it does to the answer, and
    calls of its own to something else, are left out.

    Raises NotRead in the end if there may be more; a fragment that is not there says
    nothing.
    """
    service = policy.parts
    while service.type.lower() != ApiService.type.lower():
        service = ResourceId.parse(service.parent)
    at, unclear = f"{service.text}/policyFragments", Unclear()
    waiting, seen = [policy], {policy.key}
    while waiting:
        text = _ASIDE.sub("", _COMMENT.sub("", waiting.pop(0).xml or ""))
        yield text
        for name in _INCLUDED.findall(text):
            fragment_id = f"{at}/{name}"
            if id_key(fragment_id) in seen:
                continue
            seen.add(id_key(fragment_id))
            with unclear:
                found = policy.tenant.get(PolicyFragment, fragment_id)
                waiting += [found] if found else []
    unclear.settle()


def _said(policy: Policy) -> Said:
    """Return how a policy signs in, as far as its text and its fragments say.

    Raises NotRead where none sets a key, and one that was not read may.
    """
    by, how = _called(policy), SignIn.NOT_TOLD
    for text in _texts(policy):
        if any(_sets_key(each["attributes"]) for each in _SETTING.finditer(text)):
            return Said(SignIn.KEY, by)
        if _IDENTITY.search(text):
            how = SignIn.IDENTITY
    return Said(how, by)


def _called(policy: Policy) -> str:
    if isinstance(policy, ServicePolicy):
        return "the policy of all APIs"
    if isinstance(policy, ProductPolicy):
        return f"the policy of product {ResourceId.parse(policy.parts.parent).name}"
    return f"the policy of API {ResourceId.parse(policy.parts.parent).name}"


def _sets_key(attributes: str) -> bool:
    """Whether a header or parameter that is set holds a key; one may be deleted."""
    name = _NAME.search(attributes)
    is_key = name is not None and name[1].lower() in KEY_NAMES
    return is_key and not _DELETES.search(attributes)


def front_name(front: Front) -> str:
    """Return a backend or API as a sentence names it: with its service."""
    return f"{ResourceId.parse(front.parts.parent).name}/{front.name}"
