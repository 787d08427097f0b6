"""The wire: what may leave, through which proxy, trusting whom."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from azure.core.pipeline import PipelineContext, PipelineRequest
from azure.core.pipeline.transport import HttpRequest

from scanner.arm.clouds import CLOUDS, Cloud, CloudError
from scanner.arm.credentials import credential
from scanner.arm.directory import microsoft_graph
from scanner.arm.limits import Limits
from scanner.arm.methods import Method
from scanner.arm.proxies import proxies
from scanner.arm.session import Session, resource_manager
from scanner.arm.transport import Door, ReadOnly, open_wire
from scanner.emulator import Emulator

HOST = "https://management.azure.com"
QUERY = f"{HOST}/providers/Microsoft.ResourceGraph/resources"
GRAPH = "https://graph.microsoft.com"
BY_IDS = f"{GRAPH}/v1.0/directoryObjects/getByIds"

ARM = resource_manager(CLOUDS[0])
DIRECTORY = microsoft_graph(GRAPH)


def checked(door: Door, method: str, url: str) -> HttpRequest:
    request = HttpRequest(method, url)
    ReadOnly(door).on_request(PipelineRequest(request, PipelineContext(None)))
    return request


@pytest.mark.parametrize(
    ("door", "method", "url"),
    [
        (ARM, "GET", f"{HOST}/subscriptions?api-version=1"),
        (ARM, "POST", f"{QUERY}?api-version=2021-03-01"),
        (ARM, "POST", QUERY.upper().replace("HTTPS", "https")),
        (DIRECTORY, "GET", f"{GRAPH}/v1.0/groups/x/transitiveMembers"),
        (DIRECTORY, "POST", f"{BY_IDS}?$select=id"),
    ],
)
def test_reading_is_let_through(door: Door, method: str, url: str) -> None:
    assert checked(door, method, url).headers["x-ms-client-request-id"]


@pytest.mark.parametrize(
    ("method", "url"),
    [
        *((method, QUERY) for method in ("PUT", "PATCH", "DELETE", "HEAD", "OPTIONS")),
        ("get", HOST),
        ("POST", HOST),
        ("POST", f"{QUERY}History"),
        ("POST", f"{QUERY}/../listKeys"),
        ("POST", f"{HOST}/subscriptions/x{QUERY.removeprefix(HOST)}"),
        ("POST", f"{HOST}/listKeys?{QUERY.removeprefix(HOST)}"),
        ("POST", f"{HOST}/listKeys#{QUERY.removeprefix(HOST)}"),
        ("POST", f"{HOST}/subscriptions/x/providers/Microsoft.Things/register"),
        ("POST", BY_IDS.replace(GRAPH, HOST)),
    ],
)
def test_nothing_else_is(method: str, url: str) -> None:
    with pytest.raises(PermissionError, match="only reads"):
        checked(ARM, method, url)


@pytest.mark.parametrize(
    ("method", "url"),
    [
        *((method, BY_IDS) for method in ("PUT", "PATCH", "DELETE", "HEAD")),
        ("POST", GRAPH),
        ("POST", f"{GRAPH}/v1.0/groups"),
        ("POST", f"{GRAPH}/v1.0/users"),
        ("POST", f"{GRAPH}/beta/directoryObjects/getByIds"),
        ("POST", f"{GRAPH}/v1.0/directoryObjects"),
        ("POST", f"{GRAPH}/v1.0/directoryObjects/x/getMemberGroups"),
        ("POST", f"{GRAPH}/v1.0/servicePrincipals/x/addPassword"),
        ("POST", f"{GRAPH}/v1.0/$batch"),
        ("POST", f"{BY_IDS}/../../groups"),
        ("POST", f"{GRAPH}/v1.0/groups?/v1.0/directoryObjects/getByIds"),
        ("POST", QUERY.replace(HOST, GRAPH)),
    ],
)
def test_nothing_else_is_of_the_directory(method: str, url: str) -> None:
    with pytest.raises(PermissionError, match="only reads"):
        checked(DIRECTORY, method, url)


@pytest.mark.parametrize(
    ("door", "url"),
    [
        (ARM, f"{GRAPH}/v1.0/groups"),
        (DIRECTORY, f"{HOST}/subscriptions?api-version=1"),
        (ARM, f"{HOST}:8443/subscriptions"),
        (ARM, f"{HOST}@elsewhere.example/subscriptions"),
        (ARM, f"{HOST.replace('https', 'http')}/subscriptions"),
    ],
)
def test_no_token_goes_through_another_door(door: Door, url: str) -> None:
    with pytest.raises(PermissionError, match="not where this token goes"):
        checked(door, "GET", url)


# Proxies


def test_there_is_no_proxy_unless_the_environment_names_one() -> None:
    assert proxies(HOST) == {}


@pytest.mark.parametrize("name", ["HTTPS_PROXY", "https_proxy"])
def test_the_environment_names_the_proxy(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, "http://proxy.example:3128")
    monkeypatch.setenv("HTTP_PROXY", "http://other.example")
    assert proxies(HOST) == {"https": "http://proxy.example:3128"}


def test_a_proxy_for_http_is_none_for_https(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://proxy.example:3128")
    assert proxies(HOST) == {}


@pytest.mark.parametrize(
    ("exempt", "direct"),
    [
        ("management.azure.com", True),
        (".azure.com", True),
        ("example, azure.com", True),
        ("*", True),
        ("management.azure.com:443", False),  # the address does not name its port
        ("other.azure.com", False),
        ("", False),
    ],
)
def test_no_proxy_is_honoured(
    exempt: str, direct: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example:3128")
    monkeypatch.setenv("NO_PROXY", exempt)
    assert (proxies(HOST) == {}) is direct


def test_no_proxy_may_name_a_port(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example:3128")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1:8443")
    assert proxies("https://127.0.0.1:8443") == {}
    assert proxies("https://127.0.0.1:8444") != {}


@asynccontextmanager
async def tunnel(asked: list[str]) -> AsyncIterator[str]:
    """Run a proxy that connects wherever it is asked to, and notes where."""
    writers: list[asyncio.StreamWriter] = []

    async def pipe(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        while data := await source.read(1 << 16):
            sink.write(data)
        sink.close()

    async def serve(near: asyncio.StreamReader, back: asyncio.StreamWriter) -> None:
        target = (await near.readuntil(b"\r\n\r\n")).split()[1].decode()
        asked.append(target)
        host, _, port = target.rpartition(":")
        far, there = await asyncio.open_connection(host, int(port))
        writers.extend((back, there))
        back.write(b"HTTP/1.1 200 OK\r\n\r\n")
        await asyncio.gather(pipe(near, there), pipe(far, back))

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()
        for writer in writers:
            writer.transport.abort()


async def subscriptions(cloud: Cloud) -> int:
    async with open_wire(cloud, Limits(attempts=1)) as wire:
        key = credential(Method.ENVIRONMENT, cloud, None, wire.transport)
        session = Session(wire, cloud, key, None)
        try:
            await session.sign_in()
            pages = [
                page async for page in session.pages("/subscriptions?api-version=1")
            ]
        finally:
            await session.close()
        return sum(map(len, pages))


@pytest.mark.parametrize(
    ("exempt", "through"),
    [
        ("", {"localhost", "127.0.0.1"}),
        ("127.0.0.1", {"localhost"}),
        ("localhost", {"127.0.0.1"}),
        ("localhost,127.0.0.1", set()),
    ],
)
def test_sign_in_and_reads_each_go_the_way_of_their_host(
    exempt: str,
    through: set[str],
    azure: Emulator,
    cloud_of: Callable[[Emulator], Cloud],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, value in azure.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("NO_PROXY", exempt)
    authority = azure.url.replace("127.0.0.1", "localhost")
    cloud = replace(cloud_of(azure), authority=authority)
    asked: list[str] = []

    async def run() -> None:
        async with tunnel(asked) as proxy:
            monkeypatch.setenv("HTTPS_PROXY", proxy)
            assert await subscriptions(cloud) == 1

    asyncio.run(run())
    assert {each.rpartition(":")[0] for each in asked} == through


# Trust


@pytest.mark.parametrize("content", [b"", b"no certificate", b"\xff\xfe"])
def test_a_ca_without_a_certificate_is_named(
    content: bytes, azure: Emulator, cloud_of: Callable[..., Cloud], tmp_path: Path
) -> None:
    bundle = tmp_path / "broken.pem"
    bundle.write_bytes(content)
    cloud = replace(cloud_of(azure), ca_bundle=bundle)
    with pytest.raises(CloudError, match=r"broken\.pem holds no usable certificate"):
        asyncio.run(subscriptions(cloud))


def test_only_the_cloud_s_own_ca_is_trusted(service: Any) -> None:
    async def never(_: Any) -> Any:
        raise AssertionError

    async def use(session: Any, server: Any) -> Any:
        stranger = replace(server.cloud, ca_bundle=None)
        async with open_wire(stranger, Limits(attempts=1)) as wire:
            other = Session(wire, stranger, session._credential, None)
            with pytest.raises(Exception, match="the connection failed"):
                await other.get("/subscriptions?api-version=1", dict)
        return server.seen

    assert service.run(never, use) == []
