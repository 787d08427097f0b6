"""Signed-in, throttled, read-only access to one tenant's Resource Manager."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any, TypeVar
from urllib.parse import urlsplit

import msgspec
from azure.core.exceptions import AzureError
from azure.core.pipeline.transport import HttpRequest

from scanner.arm.clouds import Cloud
from scanner.arm.credentials import TenantCredential, who
from scanner.arm.errors import ReadError, SignInError, refused
from scanner.arm.throttle import QUERIES, READS, Budget, backoff, jitter, retry_after
from scanner.arm.transport import Wire, pipeline
from scanner.model.results import SignedIn

RESOURCE_GRAPH = "/providers/Microsoft.ResourceGraph/resources?api-version=2021-03-01"
LARGEST_ANSWER = 1000
"""Rows Resource Graph returns at most; a query that aggregates cannot be paged."""

T = TypeVar("T")

_TRANSIENT = frozenset({408, 429, 500, 502, 503, 504})
_SUBSCRIPTION = re.compile(r"/subscriptions/([^/?]+)", re.IGNORECASE)


class Page(msgspec.Struct, frozen=True, rename="camel"):
    """A page of a list, its items as received."""

    value: list[msgspec.Raw]
    next_link: str | None = None


class Answer(msgspec.Struct, frozen=True, rename="camel"):
    """An answer of Resource Graph."""

    data: list[dict[str, Any]]
    result_truncated: str = "false"


class Session:
    """One tenant, through one credential: nothing of it reaches another tenant."""

    def __init__(
        self, wire: Wire, cloud: Cloud, credential: TenantCredential, tenant: str | None
    ) -> None:
        self._wire = wire
        self._cloud = cloud
        self._credential = credential
        self._tenant = tenant
        self._pipeline = pipeline(wire, cloud, credential)
        self._budgets: dict[str, Budget] = {}
        self._queries = Budget(*QUERIES)

    async def sign_in(self) -> SignedIn:
        """Return who is signed in; raises SignInError."""
        token = await self._credential.get_token_info(self._cloud.token_scope)
        signed_in = who(token.token, self._tenant or "")
        wanted = (self._tenant or "").lower()
        if is_guid(wanted) and signed_in.tenant_id != wanted:
            found = signed_in.tenant_id
            raise SignInError(f"signed in to tenant {found}, not to {wanted}")
        return signed_in

    async def close(self) -> None:
        """Close the credential."""
        await self._credential.close()

    async def get(self, path: str, expected: type[T]) -> T:
        """Return what one GET answers; raises ReadError."""
        url = self._cloud.resource_manager + path
        return await self._send(HttpRequest("GET", url), self._budget(url), expected)

    async def pages(self, path: str) -> AsyncIterator[list[msgspec.Raw]]:
        """Yield a list's items, page by page; raises ReadError where it breaks off.

        `nextLink` is followed on the cloud's own host alone, because the token goes
        with it, and never twice.
        """
        url: str | None = self._cloud.resource_manager + path
        seen: set[str] = set()
        while url is not None:
            seen.add(url)
            request = HttpRequest("GET", url)
            page = await self._send(request, self._budget(url), Page)
            yield page.value
            url = self._next(page.next_link, seen)

    async def query(
        self, query: str, subscriptions: Sequence[str]
    ) -> list[dict[str, Any]]:
        """Return the rows of a Resource Graph query; raises ReadError if truncated."""
        request = HttpRequest("POST", self._cloud.resource_manager + RESOURCE_GRAPH)
        request.set_json_body(
            {
                "subscriptions": list(subscriptions),
                "query": query,
                "options": {"$top": LARGEST_ANSWER, "resultFormat": "objectArray"},
            }
        )
        answer = await self._send(request, self._queries, Answer)
        if answer.result_truncated.lower() == "true":
            raise ReadError("the answer of Resource Graph was truncated")
        return answer.data

    def _budget(self, url: str) -> Budget:
        """Return the budget of a request's subscription, or the tenant's."""
        match = _SUBSCRIPTION.search(url)
        key = match.group(1).lower() if match else ""
        return self._budgets.setdefault(key, Budget(*READS))

    def _next(self, link: str | None, seen: set[str]) -> str | None:
        if not link:
            return None
        if _origin(link) != _origin(self._cloud.resource_manager):
            host = _origin(link)[1]
            raise ReadError(f"nextLink leads away from the cloud, to {host!r}")
        if link in seen:
            raise ReadError("nextLink leads back to a page already read")
        return link

    async def _send(self, request: HttpRequest, budget: Budget, expected: type[T]) -> T:
        """Return what a request answers, trying again as long as that may help."""
        tried: list[int | None] = []
        while True:
            self._wire.tally.waited += await budget.take()
            try:
                return await self._once(request, budget, expected)
            except _Refused as refusal:
                wait = self._wait(refusal, tried)
                if wait is None:
                    raise refusal.error from None
                tried.append(refusal.error.status)
                self._wire.tally.retries += 1
                if refusal.error.status == 429:
                    budget.close_for(wait)
                else:
                    await asyncio.sleep(wait)

    def _wait(self, refusal: _Refused, tried: Sequence[int | None]) -> float | None:
        """Return how long to wait before the next attempt, None to give up.

        `tried` is what the attempts before were answered.
        """
        limits = self._wire.limits
        status = refusal.error.status
        if status == 401 and not refusal.final:
            return None if 401 in tried else 0.0
        if len(tried) + 1 >= limits.attempts or refusal.final:
            return None
        asked = retry_after(refusal.headers, throttled=status == 429)
        if asked is None or asked == 0:
            return backoff(limits.backoff, len(tried))
        return jitter(asked) if asked <= limits.longest_wait else None

    async def _once(self, request: HttpRequest, budget: Budget, expected: type[T]) -> T:
        status, headers, body = await self._exchange(request)
        budget.observe(headers)
        if status != 200:
            self._wire.tally.throttled += status == 429
            transient = status in _TRANSIENT or status == 401
            raise _Refused(refused(status, body), headers, final=not transient)
        try:
            return msgspec.json.decode(body, type=expected)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            malformed = ReadError(f"malformed response: {error}", status=200)
            raise _Refused(malformed, headers, final=False) from error

    async def _exchange(
        self, request: HttpRequest
    ) -> tuple[int, Mapping[str, str], bytes]:
        """Send once; a connection that fails is a refusal that may pass."""
        limits = self._wire.limits
        try:
            async with self._wire.slots, asyncio.timeout(limits.request_timeout):
                self._wire.tally.requests += 1
                outcome = await self._pipeline.run(
                    request,
                    connection_timeout=limits.connect_timeout,
                    read_timeout=limits.read_timeout,
                    proxies=self._wire.proxies,
                )
                response = outcome.http_response
                return response.status_code, response.headers, response.body()
        except SignInError as error:
            lost = ReadError(str(error), status=401, code="SignInLost")
            raise _Refused(lost, {}, final=True) from error
        except TimeoutError as error:
            slow = ReadError(f"no whole answer within {limits.request_timeout:g} s")
            raise _Refused(slow, {}, final=False) from error
        except AzureError as error:
            broken = ReadError(f"the connection failed: {type(error).__name__}")
            raise _Refused(broken, {}, final=False) from error


class _Refused(Exception):  # noqa: N818 - one attempt's outcome, not the request's
    """An attempt that came to nothing; `final` if trying again cannot help."""

    def __init__(
        self, error: ReadError, headers: Mapping[str, str], *, final: bool
    ) -> None:
        super().__init__(error.reason)
        self.error = error
        self.headers = headers
        self.final = final


def _origin(url: str) -> tuple[str, str | None, int | None]:
    """Return scheme, host and port; a malformed address is nobody's."""
    try:
        parts = urlsplit(url)
        port = parts.port or 443
    except ValueError:
        return "", None, None
    return (
        ("", None, None)
        if "@" in parts.netloc
        else (parts.scheme, parts.hostname, port)
    )


def is_guid(text: str) -> bool:
    """Whether a text is a GUID in lower case, as tenant ids are."""
    return re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", text) is not None
