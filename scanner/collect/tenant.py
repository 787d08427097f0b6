"""Read one tenant: its scope, then each subscription in a lane of its own."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Container
from dataclasses import dataclass

from scanner.arm.errors import ReadError
from scanner.arm.session import Session
from scanner.collect.discovery import Index, index
from scanner.collect.drain import Job, drain
from scanner.collect.ledger import Ledger
from scanner.collect.plan import below, queries, stays_inside, tenant_scope
from scanner.collect.principals import Principals
from scanner.collect.read import QueryOperation, Read
from scanner.collect.reads import AT_SUBSCRIPTION, AT_TENANT
from scanner.collect.rights import Permission, allows, own_permissions
from scanner.collect.scope import Scope, Selection, read_groups
from scanner.model.ids import id_key
from scanner.model.results import ScannedSubscription

LANES = 64
"""Subscriptions under way at once: bounds memory, not speed."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How a tenant's subscriptions are read."""

    workers: int
    """Reads under way at once in one subscription."""
    graph: bool
    """Whether Resource Graph is asked, where to look and what it alone tells."""


async def read_tenant(
    ledger: Ledger, scope: Scope, pace: Pace, principals: Principals | None
) -> None:
    """Carry out every read that the chosen subscriptions call for.

    Who holds roles there is known, and so can be named, once all of it is read.
    """
    lanes = asyncio.Semaphore(LANES)
    asked = pace.graph and bool(scope.chosen)
    scanned = {id_key(f"/subscriptions/{each.id}") for each in scope.chosen}
    async with asyncio.TaskGroup() as group:
        found = group.create_task(_index(ledger, scope)) if asked else None
        if scope.members is None:
            group.create_task(read_groups(ledger, Selection(), scope))
        for read in AT_TENANT:
            group.create_task(_read_once(read, ledger, scope.chosen))
        for subscription in scope.chosen:
            lane = _Lane(ledger, subscription, scanned, found)
            group.create_task(lane.read(pace.workers, lanes))
    if asked:
        await _read_queries(ledger, scope.chosen)
    if principals is not None:
        await principals.read(ledger, pace.workers)


async def _index(ledger: Ledger, scope: Scope) -> Index:
    found, note = await index(ledger.session, [each.id for each in scope.chosen])
    if note:
        scope.notes.append(note)
    return found


async def _read_once(
    read: Read, ledger: Ledger, chosen: list[ScannedSubscription]
) -> None:
    """Make a read that answers the same everywhere, at one that answers.

    Each try is booked under the tenant, and the last one counts.
    """
    for subscription in chosen:
        made = await ledger.carry_out(
            read,
            tenant_scope(ledger.tenant_id),
            at=f"/subscriptions/{subscription.id}",
        )
        if not made.gaps:
            break


async def _read_queries(ledger: Ledger, chosen: list[ScannedSubscription]) -> None:
    """Ask Resource Graph what what was found calls for."""
    ids = [each.id for each in chosen]
    for read in queries(ledger.kinds):
        if isinstance(read.operation, QueryOperation):
            rows = ledger.session.rows(read.operation.query, ids)
            await ledger.account(read, tenant_scope(ledger.tenant_id), rows)


class _Lane:
    """One subscription being read."""

    def __init__(
        self,
        ledger: Ledger,
        subscription: ScannedSubscription,
        scanned: Container[str],
        found: asyncio.Task[Index] | None,
    ) -> None:
        self._ledger = ledger
        self._id = subscription.id
        self._scope = f"/subscriptions/{subscription.id}"
        self._scanned = scanned
        self._found = found
        self._own: asyncio.Future[list[Permission]] | None = None

    async def read(self, workers: int, lanes: asyncio.Semaphore) -> None:
        """Carry out every read that the subscription calls for."""
        async with lanes:
            await drain(self._jobs(), workers, self._carry_out)
        self._ledger.progress.finished += 1

    async def _jobs(self) -> AsyncIterator[list[Job]]:
        """Yield the reads made at every subscription; the first lead furthest."""
        async for reads in self._ledger.paths.known(AT_SUBSCRIPTION):
            yield [(read, self._scope) for read in reads]

    async def _carry_out(self, job: Job) -> list[Job]:
        read, scope = job
        if scope == self._scope and await self._is_empty(read):
            self._ledger.book_none(read, scope, "ResourceGraph")
            return []
        made = await self._ledger.carry_out(read, scope)
        found = (job for record in made.records for job in below(record))
        return [
            job
            for job in found
            if stays_inside(*job, self._scanned) and self._ledger.is_first(*job)
        ]

    async def _is_empty(self, read: Read) -> bool:
        """Whether Resource Graph knows of nothing to read, and may be believed."""
        if not (read.indexed and self._found):
            return False
        bare = (await self._found).is_bare(self._id)
        return bare and allows(await self._rights(), read.action)

    def _rights(self) -> asyncio.Future[list[Permission]]:
        """Return what may be read in the subscription, asked for once."""
        if self._own is None:
            own = _known_permissions(self._ledger.session, self._scope)
            self._own = asyncio.ensure_future(own)
        return self._own


async def _known_permissions(session: Session, scope: str) -> list[Permission]:
    """Return what may be done at a scope; nothing where Azure does not say."""
    try:
        return await own_permissions(session, scope)
    except ReadError:
        return []
