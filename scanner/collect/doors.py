"""The doors to tenants: signed in to, or shut for a reason."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from scanner.arm.clouds import CloudError
from scanner.arm.credentials import credential
from scanner.arm.directory import Directory
from scanner.arm.errors import SignInError
from scanner.arm.methods import Method
from scanner.arm.session import Session, is_guid
from scanner.arm.transport import Wire
from scanner.collect.order import Order
from scanner.collect.scope import ScopeError
from scanner.model.results import SignedIn


@dataclass(frozen=True, slots=True)
class Door:
    """A tenant's door: open, or shut for a reason."""

    session: Session
    directory: Directory | None
    tenant_id: str
    signed_in: SignedIn | None
    refusal: SignInError | None = None


@asynccontextmanager
async def knock(order: Order, wire: Wire, tenant: str | None) -> AsyncIterator[Door]:
    """Sign in to a tenant, while the door stands; a refusal leaves it shut."""
    key = credential(order.method, order.cloud, tenant, wire.transport)
    session = Session(wire, order.cloud, key, tenant)
    graph = order.cloud.graph if order.directory else None
    directory = Directory(wire, graph, key) if graph else None
    try:
        signed_in = await session.sign_in()
        door = Door(session, directory, signed_in.tenant_id, signed_in)
    except SignInError as error:
        door = Door(session, directory, (tenant or "").lower(), None, error)
    try:
        yield door
    finally:
        await session.close()


def require_graph(order: Order) -> None:
    """Raise CloudError if Microsoft Graph is asked for where none is known."""
    if order.directory and order.cloud.graph is None:
        name = order.cloud.name
        raise CloudError(f"cloud {name!r} has no Microsoft Graph: name it as `graph`")


def require_ids(order: Order) -> None:
    """Raise ScopeError for a domain where only an id can be held to.

    A managed identity has tokens of its own tenant alone, whichever is asked for.
    """
    if order.method is not Method.MANAGED_IDENTITY:
        return
    for tenant in order.selection.tenants:
        if not is_guid(tenant.lower()):
            raise ScopeError(
                f"--tenant {tenant!r}: a managed identity signs in to its own tenant, "
                "whose domains no token tells: give the tenant's id"
            )


def require_one(doors: Sequence[Door]) -> None:
    """Raise SignInError unless a tenant can be read and the others can be named."""
    for door in doors:
        unnamed = not is_guid(door.tenant_id)
        if door.refusal and (unnamed or all(each.refusal for each in doors)):
            raise door.refusal
        if unnamed:
            raise SignInError(
                "the token does not say which tenant it is for: give its id by --tenant"
            )
