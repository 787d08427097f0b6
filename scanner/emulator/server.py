"""The emulator: an aiohttp server on loopback, and how to reach it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import AsyncExitStack, suppress
from pathlib import Path
from ssl import SSLContext
from tempfile import TemporaryDirectory
from typing import Self

from aiohttp import web

from scanner.emulator.address import Address
from scanner.emulator.ask import Ask
from scanner.emulator.delivery import deliver
from scanner.emulator.estate import Estate
from scanner.emulator.front import Front
from scanner.emulator.options import Options
from scanner.emulator.record import Exchange, Recorder
from scanner.emulator.reply import Delivery
from scanner.emulator.tls import server_context
from scanner.model.ids import id_key

CA_FILE = "ca.pem"
BACKLOG = 1024
SHUTDOWN = 0.01
"""Seconds that answers under way, and then closing sockets, are given."""


class Emulator:
    """Serves an estate while its `async with` block runs."""

    address: Address

    def __init__(self, estate: Estate, options: Options | None = None) -> None:
        self._estate = estate
        self._options = options or Options()
        self._front = Front(estate, self._options)
        self._recorder = Recorder()
        self._stack = AsyncExitStack()

    @property
    def url(self) -> str:
        """Of Resource Manager and of Entra."""
        return self.address.url

    @property
    def ca_file(self) -> Path:
        """The certificate authority to trust."""
        return self.address.ca_file

    @property
    def environment(self) -> Mapping[str, str]:
        """The variables that azure-identity's EnvironmentCredential reads."""
        return self.address.environment

    @property
    def requests(self) -> tuple[Exchange, ...]:
        """Every request so far, and how it was answered."""
        return tuple(self._recorder.exchanges)

    def write_cloud(self, path: Path) -> Path:
        """Write the TOML file for `--cloud`; return its path."""
        return self.address.write_cloud(path)

    async def __aenter__(self) -> Self:
        """Listen; raises OSError if the port or a file is not to be had."""
        async with AsyncExitStack() as stack:
            if self._options.record is not None:
                stack.enter_context(self._recorder.into(self._options.record))
            ca_file = self._directory(stack) / CA_FILE
            context = server_context(ca_file)
            server = web.Server(self._handle)
            stack.push_async_callback(_close, server)
            port = await self._listen(stack, server, self._options.port, context)
            identity_port = await self._listen(stack, server, 0, None)
            self.address = self._address(port, identity_port, ca_file)
            self._stack = stack.pop_all()
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close every connection, answered or not."""
        await self._stack.aclose()

    def _directory(self, stack: AsyncExitStack) -> Path:
        directory = self._options.directory
        if directory is None:
            return Path(stack.enter_context(TemporaryDirectory(prefix="emulator-")))
        directory.mkdir(parents=True, exist_ok=True)
        return directory

    async def _listen(
        self,
        stack: AsyncExitStack,
        server: web.Server,
        port: int,
        context: SSLContext | None,
    ) -> int:
        """Listen, with TLS if there is a context; return the port."""
        loop = asyncio.get_running_loop()
        listener = await loop.create_server(
            server, self._options.host, port, ssl=context, backlog=BACKLOG
        )
        stack.callback(listener.close)
        return int(listener.sockets[0].getsockname()[1])

    def _address(self, port: int, identity_port: int, ca_file: Path) -> Address:
        return Address(
            url=f"https://{self._options.host}:{port}",
            identity_url=f"http://{self._options.host}:{identity_port}",
            ca_file=ca_file,
            tenants=tuple(tenant.id for tenant in self._estate.tenants),
            client_id=self._options.client_id,
            client_secret=self._options.client_secret,
            suffixes=self._estate.suffixes,
        )

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        ask = await _ask_of(request)
        reply, grant = await self._front.answer(ask)
        self._recorder.note(
            method=ask.method,
            path=ask.path,
            query=ask.raw_query,
            status=0 if reply.delivery is Delivery.RESET else reply.status,
            authorized=bool(ask.authorization),
            tenant_id=grant.tenant_id if grant is not None else "",
            audience=grant.audience if grant is not None else "",
        )
        return await deliver(request, reply)


async def _close(server: web.Server) -> None:
    """Break every connection; none waits for its peer to end TLS politely."""
    for each in server.connections:
        # What was closed twice has no protocol left to abort (Python before 3.11.3).
        with suppress(AttributeError):
            if each.transport is not None:
                each.transport.abort()
    await server.shutdown(SHUTDOWN)
    await asyncio.sleep(SHUTDOWN)


async def _ask_of(request: web.BaseRequest) -> Ask:
    url = request.rel_url
    return Ask(
        method=request.method,
        origin=f"{request.scheme}://{request.host}",
        path=url.raw_path,
        key=id_key(url.path),
        query={name.lower(): value for name, value in url.query.items()},
        raw_query=url.raw_query_string,
        authorization=request.headers.get("Authorization", ""),
        metadata=request.headers.get("Metadata", "").lower() == "true",
        eventual=request.headers.get("ConsistencyLevel", "").lower() == "eventual",
        body=await request.read() if request.can_read_body else b"",
    )
