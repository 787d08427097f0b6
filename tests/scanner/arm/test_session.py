"""What a session does when Azure answers as it should not."""

from __future__ import annotations

import asyncio
import gzip
import json
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import pytest
from aiohttp import web

from scanner.arm.errors import ReadError
from scanner.arm.limits import Limits
from scanner.arm.session import LARGEST_ANSWER, Session
from scanner.arm.transport import open_wire
from scanner.emulator.tls import server_context

LIST = "/subscriptions/one/things?api-version=1"
OTHER_LIST = "/subscriptions/two/things?api-version=1"
QUICK = Limits(attempts=3, backoff=0.01)

Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


def always(*responses: Any, **options: Any) -> Answer:
    """Answer with each in turn, then with the last one again and again."""
    left = list(responses)

    async def answer(_: web.Request) -> web.StreamResponse:
        response = left.pop(0) if len(left) > 1 else left[0]
        if isinstance(response, int):
            return web.Response(status=response, **options)
        if isinstance(response, bytes):
            return web.Response(body=response, **options)
        return web.json_response(response, **options)

    return answer


async def ids(session: Any, path: str = LIST) -> list[str]:
    return [
        msgspec.json.decode(item)["id"]
        async for page in session.pages(path)
        for item in page
    ]


async def read(session: Any, _: Any) -> list[str]:
    return await ids(session)


async def refusal(session: Any, server: Any) -> tuple[ReadError, int]:
    with pytest.raises(ReadError) as caught:
        await ids(session)
    return caught.value, len(server.seen)


def page(*names: str, next_link: str | None = None) -> dict[str, Any]:
    return {"value": [{"id": name} for name in names], "nextLink": next_link}


# Paging


def test_every_page_is_read_in_order(service: Any) -> None:
    async def answer(request: web.Request) -> web.StreamResponse:
        number = int(request.query.get("page", "1"))
        link = f"https://{request.host.upper()}{LIST}&page={number + 1}"
        return web.json_response(
            page(str(number), next_link=link if number < 3 else "")
        )

    assert service.run(answer, read) == ["1", "2", "3"]


def test_what_was_read_before_a_list_breaks_off_is_kept(service: Any) -> None:
    async def answer(request: web.Request) -> web.StreamResponse:
        if "page" in request.query:
            return web.Response(status=403)
        link = f"https://{request.host}{LIST}&page=2"
        return web.json_response(page("first", next_link=link))

    async def use(session: Any, _: Any) -> list[int]:
        pages: list[int] = []
        with pytest.raises(ReadError):
            await count(session, pages)
        return pages

    assert service.run(answer, use) == [1]


@pytest.mark.parametrize(
    "link",
    [
        "https://localhost:{port}" + LIST,  # the same machine by another name
        "https://127.0.0.1:{port}@localhost:{port}" + LIST,
        "https://localhost:{port}@127.0.0.1:{port}" + LIST,
        "https://127.0.0.1:1" + LIST,
        "https://127.0.0.1" + LIST,
        "http://127.0.0.1:{port}" + LIST,
        "https://127.0.0.1.example:{port}" + LIST,
        "https://[" + LIST,
        "https://127.0.0.1:port" + LIST,
        "//localhost:{port}" + LIST,
        LIST + "&page=2",
        "file:///etc/passwd",
        "javascript:alert(1)",
    ],
)
def test_the_token_goes_to_no_other_place(service: Any, link: str) -> None:
    async def answer(request: web.Request) -> web.StreamResponse:
        port = request.host.rpartition(":")[2]
        return web.json_response(page("1", next_link=link.replace("{port}", port)))

    error, requests = service.run(answer, refusal)
    assert "leads away from the cloud" in error.reason
    assert requests == 1


