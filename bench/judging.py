"""Measure judging: all checks of a topic over tenants as large as they get."""

from __future__ import annotations

import gc
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from heapq import nlargest

from bench.tenants import TENANT, Body, access, domains, network_groups
from checks import ALL
from scanner.cli.main import COLLECT_AFTER
from scanner.collect.assemble import assemble
from scanner.judge import Judge
from scanner.model.check import Topic
from scanner.model.cloud import Suffixes
from scanner.model.settings import Settings
from scanner.model.tenant import Inventory

SLOWEST = 3
"""Checks that a line names."""

_ACCESS = (
    *(Topic.API_KEYS, Topic.AUTHORIZATION, Topic.ABAC),
    *(Topic.RBAC_DELEGATION, Topic.FOUNDRY_IDENTITY),
)
ESTATES: Mapping[str, tuple[Callable[[], Iterator[Body]], tuple[Topic, ...]]] = {
    "access": (lambda: access(conditioned=0.1), _ACCESS),
    "conditions": (lambda: access(conditioned=1.0, assignments=20_000), _ACCESS),
    "dns": (domains, (Topic.DNS,)),
    "avnm": (network_groups, (Topic.AVNM,)),
}
"""What is judged by name: a tenant's bodies, and the topics it is asked about."""


def main() -> None:
    """Print the figures of the estates that are named, of all without names."""
    for name in sys.argv[1:] or ESTATES:
        print(f"{name}: {judged(name)}")


def judged(name: str) -> str:
    """Return what judging an estate takes, and which checks take longest of it.

    In seconds of the processor, which looks for garbage as seldom as the command lets
    it: what another process does is not counted.
    """
    gc.set_threshold(COLLECT_AFTER)
    make, topics = ESTATES[name]
    judge = Judge(_inventory(make()), Settings())
    took, results = dict.fromkeys((c.id for c in ALL if c.topic in topics), 0.0), 0
    for check in ALL:
        if check.id in took:
            began = time.process_time()
            results += sum(1 for _ in judge.results((check,)))
            took[check.id] = time.process_time() - began
    slowest = nlargest(SLOWEST, took.items(), key=lambda each: each[1])
    return (
        f"{len(took)} checks answered {results:,} times in {sum(took.values()):.1f} s; "
        f"slowest {', '.join(f'{check} {seconds:.2f} s' for check, seconds in slowest)}"
    )


def _inventory(bodies: Iterator[Body]) -> Inventory:
    records, readings = assemble(bodies, TENANT)
    return Inventory(
        TENANT,
        records,
        readings,
        read_at=datetime(2026, 7, 1, tzinfo=UTC),
        suffixes=Suffixes(),
        whole_tenant=True,
    )


if __name__ == "__main__":
    main()
