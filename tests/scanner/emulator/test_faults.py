"""Each kind of fault, as a client that knows nothing of Azure sees it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, get_args

import aiohttp
import msgspec
import pytest

from scanner.emulator import Emulator, faults
from scanner.emulator.faults import FaultsError, read_faults
from scanner.model.coverage import Gap

SUB = "/subscriptions/bbbbbbbb-0000-4000-8000-000000000001"
SECOND = "/subscriptions/bbbbbbbb-0000-4000-8000-000000000002"
TYPE = "Microsoft.CognitiveServices/accounts"
ACCOUNTS = f"{SUB}/providers/{TYPE}"
ACCOUNT = f"{SUB}/resourceGroups/rg0/providers/{TYPE}/openai-0"

Get = Callable[..., Any]
Serve = Callable[..., Emulator]


def codes(answers: list[Any]) -> list[int]:
    return [answer.status for answer in answers]


def test_status(serve: Serve, get: Get) -> None:
    fault = faults.Status(
        status=429,
        code="TooManyRequests",
        message="slow down",
        retry_after=7,
        headers={"x-ms-failure-cause": "service"},
    )
    answer = get(serve(faults=(fault,)), ACCOUNTS)
    assert (answer.status, answer.code) == (429, "TooManyRequests")
    assert answer.headers["Retry-After"] == "7"
    assert answer.headers["x-ms-failure-cause"] == "service"


@pytest.mark.parametrize(
    ("form", "content"),
    [
        ("arm", {"error": {"code": "C", "message": "M"}}),
        ("bare", {"code": "C", "message": "M"}),
        (
            "odata",
            {"odata.error": {"code": "C", "message": {"lang": "en", "value": "M"}}},
        ),
    ],
)
def test_error_bodies_in_json(serve: Serve, get: Get, form: Any, content: Any) -> None:
    fault = faults.Status(status=503, code="C", message="M", body=form)
    assert get(serve(faults=(fault,)), ACCOUNTS).json == content


def test_other_error_bodies(serve: Serve, get: Get) -> None:
    forms: tuple[Any, ...] = ("web", "html", "text", "empty")
    azure = serve(
        faults=tuple(
            faults.Status(status=500, code="C", message="<M>", body=form, times=1)
            for form in forms
        )
    )
    web, html, text, empty = get(azure, *[ACCOUNTS] * 4)
    assert (web.json["Code"], web.json["Message"]) == ("C", "<M>")
    assert "&lt;M&gt;" in html.body.decode()
    assert html.headers["Content-Type"].startswith("text/html")
    assert (text.body, empty.body) == (b"<M>", b"")


def test_reset(serve: Serve, get: Get) -> None:
    # The client tries a second time by itself where a kept connection breaks.
    azure = serve(faults=(faults.Reset(times=2),))
    broken, whole = get(azure, ACCOUNTS, ACCOUNTS)
    assert isinstance(broken, aiohttp.ClientError)
    assert whole.status == 200


def test_hang(serve: Serve, get: Get) -> None:
    azure = serve(faults=(faults.Hang(seconds=0.2),))
    began = time.monotonic()
    assert get(azure, ACCOUNTS).status == 200
    assert time.monotonic() - began >= 0.2


def test_an_emulator_ends_while_an_answer_hangs(serve: Serve, get: Get) -> None:
    azure = serve(faults=(faults.Hang(times=1),))
    hung, whole = get(azure, ACCOUNTS, ACCOUNTS, seconds=0.2)
    assert isinstance(hung, TimeoutError)
    assert whole.status == 200


def test_slow(serve: Serve, get: Get) -> None:
    azure = serve(faults=(faults.Slow(seconds=0.2),))
    began = time.monotonic()
    assert len(get(azure, ACCOUNTS).names) == 5
    assert time.monotonic() - began >= 0.2


def test_truncate(serve: Serve, get: Get) -> None:
    azure = serve(faults=(faults.Truncate(times=1),))
    broken, whole = get(azure, ACCOUNTS, ACCOUNTS)
    assert isinstance(broken, aiohttp.ClientPayloadError)
    assert whole.status == 200


@pytest.mark.parametrize("form", ["json", "cut", "empty"])
def test_no_json(serve: Serve, get: Get, form: Any) -> None:
    answer = get(serve(faults=(faults.Malformed(form=form),)), ACCOUNTS)
    assert answer.status == 200
    with pytest.raises(msgspec.DecodeError):
        msgspec.json.decode(answer.body)


def test_not_a_list(serve: Serve, get: Get) -> None:
    forms: tuple[Any, ...] = ("object", "value", "list")
    each = tuple(faults.Malformed(form=form, times=1) for form in forms)
    listed, empty, text = get(serve(faults=each), *[ACCOUNTS] * 3)
    assert isinstance(listed.json, list)
    assert "value" not in empty.json
    assert isinstance(text.json["value"], str)


@pytest.mark.parametrize(
    ("fault", "item"),
    [
        (faults.Malformed(form="item", to=3), 3),
        (faults.Malformed(form="item", field="id", drop=True), None),
        (
            faults.Malformed(form="item", field="properties.networkAcls", to=[]),
            {"provisioningState": "Succeeded", "networkAcls": []},
        ),
        (
            faults.Malformed(form="item", field="properties.a.b", to="c"),
            {
                "provisioningState": "Succeeded",
                "networkAcls": {"ipRules": []},
                "a": {"b": "c"},
            },
        ),
    ],
)
def test_one_item(serve: Serve, get: Get, fault: faults.Malformed, item: Any) -> None:
    found = get(serve(faults=(fault,)), ACCOUNTS).json["value"]
    assert [each["name"] for each in found[1:]] == [f"openai-{n}" for n in range(1, 5)]
    match fault.field:
        case "":
            assert found[0] == item
        case "id":
            assert found[0].get("id") is item
        case _:
            assert found[0]["properties"] == item


def test_next_links(serve: Serve, get: Get) -> None:
    azure = serve(
        page_size=2,
        faults=(
            faults.ForeignNextLink(to="https://elsewhere.example", times=1),
            faults.HttpNextLink(times=1),
            faults.RepeatNextLink(times=1),
        ),
    )
    foreign, plain, repeated = (
        answer.json["nextLink"] for answer in get(azure, *[ACCOUNTS] * 3)
    )
    assert foreign.startswith(f"https://elsewhere.example{ACCOUNTS}?")
    assert plain.startswith(azure.url.replace("https:", "http:"))
    assert repeated == f"{azure.url}{ACCOUNTS}?api-version=2025-09-01"


@pytest.mark.parametrize("status", [200, 403])
def test_what_was_refused_can_go_wrong_too(serve: Serve, get: Get, status: int) -> None:
    forms: tuple[Any, ...] = get_args(faults.Form)
    rules = (
        faults.RepeatNextLink(times=1),
        faults.Malformed(form="item", item=9, field="id", times=1),
        *(faults.Malformed(form=form, times=1) for form in forms),
    )
    gap = Gap(
        tenant_id="",
        scope=SECOND,
        resource_type=TYPE,
        operation="",
        reason="no",
        http_status=status,
    )
    refused = ACCOUNTS.replace(SUB, SECOND)
    answers = get(serve(gap, faults=rules), *[refused] * len(rules))
    assert codes(answers) == [status] * len(rules)


def test_redirect(serve: Serve, get: Get) -> None:
    answer = get(serve(faults=(faults.Redirect(),)), ACCOUNTS)
    assert answer.status == 307
    assert answer.headers["Location"].startswith("https://elsewhere.invalid/sub")


def test_expired_token(serve: Serve, get: Get) -> None:
    azure = serve(faults=(faults.ExpiredToken(after=1),))
    before, *after = get(azure, *[ACCOUNTS] * 3)
    assert before.status == 200
    assert [each.code for each in after] == ["ExpiredAuthenticationToken"] * 2
    assert get(azure, ACCOUNTS).status == 200


def test_a_tokens_own_end(serve: Serve, get: Get) -> None:
    answer = get(serve(token_lifetime=0), ACCOUNTS)
    assert (answer.status, answer.code) == (401, "ExpiredAuthenticationToken")


@pytest.mark.parametrize(
    ("match", "expected"),
    [
        ({}, [503] * 5),
        ({"type": TYPE.upper()}, [503, 503, 200, 503, 503]),
        ({"type": "Microsoft.Storage/storageAccounts"}, [200] * 5),
        ({"scope": SUB.upper()}, [503, 503, 503, 503, 200]),
        ({"scope": SUB[:-1]}, [200] * 5),
        ({"path": "*/PROVIDERS/*/accounts"}, [503, 503, 200, 200, 503]),
        ({"path": ACCOUNT}, [200, 200, 200, 503, 200]),
        ({"method": "post"}, [200] * 5),
        ({"page": 2}, [200, 503, 200, 200, 200]),
        ({"after": 1, "times": 2}, [200, 503, 503, 200, 200]),
    ],
)
def test_matching(serve: Serve, get: Get, match: Any, expected: list[int]) -> None:
    azure = serve(page_size=2, faults=(faults.Status(status=503, **match),))
    answers = get(
        azure,
        ACCOUNTS,
        f"{ACCOUNTS}?$skiptoken=2",
        SUB,
        ACCOUNT,
        ACCOUNTS.replace(SUB, SECOND),
    )
    assert codes(answers) == expected


def test_the_first_rule_that_is_due_decides(serve: Serve, get: Get) -> None:
    rules = (
        faults.Status(status=500, times=1),
        faults.Status(status=502, times=1),
    )
    assert codes(get(serve(faults=rules), *[ACCOUNTS] * 3)) == [500, 502, 200]


def test_sign_in_fails_only_where_a_rule_names_it(serve: Serve) -> None:
    fault = faults.Status(status=503, body="html", path="*/oauth2/v2.0/token")
    azure = serve(faults=(fault,))

    async def run() -> int:
        url = f"{azure.url}/{azure.address.tenants[0]}/oauth2/v2.0/token"
        async with (
            aiohttp.ClientSession() as session,
            session.post(url, data={}, ssl=False) as response,
        ):
            return response.status

    assert asyncio.run(run()) == 503


EVERY_KIND = """
[[fault]]
kind = "status"
method = "GET"
path = "*/accounts"
type = "Microsoft.CognitiveServices/accounts"
scope = "/subscriptions/x"
page = 2
after = 1
times = 3
status = 429
code = "TooManyRequests"
message = "later"
retry_after = 5
headers = { "x-ms-failure-cause" = "gateway" }
body = "html"

