"""Reads that lead to reads, so many at a time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence

from scanner.collect.read import Read

Job = tuple[Read, str]
"""A read, and the scope it is made at."""


async def together(jobs: Sequence[Job]) -> AsyncIterator[Sequence[Job]]:
    """Yield jobs that are all known from the start."""
    yield jobs


async def drain(
    jobs: AsyncIterator[Sequence[Job]],
    workers: int,
    carry_out: Callable[[Job], Awaitable[list[Job]]],
) -> None:
    """Carry out jobs and the jobs they lead to, so many at a time.

    The newest go first, and of those that come together the first.
    """
    queue: asyncio.LifoQueue[Job] = asyncio.LifoQueue()

    async def work() -> None:
        while True:
            for found in await carry_out(await queue.get()):
                queue.put_nowait(found)
            queue.task_done()

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(work()) for _ in range(workers)]
        async for ready in jobs:
            for job in reversed(ready):
                queue.put_nowait(job)
        await queue.join()
        for task in tasks:
            task.cancel()
