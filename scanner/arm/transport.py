"""The wire: one connection pool, TLS context and pipeline for every request."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from random import getrandbits
from typing import Any
from urllib.parse import urlsplit

import aiohttp
from azure.core.pipeline import AsyncPipeline, PipelineRequest, PipelineResponse
from azure.core.pipeline.policies import AsyncHTTPPolicy, SansIOHTTPPolicy
from azure.core.pipeline.transport import (
    AioHttpTransport,
    AsyncHttpResponse,
    HttpRequest,
)
from azure.mgmt.core.policies import AsyncARMChallengeAuthenticationPolicy

from scanner import __version__
from scanner.arm.clouds import Cloud, CloudError
from scanner.arm.credentials import TenantCredential
from scanner.arm.errors import ReadError
from scanner.arm.limits import LARGEST_BODY, Limits

Pipeline = AsyncPipeline[HttpRequest, AsyncHttpResponse]


@dataclass(frozen=True, slots=True)
class Door:
    """A host that is read from: where it is, and what it asks for."""

    url: str
    token_scope: str
    query: str
    """The path of the one POST it answers by reading."""


@dataclass(slots=True)
class Tally:
    """What the wire has done so far, for progress and for the run's header."""

    requests: int = 0
    retries: int = 0
    throttled: int = 0
    """Responses 429."""
    waited: float = 0.0
    """Seconds that reads waited for their budget, added up."""


@dataclass(frozen=True, slots=True)
class Wire:
    """The connections that all tenants of a run share."""

    transport: AioHttpTransport
    limits: Limits
    slots: asyncio.Semaphore
    tally: Tally = field(default_factory=Tally)


class ReadOnly(SansIOHTTPPolicy[HttpRequest, AsyncHttpResponse]):
    """Lets nothing through but reads at one door; names each request.

    Those are GETs, and the one POST that reads. Azure logs `x-ms-client-request-id`,
    so that a request can be found again.
    """

    def __init__(self, door: Door) -> None:
        super().__init__()
        self._origin = origin(door.url)
        self._query = urlsplit(door.url).path + door.query

    def on_request(self, request: PipelineRequest[HttpRequest]) -> None:
        """Raise PermissionError for what could change something, or is elsewhere."""
        asked = request.http_request
        if origin(asked.url) != self._origin:
            message = f"{origin(asked.url)[1]} is not where this token goes"
            raise PermissionError(message)
        if asked.method != "GET" and not self._is_query(asked):
            message = f"{asked.method} is never sent: this scanner only reads"
            raise PermissionError(message)
        asked.headers["Accept"] = "application/json"
        asked.headers["User-Agent"] = f"tenant-posture/{__version__}"
        asked.headers["x-ms-client-request-id"] = f"{getrandbits(128):032x}"

    def _is_query(self, request: HttpRequest) -> bool:
        path = urlsplit(request.url).path
        return request.method == "POST" and path.lower() == self._query.lower()


class Body(AsyncHTTPPolicy[HttpRequest, AsyncHttpResponse]):
    """Reads each answer into the context's `body`, however small it came compressed.

    Raises ReadError for one that is larger than any, before it is in memory.
    """

    async def send(
        self, request: PipelineRequest[HttpRequest]
    ) -> PipelineResponse[HttpRequest, AsyncHttpResponse]:
        """Send a request on, and read what is answered."""
        request.context.options["stream"] = True
        response = await self.next.send(request)
        answer: Any = response.http_response
        body = bytearray()
        try:
            async for chunk in answer.stream_download(self):
                body += chunk
                if len(body) > LARGEST_BODY:
                    larger = f"the answer is larger than {LARGEST_BODY} bytes"
                    raise ReadError(larger, status=answer.status_code)
        finally:
            answer.internal_response.close()  # unless it was read to its end
        response.context["body"] = bytes(body)
        return response


def origin(url: str) -> tuple[str, str | None, int | None]:
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


@asynccontextmanager
async def open_wire(cloud: Cloud, limits: Limits) -> AsyncIterator[Wire]:
    """Open the connection pool for a cloud; raises CloudError for an unusable CA.

    The TLS context belongs in the connector: given to the transport, azure-core
    makes one a request and no connection is ever reused.
    """
    connector = aiohttp.TCPConnector(limit=0, ssl=_tls(cloud), ttl_dns_cache=300)
    async with aiohttp.ClientSession(
        connector=connector,
        cookie_jar=aiohttp.DummyCookieJar(),
        auto_decompress=False,
    ) as session:
        transport = AioHttpTransport(session=session, session_owner=False)
        slots = asyncio.Semaphore(limits.in_flight)
        yield Wire(transport, limits, slots)


def _tls(cloud: Cloud) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=cloud.ca_bundle)
    except (OSError, ssl.SSLError) as error:
        message = f"{cloud.ca_bundle} holds no usable certificate: {error}"
        raise CloudError(message) from error


def pipeline(wire: Wire, door: Door, credential: TenantCredential) -> Pipeline:
    """Return the pipeline of one tenant through one door.

    It lacks on purpose what generated clients add: redirects, retries of its own,
    logging of headers, and the policy that registers resource providers (a write).
    """
    policies: list[Any] = [
        ReadOnly(door),
        AsyncARMChallengeAuthenticationPolicy(credential, door.token_scope),
        Body(),
    ]
    return AsyncPipeline(wire.transport, policies)
