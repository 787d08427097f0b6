from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from checks.foundry_stores.targets import connection_target_known
from scanner.model.check import Status
from scanner.model.results import Result
from scanner.model.search import SearchService
from scanner.model.settings import Settings

if TYPE_CHECKING:
    from tests.checks.conftest import Verdicts


Body = dict[str, Any]

SUBSCRIPTION = "/subscriptions/bbbbbbbb-0000-0000-0000-000000000001"
ELSEWHERE = "/subscriptions/cccccccc-0000-0000-0000-000000000009"
PROVIDERS = f"{SUBSCRIPTION}/resourceGroups/rg/providers"
HUB = f"{PROVIDERS}/Microsoft.MachineLearningServices/workspaces/hub"
CONNECTION = f"{HUB}/connections/one"
SEARCH = f"{PROVIDERS}/Microsoft.Search/searchServices/find"
MODEL = f"{PROVIDERS}/Microsoft.CognitiveServices/accounts/model"
INSIGHTS = f"{PROVIDERS}/Microsoft.Insights/components/watch"
FOUND, STRANGER = "https://find.search.windows.net", "https://lost.search.windows.net/"
SHARED = "https://eastus.api.cognitive.microsoft.com/"
ABSENT = ...

PASS, FAIL, MANUAL = Status.PASS, Status.FAIL, Status.MANUAL
UNREAD, NONE = Status.NOT_ASSESSED, Status.NOT_APPLICABLE

OWN: tuple[Body, ...] = (
    {"id": HUB, "kind": "Hub", "properties": {}},
    {"id": SEARCH, "properties": {}},
    {
        "id": MODEL,
        "kind": "OpenAI",
        "properties": {"customSubDomainName": "model"},
    },
)


def connection(target: object, id: object = ABSENT, key: str = "ResourceId") -> Body:
    metadata = {"ApiType": "Azure", key: id}
    properties = {"authType": "AAD", "metadata": metadata, "target": target}
    return {"id": CONNECTION, "properties": properties}


def judged(verdicts: Verdicts, *bodies: Body, **more: Any) -> Result:
    results = verdicts(connection_target_known, *OWN, *bodies, **more)
    return results.only(CONNECTION)


@pytest.mark.parametrize(
    ("target", "id", "whole", "narrowed"),
    [
        (FOUND, SEARCH, PASS, PASS),
        (FOUND, SEARCH.upper(), PASS, PASS),
        ("https://model.openai.azure.com/", MODEL, PASS, PASS),
        (FOUND, ABSENT, PASS, PASS),
        (FOUND, None, PASS, PASS),
        (FOUND, "", PASS, PASS),
        (None, SEARCH, PASS, PASS),
        (ABSENT, SEARCH, PASS, PASS),
        ("_", SEARCH, PASS, PASS),
        (SHARED, MODEL, PASS, PASS),
        (FOUND, f"{SEARCH}2", FAIL, FAIL),
        (FOUND, SEARCH.replace(SUBSCRIPTION, ELSEWHERE), FAIL, UNREAD),
        (STRANGER, SEARCH, FAIL, UNREAD),
        (STRANGER, ABSENT, FAIL, UNREAD),
        (FOUND, MODEL, FAIL, FAIL),
        ("https://wiki.example.org/", ABSENT, MANUAL, MANUAL),
        ("https://wiki.example.org/", SEARCH, MANUAL, MANUAL),
        ("https://gate.azure-api.net/model", MODEL, FAIL, UNREAD),
        (SHARED, ABSENT, MANUAL, MANUAL),
        ("", INSIGHTS, MANUAL, MANUAL),
        ("", INSIGHTS.replace(SUBSCRIPTION, ELSEWHERE), FAIL, MANUAL),
        ("", "not an id", MANUAL, MANUAL),
        (None, ABSENT, NONE, NONE),
        (ABSENT, ABSENT, NONE, NONE),
        ("-", ABSENT, NONE, NONE),
        ("https://203.0.113.9/", SEARCH, MANUAL, MANUAL),
        ("https://203.0.113.9/", ABSENT, MANUAL, MANUAL),
        ("https://[2001:db8::1]/", SEARCH, MANUAL, MANUAL),
        ("https://localhost", SEARCH, MANUAL, MANUAL),
        ("https://user@evil.com/", SEARCH, MANUAL, MANUAL),
        (f"{FOUND}:443@evil.com/", SEARCH, MANUAL, MANUAL),
        (f"{FOUND}:443@evil.com/", ABSENT, MANUAL, MANUAL),
        (f"https://evil.com\\@{FOUND[8:]}", SEARCH, FAIL, UNREAD),
        ("https://raw.githubusercontent.com/evil", MODEL, MANUAL, MANUAL),
        (SHARED, SEARCH, MANUAL, MANUAL),
        (7, ABSENT, UNREAD, UNREAD),
        (FOUND, 7, UNREAD, UNREAD),
    ],
)
def test_where_connections_lead(
    verdicts: Verdicts, target: object, id: object, whole: Status, narrowed: Status
) -> None:
    one = connection(target, id)
    assert judged(verdicts, one).status is whole
    assert judged(verdicts, one, whole_tenant=False).status is narrowed


@pytest.mark.parametrize("key", ["resourceId", "ResourceID", "resourceid"])
def test_the_id_by_any_spelling_of_its_key(verdicts: Verdicts, key: str) -> None:
    one = connection(FOUND, f"{SEARCH}2", key)
    assert judged(verdicts, one).status is FAIL


def test_an_id_that_says_nothing_hides_no_other(verdicts: Verdicts) -> None:
    one = connection("_", SEARCH.replace(SUBSCRIPTION, ELSEWHERE), "ResourceId")
    metadata = one["properties"]["metadata"]
    one["properties"]["metadata"] = {"resourceid": None, **metadata}
    assert judged(verdicts, one).status is FAIL


def test_hosts_that_are_approved(verdicts: Verdicts) -> None:
    settings = Settings(approved_fqdns=("wiki.example.org", "lost.search.windows.net"))
    for target in ("https://wiki.example.org/", STRANGER):
        result = judged(verdicts, connection(target), settings=settings)
        assert result.status is PASS


def test_targets_unread(verdicts: Verdicts) -> None:
    unread = [(SearchService, SUBSCRIPTION)]
    for named in (SEARCH, ABSENT):
        result = judged(verdicts, connection(FOUND, named), unread=unread)
        assert result.status is UNREAD


def test_what_is_quoted_of_a_connection(verdicts: Verdicts) -> None:
    one = connection(
        "", f"{SUBSCRIPTION}/providers/Microsoft.Search/searchServices/\x1b[1m"
    )
    assert "\x1b" not in judged(verdicts, one).reason
