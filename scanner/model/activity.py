"""The Activity Log: who did what in the control plane, for 90 days."""

from __future__ import annotations

from scanner.model.fields import Moment, Text
from scanner.model.resource import Resource


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
