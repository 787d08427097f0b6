"""What a scan is asked to do, as its command gives it and its header keeps it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from scanner.arm.clouds import Cloud
from scanner.arm.limits import Limits
from scanner.arm.methods import Method
from scanner.collect.scope import Selection

DIRECTORY = "microsoft-graph"
"""What a run's header calls the directory that was asked."""

GRAPH = "auto"
"""What a run's header calls discovery with Resource Graph."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What to scan, and how."""

    cloud: Cloud
    method: Method
    selection: Selection
    graph: bool = True
    """Whether Resource Graph is asked where to look."""
    directory: bool = False
    """Whether Microsoft Graph is asked who holds the roles."""
    limits: Limits = field(default_factory=Limits)


def scope_of(order: Order) -> dict[str, tuple[str, ...]]:
    """Return an order's scope, as the header of its run tells it."""
    selection = order.selection
    return {
        "tenants": selection.tenants,
        "subscriptions": selection.subscriptions,
        "management_groups": selection.management_groups,
        "excluded": selection.excluded,
        "discovery": (GRAPH if order.graph else "arm",),
        "directory": (DIRECTORY,) if order.directory else (),
    }


def asks_graph(scope: Mapping[str, tuple[str, ...]]) -> bool:
    """Whether a run's header says that Resource Graph was asked where to look."""
    return GRAPH in scope.get("discovery", ())


def asks_directory(scope: Mapping[str, tuple[str, ...]]) -> bool:
    """Whether a run's header says that the directory was asked."""
    return DIRECTORY in scope.get("directory", ())


def selection_of(scope: Mapping[str, tuple[str, ...]]) -> Selection:
    """Return the selection that a run's header tells of."""
    return Selection(
        tenants=tuple(scope.get("tenants", ())),
        subscriptions=tuple(scope.get("subscriptions", ())),
        management_groups=tuple(scope.get("management_groups", ())),
        excluded=tuple(scope.get("excluded", ())),
    )