@pytest.mark.parametrize("length", [1, 2, 5])
def test_no_page_is_read_twice(service: Any, length: int) -> None:
    async def answer(request: web.Request) -> web.StreamResponse:
        number = int(request.query.get("page", "0"))
        onward = f"{LIST}&page={number + 1}" if number + 1 < length else LIST
        link = f"https://{request.host}{onward}"
        return web.json_response(page("1", next_link=link))

    error, requests = service.run(answer, refusal)
    assert "already read" in error.reason
    assert requests == length


def test_a_list_ends_some_day(service: Any) -> None:
    async def answer(request: web.Request) -> web.StreamResponse:
        number = int(request.query.get("page", "0")) + 1
        link = f"https://{request.host}{LIST}&page={number}"
        return web.json_response(page(next_link=link))

    error, requests = service.run(answer, refusal, replace(QUICK, pages=7))
    assert error.reason == "the list goes on after 7 pages"
    assert requests == 7


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirects_are_not_followed(service: Any, status: int) -> None:
    async def answer(request: web.Request) -> web.StreamResponse:
        location = f"https://{request.host}/subscriptions/elsewhere"
        return web.Response(status=status, headers={"Location": location})

    error, requests = service.run(answer, refusal)
    assert (error.status, requests) == (status, 1)


async def count(session: Any, pages: list[int]) -> None:
    async for items in session.pages(LIST):
        pages.append(len(items))  # noqa: PERF401 - it raises midway


# Trying again


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
def test_what_may_pass_is_tried_again(service: Any, status: int) -> None:
    assert service.run(always(status, status, page("a")), read) == ["a"]


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
def test_but_not_for_ever(service: Any, status: int) -> None:
    error, requests = service.run(always(status), refusal)
    assert (error.status, requests) == (status, QUICK.attempts)


@pytest.mark.parametrize("status", [201, 204, 400, 403, 404, 405, 409, 410, 501])
def test_what_will_not_pass_is_not_tried_again(service: Any, status: int) -> None:
    error, requests = service.run(always(status), refusal)
    assert (error.status, requests) == (status, 1)


def test_no_resource_provider_is_registered(service: Any) -> None:
    code = "MissingSubscriptionRegistration"
    message = "The subscription is not registered to use namespace 'Microsoft.Things'."
    body = {"error": {"code": code, "message": message}}

    async def use(session: Any, server: Any) -> tuple[ReadError, list[str]]:
        error, _ = await refusal(session, server)
        return error, [each.method for each in server.seen]

    error, methods = service.run(always(body, status=409), use)
    assert (error.code, methods) == (code, ["GET"])


def test_failures_are_backed_off_from(service: Any) -> None:
    async def use(session: Any, server: Any) -> list[float]:
        await refusal(session, server)
        return [each.at for each in server.seen]

    times = service.run(always(503), use, Limits(attempts=6, backoff=0.05))
    assert len(times) == 6
    # Full jitter may draw little each time, but hardly ever so little five times.
    assert times[-1] - times[0] > 0.02


@pytest.mark.parametrize("status", [429, 503])
def test_a_wait_that_is_too_long_is_not_begun(service: Any, status: int) -> None:
    answer = always(status, headers={"Retry-After": "121"})
    began = time.monotonic()
    error, requests = service.run(answer, refusal)
    assert (error.status, requests) == (status, 1)
    assert time.monotonic() - began < 2


def test_a_wait_of_nothing_is_a_failure_like_another(service: Any) -> None:
    answer = always(429, headers={"Retry-After": "0"})
    error, requests = service.run(answer, refusal)
    assert (error.status, requests) == (429, QUICK.attempts)


