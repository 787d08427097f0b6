"""Every declared read.

`READS` are those of Resource Manager, which every scan makes.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

from scanner.collect import (
    activity,
    apimanagement,
    authorization,
    cognitive,
    containerregistry,
    directory,
    dns,
    documentdb,
    insights,
    loganalytics,
    machinelearning,
    network,
    networkmanager,
    perimeter,
    policy,
    resources,
    search,
    storage,
)
from scanner.collect.read import Every, Read, its_subscription, itself
from scanner.model.resources import Subscription

READS: tuple[Read, ...] = (
    *resources.READS,
    *cognitive.READS,
    *authorization.READS,
    *policy.READS,
    *insights.READS,
    *machinelearning.READS,
    *storage.READS,
    *search.READS,
    *documentdb.READS,
    *containerregistry.READS,
    *dns.READS,
    *network.READS,
    *networkmanager.READS,
    *perimeter.READS,
    *loganalytics.READS,
    *apimanagement.READS,
    *activity.READS,
)
"""Their paths are learned in this order: those of the largest client late."""

ABOVE: tuple[Read, ...] = (
    authorization.ASSIGNMENTS_ABOVE,
    *policy.ABOVE,
    *networkmanager.ABOVE,
)
"""The reads made at each management group, with the hierarchy."""

QUERIES: tuple[Read, ...] = (policy.STATES,)
"""What Resource Graph alone tells, where a scan asks it."""

AT_TENANT = tuple(read for read in READS if read.every is Every.TENANT)
AT_SUBSCRIPTION = tuple(
    sorted(
        (r for r in READS if r.at is Subscription and r.every is Every.SCOPE),
        key=lambda read: read.indexed,
    )
)
"""Those first that need not wait for what Resource Graph knows."""


def _below() -> Mapping[str, tuple[Read, ...]]:
    below: dict[str, list[Read]] = defaultdict(list)
    for read in (*READS, *directory.READS):
        if read.at is not Subscription:
            below[read.at.type.lower()].append(read)
    return {parent: tuple(reads) for parent, reads in below.items()}


BELOW = _below()
"""The reads that each resource of a type calls for, by that type in lower case."""

PARENTS = frozenset(
    kind
    for kind, reads in BELOW.items()
    if any(read.place in (itself, its_subscription) for read in reads)
)
"""The types whose resources say by their ids where reads are made, in lower case."""
