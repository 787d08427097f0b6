"""What of API Management passes calls on to an account."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice

from checks.shared.gateways import (
    FRONTS,
    Front,
    SignIn,
    account_behind,
    address_of,
    front_name,
    sign_in,
)
from checks.shared.scanned import require_all_scanned
from checks.shared.wording import CITED
from scanner.model.cognitive import CognitiveAccount
from scanner.model.coverage import NotRead, Unclear
from scanner.model.tenant import Tenant


@dataclass(frozen=True, slots=True)
class Fronting:
    """What passes calls on to an account, as far as it was read."""

    keyed: tuple[str, ...]
    """What signs in with a key, as a sentence names it."""
    others: tuple[str, ...]
    service_ids: tuple[str, ...]
    """The API Management services that these are in."""
    unread: NotRead | None
    """Why there may be more of those that use a key."""


def fronting(account: CognitiveAccount) -> Fronting:
    """Return the backends and APIs that pass calls on to an account.

    Their addresses, and the names the account answers at, are noted as evidence.
    """
    found = account.tenant.once(_fronts)
    _cite(account, found.fronts.get(account.key, {}))
    mine = found.at.get(account.key, {})
    return Fronting(
        keyed=tuple(name for name, how in mine.items() if how is SignIn.KEY),
        others=tuple(name for name, how in mine.items() if how is not SignIn.KEY),
        service_ids=tuple(found.services.get(account.key, {})),
        unread=found.unread,
    )


def _cite(account: CognitiveAccount, fronts: Mapping[str, type[Front]]) -> None:
    """Note by what fronts lead to an account; what is malformed is noted as well."""
    for field in (CognitiveAccount.custom_subdomain, CognitiveAccount.endpoint):
        with suppress(NotRead):
            account.cite(field)
    for front_id, view in islice(fronts.items(), CITED):
        front = account.tenant.known(view, front_id)
        if front is not None:
            address_of(front)


def require_every_front(account: CognitiveAccount, found: Fronting) -> None:
    """Raise NotRead if more may pass calls on to an account than is known."""
    if found.unread is not None:
        raise found.unread
    require_all_scanned(account.tenant, "API Management services that lead here")


@dataclass(frozen=True, slots=True)
class _Fronts:
    at: Mapping[str, Mapping[str, SignIn]]
    """By the key of the account, then by name."""
    services: Mapping[str, Mapping[str, None]]
    """The ids of the services, by the key of the account."""
    fronts: Mapping[str, Mapping[str, type[Front]]]
    """What each front is, by the key of the account, then by its id."""
    unread: NotRead | None


def _fronts(tenant: Tenant) -> _Fronts:
    at: dict[str, dict[str, SignIn]] = defaultdict(dict)
    services: dict[str, dict[str, None]] = defaultdict(dict)
    fronts: dict[str, dict[str, type[Front]]] = defaultdict(dict)
    unclear = Unclear()
    for view in FRONTS:
        for front in tenant.all(view).known():
            with unclear:
                account = account_behind(front)
                if account is not None:
                    services[account.key][front.parts.parent] = None
                    fronts[account.key][front.id] = view
                    at[account.key][front_name(front)] = SignIn.NOT_TOLD
                    at[account.key][front_name(front)] = sign_in(front).how
        unclear.add(tenant.all(view).missing)
    return _Fronts(at, services, fronts, unclear.problem)
