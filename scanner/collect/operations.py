"""Paths of declared reads, taken from the SDK's own list operations.

The path that an operation asks for when it is called with placeholders serves every
scope: the SDK says where to read, and what is kept is the JSON as received. (Typed
lists cost ten times as much, lose properties they do not know, and fail whole for one
odd item.)
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

from scanner.collect.read import (
    GROUP,
    SINCE,
    UNTIL,
    Read,
    RestOperation,
    SdkOperation,
)
from scanner.collect.teller import Call, teller
from scanner.model.ids import ResourceId
from scanner.model.resources import ManagementGroup, Subscription

SUBSCRIPTION = "00000000-0000-4000-8000-000000000000"
SCOPE = "placeholder-scope"
VERSION = "placeholder-version"
WORDS = tuple(f"placeholder-{number}" for number in range(5))
"""Stand for the resource group and then the names along the parent's id."""

REMEMBERED = timedelta(days=89)
"""How far back events are asked for: Azure refuses a time more than 90 days ago."""

_STANDS_IN = re.compile("|".join(map(re.escape, (SINCE, UNTIL, GROUP))))

_PLACE = re.compile("|".join((SUBSCRIPTION, SCOPE, VERSION, *WORDS)))


class UnusableIdError(ValueError):
    """An id that no path can be made of."""


def path_of(read: Read, scope: str, version: str = "") -> str:
    """Return the path and query of a read at a scope, the id's parts quoted.

    It has the api-version that is declared, unless another is named. Raises
    UnusableIdError for an id that would lead elsewhere.
    """
    segments = scope.strip("/").split("/") if scope else []
    if any(segment in {"", ".", ".."} for segment in segments):
        raise UnusableIdError(f"{scope!r} is not an id to read at")
    version = version or read.of.api_version
    if isinstance(read.operation, RestOperation):
        return _rest_path(read.operation, version, segments)
    return _filled(_template(read), scope, segments, version)


def _rest_path(operation: RestOperation, version: str, scope: list[str]) -> str:
    base = scope[:2] if operation.of_subscription else scope
    parts = (*(quote(segment, safe="") for segment in base), operation.path)
    query = {"api-version": version}
    query |= {name: _known_now(text, scope) for name, text in operation.query}
    return f"/{'/'.join(filter(None, parts))}?{_encoded(query)}"


def _known_now(text: str, scope: list[str]) -> str:
    """Return the text of a query with what is only known when it is called."""
    now = datetime.now(UTC).replace(microsecond=0, tzinfo=None)
    group = ResourceId.parse("/".join(scope)).resource_group
    values = {
        SINCE: f"{(now - REMEMBERED).isoformat()}Z",
        UNTIL: f"{now.isoformat()}Z",
        GROUP: group.replace("'", "''"),
    }
    return _STANDS_IN.sub(lambda match: values[match[0]], text)


def learn(read: Read) -> None:
    """Learn a read's path, which may take a while."""
    if isinstance(read.operation, SdkOperation):
        _template(read)


def _filled(template: str, scope: str, segments: list[str], version: str) -> str:
    """Return a path with its placeholders filled in, each value only once."""
    parts = ResourceId.parse(scope)
    texts = (parts.subscription, parts.resource_group, *_names(segments))
    values = {
        place: quote(text, safe="")
        for place, text in zip((SUBSCRIPTION, *WORDS), texts, strict=False)
    }
    values[VERSION] = version
    values[SCOPE] = "/".join(quote(segment, safe="") for segment in segments)

    def value(match: re.Match[str]) -> str:
        if not values.get(match[0]):
            raise UnusableIdError(f"{scope!r} is not an id to read at")
        return values[match[0]]

    return _PLACE.sub(value, template)


def _names(segments: list[str]) -> list[str]:
    """Return the names along an id: every second segment after its namespace."""
    lowered = [segment.lower() for segment in segments]
    if "providers" not in lowered:
        return []
    return segments[lowered.index("providers") + 3 :: 2]


@lru_cache(maxsize=256)
def _template(read: Read) -> str:
    """Return a read's path with placeholders, also for the api-version."""
    call = call_of(read)
    assert call is not None  # noqa: S101 - narrows for mypy
    url = urlsplit(teller().url_of(call))
    query = dict(parse_qsl(url.query)) | {"api-version": VERSION}
    return f"{url.path}?{_encoded(query)}"


def call_of(read: Read) -> Call | None:
    """Return what a read calls, with placeholders; None where the SDK lacks it."""
    operation = read.operation
    if not isinstance(operation, SdkOperation):
        return None
    return Call(
        operation.client,
        operation.method,
        SUBSCRIPTION,
        _arguments(read),
        operation.filter,
    )


def _encoded(query: Mapping[str, str]) -> str:
    return urlencode(query, quote_via=quote, safe="$")


def _arguments(read: Read) -> tuple[str, ...]:
    operation = read.operation
    if isinstance(operation, SdkOperation) and operation.scoped:
        return (SCOPE,)
    if read.at is Subscription:
        return ()
    if read.at is ManagementGroup:
        return WORDS[1:2]
    return WORDS[: 1 + read.at.type.count("/")]
