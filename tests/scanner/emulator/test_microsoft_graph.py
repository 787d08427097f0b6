"""Microsoft Graph as it answers, oddities included, and as it was read."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from scanner.arm.clouds import find_cloud
from scanner.arm.limits import Limits
from scanner.arm.methods import Method
from scanner.collect.assemble import assemble
from scanner.collect.order import Order
from scanner.collect.scan import scan
from scanner.collect.scope import Selection
from scanner.collect.watch import Watch
from scanner.emulator import Emulator, Estate, Options
from scanner.emulator.ask import Ask as Request
from scanner.emulator.background import in_thread
from scanner.emulator.estate import Tenant
from scanner.emulator.faults import Malformed, RepeatNextLink, Status
from scanner.emulator.throttle import DIRECTORY_UNITS, Throttle
from scanner.emulator.tokens import Grant
from scanner.snapshot.reader import Snapshot, load

TENANT = "aaaaaaaa-0000-4000-8000-000000000001"
SUB = "/subscriptions/bbbbbbbb-0000-4000-8000-000000000001"
ANN, BOB, APP, STAFF, DESK = (
    f"dddddddd-0000-4000-8000-00000000000{number}" for number in range(5)
)
OBJECTS = f"/tenants/{TENANT}/providers/Microsoft.Graph/directoryObjects"
BY_IDS = "/graph/v1.0/directoryObjects/getByIds"
MEMBERS = f"/graph/v1.0/groups/{STAFF}/transitiveMembers"
CAST = f"{MEMBERS}/microsoft.graph.servicePrincipal"
EVENTUAL = {"ConsistencyLevel": "eventual"}

Body = Mapping[str, Any]
Ask = Callable[..., Any]


def entry(id: str, name: str, kind: str) -> Body:
    inside = {"@odata.type": f"#microsoft.graph.{kind}", "id": name}
    return {"id": id, "kind": kind, "properties": inside}


def bodies() -> Iterator[Body]:
    yield {"id": SUB, "subscriptionId": SUB[15:], "state": "Enabled"}
    for name, kind in ((ANN, "user"), (STAFF, "group"), (DESK, "group")):
        yield {
            "id": f"{SUB}/providers/Microsoft.Authorization/roleAssignments/{name}",
            "properties": {"principalId": name, "principalType": kind.capitalize()},
        }
        yield entry(f"{OBJECTS}/{name}", name, kind)
    for name, kind in ((ANN, "user"), (APP, "servicePrincipal"), (BOB, "user")):
        yield entry(f"{OBJECTS}/{STAFF}/members/{name}", name, kind)
    yield entry(f"{OBJECTS}/{DESK}/members/{BOB}", BOB, "user")


def estate() -> Estate:
    return Estate((Tenant.of(TENANT, *assemble(bodies(), TENANT)),))


@pytest.fixture(autouse=True)
def _direct(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


@pytest.fixture
def serve() -> Iterator[Callable[..., Emulator]]:
    """Return a function that serves the estate until the test is over."""
    with ExitStack() as stack:

        def start(**options: Any) -> Emulator:
            return stack.enter_context(in_thread(estate(), Options(**options)))

        yield start


@pytest.fixture
def ask() -> Ask:
    """Return a function that asks, and gives the status and the answer."""

    def send(
        azure: Emulator,
        path: str,
        content: Any = None,
        *,
        headers: Mapping[str, str] | None = None,
        audience: str = "",
    ) -> Any:
        return asyncio.run(
            _sent(azure, path, content, headers or {}, audience or azure.address.graph)
        )

    return send


async def _sent(
    azure: Emulator, path: str, content: Any, headers: Mapping[str, str], audience: str
) -> tuple[int, Any]:
    context = ssl.create_default_context(cafile=str(azure.ca_file))
    connector = aiohttp.TCPConnector(ssl=context)
    form = {
        "grant_type": "client_credentials",
        "client_id": azure.address.client_id,
        "client_secret": azure.address.client_secret,
        "scope": f"{audience}/.default",
    }
    async with aiohttp.ClientSession(connector=connector) as session:
        url = f"{azure.url}/{TENANT}/oauth2/v2.0/token"
        async with session.post(url, data=form) as response:
            token = (await response.json())["access_token"]
        own = {"Authorization": f"Bearer {token}", **headers}
        method = "GET" if content is None else "POST"
        async with session.request(
            method, azure.url + path, headers=own, json=content
        ) as response:
            return response.status, await response.json()


def names(answer: Any) -> list[str]:
    return [each["id"] for each in answer[1]["value"]]


def code(answer: Any) -> tuple[int, str]:
    return answer[0], answer[1]["error"]["code"]


# Names


def test_only_what_is_asked_for_is_named(serve: Any, ask: Ask) -> None:
    azure = serve()
    types = ["user", "group"]
    asked = {"ids": [ANN.upper(), STAFF, APP, "nobody"], "types": types}
    assert names(ask(azure, BY_IDS, asked)) == [ANN, STAFF]
    assert names(ask(azure, BY_IDS, {**asked, "types": ["group"]})) == [STAFF]
    assert names(ask(azure, BY_IDS, {"ids": [ANN]})) == [ANN]
    assert code(ask(azure, BY_IDS, {"ids": "all"})) == (400, "BadRequest")


# Members


def test_applications_are_left_out_of_the_list_of_all(serve: Any, ask: Ask) -> None:
    status, answer = ask(serve(), f"{MEMBERS}?$count=true", headers=EVENTUAL)
    assert status == 200
    assert [each["id"] for each in answer["value"]] == [ANN, BOB]
    assert answer["@odata.count"] == 3


@pytest.mark.parametrize(
    ("query", "headers", "found"),
    [
        ("?$count=true", EVENTUAL, [APP]),
        ("?$count=true", {}, []),
        ("", EVENTUAL, []),
        ("", {}, []),
    ],
)
def test_applications_come_by_an_advanced_query_alone(
    serve: Any, ask: Ask, query: str, headers: Mapping[str, str], found: list[str]
) -> None:
    status, answer = ask(serve(), CAST + query, headers=headers)
    assert status == 200
    assert [each["id"] for each in answer["value"]] == found
    assert ("@odata.count" in answer) == bool(found)
    assert not any("@odata.type" in each for each in answer["value"])


def test_pages_go_on_by_the_link_of_odata(serve: Any, ask: Ask) -> None:
    azure = serve(page_size=1)
    _, first = ask(azure, f"{MEMBERS}?$count=true", headers=EVENTUAL)
    assert "nextLink" not in first
    link = first["@odata.nextLink"].removeprefix(azure.url)
    _, second = ask(azure, link, headers=EVENTUAL)
    assert [each["id"] for each in second["value"]] == [BOB]
    assert "@odata.nextLink" not in second
    assert "@odata.count" not in second


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (MEMBERS.replace(STAFF, ANN), (404, "Request_ResourceNotFound")),
        ("/graph/v1.0/users", (400, "BadRequest")),
        ("/graph/beta/groups", (400, "BadRequest")),
    ],
)
def test_what_is_not_there(
    serve: Any, ask: Ask, path: str, expected: tuple[int, str]
) -> None:
    assert code(ask(serve(), path)) == expected


def test_who_was_not_let_in_when_it_was_read_is_not_now(ask: Ask) -> None:
    (subscription, *_) = bodies()
    bare = Estate((Tenant.of(TENANT, *assemble([subscription], TENANT)),))
    with in_thread(bare) as azure:
        for path, content in ((BY_IDS, {"ids": [ANN]}), (MEMBERS, None)):
            answer = ask(azure, path, content)
            assert code(answer) == (403, "Authorization_RequestDenied")


# Tokens


def test_a_token_is_good_for_one_service(serve: Any, ask: Ask) -> None:
    azure = serve()
    wrong = (401, "InvalidAuthenticationTokenAudience")
    assert code(ask(azure, MEMBERS, audience=azure.url)) == wrong
    subscriptions = "/subscriptions?api-version=2022-12-01"
    assert code(ask(azure, subscriptions)) == wrong
    status, _ = ask(azure, subscriptions, audience=azure.url)
    assert status == 200
    audiences = [each.audience for each in azure.requests if each.authorized]
    assert audiences == [azure.url, azure.address.graph, azure.url]


def test_the_published_limit_holds_on_request() -> None:
    now = [0.0]
    throttle = Throttle(lambda: now[0])
    asked = Request(method="GET", origin="", path=MEMBERS, key=MEMBERS, query={})
    grant = Grant(TENANT, "me", 1e9)
    times = int(DIRECTORY_UNITS[0] // 4)
    assert [throttle.directory(asked, grant) for _ in range(times)] == [None] * times
    refused = throttle.directory(asked, grant)
    assert refused is not None
    assert (refused.status, dict(refused.headers)["Retry-After"]) == (429, "1")
    now[0] += 1
    assert throttle.directory(asked, grant) is None


# And back


def scanned(azure: Emulator, place: Path, monkeypatch: pytest.MonkeyPatch) -> Snapshot:
    for name, value in azure.environment.items():
        monkeypatch.setenv(name, value)
    place.mkdir()
    order = Order(
        cloud=find_cloud(str(azure.write_cloud(place / "cloud.toml"))),
        method=Method.ENVIRONMENT,
        selection=Selection(),
        directory=True,
        limits=Limits(attempts=1, backoff=0.001),
    )
    asyncio.run(scan(order, place / "snapshot", Watch()))
    return Snapshot(place)


def content(snapshot: Snapshot) -> Any:
    records, readings = load(snapshot, TENANT)
    return (
        sorted(records, key=lambda each: (each.type, each.scope, each.id)),
        sorted(readings, key=lambda each: (each.resource_type, each.scope)),
    )


@pytest.mark.parametrize("page_size", [0, 1])
@pytest.mark.parametrize(
    "fault",
    [
        None,
        Status(path=BY_IDS.lower(), status=403, code="Authorization_RequestDenied"),
        Malformed(path=BY_IDS.lower(), form="item", to=3),
        Malformed(path=BY_IDS.lower(), form="item", drop=True),
        Status(path="/graph/*/transitivemembers", status=500, code="Failed"),
        Status(path="/graph/*/transitivemembers", page=2, status=403, code="Denied"),
        Status(path="/graph/*.serviceprincipal", status=400, code="BadRequest"),
        RepeatNextLink(path="/graph/*/transitivemembers"),
        Malformed(path="/graph/*/transitivemembers", form="item", to={"id": "x"}),
        Malformed(path="/graph/*.serviceprincipal", form="item", drop=True),
        Malformed(path="/graph/*transitivemembers*", form="empty"),
    ],
)
def test_round_trip(
    serve: Any,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    fault: Any,
    page_size: int,
) -> None:
    azure = serve(page_size=page_size, faults=(fault,) if fault else ())
    first = scanned(azure, tmp_path / "first", monkeypatch)
    options = Options(page_size=page_size)
    with in_thread(Estate.of_snapshot(first), options) as again:
        second = scanned(again, tmp_path / "second", monkeypatch)
    assert content(second) == content(first)
