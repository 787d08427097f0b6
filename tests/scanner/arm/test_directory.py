"""What is asked of Microsoft Graph, and what is made of its answers."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
import pytest
from aiohttp import web

from scanner.arm.errors import ReadError

GROUP = "cccccccc-0000-4000-8000-000000000001"
CAST = "microsoft.graph.servicePrincipal"

Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


def user(name: str) -> dict[str, Any]:
    return {"@odata.type": "#microsoft.graph.user", "id": name}


def lists(
    members: list[Any], principals: list[Any], count: int | None = None, **extra: Any
) -> Answer:
    """Answer the list of all members, and that of the service principals."""

    async def answer(request: web.Request) -> web.StreamResponse:
        found = principals if request.path.endswith(CAST) else members
        counted = len(found) if count is None else count
        return web.json_response({"@odata.count": counted, "value": found, **extra})

    return answer


async def _read(pages: Any) -> list[Any]:
    return [msgspec.json.decode(item) async for page in pages for item in page]


async def members(_: Any, server: Any) -> list[Any]:
    return await _read(server.directory.members(GROUP))


async def refusal(_: Any, server: Any) -> tuple[str, int]:
    with pytest.raises(ReadError) as caught:
        await _read(server.directory.members(GROUP))
    return caught.value.reason, len(server.seen)


# Names


def test_names_are_asked_for_a_thousand_at_a_time(service: Any) -> None:
    async def answer(request: web.Request) -> web.StreamResponse:
        asked = await request.json()
        return web.json_response({"value": [user(each) for each in asked["ids"]]})

    async def use(_: Any, server: Any) -> Any:
        names = [str(number) for number in range(2001)]
        found = await _read(server.directory.named(names))
        return found, server.seen

    found, seen = service.run(answer, use)
    assert [each["id"] for each in found] == [str(number) for number in range(2001)]
    assert [(each.method, each.path) for each in seen] == 3 * [
        (
            "POST",
            "/graph/v1.0/directoryObjects/getByIds"
            "?$select=id,displayName,userPrincipalName,appOwnerOrganizationId",
        )
    ]
    bodies = [msgspec.json.decode(each.body) for each in seen]
    assert [len(each["ids"]) for each in bodies] == [1000, 1000, 1]
    assert bodies[0]["types"] == ["user", "group", "servicePrincipal"]


def test_nobody_is_asked_for_nobody(service: Any) -> None:
    async def use(_: Any, server: Any) -> Any:
        return await _read(server.directory.named([])), server.seen

    assert service.run(lists([], []), use) == ([], [])


# Members


def test_both_lists_of_members_are_asked_for_as_counted(service: Any) -> None:
    async def use(session: Any, server: Any) -> Any:
        return await members(session, server), server.seen

    app = {"id": "app", "displayName": "An app"}
    found, seen = service.run(lists([user("ann")], [app]), use)
    assert found == [user("ann"), {"@odata.type": f"#{CAST}", **app}]
    path = f"/graph/v1.0/groups/{GROUP}/transitiveMembers"
    assert [each.path for each in seen] == [
        f"{path}?$select=id,displayName,userPrincipalName&$top=999&$count=true",
        f"{path}/{CAST}?$select=id,displayName,appOwnerOrganizationId"
        "&$top=999&$count=true",
    ]
    assert [each.headers["ConsistencyLevel"] for each in seen] == ["eventual"] * 2


def test_whom_both_lists_hold_is_told_once(service: Any) -> None:
    app = {"@odata.type": f"#{CAST}", "id": "APP"}
    assert service.run(lists([app], [{"id": "app"}]), members) == [app]


def test_pages_are_followed_and_asked_for_alike(service: Any) -> None:
    async def answer(request: web.Request) -> web.StreamResponse:
        if request.path.endswith(CAST):
            return web.json_response({"@odata.count": 0, "value": []})
        if "$skiptoken" in request.query:
            return web.json_response({"value": [user("bob")]})
        link = f"https://{request.host}{request.path_qs}&$skiptoken=2"
        first = {"@odata.count": 2, "value": [user("ann")], "@odata.nextLink": link}
        return web.json_response(first)

    async def use(session: Any, server: Any) -> Any:
        return await members(session, server), server.seen

    found, seen = service.run(answer, use)
    assert [each["id"] for each in found] == ["ann", "bob"]
    assert {each.headers["ConsistencyLevel"] for each in seen} == {"eventual"}


def test_members_that_are_counted_and_not_listed_are_missed(service: Any) -> None:
    reason, _ = service.run(lists([user("ann")], [], count=3), refusal)
    assert reason == (
        "Microsoft Graph counts 3 members and lists 1: some may not be seen"
    )


def test_members_that_are_not_counted_may_be_fewer_than_there_are(service: Any) -> None:
    async def answer(_: web.Request) -> web.StreamResponse:
        return web.json_response({"value": [user("ann")]})

    reason, requests = service.run(answer, refusal)
    assert reason == "Microsoft Graph did not count the members it lists"
    assert requests == 1


@pytest.mark.parametrize("odd", [3, None, [], {}, {"id": 7}])
def test_odd_items_are_left_to_whoever_keeps_them(service: Any, odd: Any) -> None:
    assert service.run(lists([user("ann"), odd], []), members) == [user("ann"), odd]


@pytest.mark.parametrize(
    "link", ["https://localhost:{port}/v1.0/x", "https://elsewhere.invalid/v1.0/x"]
)
def test_the_token_goes_to_no_other_place(service: Any, link: str) -> None:
    async def answer(request: web.Request) -> web.StreamResponse:
        away = link.replace("{port}", request.host.rpartition(":")[2])
        return web.json_response({"value": [], "@odata.nextLink": away})

    reason, requests = service.run(answer, refusal)
    assert "nextLink leads away from the cloud" in reason
    assert requests == 1


def test_no_page_is_read_twice(service: Any) -> None:
    async def answer(request: web.Request) -> web.StreamResponse:
        link = f"https://{request.host}{request.path_qs}"
        return web.json_response({"value": [], "@odata.nextLink": link})

    reason, requests = service.run(answer, refusal)
    assert "back to a page already read" in reason
    assert requests == 1


def test_a_wait_is_waited_for(service: Any) -> None:
    left = [429]

    async def answer(request: web.Request) -> web.StreamResponse:
        if left:
            headers = {"Retry-After": "1"}
            return web.json_response({}, status=left.pop(), headers=headers)
        return web.json_response({"@odata.count": 0, "value": []})

    async def use(session: Any, server: Any) -> list[float]:
        assert await members(session, server) == []
        return [each.at for each in server.seen]

    first, second, _ = service.run(answer, use)
    assert second - first >= 1


def test_a_refusal_says_why(service: Any) -> None:
    async def answer(_: web.Request) -> web.StreamResponse:
        error = {"code": "Authorization_RequestDenied", "message": "Not enough."}
        return web.json_response({"error": error}, status=403)

    assert service.run(answer, refusal) == ("Not enough.", 1)
