"""Azure's published throttling.

Resource Manager: 250 reads refilled at 25 a second, per subscription and principal,
and the same at tenant level ("Understand how Azure Resource Manager throttles
requests"). Microsoft.Network: 10,000 reads in 5 minutes per subscription (the same
page). Resource Graph: 15 queries in 5 seconds per principal ("Guidance for throttled
requests in Azure Resource Graph"). Microsoft Graph: 3,500 resource units in 10 seconds
per application in a tenant of less than 50 users ("Microsoft Graph service-specific
throttling limits").
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass

from scanner.emulator.ask import Ask
from scanner.emulator.microsoft_graph import graph_error
from scanner.emulator.reply import Reply, arm_error, json_reply
from scanner.emulator.tokens import Grant

READS = (250.0, 25.0)
NETWORK_READS = (10_000.0, 10_000 / 300)
QUERIES = 15
WINDOW = 5.0
DIRECTORY_UNITS = (3500.0, 350.0)
UNITS = {"POST": 2.0, "GET": 4.0}
"""What a request for names costs, and one for members, with `$select`."""

_NETWORK = "/providers/microsoft.network/"


@dataclass(slots=True)
class Bucket:
    """A token bucket: a burst, refilled at so many a second."""

    burst: float
    refill: float
    level: float
    counted: float

    def take(self, now: float, units: float = 1.0) -> float:
        """Take some; return 0, or in how many seconds there are that many to take."""
        grown = self.level + (now - self.counted) * self.refill
        self.level, self.counted = min(self.burst, grown), now
        if self.level < units:
            return (units - self.level) / self.refill
        self.level -= units
        return 0.0


@dataclass(slots=True)
class Window:
    """A quota that is whole again after a fixed time."""

    began: float
    used: int = 0

    def take(self, now: float) -> int:
        """Take one; return how many were left before it."""
        if now - self.began >= WINDOW:
            self.began, self.used = now, 0
        left = QUERIES - self.used
        self.used += left > 0
        return left


class Throttle:
    """The quotas of everyone who asks."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._buckets: dict[tuple[str, str], Bucket] = {}
        self._windows: dict[str, Window] = {}

    def read(self, ask: Ask, grant: Grant) -> tuple[Reply | None, int]:
        """Count a read; return the refusal if it is one too many, and what is left."""
        subscription = ask.subscription
        bucket = self._bucket(subscription, grant.principal, READS)
        wait = bucket.take(self._clock())
        if wait:
            return _too_many(subscription, grant, math.ceil(wait)), 0
        if _NETWORK in ask.key and (wait := self._network(subscription)):
            return _too_many_network(math.ceil(wait)), int(bucket.level)
        return None, int(bucket.level)

    def query(self, grant: Grant) -> tuple[Reply | None, tuple[tuple[str, str], ...]]:
        """Count a Resource Graph query; return the refusal, and the quota's headers."""
        now = self._clock()
        window = self._windows.setdefault(grant.principal, Window(now))
        left = window.take(now)
        headers = quota(max(left - 1, 0), WINDOW - (now - window.began))
        return (None if left else _rate_limited(headers)), headers

    def directory(self, ask: Ask, grant: Grant) -> Reply | None:
        """Count a request to Microsoft Graph; return the refusal of one too many."""
        scope = f"directory of {grant.tenant_id}"
        bucket = self._bucket(scope, grant.principal, DIRECTORY_UNITS)
        wait = bucket.take(self._clock(), UNITS.get(ask.method, 1.0))
        if not wait:
            return None
        message = "Too Many Requests"
        after = str(math.ceil(wait))
        return graph_error(429, "TooManyRequests", message, Retry_After=after)

    def _network(self, subscription: str) -> float:
        bucket = self._bucket(subscription, "microsoft.network", NETWORK_READS)
        return bucket.take(self._clock())

    def _bucket(self, scope: str, whose: str, limit: tuple[float, float]) -> Bucket:
        key = scope, whose
        if key not in self._buckets:
            self._buckets[key] = Bucket(*limit, level=limit[0], counted=self._clock())
        return self._buckets[key]


def quota(left: int, seconds: float) -> tuple[tuple[str, str], ...]:
    """Return the headers in which Resource Graph tells its quota."""
    return (
        ("x-ms-user-quota-remaining", str(left)),
        ("x-ms-user-quota-resets-after", f"00:00:{max(1, math.ceil(seconds)):02d}"),
    )


def _too_many(subscription: str, grant: Grant, wait: int) -> Reply:
    code = (
        "SubscriptionRequestsThrottled" if subscription else "TenantRequestsThrottled"
    )
    where = f"subscription '{subscription}'" if subscription else "the tenant"
    message = (
        f"Number of 'read' requests for {where} actor '{grant.principal}' exceeded. "
        f"Please try again after '{wait}' seconds."
    )
    return arm_error(429, code, message, Retry_After=str(wait))


def _too_many_network(wait: int) -> Reply:
    message = (
        "Number of requests for action 'Microsoft.Network/read' exceeded the limit of "
        "'10000' for time interval '00:05:00'. "
        f"Please try again after '{wait}' seconds."
    )
    return arm_error(429, "ResourceRequestsThrottled", message, Retry_After=str(wait))


def _rate_limited(headers: tuple[tuple[str, str], ...]) -> Reply:
    """Return the answer of a query too many; it carries no Retry-After."""
    detail = {
        "code": "RateLimiting",
        "message": "Client application has been throttled and should not attempt to "
        "repeat the request until an amount of time has elapsed. Please see "
        "https://aka.ms/resourcegraph-throttling for help.",
    }
    message = "Please provide below info when asking for support."
    error = {"code": "RateLimiting", "message": message, "details": [detail]}
    reply = json_reply({"error": error}, 429)
    return Reply(status=429, body=reply.body, headers=headers)
