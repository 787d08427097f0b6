"""A declared read: which resources, by which operation, where, by what right."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any

from scanner.model.ids import ResourceId
from scanner.model.resource import Resource
from scanner.model.resources import Subscription

Body = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class SdkOperation:
    """A list operation of a generated Azure SDK client."""

    client: str
    """Module and class: `azure.mgmt.storage:StorageManagementClient`."""
    method: str
    """Operation group and method: `storage_accounts.list`."""
    scoped: bool = False
    """Whether it takes a scope rather than a group and names."""
    filter: str = ""
    """The OData filter it is called with."""

    @property
    def name(self) -> str:
        """As gaps and snapshots name it."""
        return self.method


SINCE, UNTIL = "{since}", "{until}"
"""Stand in a query for the time that Azure remembers events for."""
GROUP = "{group}"
"""Stands in a query for the resource group that the scope is or lies in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RestOperation:
    """An operation that no released SDK client has; `path` follows the scope."""

    path: str
    query: tuple[tuple[str, str], ...] = ()
    """Parameters it is called with besides the api-version.

    `SINCE`, `UNTIL` and `GROUP` in one stand for what is known when it is called.
    """
    one: bool = False
    """Whether it answers one resource, which may not be there, and not a list."""
    of_subscription: bool = False
    """Whether the subscription is asked, of the scope by its query alone."""

    @property
    def name(self) -> str:
        """As gaps and snapshots name it."""
        return f"GET {self.path}".rstrip()


BY_ITS_ID = RestOperation(path="", one=True)
"""A GET of a resource that another one names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GraphOperation:
    """An operation of Microsoft Graph."""

    name: str
    """As gaps and snapshots name it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class QueryOperation:
    """A query of Resource Graph, whose rows are resources as it has them."""

    table: str
    query: str

    @property
    def name(self) -> str:
        """As gaps and snapshots name it."""
        return f"ResourceGraph {self.table}"


class Every(Enum):
    """How often a read is made."""

    SCOPE = auto()
    TENANT = auto()
    """Once, at the first subscription that answers: the answer is the same at all."""


def _every(_: Body) -> bool:
    return True


def whole(body: Body) -> Body | None:
    """Return a body as it is: most resources are kept as received."""
    return body


def itself(resource_id: str, _: Body) -> str:
    """Return the id of what calls for a read, which is made there."""
    return resource_id


def its_subscription(resource_id: str, _: Body) -> str:
    """Return the subscription of what calls for a read."""
    return f"/subscriptions/{ResourceId.parse(resource_id).subscription}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """A list of resources of one type, read at each scope of another type."""

    of: type[Resource]
    at: type[Resource] = Subscription
    """What calls for it: each subscription, or each parent resource."""
    operation: SdkOperation | RestOperation | GraphOperation | QueryOperation
    action: str
    """The RBAC action it needs; Reader's `*/read` covers them all.

    Empty for Microsoft Graph, which has rights of its own.
    """
    where: Callable[[Body], bool] = _every
    """Which parents have such children, from the parent's JSON."""
    place: Callable[[str, Body], str] = itself
    """Where it is made, from the parent's id and JSON; once at each place."""
    keep: Callable[[Body], Body | None] = whole
    """What is written of each resource found; None for one that is left out."""
    every: Every = Every.SCOPE
    indexed: bool = False
    """Whether Resource Graph knows the type, so that it can say where there is none."""
    recent: bool = False
    """Whether there are clouds without the type, in which there is none of it."""
    context: bool = False
    """Whether it is only tried: what it misses makes a lower bound, not a gap."""


def kind_of(body: Body) -> str:
    """Return a body's `kind` in lower case, empty where it has none."""
    kind = body.get("kind")
    return kind.lower() if isinstance(kind, str) else ""


def properties_of(body: Body) -> Body:
    """Return a body's `properties`, empty where they are no object."""
    properties = body.get("properties")
    return properties if isinstance(properties, dict) else {}
