"""The wire: one connection pool, TLS context and pipeline for every request."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from random import getrandbits
from typing import Any
from urllib.parse import urlsplit

import aiohttp
from azure.core.pipeline import AsyncPipeline, PipelineRequest
from azure.core.pipeline.policies import SansIOHTTPPolicy
from azure.core.pipeline.transport import (
    AioHttpTransport,
    AsyncHttpResponse,
    HttpRequest,
)
from azure.mgmt.core.policies import AsyncARMChallengeAuthenticationPolicy

from scanner import __version__
from scanner.arm.clouds import Cloud, CloudError
from scanner.arm.credentials import TenantCredential
from scanner.arm.limits import Limits
from scanner.arm.proxies import proxies

QUERY_PATH = "/providers/microsoft.resourcegraph/resources"
"""Of the one POST that reads, in lower case."""

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
    proxies: Mapping[str, str]
    """The way to the cloud's host."""
    tally: Tally = field(default_factory=Tally)


class ReadOnly(SansIOHTTPPolicy[HttpRequest, AsyncHttpResponse]):
    """Lets nothing through but GET and the Resource Graph query; names each request.

    ARM logs `x-ms-client-request-id`, so that a request can be found again.
    """

    def on_request(self, request: PipelineRequest[HttpRequest]) -> None:
        """Raise PermissionError for a request that could change something."""
        asked = request.http_request
        if asked.method != "GET" and not _is_query(asked):
            message = f"{asked.method} is never sent: this scanner only reads"
            raise PermissionError(message)
        asked.headers["Accept"] = "application/json"
        asked.headers["User-Agent"] = f"tenant-posture/{__version__}"
        asked.headers["x-ms-client-request-id"] = f"{getrandbits(128):032x}"


def _is_query(request: HttpRequest) -> bool:
    path = urlsplit(request.url).path.lower()
    return request.method == "POST" and path == QUERY_PATH


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
        yield Wire(transport, limits, slots, proxies(cloud.resource_manager))


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
        AsyncARMChallengeAuthenticationPolicy(credential, cloud.token_scope),
    ]
    return AsyncPipeline(wire.transport, policies)
