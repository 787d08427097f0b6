"""Measure start-up, whole scans and memory; `make bench` runs it.

Times vary with the machine, so each scan is compared with its lower bound: requests
x latency / requests in flight, or the refill of Azure's published read budgets,
whichever is larger. What no client of this machine's speed could do either is told by
one that only fetches.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from bench.access import who_can_list_keys
from bench.dns import one_list_for_all, shadows_and_coverage
from bench.estates import accounts_only, mixed
from bench.judging import ESTATES, judged
from bench.report import shown_in_chromium
from scanner.arm.limits import Limits
from scanner.arm.throttle import QUERIES, READS
from scanner.emulator import Estate, Options
from scanner.emulator.background import in_process

POSTURE = (sys.executable, "-m", "scanner.cli.main")


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """One scan, start to exit."""

    seconds: float
    megabytes: float
    requests: int
    bound: float
    results: int

    def told(self, resources: int) -> str:
        """Return the figures in one line."""
        return (
            f"{self.seconds:6.1f} s, {self.seconds / self.bound:4.2f} x the bound of "
            f"{self.bound:.1f} s, {self.megabytes:4.0f} MB, {self.requests:,} requests "
            f"({self.requests / resources:.2f} a resource), {self.results:,} results"
        )


def main() -> None:
    """Print every figure."""
    print(f"posture --help: {startup():.2f} s (median of 7)")
    print(f"fetching 5 x 50 accounts alone, 32 in flight: {fetching():.1f} s")
    few = fastest(lambda: scan(accounts_only(5, 50), latency=0.1))
    print(f"5 x 50 accounts at 100 ms: {few.told(250)}")
    small = fastest(lambda: scan(mixed(20), latency=0.02, throttle=True))
    print(f"20 x 100 resources at 20 ms, throttled: {small.told(2_000)}")
    large = scan(mixed(200), latency=0.02, throttle=True)
    print(f"200 x 100 resources at 20 ms, throttled: {large.told(20_000)}")
    print(who_can_list_keys())
    print(shadows_and_coverage())
    print(one_list_for_all())
    for name in ESTATES:
        print(f"judging {name}: {judged(name)}")
    print(shown_in_chromium())
    growth = large.seconds / small.seconds
    print(f"10 x the resources take {growth:.1f} x the time")


def fastest(scanned: Callable[[], Measured]) -> Measured:
    """Return the fastest of three: what else the machine does can only add."""
    return min((scanned() for _ in range(3)), key=lambda each: each.seconds)


def startup() -> float:
    """Return the median seconds of `posture --help`."""
    return statistics.median(_timed(*POSTURE, "--help")[0] for _ in range(7))


def fetching() -> float:
    """Return the seconds of a client that only fetches what the first scan reads."""
    with in_process(accounts_only(5, 50), Options(latency=0.1)) as azure:
        command = (sys.executable, "-m", "bench.fetch", azure.url, str(azure.ca_file))
        return _timed(*command, environment=azure.environment)[0]


def scan(estate: Estate, *, latency: float, throttle: bool = False) -> Measured:
    """Scan an estate that another process serves, with reports and all."""
    with tempfile.TemporaryDirectory() as folder:
        record = Path(folder, "requests.jsonl")
        options = Options(latency=latency, throttle=throttle, record=record)
        with in_process(estate, options) as azure:
            cloud = azure.write_cloud(Path(folder, "cloud.toml"))
            output = Path(folder, "run")
            command = ("scan", "--cloud", cloud, "--auth", "environment", "-o", output)
            seconds, megabytes = _timed(
                *POSTURE, *map(str, command), environment=azure.environment
            )
        results = json.loads((output / "results.json").read_bytes())
        paths = [json.loads(line)["path"] for line in record.open()]
    return Measured(
        seconds=seconds,
        megabytes=megabytes,
        requests=len(paths),
        bound=_bound(paths, latency, throttle=throttle),
        results=len(results["results"]),
    )


def _bound(paths: list[str], latency: float, *, throttle: bool) -> float:
    """Return the seconds that no scan of so many requests can beat."""
    bounds = [len(paths) * latency / Limits().in_flight]
    if throttle:
        of_scope = Counter(_scope_of(path) for path in paths)
        for scope, count in of_scope.items():
            burst, refill = QUERIES if scope == "graph" else READS
            bounds.append((count - burst) / refill)
    return max(bounds)


def _scope_of(path: str) -> str:
    parts = path.lower().split("/")
    if "microsoft.resourcegraph" in parts:
        return "graph"
    return parts[2] if parts[1] == "subscriptions" and len(parts) > 2 else "tenant"


def _timed(
    *command: str, environment: Mapping[str, str] | None = None
) -> tuple[float, float]:
    """Run a command; return its seconds and its peak memory in MB."""
    ran = subprocess.run(
        (sys.executable, "-m", "bench.timed", *command),
        stdout=subprocess.PIPE,
        check=True,
        env=os.environ | dict(environment or {}),
    )
    code, seconds, megabytes = ran.stdout.split()
    if int(code) not in {0, 1}:
        sys.exit(f"{' '.join(command)} exited {int(code)}")
    return float(seconds), float(megabytes)


if __name__ == "__main__":
    main()
