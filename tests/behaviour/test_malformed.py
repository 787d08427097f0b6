"""Odd and hostile data costs the item or the field it is in, and harms nobody."""

from __future__ import annotations

import csv
import json
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from html.parser import HTMLParser
from typing import Any

import pytest

from scanner.cli.failure import Exit
from scanner.collect.assemble import assemble
from scanner.demo import TENANT_ID, parents
from scanner.emulator import Estate, Options
from scanner.emulator.background import in_thread
from scanner.emulator.estate import Tenant
from scanner.emulator.faults import Malformed, Status
from scanner.model.cognitive import CognitiveAccount
from scanner.model.coverage import Reading
from scanner.model.resource import Record

Row = dict[str, Any]
Ledger = tuple[list[Record], list[Reading]]

ACCOUNTS = CognitiveAccount.type
SANDBOX = "/subscriptions/70f7b743-38f0-4298-b584-19bf9ce69cfb"
UNREAD = "not-assessed"


@pytest.fixture
def ledger(demo_bodies: tuple[Mapping[str, Any], ...]) -> Ledger:
    return assemble(demo_bodies, TENANT_ID, parents())


@pytest.fixture
def first(ledger: Ledger) -> Record:
    """Return the account that comes first in the list of the sandbox."""
    return next(each for each in ledger[0] if _is_account(each))


def _is_account(record: Record) -> bool:
    return record.type == ACCOUNTS and record.scope == SANDBOX


def _of(bench: Any, records: list[Record], readings: list[Reading]) -> Any:
    """Return the bench with other records."""
    tenant = Tenant.of(TENANT_ID, records, readings)
    return replace(bench, estate=Estate((tenant,)))


def _assert_only(calm: Any, day: Any, resource_id: str) -> None:
    """Hold that only answers that a resource plays a part in are other ones."""
    for key, row in day.rows.items():
        if row["resource_id"] == resource_id:
            usual = calm.rows[key]["status"] if key in calm.rows else UNREAD
            assert row["status"] in {UNREAD, usual, "not-applicable"}, row["reason"]
        elif row["status"] != UNREAD:
            assert row["status"] == calm.rows[key]["status"], row["reason"]
    for key in calm.rows.keys() - day.rows.keys():
        assert key[1].startswith(resource_id.lower()), key


# Items

ITEMS: dict[str, Any] = {
    "number": 3,
    "text": "text",
    "null": None,
    "list": [],
    "empty": {},
    "id is a number": {"id": 3},
    "id is empty": {"id": ""},
    "id is a slash": {"id": "/"},
    "id is null": {"id": None, "properties": {}},
    "id of another subscription": {
        "id": f"/subscriptions/elsewhere/providers/{ACCOUNTS}/a"
    },
    "id at the tenant": {"id": f"/providers/{ACCOUNTS}/a"},
    "id with the scope as a prefix": {"id": f"{SANDBOX}0/providers/{ACCOUNTS}/a"},
}


@pytest.mark.parametrize("item", ITEMS)
def test_an_item_that_is_no_resource(
    calm: Any, bench: Any, first: Record, item: str
) -> None:
    fault = Malformed(form="item", type=ACCOUNTS, scope=SANDBOX, to=ITEMS[item])
    day = bench.scan(fault)
    assert day.exit is Exit.INCOMPLETE
    (gap,) = day.gaps
    assert (gap["scope"], gap["resource_type"]) == (SANDBOX, ACCOUNTS)
    assert gap["reason"].startswith("malformed: item 1 ")
    _assert_only(calm, day, first.id)
    assert first.id not in {row["resource_id"] for row in day.document["results"]}


def test_every_item_of_a_list(calm: Any, bench: Any, ledger: Ledger) -> None:
    records, readings = ledger
    accounts = [each for each in records if _is_account(each)]
    odd = [replace(accounts[0], body=b"3") for _ in range(25)]
    day = _of(bench, [*records, *odd], readings).scan()
    assert day.exit is Exit.INCOMPLETE
    # Named one by one up to a point, then counted.
    assert len(day.gaps) == 11
    assert any("25 items in all" in gap["reason"] for gap in day.gaps)
    assert calm.rows.keys() <= day.rows.keys()


RAW = {
    "a number too long": b'"properties":{"n":%s}' % (b"9" * 5000),
    "a number too large": b'"properties":{"n":1e999}',
    "bytes that are no text": b'"name":"\xff"',
}


@pytest.mark.parametrize("raw", RAW)
def test_an_item_that_cannot_be_parsed(
    calm: Any, bench: Any, ledger: Ledger, first: Record, raw: str
) -> None:
    records, readings = ledger
    odd = replace(first, body=b'{"id":"%s-odd",%s}' % (first.id.encode(), RAW[raw]))
    day = _of(bench, [*records, odd], readings).scan()
    (gap,) = day.gaps
    assert gap["reason"].startswith("malformed: item ")
    assert gap["reason"].endswith(" is no JSON")
    _assert_only(calm, day, odd.id)
    assert calm.rows.keys() <= day.rows.keys()


