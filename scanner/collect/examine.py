"""Before a scan: who is signed in, what is in reach, and which rights are missing."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import msgspec

from scanner.arm.errors import ReadError, next_step
from scanner.arm.session import Session
from scanner.arm.transport import open_wire
from scanner.collect.discovery import index
from scanner.collect.doors import Door, knock, require_ids
from scanner.collect.items import identify
from scanner.collect.operations import UnusableIdError, path_of
from scanner.collect.order import Order
from scanner.collect.read import Read
from scanner.collect.reads import READS
from scanner.collect.resources import DESCENDANTS, MANAGEMENT_GROUPS, SUBSCRIPTIONS
from scanner.collect.rights import allows, own_permissions
from scanner.model.ids import ResourceId
from scanner.model.results import SignedIn


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """A subscription, and the declared actions that may not be done there."""

    id: str
    name: str
    state: str
    missing: tuple[str, ...] = ()
    unknown: str = ""
    """Why the rights are not known; empty where they are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Examination:
    """What a scan of one tenant would meet."""

    tenant: str
    """Its id; as it was asked for where nobody is signed in."""
    signed_in: SignedIn | None = None
    subscriptions: tuple[Reach, ...] = ()
    unlisted: tuple[str, ...] = ()
    """The ids of those that management groups hold and that may not be read."""
    management_groups: int | None = None
    """None where they may not be listed."""
    graph: str = ""
    """Why Resource Graph does not answer; empty where it does."""
    problems: tuple[str, ...] = ()
    """Why there may be more to read, or nothing could be."""


class _Subscription(msgspec.Struct, rename="camel"):
    """A subscription as listed; what is malformed of it is shown as it is."""

    id: str
    display_name: object = ""
    state: object = ""

    @property
    def name(self) -> str:
        """The last segment of its id."""
        return self.id.rpartition("/")[2]


async def examine(order: Order) -> list[Examination]:
    """Return what a scan would meet in each tenant.

    Raises SignInError where there is nothing to sign in with, ScopeError for a tenant
    that cannot be asked for, and CloudError for an unusable CA.
    """
    require_ids(order)
    async with open_wire(order.cloud, order.limits) as wire:
        found = []
        for tenant in order.selection.tenants or (None,):
            async with knock(order, wire, tenant) as door:
                found.append(await _examine(door))
        return found


async def _examine(door: Door) -> Examination:
    if door.refusal:
        return Examination(tenant=door.tenant_id, problems=(str(door.refusal),))
    session = door.session
    listed, problems = await _subscriptions(session)
    _, graph = await index(session, [each.name for each in listed])
    groups = await _ids(session, MANAGEMENT_GROUPS, "")
    below = await _below(session, groups or ())
    return Examination(
        tenant=door.tenant_id,
        signed_in=door.signed_in,
        subscriptions=tuple([await _reach(session, each) for each in listed]),
        unlisted=tuple(sorted(below - {each.name.lower() for each in listed})),
        management_groups=None if groups is None else len(groups),
        graph=graph,
        problems=tuple(problems),
    )


async def _subscriptions(session: Session) -> tuple[list[_Subscription], list[str]]:
    """Return the subscriptions that are listed, and what is wrong with the list."""
    listed: list[_Subscription] = []
    problems: list[str] = []
    malformed = 0
    try:
        async for page in session.pages(path_of(SUBSCRIPTIONS, "")):
            usable = [item for item in page if not identify(bytes(item), "/")[0]]
            malformed += len(page) - len(usable)
            listed += (msgspec.json.decode(each, type=_Subscription) for each in usable)
    except ReadError as error:
        what = "subscriptions cannot all be listed" if listed else _UNLISTED
        problems.append(f"{what}: {error.told}; {next_step(error.status)}")
    if malformed:
        problems.append(
            f"malformed in the list of subscriptions: {malformed}; {_LATER}"
        )
    return listed, problems


_UNLISTED = "subscriptions cannot be listed"
_LATER = "try again later, and ask Azure support if it stays so"


async def _reach(session: Session, subscription: _Subscription) -> Reach:
    missing: tuple[str, ...] = ()
    unknown = ""
    try:
        missing = await _missing(session, f"/subscriptions/{subscription.name}")
    except ReadError as error:
        unknown = error.told
    return Reach(
        id=subscription.name,
        name=str(subscription.display_name),
        state=str(subscription.state),
        missing=missing,
        unknown=unknown,
    )


async def _missing(session: Session, scope: str) -> tuple[str, ...]:
    permissions = await own_permissions(session, scope)
    actions: Sequence[str] = sorted({read.action for read in READS}, key=str.lower)
    return tuple(each for each in actions if not allows(permissions, each))


async def _below(session: Session, groups: Iterable[str]) -> set[str]:
    """Return the subscriptions under management groups, as far as that may be read."""
    found = await asyncio.gather(*(_ids(session, DESCENDANTS, each) for each in groups))
    ids = (ResourceId.parse(each) for few in found for each in few or ())
    return {each.subscription.lower() for each in ids} - {""}


async def _ids(session: Session, read: Read, scope: str) -> list[str] | None:
    """Return the ids that a list holds, None where it may not be read."""
    try:
        pages = [page async for page in session.pages(path_of(read, scope))]
    except (ReadError, UnusableIdError):
        return None
    found = (identify(bytes(item), "/") for page in pages for item in page)
    return [resource_id for problem, resource_id in found if not problem]