def test_a_wait_is_shared_by_the_subscription_and_by_nobody_else(service: Any) -> None:
    throttled: list[float] = []

    async def answer(request: web.Request) -> web.StreamResponse:
        if "/one/" in request.path and not throttled:
            throttled.append(time.monotonic())
            return web.Response(status=429, headers={"Retry-After": "1"})
        return web.json_response(page("a"))

    async def use(session: Any, server: Any) -> dict[str, list[float]]:
        first = asyncio.ensure_future(ids(session, LIST))
        while not throttled:
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.05)
        await asyncio.gather(
            first,
            ids(session, LIST.replace("things", "others")),
            ids(session, LIST.replace("one", "ONE")),
            ids(session, OTHER_LIST),
            ids(session, "/subscriptions?api-version=1"),
        )
        later = server.seen[1:]
        return {
            name: [each.at for each in later if name in each.path.lower()]
            for name in ("/one/", "/two/", "/subscriptions?")
        }

    times = service.run(answer, use)
    assert len(times["/one/"]) == 3
    assert min(times["/one/"]) >= throttled[0] + 1
    assert max(times["/two/"] + times["/subscriptions?"]) < throttled[0] + 0.9


def test_throttling_is_counted(service: Any) -> None:
    async def use(session: Any, server: Any) -> Any:
        await ids(session)
        return server.wire.tally

    tally = service.run(always(429, 503, page("a")), use)
    assert (tally.requests, tally.retries, tally.throttled) == (3, 2, 1)
    assert tally.waited > 0


@pytest.mark.parametrize("before", [(), (503,)], ids=["at once", "after a failure"])
def test_a_token_that_was_not_accepted_is_tried_once_more(
    service: Any, before: tuple[int, ...]
) -> None:
    assert service.run(always(*before, 401, page("a")), read) == ["a"]
    error, requests = service.run(always(*before, 401), refusal)
    assert (error.status, requests) == (401, len(before) + 2)


# Bodies


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"<html>",
        b"\xff",
        b"[]",
        b"{}",
        b'{"value": "x"}',
        b'{"value": null}',
        b'{"value": ' + b"[" * 100_000,
        b'{"x": ' + b"[" * 100_000,
        b'{"value": [], "nextLink": {}}',
    ],
    ids=lambda body: str(body[:20]),
)
def test_a_body_that_makes_no_sense_is_tried_again_and_then_a_gap(
    service: Any, body: bytes
) -> None:
    assert service.run(always(body, page("a")), read) == ["a"]
    error, requests = service.run(always(body), refusal)
    assert error.reason.startswith("malformed response")
    assert (error.status, requests) == (200, QUICK.attempts)


def test_a_next_link_that_is_no_text_is_malformed(service: Any) -> None:
    error, _ = service.run(always({"value": [], "nextLink": 7}), refusal)
    assert error.reason.startswith("malformed response")


def test_items_come_as_received(service: Any) -> None:
    body = b'{"value": [ {"id":"a",  "n": 1.10}, "text", null, [1] ]}'

    async def use(session: Any, _: Any) -> list[bytes]:
        return [bytes(item) async for page in session.pages(LIST) for item in page]

    expected = [b'{"id":"a",  "n": 1.10}', b'"text"', b"null", b"[1]"]
    assert service.run(always(body), use) == expected


def test_compressed_answers_are_understood(service: Any) -> None:
    async def answer(request: web.Request) -> web.StreamResponse:
        assert "gzip" in request.headers["Accept-Encoding"]
        body = gzip.compress(json.dumps(page("a")).encode())
        return web.Response(body=body, headers={"Content-Encoding": "gzip"})

    assert service.run(answer, read) == ["a"]


@pytest.mark.parametrize("encoding", ["gzip", "identity"])
def test_an_answer_that_is_too_large_is_not_read(
    service: Any, monkeypatch: pytest.MonkeyPatch, encoding: str
) -> None:
    monkeypatch.setattr("scanner.arm.transport.LARGEST_BODY", 1 << 20)
    body = b" " * ((1 << 20) + 1)
    sent = gzip.compress(body) if encoding == "gzip" else body
    answer = always(sent, headers={"Content-Encoding": encoding})
    error, requests = service.run(answer, refusal)
    assert error.reason == "the answer is larger than 1048576 bytes"
    assert (error.status, requests) == (200, 1)


def test_an_answer_that_cannot_be_inflated_is_malformed(service: Any) -> None:
    answer = always(b"no gzip", headers={"Content-Encoding": "gzip"})
    error, requests = service.run(answer, refusal)
    assert error.reason.startswith("malformed response")
    assert requests == QUICK.attempts