def test_nesting_without_end_costs_the_list(
    calm: Any, bench: Any, ledger: Ledger, first: Record
) -> None:
    records, readings = ledger
    deep = b'{"id":"x","properties":%s}' % (b"[" * 100_000 + b"]" * 100_000)
    day = _of(bench, [*records, replace(first, body=deep)], readings).scan()
    (gap,) = day.gaps
    assert (gap["scope"], gap["http_status"]) == (SANDBOX, 200)
    assert gap["reason"].startswith("malformed response: ")


def test_the_same_resource_twice_is_one(
    calm: Any, bench: Any, ledger: Ledger, first: Record
) -> None:
    records, readings = ledger
    # Were it read twice at once, the pages below it would come mixed up.
    day = _of(bench, [*records, first], readings).scan(page_size=1)
    assert (day.exit, day.contract) == (Exit.CLEAN, calm.contract)


def test_the_same_subscription_twice_is_one(
    calm: Any, bench: Any, ledger: Ledger
) -> None:
    records, readings = ledger
    again = [each for each in records if each.type.endswith("/subscriptions")]
    day = _of(bench, [*records, *again], readings).scan(page_size=1)
    assert (day.exit, day.contract) == (Exit.CLEAN, calm.contract)


def test_two_resources_with_one_id(
    calm: Any, bench: Any, ledger: Ledger, first: Record
) -> None:
    records, readings = ledger
    body = json.dumps({"id": first.id.upper(), "properties": {}}).encode()
    day = _of(bench, [*records, replace(first, body=body)], readings).scan()
    (gap,) = day.gaps
    assert "has the id of another" in gap["reason"]
    _assert_only(calm, day, first.id)
    assert calm.rows.keys() <= day.rows.keys()


# Fields

FIELDS: dict[str, Any] = {
    "properties": None,
    "kind": 3,
    "identity": "SystemAssigned",
    "properties.allowedFqdnList": "example.com",
    "properties.disableLocalAuth": "true",
    "properties.restrictOutboundNetworkAccess": 1,
    "properties.networkAcls": "Deny",
    "properties.networkAcls.ipRules": "203.0.113.7",
    "properties.networkAcls.defaultAction": ["Deny"],
    "properties.privateEndpointConnections": {"id": "x"},
    "properties.publicNetworkAccess": False,
    "properties.customSubDomainName": {"name": "x"},
    "properties.provisioningState": [],
}


@pytest.mark.parametrize("field", FIELDS)
def test_a_field_of_another_type(
    calm: Any, bench: Any, first: Record, field: str
) -> None:
    fault = Malformed(
        form="item", type=ACCOUNTS, scope=SANDBOX, field=field, to=FIELDS[field]
    )
    day = bench.scan(fault)
    _assert_only(calm, day, first.id)
    for gap in day.gaps:
        assert gap["scope"] == first.id
        assert gap["reason"].startswith("malformed: ")
        assert gap["checks"]
    assert day.exit is Exit.INCOMPLETE
    assert day.gaps


def test_a_location_that_is_none_decides_nothing(
    calm: Any, bench: Any, first: Record
) -> None:
    fault = Malformed(
        form="item", type=ACCOUNTS, scope=SANDBOX, field="location", to=[]
    )
    day = bench.scan(fault)
    assert day.exit is Exit.CLEAN
    assert [row["status"] for row in day.document["results"]] == [
        row["status"] for row in calm.document["results"]
    ]


MORE: dict[str, Any] = {
    "properties.unheardOf": {"a": [1, None, {"b": "c"}]},
    "properties.size": 2**63 - 1,
    "properties.ratio": 1.7976931348623157e308,
    "zones": None,
    "properties.tagged": "x" * 100_000,
}


@pytest.mark.parametrize("field", MORE)
def test_what_nobody_asks_about(calm: Any, bench: Any, field: str) -> None:
    fault = Malformed(form="item", type=ACCOUNTS, field=field, to=MORE[field])
    day = bench.scan(fault)
    assert (day.exit, day.contract) == (Exit.CLEAN, calm.contract)


# Hostile text

BIDI = "\u202egnp.exe\u202c"
HOSTILE = {
    "formula": "=cmd|'C calc'!A0",
    "formula with at": '@SUM(1+1)*"evil"',
    "formula with minus": "-2+3",
    "markup": "<img src=x onerror=alert(1)>",
    "script": "</script><script>alert(1)</script>",
    "attribute": '" onmouseover="alert(1)',
    "colours": "\x1b[31mred\x1b[0m \x1b]0;title\x07",
    "eight bits": "\x9b31m",
    "rich": "[bold red]x[/nope]",
    "bidi": BIDI,
    "lines": "one\r\ntwo\nthree\u2028four",
    "workflow": "::error file=x::y",
    "null": "a\x00b",
}


