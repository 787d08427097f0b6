"""Budgets, on an event loop whose time passes as fast as it is waited for."""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanner.arm.throttle import (
    DIRECTORY,
    LONGEST_RENEWAL,
    QUERIES,
    READS,
    Budget,
    backoff,
    jitter,
    retry_after,
)

T = TypeVar("T")


class _Skipping(selectors.DefaultSelector):
    """A selector that adds up how long it was to wait, and does not."""

    passed = 0.0

    def select(self, timeout: float | None = None) -> list[Any]:
        self.passed += timeout or 0.0
        return super().select(0)


class Loop(asyncio.SelectorEventLoop):
    """An event loop with a clock of its own."""

    def __init__(self) -> None:
        self.skipping = _Skipping()
        super().__init__(self.skipping)

    def time(self) -> float:
        return self.skipping.passed


def timed(use: Callable[[Callable[[], float]], Awaitable[T]]) -> T:
    async def run() -> T:
        return await use(asyncio.get_running_loop().time)

    with asyncio.Runner(loop_factory=Loop) as runner:
        return runner.run(run())


def served(budget: Budget, number: int, clock: Callable[[], float]) -> Awaitable[Any]:
    """Take so many at once; return when each was served."""

    async def one() -> float:
        await budget.take()
        return clock()

    return asyncio.gather(*(one() for _ in range(number)))


def close_to(seconds: object) -> Any:
    return pytest.approx(seconds, abs=1e-6)


def test_a_burst_is_free_and_what_follows_waits_for_the_refill() -> None:
    async def use(clock: Callable[[], float]) -> list[float]:
        return list(await served(Budget(5, 2, clock), 9, clock))

    assert sorted(timed(use)) == close_to([0.0] * 5 + [0.5, 1.0, 1.5, 2.0])


def test_taking_says_how_long_it_waited() -> None:
    async def use(clock: Callable[[], float]) -> tuple[float, float]:
        budget = Budget(1, 4, clock)
        return await budget.take(), await budget.take()

    assert timed(use) == close_to((0.0, 0.25))


def test_what_is_not_used_is_kept_up_to_the_burst() -> None:
    async def use(clock: Callable[[], float]) -> list[float]:
        budget = Budget(3, 1, clock)
        await served(budget, 3, clock)
        await asyncio.sleep(100)
        return [each - 100 for each in await served(budget, 5, clock)]

    assert sorted(timed(use)) == close_to([0, 0, 0, 1, 2])


@given(st.integers(1, 20), st.integers(1, 20), st.lists(st.floats(0, 3), max_size=40))
def test_never_more_than_burst_and_refill_allow(
    burst: int, refill: int, pauses: list[float]
) -> None:
    async def use(clock: Callable[[], float]) -> list[float]:
        budget = Budget(burst, refill, clock)
        times = []
        for pause in pauses:
            await asyncio.sleep(pause)
            await budget.take()
            times.append(clock())
        return times

    times = timed(use)
    for first in range(len(times)):
        for last in range(first, len(times)):
            span = times[last] - times[first]
            assert last - first + 1 <= burst + span * refill + 1e-6


def test_closed_means_closed_for_everyone_and_the_longest_closing_wins() -> None:
    async def use(clock: Callable[[], float]) -> list[float]:
        budget = Budget(10, 2, clock)
        waiting = asyncio.ensure_future(served(budget, 12, clock))
        await asyncio.sleep(0.1)
        budget.close_for(5)
        budget.close_for(1)
        await served(budget, 2, clock)
        return sorted(await waiting)

    times = timed(use)
    assert times[:10] == close_to([0.0] * 10)
    assert min(times[10:]) >= 5.1


def test_after_being_closed_nothing_is_left_but_what_was_refilled() -> None:
    async def use(clock: Callable[[], float]) -> list[float]:
        budget = Budget(10, 2, clock)
        await served(budget, 10, clock)
        await asyncio.sleep(4)  # 8 are back, and Azure says that there are none
        budget.close_for(1)
        return sorted(each - 4 for each in await served(budget, 4, clock))

    assert timed(use) == close_to([1.0, 1.0, 1.5, 2.0])


