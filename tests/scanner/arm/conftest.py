"""An emulator of a small tenant, and a TLS server whose answers a test writes."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import pytest
from aiohttp import web
from azure.core.credentials import AccessToken

from scanner.arm.clouds import Cloud, find_cloud
from scanner.arm.credentials import TenantCredential
from scanner.arm.directory import Directory
from scanner.arm.limits import Limits
from scanner.arm.methods import Method
from scanner.arm.session import Session
from scanner.arm.transport import Wire, open_wire
from scanner.collect.assemble import assemble
from scanner.emulator import Emulator, Estate, Options
from scanner.emulator.background import in_thread
from scanner.emulator.estate import Tenant
from scanner.emulator.tls import server_context

TENANT = "aaaaaaaa-0000-4000-8000-000000000001"
OTHER = "aaaaaaaa-0000-4000-8000-000000000002"
QUICK = Limits(attempts=3, backoff=0.01)

T = TypeVar("T")
Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(frozen=True)
class Seen:
    """A request that came in, and when."""

    method: str
    path: str
    headers: Any
    body: bytes
    connection: int
    at: float = field(default_factory=time.monotonic)


class Token:
    """A credential whose token any server takes, because none looks at it."""

    async def get_token(self, *_: str, **__: Any) -> AccessToken:
        return AccessToken("a.token", int(time.time()) + 3600)

    async def close(self) -> None:
        pass

    async def __aenter__(self) -> Token:
        return self

    async def __aexit__(self, *_: object) -> None:
        pass


@dataclass
class Server:
    """A server over TLS on loopback; every request is kept."""

    url: str
    cloud: Cloud
    wire: Wire = field(init=False)
    directory: Directory = field(init=False)
    """Microsoft Graph, which this server is too."""
    seen: list[Seen] = field(default_factory=list)

    @property
    def paths(self) -> list[str]:
        return [each.path for each in self.seen]

    def elsewhere(self, host: str) -> str:
        """Return the address under another name of this very server."""
        return self.url.replace("127.0.0.1", host)


Use = Callable[[Session, Server], Awaitable[T]]


@dataclass(frozen=True)
class Service:
    """Runs a session against answers that a test writes."""

    ca_file: Path

    def run(self, answer: Answer, use: Use[T], limits: Limits = QUICK) -> T:
        return asyncio.run(self._run(answer, use, limits))

    async def _run(self, answer: Answer, use: Use[T], limits: Limits) -> T:
        async with (
            self._serve(answer) as server,
            open_wire(server.cloud, limits) as wire,
        ):
            server.wire = wire
            server.directory = Directory(wire, f"{server.url}/graph", _credential())
            return await use(_session(wire, server.cloud), server)

    @asynccontextmanager
    async def _serve(self, answer: Answer) -> AsyncIterator[Server]:
        async def handle(request: web.Request) -> web.StreamResponse:
            server.seen.append(
                Seen(
                    method=request.method,
                    path=request.path_qs,
                    headers=request.headers,
                    body=await request.read(),
                    connection=id(request.transport),
                )
            )
            return await answer(request)

        application = web.Application()
        application.router.add_route("*", "/{path:.*}", handle)
        runner = web.AppRunner(application, shutdown_timeout=0)
        await runner.setup()
        context = server_context(self.ca_file)
        try:
            site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context)
            await site.start()
            url = f"https://127.0.0.1:{runner.addresses[0][1]}"
            server = Server(url, self._cloud(url))
            yield server
        finally:
            await runner.cleanup()

    def _cloud(self, url: str) -> Cloud:
        return Cloud(
            name="test",
            resource_manager=url,
            authority=url,
            audience=url,
            ca_bundle=self.ca_file,
            instance_discovery=False,
        )


def _credential() -> TenantCredential:
    return TenantCredential(Token(), TENANT, Method.ENVIRONMENT)


def _session(wire: Wire, cloud: Cloud) -> Session:
    return Session(wire, cloud, _credential(), TENANT)


@pytest.fixture
def service(tmp_path: Path) -> Service:
    return Service(tmp_path / "server-ca.pem")


def _bodies(tenant: str, number: int) -> Iterator[dict[str, Any]]:
    subscription = f"bbbbbbbb-0000-4000-8000-00000000000{number}"
    yield {
        "id": f"/subscriptions/{subscription}",
        "subscriptionId": subscription,
        "displayName": f"sub {number}",
        "state": "Enabled",
        "tenantId": tenant,
    }


@pytest.fixture
def serve() -> Iterator[Callable[..., Emulator]]:
    """Return a function that serves two tenants until the test is over."""
    tenants = (
        Tenant.of(TENANT, *assemble(_bodies(TENANT, 1), TENANT)),
        Tenant.of(OTHER, *assemble(_bodies(OTHER, 2), OTHER)),
    )
    with ExitStack() as stack:

        def start(**options: Any) -> Emulator:
            return stack.enter_context(in_thread(Estate(tenants), Options(**options)))

        yield start


@pytest.fixture
def azure(serve: Callable[..., Emulator]) -> Emulator:
    return serve()


@pytest.fixture
def cloud_of(tmp_path: Path) -> Callable[[Emulator], Cloud]:
    """Return a function that gives the cloud an emulator is."""

    def find(azure: Emulator) -> Cloud:
        return find_cloud(str(azure.write_cloud(tmp_path / "cloud.toml")))

    return find
