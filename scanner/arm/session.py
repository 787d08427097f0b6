"""Signed-in, throttled, read-only access to one tenant's Resource Manager."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Sequence
from typing import Any, TypeVar

import msgspec
from azure.core.pipeline.transport import HttpRequest

from scanner.arm.clouds import Cloud
from scanner.arm.credentials import TenantCredential, who
from scanner.arm.errors import ReadError, SignInError
from scanner.arm.host import Host
from scanner.arm.throttle import QUERIES, READS, Budget
from scanner.arm.transport import Door, Wire
from scanner.model.results import SignedIn

RESOURCE_GRAPH = "/providers/Microsoft.ResourceGraph/resources"
"""Of the one POST to Resource Manager, which reads."""
QUERY = f"{RESOURCE_GRAPH}?api-version=2021-03-01"
LARGEST_ANSWER = 1000
"""Rows Resource Graph returns at most; a query that aggregates cannot be paged."""

T = TypeVar("T")

_SUBSCRIPTION = re.compile(r"/subscriptions/([^/?]+)", re.IGNORECASE)


class Page(msgspec.Struct, frozen=True, rename="camel"):
    """A page of a list, its items as received."""

    value: list[msgspec.Raw]
    next_link: str | None = None


class Answer(msgspec.Struct, frozen=True, rename="camel"):
    """An answer of Resource Graph."""

    data: list[dict[str, Any]]
    result_truncated: str = "false"


class Rows(msgspec.Struct, frozen=True, rename="camel"):
    """A page of an answer of Resource Graph, its rows as received."""

    data: list[msgspec.Raw]
    result_truncated: str = "false"
    skip_token: str | None = msgspec.field(default=None, name="$skipToken")


def resource_manager(cloud: Cloud) -> Door:
    """Return the way to a cloud's Resource Manager."""
    return Door(cloud.resource_manager, cloud.token_scope, RESOURCE_GRAPH)


class Session:
    """One tenant, through one credential: nothing of it reaches another tenant."""

    def __init__(
        self, wire: Wire, cloud: Cloud, credential: TenantCredential, tenant: str | None
    ) -> None:
        self._cloud = cloud
        self._credential = credential
        self._tenant = tenant
        self._host = Host(wire, resource_manager(cloud), credential)
        self._budgets: dict[str, Budget] = {}
        self._queries = Budget(*QUERIES)

    async def sign_in(self) -> SignedIn:
        """Return who is signed in; raises SignInError."""
        token = await self._credential.get_token_info(self._cloud.token_scope)
        signed_in = who(token.token, self._tenant or "")
        wanted = (self._tenant or "").lower()
        if is_guid(wanted) and signed_in.tenant_id != wanted:
            found = signed_in.tenant_id
            raise SignInError(
                f"signed in to tenant {found}, not to {wanted}: sign in to that one, "
                "or name the other by --tenant"
            )
        return signed_in

    async def close(self) -> None:
        """Close the credential."""
        await self._credential.close()

    async def get(self, path: str, expected: type[T]) -> T:
        """Return what one GET answers; raises ReadError."""
        url = self._cloud.resource_manager + path
        return await self._host.send(
            HttpRequest("GET", url), expected, self._budget(url)
        )

    async def pages(self, path: str) -> AsyncIterator[list[msgspec.Raw]]:
        """Yield a list's items, page by page; raises ReadError where it breaks off."""
        request = HttpRequest("GET", self._cloud.resource_manager + path)
        async for page in self._host.pages(request, Page, self._budget):
            yield page.value

    async def query(
        self, query: str, subscriptions: Sequence[str]
    ) -> list[dict[str, Any]]:
        """Return the rows of a Resource Graph query; raises ReadError if truncated."""
        answer = await self._ask(query, subscriptions, Answer)
        _require_whole(answer)
        return answer.data

    async def rows(
        self, query: str, subscriptions: Sequence[str]
    ) -> AsyncIterator[list[msgspec.Raw]]:
        """Yield the rows of a Resource Graph query page by page, those with an id.

        Raises ReadError where they break off.
        """
        for start in range(0, len(subscriptions), LARGEST_ANSWER):
            batch = subscriptions[start : start + LARGEST_ANSWER]
            seen: set[str | None] = {None}
            token: str | None = None
            while True:
                answer = await self._ask(query, batch, Rows, token)
                yield answer.data
                token = answer.skip_token
                if token is None:
                    _require_whole(answer)
                    break
                if token in seen:
                    raise ReadError("Resource Graph leads back to a page already read")
                self._host.require_end(len(seen))
                seen.add(token)

    async def _ask(
        self,
        query: str,
        subscriptions: Sequence[str],
        expected: type[T],
        token: str | None = None,
    ) -> T:
        request = HttpRequest("POST", self._cloud.resource_manager + QUERY)
        onward = {"$skipToken": token} if token else {}
        request.set_json_body(
            {
                "subscriptions": list(subscriptions),
                "query": query,
                "options": {
                    "$top": LARGEST_ANSWER,
                    "resultFormat": "objectArray",
                    **onward,
                },
            }
        )
        return await self._host.send(request, expected, self._queries)

    def _budget(self, url: str) -> Budget:
        """Return the budget of a request's subscription, or the tenant's."""
        match = _SUBSCRIPTION.search(url)
        key = match.group(1).lower() if match else ""
        return self._budgets.setdefault(key, Budget(*READS))


def _require_whole(answer: Answer | Rows) -> None:
    """Raise ReadError if there is more than an answer holds."""
    if answer.result_truncated.lower() == "true":
        raise ReadError("the answer of Resource Graph was truncated")


def is_guid(text: str) -> bool:
    """Whether a text is a GUID in lower case, as tenant ids are."""
    return re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", text) is not None