def test_what_azure_says_is_left_holds_from_when_it_is_said() -> None:
    async def use(clock: Callable[[], float]) -> list[float]:
        budget = Budget(10, 2, clock)
        await asyncio.sleep(50)
        budget.observe({"x-ms-ratelimit-remaining-subscription-reads": "1"})
        return [each - 50 for each in await served(budget, 2, clock)]

    assert timed(use) == close_to([0.0, 0.5])


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"x-ms-ratelimit-remaining-subscription-reads": "11999"},
        {"x-ms-ratelimit-remaining-subscription-reads": "soon"},
        {"x-ms-ratelimit-remaining-subscription-reads": "-1"},
        {"x-ms-user-quota-resets-after": "00:00:05", "x-ms-user-quota-remaining": "3"},
    ],
    ids=str,
)
def test_headers_that_leave_enough_or_make_no_sense_cost_nothing(
    headers: Mapping[str, str],
) -> None:
    async def use(clock: Callable[[], float]) -> list[float]:
        budget = Budget(3, 1, clock)
        budget.observe(headers)
        return list(await served(budget, 3, clock))

    assert timed(use) == close_to([0.0] * 3)


def test_the_least_that_is_left_counts() -> None:
    async def use(clock: Callable[[], float]) -> list[float]:
        budget = Budget(10, 1, clock)
        budget.observe(
            {
                "x-ms-ratelimit-remaining-subscription-reads": "9",
                "x-ms-ratelimit-remaining-subscription-global-reads": "1",
            }
        )
        return list(await served(budget, 2, clock))

    assert timed(use) == close_to([0.0, 1.0])


@pytest.mark.parametrize(
    ("renewed", "seconds"), [("00:01:05.5", 65), ("8760:00:00", LONGEST_RENEWAL)]
)
def test_a_quota_used_up_is_waited_for_in_bounds(renewed: str, seconds: float) -> None:
    async def use(clock: Callable[[], float]) -> float:
        budget = Budget(*QUERIES, clock)
        budget.observe(
            {
                "x-ms-user-quota-remaining": "0",
                "x-ms-user-quota-resets-after": renewed,
            }
        )
        return await budget.take()

    assert timed(use) == close_to(seconds)


def test_the_published_limits() -> None:
    assert READS == (250, 25)
    assert QUERIES == (15, 3)
    burst, refill = DIRECTORY
    assert (burst + 10 * refill) * 4 <= 3500


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"Retry-After": "17"}, 17),
        ({"Retry-After": "0"}, 0),
        ({"Retry-After": "-1"}, None),
        ({"Retry-After": "Fri, 31 Dec 2027 23:59:59 GMT"}, None),
        ({"x-ms-user-quota-resets-after": "01:02:03"}, 3723),
        ({"x-ms-user-quota-resets-after": "soon"}, None),
        ({"x-ms-user-quota-resets-after": f"{'9' * 5000}:00:00"}, None),
        ({"Retry-After": "2", "x-ms-user-quota-resets-after": "00:00:09"}, 2),
    ],
    ids=str,
)
def test_how_long_a_response_says_to_wait(
    headers: Mapping[str, str], seconds: float | None
) -> None:
    assert retry_after(headers, throttled=True) == seconds


@given(st.floats(0.01, 10), st.integers(0, 10))
def test_backoff_is_bounded_by_doubling(first: float, attempt: int) -> None:
    assert 0 <= backoff(first, attempt) <= first * 2**attempt


@given(st.floats(0, 1000))
def test_nobody_comes_back_early_or_much_later(seconds: float) -> None:
    assert seconds <= jitter(seconds) <= seconds + 1


def test_not_everyone_comes_back_at_once() -> None:
    assert len({jitter(10) for _ in range(20)}) > 1
    assert len({backoff(1, 1) for _ in range(20)}) > 1


def test_a_failure_is_not_told_to_wait_for_a_quota() -> None:
    headers = {"x-ms-user-quota-resets-after": "00:00:05"}
    assert retry_after(headers, throttled=False) is None
