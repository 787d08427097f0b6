"""Before a scan: who is signed in, what is in reach, and which rights are missing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from scanner.arm.credentials import credential
from scanner.arm.errors import ReadError
from scanner.arm.session import Session
from scanner.arm.transport import open_wire
from scanner.collect.discovery import index
from scanner.collect.operations import path_of
from scanner.collect.order import Order
from scanner.collect.reads import READS
from scanner.collect.resources import MANAGEMENT_GROUPS, SUBSCRIPTIONS
from scanner.collect.rights import allows, own_permissions
from scanner.model.results import SignedIn


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """A subscription, and the declared actions that may not be done there."""

    id: str
    name: str
    state: str
    missing: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Examination:
    """What a scan of one tenant would meet."""

    signed_in: SignedIn
    subscriptions: tuple[Reach, ...]
    management_groups: int | None
    """None where they may not be listed."""
    graph: str
    """Why Resource Graph does not answer; empty where it does."""


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
    """Return what a scan would meet in each tenant; raises SignInError, ReadError."""
    async with open_wire(order.cloud, order.limits) as wire:
        found = []
        for tenant in order.selection.tenants or (None,):
            key = credential(order.method, order.cloud, tenant, wire.transport)
            session = Session(wire, order.cloud, key, tenant)
            try:
                found.append(await _examine(session))
            finally:
                await session.close()
        return found


async def _examine(session: Session) -> Examination:
    signed_in = await session.sign_in()
    listed = [
        msgspec.json.decode(item, type=_Subscription)
        async for page in session.pages(path_of(SUBSCRIPTIONS, ""))
        for item in page
    ]
    _, refusal = await index(session, [each.name for each in listed])
    return Examination(
        signed_in=signed_in,
        subscriptions=tuple([await _reach(session, each) for each in listed]),
        management_groups=await _groups(session),
        graph=refusal,
    )


async def _reach(session: Session, subscription: _Subscription) -> Reach:
    scope = f"/subscriptions/{subscription.name}"
    permissions = await own_permissions(session, scope)
    actions: Sequence[str] = sorted({read.action for read in READS}, key=str.lower)
    return Reach(
        id=subscription.name,
        name=str(subscription.display_name),
        state=str(subscription.state),
        missing=tuple(each for each in actions if not allows(permissions, each)),
    )


async def _groups(session: Session) -> int | None:
    try:
        pages = [page async for page in session.pages(path_of(MANAGEMENT_GROUPS, ""))]
    except ReadError:
        return None
    return sum(len(page) for page in pages)
