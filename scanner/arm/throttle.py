"""Budgets: how many requests may go where, as Azure publishes and as it answers.

Resource Manager: a token bucket of 250 reads refilled at 25 a second, per
subscription and principal, and another per tenant ("Understand how Azure Resource
Manager throttles requests"). Resource Graph: 15 queries in 5 seconds per principal
("Guidance for throttled requests in Azure Resource Graph"). Microsoft Graph: 3,500
resource units in 10 seconds per application and small tenant, of which the dearest of
our requests costs 4 ("Microsoft Graph service-specific throttling limits").
"""

from __future__ import annotations

import asyncio
import random
import re
import time
from collections.abc import Callable, Mapping

READS = (250.0, 25.0)
"""Burst, and refill per second, of Resource Manager reads."""
QUERIES = (15.0, 3.0)
"""Burst, and refill per second, of Resource Graph queries."""
DIRECTORY = (175.0, 70.0)
"""Burst, and refill per second, of Microsoft Graph reads."""

_REMAINING = (
    "x-ms-ratelimit-remaining-subscription-reads",
    "x-ms-ratelimit-remaining-subscription-global-reads",
    "x-ms-ratelimit-remaining-tenant-reads",
    "x-ms-ratelimit-remaining-subscription-resource-requests",
    "x-ms-user-quota-remaining",
)

LONGEST_RENEWAL = 120.0
"""Seconds that an answer may close a budget for: quotas are renewed within a few."""
SHORTEST = 1e-6
"""Seconds; event loops cannot wait for less, which rounding may leave to wait."""


class Budget:
    """A token bucket that everyone who shares a quota takes from."""

    def __init__(
        self, burst: float, refill: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._burst = burst
        self._refill = refill
        self._clock = clock
        self._tokens = burst
        self._counted = clock()
        self._closed_until = self._counted

    async def take(self) -> float:
        """Wait for one request's worth; return the seconds waited."""
        began = self._clock()
        while (wait := self._wait()) > SHORTEST:
            await asyncio.sleep(wait)
        self._tokens -= 1
        return self._clock() - began

    def _wait(self) -> float:
        now = self._count()
        short = (1 - self._tokens) / self._refill if self._tokens < 1 else 0.0
        return max(short, self._closed_until - now)

    def _count(self) -> float:
        """Add what was refilled since the last count; return the time."""
        now = self._clock()
        grown = self._tokens + (now - self._counted) * self._refill
        self._tokens, self._counted = min(self._burst, grown), now
        return now

    def close_for(self, seconds: float) -> None:
        """Let nobody take before then: Azure said when to come back."""
        self._closed_until = max(self._closed_until, self._count() + seconds)
        self._tokens = 0.0

    def observe(self, headers: Mapping[str, str]) -> None:
        """Learn from a response how much is left and when it is renewed."""
        values = (headers.get(name, "") for name in _REMAINING)
        left = [float(value) for value in values if value.isdecimal()]
        if left:
            self._count()
            self._tokens = min(self._tokens, *left)
        reset = _duration(headers.get("x-ms-user-quota-resets-after", ""))
        if reset and headers.get("x-ms-user-quota-remaining") == "0":
            self.close_for(min(reset, LONGEST_RENEWAL))


def retry_after(headers: Mapping[str, str], *, throttled: bool) -> float | None:
    """Return how many seconds a response says to wait, None if it does not say.

    Resource Graph names the renewal of its quota in every answer, and means it for
    those it throttles.
    """
    seconds = headers.get("Retry-After", "")
    if seconds.isdecimal():
        return float(seconds)
    reset = headers.get("x-ms-user-quota-resets-after", "") if throttled else ""
    return _duration(reset)


def _duration(text: str) -> float | None:
    """Return the seconds of Resource Graph's `hh:mm:ss`."""
    match = re.fullmatch(r"(\d{1,4}):(\d\d):(\d\d)(?:\.\d+)?", text)
    if not match:
        return None
    hours, minutes, seconds = (int(part) for part in match.groups())
    return float(hours * 3600 + minutes * 60 + seconds)


def backoff(first: float, attempt: int) -> float:
    """Return how long to wait after a failed attempt: doubling, with full jitter."""
    return random.uniform(0, first * 2**attempt)  # noqa: S311 - no secret depends on it


def jitter(seconds: float) -> float:
    """Return a little longer than asked, so that not everyone comes back at once."""
    return seconds + random.uniform(0, min(1.0, seconds / 4))  # noqa: S311
