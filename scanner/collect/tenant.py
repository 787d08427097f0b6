"""Read one tenant: its scope, then each subscription in a lane of its own."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from scanner.collect.discovery import Index, index
from scanner.collect.ledger import Ledger
from scanner.collect.plan import below, tenant_scope
from scanner.collect.read import Read
from scanner.collect.reads import AT_SUBSCRIPTION, AT_TENANT
from scanner.collect.rights import allows, own_permissions
from scanner.collect.scope import Scope, Selection, read_groups
from scanner.model.results import ScannedSubscription

LANES = 64
"""Subscriptions under way at once: bounds memory, not speed."""

Job = tuple[Read, str]


@dataclass(frozen=True, slots=True)
class Pace:
    """How a tenant's subscriptions are read."""

    workers: int
    """Reads under way at once in one subscription."""
    graph: bool
    """Whether Resource Graph is asked where to look."""


async def read_tenant(ledger: Ledger, scope: Scope, pace: Pace) -> None:
    """Carry out every read that the chosen subscriptions call for."""
    found = await _index(ledger, scope) if pace.graph and scope.chosen else None
    lanes = asyncio.Semaphore(LANES)
    async with asyncio.TaskGroup() as group:
        if scope.members is None:
            group.create_task(read_groups(ledger, Selection(), scope))
        group.create_task(_read_once(ledger, scope.chosen))
        for subscription in scope.chosen:
            group.create_task(_lane(ledger, subscription, found, pace, lanes))


async def _index(ledger: Ledger, scope: Scope) -> Index:
    found, note = await index(ledger.session, [each.id for each in scope.chosen])
    if note:
        scope.notes.append(note)
    return found


async def _read_once(ledger: Ledger, chosen: list[ScannedSubscription]) -> None:
    """Make the reads that answer the same everywhere, at one that answers.

    Each try is booked under the tenant, and the last one counts.
    """
    for read in AT_TENANT:
        for subscription in chosen:
            made = await ledger.carry_out(
                read,
                tenant_scope(ledger.tenant_id),
                at=f"/subscriptions/{subscription.id}",
            )
            if not made.gaps:
                break


async def _lane(
    ledger: Ledger,
    subscription: ScannedSubscription,
    found: Index | None,
    pace: Pace,
    lanes: asyncio.Semaphore,
) -> None:
    scope = f"/subscriptions/{subscription.id}"
    async with lanes:
        jobs = await _first_jobs(ledger, subscription, found)

        async def carry_out(job: Job) -> list[Job]:
            made = await ledger.carry_out(*job)
            return [(read, each.id) for each in made.records for read in below(each)]

        await drain([(read, scope) for read in jobs], pace.workers, carry_out)
    ledger.progress.finished += 1


async def _first_jobs(
    ledger: Ledger, subscription: ScannedSubscription, found: Index | None
) -> list[Read]:
    """Return the reads to make at a subscription; book those that find nothing."""
    scope = f"/subscriptions/{subscription.id}"
    empty = [
        read
        for read in AT_SUBSCRIPTION
        if read.indexed and found and found.lacks(subscription.id, read.of.type)
    ]
    own = await own_permissions(ledger.session, scope) if empty else []
    believed = [read for read in empty if allows(own, read.action)]
    for read in believed:
        ledger.book_none(read, scope, "ResourceGraph")
    return [read for read in AT_SUBSCRIPTION if read not in believed]


async def drain(
    jobs: list[Job], workers: int, carry_out: Callable[[Job], Awaitable[list[Job]]]
) -> None:
    """Carry out jobs and the jobs they lead to, the newest first, so many at a time."""
    queue: asyncio.LifoQueue[Job] = asyncio.LifoQueue()
    for job in jobs:
        queue.put_nowait(job)

    async def work() -> None:
        while True:
            for found in await carry_out(await queue.get()):
                queue.put_nowait(found)
            queue.task_done()

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(work()) for _ in range(workers)]
        await queue.join()
        for task in tasks:
            task.cancel()
