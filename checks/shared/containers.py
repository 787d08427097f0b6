"""Containers of a storage account: which of them a grant of blobs is kept to."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from checks.shared.grants import access
from checks.shared.wording import quote, some
from scanner.access.answers import Grant
from scanner.access.conditions import (
    And,
    ConditionError,
    Expression,
    Outcome,
    container_prefixes,
    guarded_actions,
    parse,
)
from scanner.access.conditions.analysis.catalogue import BLOBS, sub_operations
from scanner.access.facts import Missing, Role, may_be_group
from scanner.access.restrictions import Ask
from scanner.access.roles import ways_of
from scanner.model.coverage import NotRead
from scanner.model.ids import id_key
from scanner.model.storage import StorageAccount
from scanner.model.tenant import Tenant

CORE = frozenset(BLOBS.usual_actions)
"""The actions by which blobs are read and changed, which Foundry's condition names."""

_SERVICE = "/blobservices/default"
_CONTAINER = re.compile(rf"{_SERVICE}/containers/([^/]+)$", re.IGNORECASE)
_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
"""What Foundry puts in the name of a container: the id of whose it is."""


def blob_grants(
    tenant: Tenant, principal_id: str, storage: StorageAccount
) -> tuple[Grant, ...]:
    """Return the grants in force on all containers of roles that do anything there.

    Whatever their conditions leave of it.
    """
    return _of_blobs(
        access(tenant).grants(principal_id, f"{storage.id}{_SERVICE}"),
    )


def container_grants(
    tenant: Tenant, principal_id: str, storage: StorageAccount
) -> tuple[Grant, ...]:
    """Return the same of single containers."""
    below = f"{storage.key}{_SERVICE}/"
    return _of_blobs(
        grant
        for grant in access(tenant).grants(principal_id)
        if id_key(grant.scope).startswith(below) and container_of(grant)
    )


def _of_blobs(grants: Iterable[Grant]) -> tuple[Grant, ...]:
    return tuple(
        grant
        for grant in grants
        if not grant.eligible and grant.role and _concerns_blobs(grant.role)
    )


def container_of(grant: Grant) -> str:
    """Return the name of the container that a grant is on, empty if it is on more."""
    found = _CONTAINER.search(grant.scope)
    return found[1] if found else ""


def id_in(name: str) -> str:
    """Return the id in the name of a container, or how it begins; empty without one."""
    found = _ID.search(name)
    return found[0] if found else ""


def tells_whose(grant: Grant) -> bool:
    """Whether the name of the container that a grant is on has an id in it."""
    return bool(id_in(container_of(grant)))


def with_untold(reason: str, grants: Iterable[Grant]) -> str:
    """Return a reason that names the containers of which nothing tells whose they are.

    Those that grants of single containers are on.
    """
    untold = (container_of(each) for each in grants if not tells_whose(each))
    names = dict.fromkeys(map(quote, untold))
    return f"{reason}; nothing tells whose {some(names)} is" if names else reason


def unsettled(
    tenant: Tenant, principal_id: str, storage: StorageAccount, *, unrestricted: bool
) -> tuple[Missing, ...]:
    """Return why a principal may hold more grants of blobs than is known.

    `unrestricted` are those without a condition.
    """
    scopes = (storage.id, *tenant.once(_of_groups).get(storage.key, ()))
    found = (
        each
        for scope in scopes
        for each in access(tenant).unsettled(
            principal_id, BLOBS.actions, scope, data=True, unrestricted=unrestricted
        )
    )
    return tuple(dict.fromkeys(found))


def _of_groups(tenant: Tenant) -> Mapping[str, Iterable[str]]:
    """Return by storage account where below it groups may hold roles on blobs."""
    found = defaultdict[str, dict[str, None]](dict)
    for each in access(tenant).facts.assignments:
        account, service, _ = id_key(each.scope).partition(_SERVICE)
        if service and may_be_group(each.principal_type):
            found[account][each.scope] = None
    return found


def _concerns_blobs(role: Role) -> bool:
    asks = (Ask.of(action, data=True) for action in BLOBS.actions)
    return any(ways_of(role.blocks, ask) for ask in asks)


def is_conditioned(grant: Grant) -> bool:
    """Whether a condition comes with a grant, whatever it says."""
    return bool((grant.condition or "").strip())


@dataclass(frozen=True, slots=True)
class Stray:
    """An action by which a grant reaches containers that it should not."""

    action: str
    prefixes: tuple[str, ...]
    """How the names of these begin; empty where the action reaches any."""


def strays(tenant: Tenant, grant: Grant, own: Iterable[str]) -> tuple[Stray, ...]:
    """Return what of a grant reaches containers that are not one's own.

    `own` are how the names of one's own begin, compared without case, as the conditions
    that Foundry sets compare them; the scope may name a container as well as the
    condition. Raises NotRead where the condition cannot be read.
    """
    starts = tuple(each.lower() for each in own)
    found: dict[str, Stray] = {}
    container = container_of(grant)
    if container.lower().startswith(starts):
        return ()
    for action, given in _given(tenant, grant, _calls(grant)):
        stray = _stray(action, given.residual, starts, container)
        if stray is not None:
            found.setdefault(action, stray)
    return tuple(found.values())


def _calls(grant: Grant) -> tuple[str | None, ...]:
    """Return the ways in which a condition tells calls of one action apart."""
    if not is_conditioned(grant):
        return (None,)
    try:
        expression = parse(grant.condition or "").expression
    except ConditionError as error:
        where = f"the condition of {grant.assignment_id}"
        raise NotRead(f"{where} cannot be read: {error.message}") from error
    return (None, *sub_operations(expression))


def _given(
    tenant: Tenant, grant: Grant, calls: Iterable[str | None]
) -> Iterator[tuple[str, Grant]]:
    """Yield the actions on blobs that a grant allows, with what it asks of each."""
    for action in BLOBS.actions:
        for call in calls:
            given = access(tenant).by(
                grant.assignment, action, data=True, sub_operation=call
            )
            if given is not None:
                yield action, given


def _stray(
    action: str,
    demands: tuple[Expression, ...],
    starts: tuple[str, ...],
    container: str,
) -> Stray | None:
    """Return where an action leads if its demands, all of them, are met."""
    if any(_never(action, each) for each in demands):
        return None
    parts = [part for each in demands for part in _parts(each)]
    bounds = [each for each in map(container_prefixes, parts) if each]
    outside = [
        tuple(prefix for prefix in bound if not prefix.lower().startswith(starts))
        for bound in bounds
    ]
    if () in outside:
        return None
    if container:
        return Stray(action, (container,))
    return Stray(action, min(outside, key=len, default=()))


def _parts(demand: Expression) -> tuple[Expression, ...]:
    """Return what all has to hold of a demand, each by itself."""
    return demand.terms if isinstance(demand, And) else (demand,)


def _never(action: str, demand: Expression) -> bool:
    return guarded_actions(demand, (action,))[0].outcome is Outcome.DENIED