def _named(text: str) -> str:
    """Return text as a name: the last segment of an id."""
    return text.replace("/", "")


def _accounts(text: str) -> Iterator[Mapping[str, Any]]:
    account = f"{SANDBOX}/resourceGroups/rg-{_named(text)}/providers/{ACCOUNTS}"
    yield {
        "id": f"{account}/{_named(text)}",
        "name": text,
        "kind": "AIServices",
        "location": text,
        "tags": {text: text},
        "properties": {
            "provisioningState": text,
            "allowedFqdnList": [text],
            "restrictOutboundNetworkAccess": True,
            "networkAcls": {"defaultAction": text, "ipRules": [{"value": text}]},
            "publicNetworkAccess": text,
            "customSubDomainName": text,
        },
    }


def _estate(text: str) -> Estate:
    subscription = {
        "id": SANDBOX,
        "subscriptionId": SANDBOX.rpartition("/")[2],
        "displayName": text,
        "state": "Enabled",
    }
    assignment = {
        "id": f"{SANDBOX}/providers/Microsoft.Authorization/roleAssignments/one",
        "properties": {"condition": text, "description": text, "scope": SANDBOX},
    }
    bodies: list[Mapping[str, Any]] = [subscription, assignment, *_accounts(text)]
    return Estate((Tenant.of(TENANT_ID, *assemble(bodies, TENANT_ID)),))


@pytest.fixture(params=HOSTILE)
def hostile(
    request: pytest.FixtureRequest, bench: Any, posture: Callable[..., Any]
) -> Any:
    """Return what is told, and what is left, of an estate full of hostile text."""
    text = HOSTILE[request.param]
    refusal = Status(
        status=403,
        code=text,
        message=text,
        type="Microsoft.Storage/storageAccounts",
        headers={},
    )
    directory = bench.new_path("run")
    with in_thread(_estate(text), Options(faults=(refusal,))) as azure:
        signed_in = (
            "--cloud",
            bench.sign_in_to(azure.address),
            "--auth",
            "environment",
        )
        told = posture(
            *("scan", *signed_in, "--output", directory, "--fail-on", "never"),
        )
        doctor = posture("doctor", *signed_in)
        unknown = posture(
            *("scan", *signed_in, "--subscription", "nowhere"),
            *("--output", bench.new_path("none")),
        )
    assert told.code == Exit.INCOMPLETE, told.err
    assert doctor.code == Exit.CLEAN, doctor.err
    assert (unknown.code, len(unknown.lines)) == (Exit.USAGE, 1), unknown.err
    return text, bench.opened(directory), (told, doctor, unknown)


def _is_plain(text: str) -> bool:
    """Whether nothing in a text steers what displays it."""
    return not any(
        unicodedata.category(each) in {"Cc", "Cf", "Zl", "Zp"} and each not in "\r\n"
        for each in text
    )


def test_hostile_text_is_harmless_everywhere(calm: Any, hostile: Any) -> None:
    text, day, told = hostile
    for each in told:
        assert _is_plain(each.out)
        assert _is_plain(each.err)
    _assert_harmless_tables(day)
    _assert_harmless_json(day, text)
    _assert_harmless_page(calm, day)


def _assert_harmless_tables(day: Any) -> None:
    for name in ("results.csv", "gaps.csv"):
        content = (day.directory / name).read_bytes().decode("utf-8-sig")
        assert _is_plain(content)
        rows = list(csv.reader(content.splitlines(keepends=True), strict=True))
        assert len({len(row) for row in rows}) == 1
        assert len(rows) > 1
        for cell in (cell for row in rows for cell in row):
            assert not cell.lstrip().startswith(("=", "+", "-", "@")), cell


def _assert_harmless_json(day: Any, text: str) -> None:
    assert _is_plain((day.directory / "results.json").read_text(encoding="utf-8"))
    values = [
        each["value"]
        for row in day.document["results"]
        for each in row["evidence"]
        if each["path"] == "properties.allowedFqdnList"
    ]
    assert [text] in values, "evidence is as received"


class _Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.scripts = 0
        self.handlers: list[str] = []
        self.tags: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.scripts += tag == "script"
        self.handlers += [name for name, _ in attrs if name.startswith("on")]


def _parsed(day: Any) -> _Page:
    page = _Page()
    page.feed((day.directory / "report.html").read_text(encoding="utf-8"))
    return page


def _assert_harmless_page(calm: Any, day: Any) -> None:
    content = (day.directory / "report.html").read_text(encoding="utf-8")
    assert _is_plain(content)
    usual, found = _parsed(calm), _parsed(day)
    assert found.scripts == usual.scripts
    assert found.handlers == usual.handlers
    assert "img" not in found.tags - usual.tags
    assert "<img src=x" not in content