# Connections


async def broken(request: web.Request) -> web.StreamResponse:
    assert request.transport is not None
    request.transport.abort()
    return web.Response()


async def cut(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse()
    response.content_length = 1000
    await response.prepare(request)
    await response.write(b'{"value": [')
    assert request.transport is not None
    request.transport.close()
    return response


@pytest.mark.parametrize("answer", [broken, cut])
def test_a_broken_connection_is_tried_again(service: Any, answer: Answer) -> None:
    error, requests = service.run(answer, refusal)
    assert error.reason.startswith("the connection failed")
    assert error.status is None
    # aiohttp itself asks again at once where a connection broke without an answer.
    assert requests in (QUICK.attempts, 2 * QUICK.attempts)


async def late(_: web.Request) -> web.StreamResponse:
    await asyncio.sleep(1)
    return web.json_response(page("a"))


async def trickling(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse()
    await response.prepare(request)
    while True:
        await response.write(b" ")
        await asyncio.sleep(0.02)


@pytest.mark.parametrize("answer", [late, trickling])
def test_an_attempt_must_end_some_day(service: Any, answer: Answer) -> None:
    limits = replace(QUICK, attempts=2, request_timeout=0.2)
    error, requests = service.run(answer, refusal, limits)
    assert "no whole answer within 0.2 s" in error.reason
    assert requests == 2


def test_silence_is_not_waited_out(service: Any) -> None:
    limits = replace(QUICK, attempts=2, read_timeout=0.2)
    error, requests = service.run(late, refusal, limits)
    assert error.reason.startswith("the connection failed")
    assert requests == 2


def test_a_host_that_is_not_there_is_given_up(service: Any) -> None:
    async def use(session: Any, server: Any) -> ReadError:
        nowhere = replace(server.cloud, resource_manager="https://127.0.0.1:9")
        lost = Session(server.wire, nowhere, session._credential, None)
        with pytest.raises(ReadError) as caught:
            await ids(lost)
        return caught.value

    error = service.run(always(200), use)
    assert error.reason.startswith("the connection failed: 127.0.0.1:9: ")
    assert "127.0.0.1:9: Service" not in error.reason


def test_a_host_that_nobody_known_vouches_for(service: Any, tmp_path: Path) -> None:
    async def use(session: Any, server: Any) -> ReadError:
        server_context(tmp_path / "another-ca.pem")
        strange = replace(server.cloud, ca_bundle=tmp_path / "another-ca.pem")
        async with open_wire(strange, QUICK) as wire:
            lost = Session(wire, strange, session._credential, None)
            with pytest.raises(ReadError) as caught:
                await ids(lost)
        return caught.value

    error = service.run(always(200), use)
    assert "its certificate is not trusted" in error.reason
    assert "`ca_bundle`" in error.reason


def test_connections_are_used_again(service: Any) -> None:
    async def use(session: Any, server: Any) -> set[int]:
        for _ in range(20):
            await ids(session)
        return {each.connection for each in server.seen}

    assert len(service.run(always(page("a")), use)) == 1


def test_no_more_are_under_way_than_allowed(service: Any) -> None:
    now, most = 0, 0

    async def answer(_: web.Request) -> web.StreamResponse:
        nonlocal now, most
        now += 1
        most = max(most, now)
        await asyncio.sleep(0.02)
        now -= 1
        return web.json_response(page("a"))

    async def use(session: Any, server: Any) -> int:
        await asyncio.gather(*(ids(session) for _ in range(20)))
        return len({each.connection for each in server.seen})

    connections = service.run(answer, use, replace(QUICK, in_flight=4))
    assert most == 4
    assert connections == 4


# Requests


def test_each_attempt_has_a_name_of_its_own(service: Any) -> None:
    async def use(session: Any, server: Any) -> list[Any]:
        await ids(session)
        return [each.headers for each in server.seen]

    headers = service.run(always(503, page("a")), use)
    assert len({each["x-ms-client-request-id"] for each in headers}) == 2
    for each in headers:
        assert each["User-Agent"].startswith("tenant-posture/")
        assert each["Accept"] == "application/json"
        assert each["Authorization"] == "Bearer a.token"
        assert "Cookie" not in each


def test_cookies_are_not_kept(service: Any) -> None:
    async def use(session: Any, server: Any) -> list[bool]:
        await ids(session)
        await ids(session)
        return ["Cookie" in each.headers for each in server.seen]

    answer = always(page("a"), headers={"Set-Cookie": "a=b"})
    assert service.run(answer, use) == [False, False]


async def query(session: Any, server: Any) -> Any:
    rows = await session.query("resources | count", ["one", "two"])
    return rows, [(each.method, each.path, each.body) for each in server.seen]


def test_a_query_names_its_subscriptions(service: Any) -> None:
    rows, seen = service.run(always({"data": [{"count_": 1}]}), query)
    assert rows == [{"count_": 1}]
    [(method, path, body)] = seen
    assert method == "POST"
    assert path.startswith("/providers/Microsoft.ResourceGraph/resources?")
    assert json.loads(body) == {
        "subscriptions": ["one", "two"],
        "query": "resources | count",
        "options": {"$top": LARGEST_ANSWER, "resultFormat": "objectArray"},
    }


def test_half_an_answer_is_none(service: Any) -> None:
    answer = always({"data": [{}], "resultTruncated": "true"})
    with pytest.raises(ReadError, match="truncated"):
        service.run(answer, query)


async def rows(session: Any, server: Any) -> Any:
    found = [page async for page in session.rows("t | project id", ["one"])]
    options = [json.loads(each.body)["options"] for each in server.seen]
    return found, [each.get("$skipToken") for each in options]


def test_rows_come_in_pages(service: Any) -> None:
    async def answer(request: Any) -> Any:
        token = (await request.json())["options"].get("$skipToken")
        more = {} if token else {"$skipToken": "2"}
        return web.json_response({"data": [{"id": f"/{token}"}], **more})

    found, tokens = service.run(answer, rows)
    assert [bytes(row) for page in found for row in page] == [
        b'{"id": "/None"}',
        b'{"id": "/2"}',
    ]
    assert tokens == [None, "2"]


def test_rows_end_some_day(service: Any) -> None:
    async def answer(request: Any) -> Any:
        token = (await request.json())["options"].get("$skipToken", "")
        return web.json_response({"data": [], "$skipToken": f"{token}1"})

    with pytest.raises(ReadError, match="goes on after 7 pages"):
        service.run(answer, rows, replace(QUICK, pages=7))


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ({"data": [], "$skipToken": "1"}, "already read"),
        ({"data": [], "resultTruncated": "true"}, "truncated"),
    ],
)
def test_rows_that_break_off(service: Any, answer: Any, said: str) -> None:
    with pytest.raises(ReadError, match=said):
        service.run(always(answer), rows)


def test_the_quota_of_queries_is_waited_for(service: Any) -> None:
    headers = {
        "x-ms-user-quota-remaining": "0",
        "x-ms-user-quota-resets-after": "00:00:01",
    }
    refused = True

    async def answer(_: web.Request) -> web.StreamResponse:
        nonlocal refused
        if refused:
            refused = False
            return web.Response(status=429, headers=headers)
        return web.json_response({"data": []})

    async def use(session: Any, server: Any) -> list[float]:
        asked = asyncio.ensure_future(query(session, server))
        while refused:
            await asyncio.sleep(0.01)
        await ids_of_nothing(session)  # lists have another budget
        await asked
        return [each.at for each in server.seen]

    async def ids_of_nothing(session: Any) -> None:
        with pytest.raises(ReadError):
            await ids(session)

    times = service.run(answer, use)
    assert times[1] - times[0] < 0.9
    assert times[-1] - times[0] >= 1
