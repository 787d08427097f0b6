"""Reads that lead to reads, so many at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from scanner.collect.read import Read

Job = tuple[Read, str]
"""A read, and the scope it is made at."""


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
