from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from scanner.emulator import Emulator
from scanner.model.coverage import Gap

TENANT = "aaaaaaaa-0000-4000-8000-000000000001"
SUB = "bbbbbbbb-0000-4000-8000-000000000001"
SECOND = "bbbbbbbb-0000-4000-8000-000000000002"
FOREIGN = "bbbbbbbb-0000-4000-8000-000000000003"
ACCOUNTS = "microsoft.cognitiveservices/accounts"
STORAGE = "microsoft.storage/storageaccounts"
PATH = "/providers/Microsoft.ResourceGraph/resources"
COUNT = (
    "resources | where type in~ ('Microsoft.CognitiveServices/accounts',"
    "'microsoft.storage/storageAccounts', 'microsoft.insights/diagnosticsettings') "
    "| summarize count_=count() by subscriptionId, type"
)

Send = Callable[..., Any]
Serve = Callable[..., Emulator]


def query(text: str, *subscriptions: str, **options: Any) -> dict[str, Any]:
    return {"query": text, "subscriptions": list(subscriptions), "options": options}


def gap(resource_type: str, scope: str, status: int) -> Gap:
    return Gap(
        tenant_id=TENANT,
        scope=f"/subscriptions/{scope}",
        resource_type=resource_type,
        operation="list",
        reason="no",
        http_status=status,
    )


def test_counts_what_resource_graph_knows(azure: Emulator, send: Send) -> None:
    asked = query(COUNT, SUB, SECOND, FOREIGN, **{"$top": 1000})
    answer = send(azure, "POST", PATH, asked)
    assert answer.json["data"] == [
        {"subscriptionId": SUB, "type": ACCOUNTS, "count_": 5},
        {"subscriptionId": SUB, "type": STORAGE, "count_": 1},
    ]
    assert answer.json["totalRecords"] == 2
    assert answer.json["resultTruncated"] == "false"
    assert answer.headers["x-ms-user-quota-remaining"] == "14"
    assert answer.headers["x-ms-user-quota-resets-after"] == "00:00:05"


def test_tells_which_subscriptions_hold_anything(azure: Emulator, send: Send) -> None:
    by_type = "summarize count_=count() by subscriptionId, type"
    text = COUNT.replace(by_type, "distinct subscriptionId")
    answer = send(azure, "POST", PATH, query(text, SUB, SECOND, FOREIGN))
    assert answer.json["data"] == [{"subscriptionId": SUB}]
    assert answer.json["totalRecords"] == 1


def test_all_subscriptions_without_any_named(azure: Emulator, send: Send) -> None:
    assert len(send(azure, "POST", PATH, query(COUNT)).json["data"]) == 2


def test_what_is_refused_is_left_out(serve: Serve, send: Send) -> None:
    azure = serve(gap(ACCOUNTS, SECOND, 403), gap(STORAGE, SECOND, 500))
    answer = send(azure, "POST", PATH, query(COUNT, SECOND))
    assert answer.json["data"] == [
        {"subscriptionId": SECOND, "type": STORAGE, "count_": 1}
    ]


def test_an_answer_too_long_is_cut_and_says_so(azure: Emulator, send: Send) -> None:
    answer = send(azure, "POST", PATH, query(COUNT, SUB, **{"$top": 1}))
    assert answer.json["resultTruncated"] == "true"
    assert "$skipToken" not in answer.json


def test_projection_is_paged(azure: Emulator, send: Send) -> None:
    text = f"Resources | where type =~ '{ACCOUNTS}' | project id, name, kind"
    names: list[str] = []
    options: dict[str, Any] = {"$top": 2}
    while True:
        answer = send(azure, "POST", PATH, query(text, SUB, **options)).json
        names += [row["name"] for row in answer["data"]]
        if "$skipToken" not in answer:
            break
        options["$skipToken"] = answer["$skipToken"]
    assert names == [f"openai-{number}" for number in range(5)]


def test_nothing_readable(azure: Emulator, send: Send) -> None:
    assert send(azure, "POST", PATH, query(COUNT, FOREIGN)).status == 403


@pytest.mark.parametrize(
    "content", [{"query": "resources | limit 3"}, {"query": 3}, ["no query"]]
)
def test_other_queries_are_not_understood(
    azure: Emulator, send: Send, content: Any
) -> None:
    answer = send(azure, "POST", PATH, content)
    assert (answer.status, answer.code) == (400, "BadRequest")
    assert answer.json["error"]["details"][0]["code"] == "InvalidQuery"