[[fault]]
kind = "malformed"
form = "item"
item = 2
field = "properties.networkAcls"
to = ["a list"]
"""


def test_file(tmp_path: Path) -> None:
    kinds = (
        "reset",
        "hang",
        "slow",
        "truncate",
        "foreign-next-link",
        "repeat-next-link",
        "http-next-link",
        "expired-token",
        "token",
        "redirect",
    )
    path = tmp_path / "faults.toml"
    others = "".join(f'[[fault]]\nkind = "{kind}"\n' for kind in kinds)
    path.write_text(EVERY_KIND + others)
    status, malformed, *rest = read_faults(path)
    assert isinstance(status, faults.Status)
    assert (status.status, status.retry_after, status.body) == (429, 5, "html")
    assert isinstance(malformed, faults.Malformed)
    assert malformed.to == ["a list"]
    assert len({type(each) for each in rest}) == len(kinds)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[[fault]", "is no file of faults"),
        (
            '[[fault]]\nkind = "staus"',
            r"Invalid value 'staus' - at `\$.fault\[0\].kind`",
        ),
        (
            '[[fault]]\nkind = "status"',
            r"missing required field `status` - at `\$.fault\[0\]`",
        ),
        (
            '[[fault]]\nkind = "reset"\n[[fault]]\nkind = "hang"\nseconds = "long"',
            r"Expected `float`, got `str` - at `\$.fault\[1\].seconds`",
        ),
        (
            '[[fault]]\nkind = "reset"\ntiems = 3',
            r"unknown field `tiems` - at `\$.fault\[0\]`",
        ),
        ("[[faults]]", "unknown field `faults`"),
    ],
)
def test_file_errors_are_precise(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "faults.toml"
    path.write_text(text)
    with pytest.raises(FaultsError, match=message) as raised:
        read_faults(path)
    assert str(path) in str(raised.value)


def test_no_file(tmp_path: Path) -> None:
    with pytest.raises(FaultsError, match="No such file"):
        read_faults(tmp_path / "none.toml")
