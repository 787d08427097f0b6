"""How hard a scan may press, and how long it waits."""

from __future__ import annotations

from dataclasses import dataclass

LARGEST_BODY = 1 << 26
"""Bytes of one answer, inflated: no page of a list of Azure's is near it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Concurrency, retries and timeouts; times in seconds."""

    in_flight: int = 26
    """Requests under way at once, over all tenants.

    As few as read 250 accounts at 100 ms a request in well under 5 s: more press harder
    on Azure. Who has a large tenant sets `in_flight` of `posture.toml`.
    """
    per_subscription: int = 16
    """Requests under way at once in one subscription."""
    attempts: int = 5
    backoff: float = 0.5
    """The first wait after a failure without Retry-After; it doubles."""
    longest_wait: float = 120.0
    """A longer Retry-After is not waited for: the read becomes a gap."""
    connect_timeout: float = 10.0
    read_timeout: float = 60.0
    pages: int = 10_000
    """Of one list: one that is longer has no end, and becomes a gap."""
    request_timeout: float = 180.0
    """For one whole attempt: a body that trickles must end some day."""
