from __future__ import annotations

from collections.abc import Callable
from typing import Any

from scanner.emulator import Emulator
from scanner.emulator.ask import Ask
from scanner.emulator.reply import Reply
from scanner.emulator.throttle import Bucket, Throttle
from scanner.emulator.tokens import Grant

SUB = "/subscriptions/bbbbbbbb-0000-4000-8000-000000000001"
OWNER = Grant("tenant", "principal", 0)


class Clock:
    """Time that passes when it is told to."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


def ask(path: str) -> Ask:
    return Ask(method="GET", origin="", path=path, key=path.lower(), query={})


def reads(throttle: Throttle, path: str, times: int) -> list[Reply | None]:
    return [throttle.read(ask(path), OWNER)[0] for _ in range(times)]


def test_bucket() -> None:
    bucket = Bucket(2, 0.5, level=2, counted=0)
    assert [bucket.take(0) for _ in range(3)] == [0, 0, 2]
    assert bucket.take(1) == 1
    assert bucket.take(2) == 0
    assert bucket.take(100) == 0
    assert bucket.level == 1


def test_reads_of_a_subscription() -> None:
    clock = Clock()
    throttle = Throttle(clock)
    assert reads(throttle, SUB, 250) == [None] * 250
    refused = throttle.read(ask(SUB), OWNER)[0]
    assert refused is not None
    assert refused.status == 429
    assert b"SubscriptionRequestsThrottled" in refused.body
    assert dict(refused.headers)["Retry-After"] == "1"
    assert reads(throttle, f"{SUB[:-1]}2", 1) == [None]
    assert throttle.read(ask(SUB), Grant("tenant", "another", 0)) == (None, 249)
    clock.now += 1
    assert [each is None for each in reads(throttle, SUB, 26)] == [True] * 25 + [False]


def test_reads_of_the_tenant() -> None:
    throttle = Throttle(Clock())
    refused = reads(throttle, "/subscriptions", 251)[-1]
    assert refused is not None
    assert b"TenantRequestsThrottled" in refused.body
    assert reads(throttle, SUB, 1) == [None]


def test_reads_of_the_network_provider() -> None:
    clock = Clock()
    throttle = Throttle(clock)
    path = f"{SUB}/providers/microsoft.network/virtualnetworks"
    refused: Reply | None = None
    for _ in range(60):
        clock.now += 10
        refused = next((each for each in reads(throttle, path, 250) if each), None)
        assert refused is None
    burst = Bucket(10_000, 10_000 / 300, level=0, counted=0)
    assert burst.take(0) == 0.03


def test_queries() -> None:
    clock = Clock()
    throttle = Throttle(clock)
    first, headers = throttle.query(OWNER)
    assert first is None
    assert headers == (
        ("x-ms-user-quota-remaining", "14"),
        ("x-ms-user-quota-resets-after", "00:00:05"),
    )
    clock.now += 3
    assert [throttle.query(OWNER)[0] for _ in range(14)] == [None] * 14
    refused, headers = throttle.query(OWNER)
    assert refused is not None
    assert refused.status == 429
    assert b"RateLimiting" in refused.body
    assert dict(headers)["x-ms-user-quota-resets-after"] == "00:00:02"
    assert throttle.query(Grant("tenant", "another", 0))[0] is None
    clock.now += 2
    assert throttle.query(OWNER)[0] is None


def test_served(serve: Callable[..., Emulator], get: Callable[..., Any]) -> None:
    answers = get(serve(throttle=True), *[SUB] * 330)
    throttled = [each for each in answers if each.status == 429]
    assert throttled
    assert throttled[0].code == "SubscriptionRequestsThrottled"
    assert int(throttled[0].headers["Retry-After"]) >= 1
    left = answers[0].headers["x-ms-ratelimit-remaining-subscription-reads"]
    assert left == "249"
