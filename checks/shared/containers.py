"""Containers of a storage account: which of them a grant of blobs is kept to."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from checks.shared.grants import access
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
from scanner.access.facts import Role
from scanner.access.restrictions import Ask
from scanner.access.roles import ways_of
from scanner.model.coverage import NotRead
from scanner.model.storage import StorageAccount
from scanner.model.tenant import Tenant

CORE = frozenset(BLOBS.usual_actions)
"""The actions by which blobs are read and changed, which Foundry's condition names."""


def blob_grants(
    tenant: Tenant, principal_id: str, storage: StorageAccount
) -> tuple[Grant, ...]:
    """Return the grants in force of roles that do anything with blobs.

    Whatever their conditions leave of it.
    """
    return tuple(
        grant
        for grant in access(tenant).grants(principal_id, storage.id)
        if not grant.eligible and grant.role and _concerns_blobs(grant.role)
    )


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
    that Foundry sets compare them. Raises NotRead where the condition cannot be read.
    """
    starts = tuple(each.lower() for each in own)
    found: dict[str, Stray] = {}
    for action, given in _given(tenant, grant, _calls(grant)):
        stray = _stray(action, given.residual, starts)
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
    action: str, demands: tuple[Expression, ...], starts: tuple[str, ...]
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
    return Stray(action, min(outside, key=len, default=()))


def _parts(demand: Expression) -> tuple[Expression, ...]:
    """Return what all has to hold of a demand, each by itself."""
    return demand.terms if isinstance(demand, And) else (demand,)


def _never(action: str, demand: Expression) -> bool:
    return guarded_actions(demand, (action,))[0].outcome is Outcome.DENIED
