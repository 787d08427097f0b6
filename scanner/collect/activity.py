"""Microsoft.Insights: events of the Activity Log, as few as checks ask for.

Resource Manager lists the events of one resource provider, or of one resource group;
of what it answers only the operations in question are kept, and of these only what is
read of them.
"""

from __future__ import annotations

from typing import Any

from scanner.collect.cognitive import serves_models
from scanner.collect.read import (
    GROUP,
    SINCE,
    UNTIL,
    Body,
    Read,
    RestOperation,
    its_subscription,
)
from scanner.model.activity import OBJECT_ID, ActivityEvent
from scanner.model.cognitive import CognitiveAccount
from scanner.model.fields import Field
from scanner.model.ids import ResourceId
from scanner.model.machinelearning import MANAGED_GROUP, Workspace
from scanner.model.resources import ResourceGroup

_KEY_OPERATIONS = {
    "microsoft.cognitiveservices/accounts/listkeys/action",
    "microsoft.cognitiveservices/accounts/write",
}
"""Reading the keys of an account, and what may switch them on or off."""


_FIELDS = (
    "id",
    *(field.path for field in vars(ActivityEvent).values() if isinstance(field, Field)),
    f"claims.{OBJECT_ID}",
)


def _operation(event: Body) -> str:
    name = event.get("operationName")
    return str(name.get("value")).lower() if isinstance(name, dict) else ""


def _concerns_keys(event: Body) -> Body | None:
    return _told(event) if _operation(event) in _KEY_OPERATIONS else None


def _changes_something(event: Body) -> Body | None:
    changes = _operation(event).endswith(("/write", "/delete"))
    return _told(event) if changes else None


def _told(event: Body) -> Body:
    """Return what checks read of an event: the rest tells of people, too."""
    kept: dict[str, Any] = {}
    for path in _FIELDS:
        name, _, inner = path.partition(".")
        value = event.get(name)
        if inner and isinstance(value, dict):
            told = {inner: value[inner]} if inner in value else {}
            kept[name] = kept.get(name, {}) | told
        elif value is not None:
            kept[name] = value
    return kept


def _is_managed(group: Body) -> bool:
    """Whether Azure made a group for what encrypts a workspace."""
    name = ResourceId.parse(str(group.get("id"))).name
    manager = ResourceId.parse(str(group.get("managedBy"))).type
    return bool(
        MANAGED_GROUP.fullmatch(name) or manager.lower() == Workspace.type.lower()
    )


def _events(of: str) -> RestOperation:
    when = f"eventTimestamp ge '{SINCE}' and eventTimestamp le '{UNTIL}'"
    return RestOperation(
        path="providers/Microsoft.Insights/eventtypes/management/values",
        query=(("$filter", f"{when} and {of}"),),
        of_subscription=True,
    )


READS = (
    Read(
        of=ActivityEvent,
        at=CognitiveAccount,
        operation=_events("resourceProvider eq 'Microsoft.CognitiveServices'"),
        action=f"{ActivityEvent.type}/read",
        where=serves_models,
        place=its_subscription,
        keep=_concerns_keys,
    ),
    Read(
        of=ActivityEvent,
        at=ResourceGroup,
        operation=_events(f"resourceGroupName eq '{GROUP}'"),
        action=f"{ActivityEvent.type}/read",
        where=_is_managed,
        keep=_changes_something,
    ),
)
