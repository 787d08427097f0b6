"""Resource Graph: the fixed shapes of query that the emulator understands.

resources | where type in~ ('a/b', 'c/d') | distinct subscriptionId

resources | where type in~ ('a/b', 'c/d')
| summarize count_=count() by subscriptionId, type

resources | where type =~ 'a/b' | project id, name, location

and those of the declared reads, which get what was read by them
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import msgspec

from scanner.collect.read import QueryOperation
from scanner.collect.reads import QUERIES, READS
from scanner.emulator.ask import Ask
from scanner.emulator.estate import Estate, Tenant, list_path
from scanner.emulator.listing import Listing
from scanner.emulator.reply import Reply, arm_error, json_reply, refusal
from scanner.model.ids import ResourceId

PATH = "/providers/microsoft.resourcegraph/resources"
LARGEST = 1000
INDEXED = frozenset(read.of.type.lower() for read in READS if read.indexed)

_COUNT = re.compile(
    r"\s*resources\s*\|\s*where\s+type\s+in~\s*\(([^()|]*)\)\s*"
    r"\|\s*summarize\s+count_\s*=\s*count\(\)\s+by\s+subscriptionId\s*,\s*type\s*",
    re.IGNORECASE,
)
_HOLDING = re.compile(
    r"\s*resources\s*\|\s*where\s+type\s+in~\s*\(([^()|]*)\)\s*"
    r"\|\s*distinct\s+subscriptionId\s*",
    re.IGNORECASE,
)
_PROJECT = re.compile(
    r"\s*resources\s*\|\s*where\s+type\s*=~\s*'([^'|]*)'\s*"
    r"\|\s*project\s+(\w+(?:\s*,\s*\w+)*)\s*",
    re.IGNORECASE,
)

_ASKED = {
    read.operation.query: read.of.type
    for read in QUERIES
    if isinstance(read.operation, QueryOperation)
}
"""The types that the declared reads ask for, by their queries."""

Row = dict[str, Any]


class _Options(msgspec.Struct):
    top: int = msgspec.field(default=100, name="$top")
    skip_token: str = msgspec.field(default="0", name="$skipToken")


class _Query(msgspec.Struct):
    query: str
    subscriptions: list[str] = []
    options: _Options = msgspec.field(default_factory=_Options)


class ResourceGraph:
    """Answers queries over the subscriptions of a tenant that can be read."""

    def __init__(self, estate: Estate) -> None:
        self._tenants = {tenant.id: tenant for tenant in estate.tenants}

    def answer(self, ask: Ask, tenant_id: str) -> Reply:
        """Return what a tenant answers to a query."""
        tenant = self._tenants[tenant_id]
        try:
            query = msgspec.json.decode(ask.body, type=_Query)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            return _invalid(str(error))
        asked = [each.lower() for each in query.subscriptions]
        asked = asked or sorted(tenant.subscriptions)
        readable = [each for each in asked if _is_readable(tenant, each)]
        if not readable:
            return _forbidden()
        return _answer(query, tenant, readable)


def _answer(query: _Query, tenant: Tenant, subscriptions: list[str]) -> Reply:
    top = max(1, min(query.options.top, LARGEST))
    if match := _COUNT.fullmatch(query.query) or _HOLDING.fullmatch(query.query):
        types = [text.strip().strip("'\"").lower() for text in match[1].split(",")]
        rows = list(_counts(tenant, subscriptions, types))
        if match.re is _HOLDING:
            holding = dict.fromkeys(row["subscriptionId"] for row in rows)
            rows = [{"subscriptionId": each} for each in holding]
        return _rows(rows, 0, top, skips=False)
    if match := _PROJECT.fullmatch(query.query):
        columns = [column.strip() for column in match[2].split(",")]
        rows = list(_projected(tenant, subscriptions, match[1].lower(), columns))
        skip = query.options.skip_token
        start = int(skip) if skip.isdecimal() else 0
        return _rows(rows, start, top, skips="id" in columns)
    kind = _ASKED.get(query.query)
    if kind is not None:
        return _as_read(tenant, kind, subscriptions, query.options, top)
    return _invalid(f"Query is not understood: {query.query[:200]}")


def _as_read(
    tenant: Tenant, kind: str, subscriptions: list[str], options: _Options, top: int
) -> Reply:
    """Answer with what a query was answered; what broke off does so again."""
    listing = tenant.listings.get(list_path(kind, "/tenants/"), Listing())
    rows = [
        _row(item)
        for key, item in zip(listing.keys, listing.items, strict=True)
        if not key or ResourceId.parse(key).subscription in subscriptions
    ]
    start = int(options.skip_token) if options.skip_token.isdecimal() else 0
    if listing.gap is not None and start >= len(rows):
        return refusal(listing.gap)
    return _rows(rows, start, top, skips=True, more=listing.gap is not None)


def _row(item: bytes) -> Any:
    return msgspec.json.decode(item)


def _counts(
    tenant: Tenant, subscriptions: list[str], types: list[str]
) -> Iterator[Row]:
    for subscription in subscriptions:
        for kind in types:
            count = _count(_listing(tenant, subscription, kind))
            if count:
                yield {"subscriptionId": subscription, "type": kind, "count_": count}


def _count(listing: Listing) -> int:
    """Return how many there are: more than none where reading them broke off."""
    broken = listing.gap is not None and not listing.refused
    return max(len(listing.items), int(broken))


def _projected(
    tenant: Tenant, subscriptions: list[str], kind: str, columns: list[str]
) -> Iterator[Row]:
    for subscription in subscriptions:
        listing = _listing(tenant, subscription, kind)
        for key, item in zip(listing.keys, listing.items, strict=True):
            known = {
                **(msgspec.json.decode(item) if key else {}),
                "type": kind,
                "subscriptionId": subscription,
                "resourceGroup": ResourceId.parse(key).resource_group,
            }
            yield {column: known.get(column) for column in columns}


def _listing(tenant: Tenant, subscription: str, kind: str) -> Listing:
    if kind not in INDEXED:
        return Listing()
    path = list_path(kind, f"/subscriptions/{subscription}")
    return tenant.listings.get(path, Listing())


def _is_readable(tenant: Tenant, subscription: str) -> bool:
    """Whether a subscription has a resource list that was not refused."""
    if subscription not in tenant.subscriptions:
        return False
    read = [
        tenant.listings[path]
        for kind in INDEXED
        if (path := list_path(kind, f"/subscriptions/{subscription}"))
        in tenant.listings
    ]
    return not read or any(not listing.refused for listing in read)


def _rows(
    rows: list[Any], start: int, top: int, *, skips: bool, more: bool = False
) -> Reply:
    """Return a page of rows; only a query that projects `id` can be gone on with."""
    data = rows[start : start + top]
    truncated = more or start + top < len(rows)
    answer: Row = {
        "totalRecords": len(rows),
        "count": len(data),
        "resultTruncated": "true" if truncated else "false",
        "facets": [],
        "data": data,
    }
    if truncated and skips:
        answer |= {"resultTruncated": "false", "$skipToken": str(start + top)}
    return json_reply(answer)


def _invalid(message: str) -> Reply:
    details = [{"code": "InvalidQuery", "message": message}]
    error = {
        "code": "BadRequest",
        "message": "Please provide below info when asking for support.",
        "details": details,
    }
    return json_reply({"error": error}, 400)


def _forbidden() -> Reply:
    message = (
        "The client does not have authorization to read any of the subscriptions that "
        "were asked for."
    )
    return arm_error(403, "AccessDenied", message)
