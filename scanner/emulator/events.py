"""The Activity Log: lists of events, by what their filter says."""

from __future__ import annotations

import re

from scanner.emulator.ask import Ask
from scanner.emulator.estate import Tenant, list_path
from scanner.emulator.listing import Listing
from scanner.model.activity import ActivityEvent

_PATH = "/providers/microsoft.insights/eventtypes/management/values"
_GROUP = re.compile(r"resourceGroupName eq '((?:[^']|'')*)'", re.IGNORECASE)


def event_listing(tenant: Tenant, ask: Ask) -> Listing | None:
    """Return the events of a group or subscription; None if a list of others is asked.

    The time that is asked for is not looked at: a snapshot is of its own time.
    """
    if not ask.key.endswith(_PATH):
        return None
    scope = f"/subscriptions/{ask.subscription}"
    if match := _GROUP.search(ask.query.get("$filter", "")):
        name = match[1].replace("''", "'")
        scope = f"{scope}/resourcegroups/{name.lower()}"
    return tenant.listings.get(list_path(ActivityEvent.type, scope), Listing())
