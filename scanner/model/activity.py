"""The Activity Log: who did what in the control plane, for 90 days."""

from __future__ import annotations

from collections.abc import Mapping

from scanner.model.fields import Moment, Text
from scanner.model.resource import Resource

OBJECT_ID = "http://schemas.microsoft.com/identity/claims/objectidentifier"
"""The claim that says who signed in, by object id."""


class ActivityEvent(Resource):
    """An event: one of several of an operation, which share a correlation id."""

    type = "Microsoft.Insights/eventtypes/values"
    api_version = "2015-04-01"

    operation = Text("operationName.value")
    status = Text("status.value")
    caller = Text("caller")
    application_id = Text("claims.appid")
    client_address = Text("httpRequest.clientIpAddress")
    correlation_id = Text("correlationId")
    resource_id = Text("resourceId")
    at = Moment("eventTimestamp")
    request_body = Text("properties.requestbody")
    """What was asked for, as JSON in a string; most providers leave it out."""

    @property
    def caller_id(self) -> str | None:
        """The object id of the caller; the name of that claim is no path."""
        claims = self.lookup("claims")
        found = claims.get(OBJECT_ID) if isinstance(claims, Mapping) else None
        self.note(f"claims['{OBJECT_ID}']", found)
        return found if isinstance(found, str) else None
