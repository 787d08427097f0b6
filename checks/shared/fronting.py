"""What of API Management passes calls on to an account."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import islice

from checks.shared.gateway_policies import SignIn
from checks.shared.gateways import (
    FRONTS,
    Front,
    addresses_of,
    behind,
    front_name,
    sign_in,
)
from checks.shared.scanned import require_all_scanned
from checks.shared.wording import CITED, quote, some
from scanner.model.apimanagement import ApiService
from scanner.model.cognitive import CognitiveAccount
from scanner.model.coverage import NotRead, Unclear
from scanner.model.ids import ResourceId
from scanner.model.tenant import Tenant


@dataclass(frozen=True, slots=True)
class Gateway:
    """A backend or API that passes calls on to an account."""

    id: str
    view: type[Front]
    name: str
    """As a sentence names it."""
    service_id: str
    how: SignIn
    unsure: bool = False
    """Whether it may as well lead to another account.

    At an endpoint that they share, or by an address that is not told.
    """


@dataclass(frozen=True, slots=True)
class Fronting:
    """What passes calls on to an account, as far as it was read."""

    gateways: tuple[Gateway, ...]
    unread: NotRead | None
    """Why there may be more, or more that use a key."""
    possible: tuple[str, ...] = ()
    """What those are called that lead to this account or to another."""

    @property
    def question(self) -> str:
        """What a person has to tell of these, empty where there are none."""
        if not self.possible:
            return ""
        named = some(self.possible)
        return f"do calls through {named} come here, or to another account?"

    @property
    def names(self) -> tuple[str, ...]:
        """What all of them are called."""
        return tuple(each.name for each in self.gateways)

    @property
    def service_ids(self) -> tuple[str, ...]:
        """The API Management services that they are in."""
        return tuple(dict.fromkeys(each.service_id for each in self.gateways))

    def by(self, how: SignIn) -> tuple[Gateway, ...]:
        """Return those that sign in in one way."""
        return tuple(each for each in self.gateways if each.how is how)


def fronting(account: CognitiveAccount) -> Fronting:
    """Return the backends and APIs that pass calls on to an account.

    Their addresses, and the names the account answers at, are noted as evidence.
    """
    found = account.tenant.once(_fronts)
    gateways = (*found.at.get(account.key, ()), *found.untold)
    _cite(account, gateways)
    return Fronting(
        tuple(each for each in gateways if not each.unsure),
        found.unread,
        tuple(each.name for each in gateways if each.unsure),
    )


def _cite(account: CognitiveAccount, gateways: Iterable[Gateway]) -> None:
    """Note by what fronts lead to an account; what is malformed is noted as well."""
    for field in (CognitiveAccount.custom_subdomain, CognitiveAccount.endpoint):
        with suppress(NotRead):
            account.cite(field)
    for gateway in islice(gateways, CITED):
        front = account.tenant.known(gateway.view, gateway.id)
        if front is not None:
            addresses_of(front, Unclear())


def gateways_of(account: CognitiveAccount, found: Fronting) -> tuple[ApiService, ...]:
    """Return the services an account is to be used through.

    Those that a setting expects, or else those that lead to it; raises NotRead where
    one was not read.
    """
    return tuple(services(account.tenant, expected(account) or found.service_ids))


def services(tenant: Tenant, service_ids: Iterable[str]) -> Iterator[ApiService]:
    """Yield API Management services; raises NotRead where one was not read."""
    for service_id in service_ids:
        service = tenant.get(ApiService, service_id)
        if service is None:
            raise NotRead(f"{service_id} was not read")
        yield service


def expected(account: CognitiveAccount) -> tuple[str, ...]:
    """Return the ids of the services that a setting expects in front of accounts."""
    return account.tenant.settings.expected_gateways


def leading(account: CognitiveAccount, found: Fronting) -> str:
    """Return what leads to an account, or is expected to, as a sentence says it."""
    if found.names:
        return f"{some(found.names)} leads here"
    names = (quote(ResourceId.parse(each).name) for each in expected(account))
    return f"{some(names)} is expected to lead here"


def require_every_front(account: CognitiveAccount, found: Fronting) -> None:
    """Raise NotRead if more may pass calls on to an account than is known."""
    if found.unread is not None:
        raise found.unread
    require_all_scanned(account.tenant, "API Management services that lead here")


@dataclass(frozen=True, slots=True)
class _Fronts:
    at: Mapping[str, Sequence[Gateway]]
    """By the key of the account."""
    untold: Sequence[Gateway]
    """Those that may lead to any account, and sign in as accounts have it."""
    unread: NotRead | None


def _fronts(tenant: Tenant) -> _Fronts:
    at: dict[str, list[Gateway]] = defaultdict(list)
    untold, unclear = list[Gateway](), Unclear()
    for view in FRONTS:
        for front in tenant.all(view).known():
            found = behind(front, unclear)
            if not any((found.accounts, found.sharing, found.untold)):
                continue
            sure = _gateway(front, unclear)
            unsure = replace(sure, unsure=True)
            for account in found.accounts:
                at[account.key].append(sure)
            for account in found.sharing:
                at[account.key].append(unsure)
            if found.untold and sure.how is not SignIn.NOT_TOLD:
                untold.append(unsure)
        unclear.add(tenant.all(view).missing)
    return _Fronts(at, untold, unclear.problem)


def _gateway(front: Front, unclear: Unclear) -> Gateway:
    how = SignIn.NOT_TOLD
    with unclear:
        how = sign_in(front).how
    return Gateway(front.id, type(front), front_name(front), front.parts.parent, how)
