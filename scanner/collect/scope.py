"""What is in scope: tenants, management groups, subscriptions, exclusions."""

from __future__ import annotations

import asyncio
import difflib
from collections.abc import Iterable
from dataclasses import dataclass, field

import msgspec

from scanner.collect.ledger import Ledger
from scanner.collect.plan import tenant_scope
from scanner.collect.reads import ABOVE
from scanner.collect.resources import DESCENDANTS, MANAGEMENT_GROUPS, SUBSCRIPTIONS
from scanner.model.ids import id_key
from scanner.model.resource import Record
from scanner.model.resources import ManagementGroup
from scanner.model.results import ScannedSubscription

RUNNING = frozenset({"enabled", "warned", "pastdue"})
"""The states of a subscription in use."""

IDLE = frozenset({"disabled", "deleted", "expired"})
"""The states in which a subscription is scanned only if it was named.

It can be read for a while, but nothing runs. In any other state, and where none is
told, something may run: it is scanned.
"""


class ScopeError(Exception):
    """A scope was asked for that is not there; the message names the nearest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """What a scan was asked to cover, as given; empty means everything readable."""

    tenants: tuple[str, ...] = ()
    subscriptions: tuple[str, ...] = ()
    management_groups: tuple[str, ...] = ()
    excluded: tuple[str, ...] = ()

    @property
    def narrows(self) -> bool:
        """Whether anything readable is left out."""
        return bool(self.subscriptions or self.management_groups or self.excluded)


@dataclass(slots=True)
class Scope:
    """What there is in a tenant, and what of it is scanned."""

    chosen: list[ScannedSubscription] = field(default_factory=list)
    known: list[ScannedSubscription] = field(default_factory=list)
    """Every subscription that is listed, scanned or not."""
    listed: bool = True
    """Whether the list of subscriptions was read whole."""
    members: set[str] | None = None
    """Ids of the subscriptions under the chosen groups; None before they are read."""
    notes: list[str] = field(default_factory=list)


async def resolve(ledger: Ledger, selection: Selection) -> Scope:
    """Read what there is in a tenant, and choose what is scanned."""
    scope = Scope()
    if selection.management_groups:
        scope.members = await read_groups(ledger, selection, scope)

    def choose(record: Record) -> bool:
        subscription = _subscription(record, ledger.tenant_id)
        scope.known.append(subscription)
        return _chosen(subscription, selection, scope)

    made = await ledger.carry_out(
        SUBSCRIPTIONS, tenant_scope(ledger.tenant_id), at="", select=choose
    )
    scope.listed = not made.gaps
    scope.chosen = [_subscription(each, ledger.tenant_id) for each in made.records]
    return scope


def require_known(selection: Selection, scopes: Iterable[Scope]) -> None:
    """Raise ScopeError for a subscription that no tenant lists.

    Only where every list was read: else it may be there and be a gap.
    """
    every = list(scopes)
    known = [subscription for scope in every for subscription in scope.known]
    if not known or not all(scope.listed for scope in every):
        return
    names = [name for each in known for name in (each.name, each.id)]
    for option, asked in (
        ("--subscription", selection.subscriptions),
        ("--exclude-subscription", selection.excluded),
    ):
        for name in asked:
            if name.lower() not in {each.lower() for each in names}:
                raise ScopeError(
                    f"{option} {name!r}: no such subscription is readable"
                    + _nearest(name, names)
                )


def _nearest(name: str, names: list[str]) -> str:
    near = difflib.get_close_matches(name, names, n=3)
    return f"; did you mean {', '.join(map(repr, near))}?" if near else ""


async def read_groups(ledger: Ledger, selection: Selection, scope: Scope) -> set[str]:
    """Read the hierarchy; return the ids of what is under the chosen groups.

    It is read for its own sake too: what is granted above a subscription holds in it.
    Only where management groups were asked for is its lack a gap.
    """
    made = await ledger.carry_out(
        MANAGEMENT_GROUPS,
        tenant_scope(ledger.tenant_id),
        at="",
        requested=False,
        select=lambda _: True,
    )
    if made.gaps and not selection.management_groups:
        reason = made.gaps[0].reason
        scope.notes.append(f"management groups were not read: {reason}")
    chosen = [_group_id(name, made.records) for name in selection.management_groups]
    wanted = {id_key(each) for each in chosen}
    groups = {id_key(each): each for each in (*chosen, *(g.id for g in made.records))}
    under = await asyncio.gather(
        *(_under(ledger, group, key in wanted, scope) for key, group in groups.items())
    )
    return set().union(*under)


async def _under(ledger: Ledger, group: str, wanted: bool, scope: Scope) -> set[str]:
    """Return the ids of what is under a group, nothing unless it was chosen."""
    made = await ledger.carry_out(
        DESCENDANTS, group, requested=wanted, select=lambda _: True
    )
    await asyncio.gather(*(ledger.carry_out(read, group) for read in ABOVE))
    if not wanted:
        return set()
    name = group.rpartition("/")[2]
    scope.notes.extend(
        f"management group {name} was not read: {gap.reason}" for gap in made.gaps
    )
    return {_last(each.id) for each in made.records}


def _last(resource_id: str) -> str:
    return resource_id.rpartition("/")[2].lower()


def _group_id(name: str, groups: tuple[Record, ...]) -> str:
    """Return the id of a management group given by id, name or display name."""
    wanted = name.rpartition("/")[2].lower()
    for group in groups:
        if wanted in _names(group):
            return group.id
    return f"/providers/{ManagementGroup.type}/{wanted}"


class _Named(msgspec.Struct, rename="camel"):
    """The names of a subscription or management group, where they are strings."""

    display_name: object = None
    state: object = None
    name: object = None
    properties: object = None


_named = msgspec.json.Decoder(_Named)


def _names(group: Record) -> set[str]:
    body = _named.decode(group.body)
    nested = body.properties if isinstance(body.properties, dict) else {}
    return {
        str(each).lower() for each in (body.name, nested.get("displayName")) if each
    }


def _subscription(record: Record, tenant_id: str) -> ScannedSubscription:
    body = _named.decode(record.body)
    return ScannedSubscription(
        id=record.id.rpartition("/")[2],
        name=body.display_name if isinstance(body.display_name, str) else "",
        tenant_id=tenant_id,
        state=body.state if isinstance(body.state, str) else "",
    )


def _chosen(
    subscription: ScannedSubscription,
    selection: Selection,
    scope: Scope,
) -> bool:
    """Return whether a subscription is scanned; say why where it may surprise."""
    names = {subscription.id.lower(), subscription.name.lower()}
    named = bool(names & {each.lower() for each in selection.subscriptions})
    if names & {each.lower() for each in selection.excluded}:
        return False
    state = subscription.state.lower()
    title = f"subscription {f'{subscription.name} ({subscription.id})'.strip()}"
    if state in IDLE:
        said = "scanned because it was named" if named else "left out"
        scope.notes.append(f"{title} is {subscription.state}: {said}")
        return named
    if selection.subscriptions or selection.management_groups:
        chosen = named or subscription.id.lower() in (scope.members or ())
    else:
        chosen = True
    if chosen and state not in RUNNING:
        told = f"is {subscription.state!r}, which is no known state"
        scope.notes.append(f"{title} {told if state else 'tells no state'}: scanned")
    return chosen
