"""One host that a token is sent to: throttled, retried, paged, never left."""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from typing import Protocol, TypeVar
from urllib.parse import urlsplit

import msgspec
from azure.core.exceptions import AzureError
from azure.core.pipeline.transport import HttpRequest

from scanner.arm.credentials import TenantCredential
from scanner.arm.errors import ReadError, SignInError, broken, refused
from scanner.arm.proxies import proxies
from scanner.arm.throttle import Budget, backoff, jitter, retry_after
from scanner.arm.transport import Door, Wire, origin, pipeline

_TRANSIENT = frozenset({408, 429, 500, 502, 503, 504})


class Linked(Protocol):
    """A page of a list, with where the list goes on."""

    @property
    def next_link(self) -> str | None:
        """The address of the next page; nothing after the last."""


T = TypeVar("T")
P = TypeVar("P", bound=Linked)


class Host:
    """Sends one tenant's requests through one door."""

    def __init__(self, wire: Wire, door: Door, credential: TenantCredential) -> None:
        self._wire = wire
        self._door = door
        self._pipeline = pipeline(wire, door, credential)
        self._proxies = proxies(door.url)

    async def pages(
        self,
        request: HttpRequest,
        expected: type[P],
        budget_of: Callable[[str], Budget],
        headers: Mapping[str, str] | None = None,
    ) -> AsyncIterator[P]:
        """Yield the pages that begin with a request; raises ReadError.

        The link to the next page is followed on this host alone, because the token
        goes with it, and never twice.
        """
        seen: set[str] = set()
        while True:
            request.headers.update(headers or {})
            seen.add(request.url)
            page = await self.send(request, expected, budget_of(request.url))
            yield page
            link = self._next(page.next_link, seen)
            if link is None:
                return
            request = HttpRequest("GET", link)

    def _next(self, link: str | None, seen: set[str]) -> str | None:
        if not link:
            return None
        if origin(link) != origin(self._door.url):
            host = origin(link)[1]
            raise ReadError(f"nextLink leads away from the cloud, to {host!r:.100}")
        if link in seen:
            raise ReadError("nextLink leads back to a page already read")
        self.require_end(len(seen))
        return link

    def require_end(self, pages: int) -> None:
        """Raise ReadError if a list goes on after as many pages as none has."""
        if pages >= self._wire.limits.pages:
            raise ReadError(f"the list goes on after {pages} pages")

    async def send(self, request: HttpRequest, expected: type[T], budget: Budget) -> T:
        """Return what a request answers, trying again as long as that may help.

        Raises ReadError.
        """
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
                    proxies=self._proxies,
                )
                response = outcome.http_response
                return response.status_code, response.headers, outcome.context["body"]
        except ReadError as error:
            raise _Refused(error, {}, final=True) from error
        except zlib.error as error:
            malformed = ReadError(f"malformed response: {error}")
            raise _Refused(malformed, {}, final=False) from error
        except SignInError as error:
            lost = ReadError(str(error), status=401, code="SignInLost")
            raise _Refused(lost, {}, final=True) from error
        except TimeoutError as error:
            slow = ReadError(f"no whole answer within {limits.request_timeout:g} s")
            raise _Refused(slow, {}, final=False) from error
        except AzureError as error:
            host = urlsplit(self._door.url).netloc
            lost = ReadError(f"the connection failed: {host}: {broken(error)}")
            raise _Refused(lost, {}, final=False) from error


class _Refused(Exception):  # noqa: N818 - one attempt's outcome, not the request's
    """An attempt that came to nothing; `final` if trying again cannot help."""

    def __init__(
        self, error: ReadError, headers: Mapping[str, str], *, final: bool
    ) -> None:
        super().__init__(error.reason)
        self.error = error
        self.headers = headers
        self.final = final
