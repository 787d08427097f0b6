"""Paths are learned in the background, and reads are made as theirs become known."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from scanner.collect.operations import call_of
from scanner.collect.paths import Paths, learning
from scanner.collect.read import Read
from scanner.collect.reads import AT_SUBSCRIPTION


async def _yielded(paths: Paths) -> list[Sequence[Read]]:
    return [ready async for ready in paths.known(AT_SUBSCRIPTION)]


def test_reads_come_as_their_paths_become_known() -> None:
    of_sdk = [read for read in AT_SUBSCRIPTION if call_of(read)]
    learned = {of_sdk[0], of_sdk[2]}

    async def scenario() -> list[Sequence[Read]]:
        paths = Paths()
        await paths.learn(*learned)
        return await _yielded(paths)

    first, *others = asyncio.run(scenario())
    unlearned = [read for read in of_sdk if read not in learned]
    assert first == [read for read in AT_SUBSCRIPTION if read not in unlearned]
    assert others == [[read] for read in unlearned]


def test_each_read_comes_once_beside_the_background() -> None:
    async def scenario() -> list[list[Sequence[Read]]]:
        async with learning(AT_SUBSCRIPTION, None) as paths:
            return await asyncio.gather(*(_yielded(paths) for _ in range(3)))

    for ready in asyncio.run(scenario()):
        came = [read for each in ready for read in each]
        assert sorted(came, key=AT_SUBSCRIPTION.index) == list(AT_SUBSCRIPTION)


def test_what_can_be_done_meanwhile_is_done_once_all_paths_are_known() -> None:
    done: list[bool] = []

    async def scenario() -> list[Sequence[Read]]:
        async with learning(AT_SUBSCRIPTION, lambda: done.append(True)) as paths:
            while not done:
                await asyncio.sleep(0.001)
            return await _yielded(paths)

    assert asyncio.run(scenario()) == [list(AT_SUBSCRIPTION)]


def test_what_is_under_way_ends_with_the_scan() -> None:
    done: list[bool] = []

    async def scenario() -> None:
        async with learning(AT_SUBSCRIPTION, lambda: done.append(True)):
            pass

    asyncio.run(scenario())
    assert not done
