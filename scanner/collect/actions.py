"""The RBAC actions a scan needs, from what the reads declare."""

from __future__ import annotations

from scanner.collect.reads import READS
from scanner.collect.resources import DESCENDANTS, MANAGEMENT_GROUPS, SUBSCRIPTIONS

GRAPH = "Microsoft.ResourceGraph/resources/read"
OWN_RIGHTS = "Microsoft.Authorization/permissions/read"

ACTIONS = tuple(
    sorted(
        {
            GRAPH,
            OWN_RIGHTS,
            *(
                read.action
                for read in (SUBSCRIPTIONS, MANAGEMENT_GROUPS, DESCENDANTS, *READS)
            ),
        },
        key=str.lower,
    )
)
"""Every action, each once, in alphabetical order."""
