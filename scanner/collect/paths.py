"""The paths of reads, learned while Azure is waited for."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager

from scanner.collect.operations import learn
from scanner.collect.read import Read, SdkOperation


class Paths:
    """Which paths are known; the others are learned one after the other."""

    def __init__(self) -> None:
        self._known: set[Read] = set()
        self._turn = asyncio.Lock()

    async def learn(self, *reads: Read) -> None:
        """Learn the paths of reads in their order, as far as they are not known."""
        for read in reads:
            if read not in self._known:
                async with self._turn:
                    await self._learn(read)

    async def _learn(self, read: Read) -> None:
        if read not in self._known:
            await asyncio.to_thread(learn, read)
            self._known.add(read)

    async def known(self, reads: Iterable[Read]) -> AsyncIterator[Sequence[Read]]:
        """Yield reads in their order, as many at a time as have become known."""
        rest = dict.fromkeys(reads)
        while rest:
            ready = list(filter(self._is_known, rest))
            if ready:
                yield ready
                for read in ready:
                    del rest[read]
            else:
                await self.learn(next(iter(rest)))

    def _is_known(self, read: Read) -> bool:
        return read in self._known or not isinstance(read.operation, SdkOperation)


@asynccontextmanager
async def learning(
    reads: Iterable[Read], then: Callable[[], object] | None
) -> AsyncIterator[Paths]:
    """Learn the paths of reads in the background, and then do what can be done."""
    paths = Paths()

    async def work() -> None:
        await paths.learn(*reads)
        if then is not None:
            await asyncio.to_thread(then)

    working = asyncio.create_task(work())
    try:
        yield paths
    finally:
        working.cancel()
        await asyncio.gather(working, return_exceptions=True)
