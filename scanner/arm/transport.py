"""The wire: one connection pool, TLS context and pipeline for every request."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import aiohttp
from azure.core.pipeline import AsyncPipeline, PipelineRequest
from azure.core.pipeline.policies import (
    HeadersPolicy,
    RequestIdPolicy,
    SansIOHTTPPolicy,
)
from azure.core.pipeline.transport import AioHttpTransport
from azure.core.rest import AsyncHttpResponse, HttpRequest
from azure.mgmt.core.policies import AsyncARMChallengeAuthenticationPolicy

from scanner import __version__
from scanner.arm.clouds import Cloud, CloudError
from scanner.arm.credentials import TenantCredential
from scanner.arm.limits import Limits

Pipeline = AsyncPipeline[HttpRequest, AsyncHttpResponse]


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
    """Lets nothing through but GET and the Resource Graph query."""

    def on_request(self, request: PipelineRequest[HttpRequest]) -> None:
        """Raise PermissionError for a request that could change something."""
        method, url = request.http_request.method, request.http_request.url
        query = (
            url.partition("?")[0]
            .lower()
            .endswith("/providers/microsoft.resourcegraph/resources")
        )
        if method != "GET" and not (method == "POST" and query):
            raise PermissionError(f"{method} is never sent: this scanner only reads")


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
        trust_env=True,
    ) as session:
        transport = AioHttpTransport(session=session, session_owner=False)
        yield Wire(transport, limits, asyncio.Semaphore(limits.in_flight))


def _tls(cloud: Cloud) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=cloud.ca_bundle)
    except (OSError, ssl.SSLError) as error:
        message = f"{cloud.ca_bundle} holds no usable certificate: {error}"
        raise CloudError(message) from error


def pipeline(wire: Wire, cloud: Cloud, credential: TenantCredential) -> Pipeline:
    """Return the pipeline of one tenant.

    It lacks on purpose what generated clients add: redirects, retries of its own,
    logging of headers, and the policy that registers resource providers (a write).
    """
    policies: list[Any] = [
        ReadOnly(),
        RequestIdPolicy(),
        HeadersPolicy(
            {
                "Accept": "application/json",
                "User-Agent": f"tenant-posture/{__version__}",
            }
        ),
        AsyncARMChallengeAuthenticationPolicy(credential, cloud.token_scope),
    ]
    return AsyncPipeline(wire.transport, policies)
