"""One wrong value in recorded data costs that value, one wrong item that item."""

from __future__ import annotations

import copy
import json
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from itertools import groupby, islice
from typing import Any

import pytest

from checks import ALL
from scanner.assess import assess
from scanner.collect.assemble import assemble
from scanner.collect.plan import below
from scanner.collect.read import RestOperation, itself
from scanner.collect.reads import BELOW, READS
from scanner.emulator import Estate
from scanner.emulator.estate import Tenant
from scanner.judge import Judge
from scanner.model.check import FINDINGS, Check, Status
from scanner.model.cloud import Suffixes
from scanner.model.coverage import Reading
from scanner.model.fields import declared_paths
from scanner.model.ids import ResourceId, id_key
from scanner.model.machinelearning import Workspace
from scanner.model.resource import Record, Resource
from scanner.model.resources import TENANT_TYPE, ManagementGroup, Subscription
from scanner.model.results import Result
from scanner.model.settings import Settings
from scanner.model.storage import StorageAccount
from scanner.model.tenant import Inventory
from scanner.snapshot.reader import Snapshot, load

READ_AT = datetime(2026, 9, 1, tzinfo=UTC)

Body = dict[str, Any]
Key = tuple[str, str]
Ledger = tuple[list[Record], list[Reading]]
Scan = Callable[..., Snapshot]

TENANT_ID = "c0c0c0c0-0000-4000-8000-000000000003"
INSIDE = re.compile(r"\[\]\.|\.\{\*\}\.")
"""Where a declared path goes into a list, or into an object by any key."""
OF_A_TYPE = 3
"""How many bodies of a type are taken beside those that are made odd."""

VIEWS = tuple(dict.fromkeys(read.of for read in READS))


@pytest.fixture(scope="module")
def sample(bodies: list[Body]) -> list[Body]:
    """Return the fullest bodies of each type, with all that they lie in.

    For each declared path there is one that has a value at it, if any was recorded.
    """
    everything = {id_key(body["id"]): body for body in bodies}
    kept: dict[str, Body] = {}
    for view in VIEWS:
        for body in fullest(view, bodies):
            kept |= {key: everything[key] for key in lineage(body["id"], everything)}
    scopes = {(each.type, id_key(each.scope)) for each in records_of(kept.values())}
    for record in records_of(bodies):
        for read, scope in below(record):
            if read.place is not itself and (read.of.type, id_key(scope)) in scopes:
                keys = lineage(record.id, everything)
                kept |= {key: everything[key] for key in keys}
    return list(kept.values())


def records_of(bodies: Iterable[Body]) -> list[Record]:
    return assemble(bodies, TENANT_ID)[0]


def fullest(view: type[Resource], bodies: list[Body]) -> Iterator[Body]:
    own = [body for body in bodies if type_of(body) == view.type.lower()]
    own.sort(key=lambda body: (-len(json.dumps(body)), body["id"]))
    yield from own[:OF_A_TYPE]
    for path in declared_paths(view):
        yield from islice((body for body in own if has_value(body, path)), 1)


def type_of(body: Body) -> str:
    return ResourceId.parse(body["id"]).type.lower()


def lineage(resource_id: str, everything: dict[str, Body]) -> Iterator[str]:
    """Yield a resource, what it is a child of, and its subscription, if known."""
    parts = ResourceId.parse(resource_id)
    subscription = f"/subscriptions/{parts.subscription}" if parts.subscription else ""
    for each in (resource_id, parts.parent, subscription):
        if id_key(each) in everything:
            yield id_key(each)
    if parts.type.count("/") > 1 and ResourceId.parse(parts.parent).type:
        yield from lineage(parts.parent, everything)


def judge(ledger: Ledger, checks: Sequence[Check[Any]] = ALL) -> dict[Key, Result]:
    return by_key(Judge(Opened(*ledger), Settings()).results(checks))


class Opened(Inventory):
    """A tenant that remembers which of its resources were looked into."""

    def __init__(self, records: Iterable[Record], readings: Iterable[Reading]) -> None:
        super().__init__(
            TENANT_ID,
            records,
            readings,
            read_at=READ_AT,
            suffixes=Suffixes(),
            whole_tenant=True,
        )
        self.opened = set[str]()
        parse = self.parse

        def noted(record: Record) -> Body:
            self.opened.add(record.id)
            return parse(record)

        self.parse = noted  # type: ignore[assignment]


def by_key(results: Iterator[Result]) -> dict[Key, Result]:
    return {(each.check.id, id_key(each.target.resource_id)): each for each in results}


def said(result: Result | None) -> tuple[Status, str] | None:
    return (result.status, result.reason) if result else None


# One value


@pytest.fixture(scope="module")
def untouched(sample: list[Body]) -> dict[Key, Result]:
    return judge(assemble(sample, TENANT_ID))


@pytest.fixture(scope="module")
def planned(sample: list[Body]) -> set[Key]:
    return planned_reads(assemble(sample, TENANT_ID))


def planned_reads(ledger: Ledger) -> set[Key]:
    """Return what a scan asks for: what it finds decides that too."""
    return {(each.resource_type, id_key(each.scope)) for each in ledger[1]}


@pytest.fixture(scope="module")
def lookers(sample: list[Body]) -> dict[str, list[Check[Any]]]:
    """Return the checks that look into each resource, by id.

    The others never come to its values, odd or not, and need not be asked again.
    """
    found: dict[str, list[Check[Any]]] = defaultdict(list)
    ledger = assemble(sample, TENANT_ID)
    for check in ALL:
        inventory = Opened(*ledger)
        asked = Judge(inventory, Settings())
        inventory.opened.clear()
        for _ in asked.results([check]):
            pass
        for resource_id in inventory.opened:
            found[resource_id].append(check)
    return found


def odd(value: Any) -> list[Any]:
    """Return values of types that the path of the given one never has."""
    return [["odd"]] if isinstance(value, str) else ["odd", *odd_lists(value)]


def odd_lists(value: Any) -> Iterator[list[Any]]:
    if isinstance(value, list):
        yield [*value, 7]


def places(body: Any, path: str) -> Iterator[tuple[Body, str, str]]:
    """Yield where a declared path has a value: its holder, the key, the exact path."""
    outer, *inner = INSIDE.split(path, maxsplit=1)
    *through, last = outer.split(".")
    for key in through:
        body = body.get(key) if isinstance(body, dict) else None
    if not isinstance(body, dict) or body.get(last) is None:
        return
    if not inner:
        yield body, last, outer
        return
    for step, item in items(body[last]):
        for holder, key, deeper in places(item, *inner):
            yield holder, key, f"{outer}[{step}].{deeper}"


def items(value: Any) -> Iterator[tuple[str, Any]]:
    """Yield what a list or an object holds, and how a path names each."""
    if isinstance(value, dict):
        yield from ((f"'{key}'", item) for key, item in value.items())
    else:
        yield from ((str(number), item) for number, item in enumerate(value))


def has_value(body: Body, path: str) -> bool:
    return next(places(body, path), None) is not None


def damaged(body: Body, path: str) -> Iterator[tuple[Body, str]]:
    """Yield a body with the first value at a path made odd, and where that was."""
    for holder, key, exact in islice(places(body, path), 1):
        for value in [None] if exact == "properties" else odd(holder[key]):
            changed = copy.deepcopy(body)
            first, own, _ = next(places(changed, path))
            first[own] = value
            yield changed, exact


CASES = [
    pytest.param(view.type, path, id=f"{view.type}~{path}")
    for view in VIEWS
    for path in dict.fromkeys((*declared_paths(view), "properties"))
    if path != "location"  # in no verdict, and in no report where it is odd
]


def reads(result: Result, resource_id: str, path: str) -> bool:
    """Whether a verdict was made with a value at, or inside, a path."""
    return any(
        id_key(each.resource_id) == id_key(resource_id) and covers(path, each.path)
        for each in result.evidence
    )


def covers(path: str, noted: str) -> bool:
    """Whether a noted path is an exact one or leads on from it; `[]` is any item."""
    ends = [match.start() for match in re.finditer(r"[.\[]|$", noted)]
    steps = (re.escape(noted[:end]) for end in ends)
    anywhere = (step.replace(re.escape("[]"), r"\[\d+\]") for step in steps)
    return any(re.fullmatch(each, path) for each in anywhere)


@pytest.mark.parametrize(("kind", "path"), CASES)
def test_an_odd_value_costs_only_the_verdicts_made_with_it(
    kind: str,
    path: str,
    sample: list[Body],
    untouched: dict[Key, Result],
    planned: set[Key],
    lookers: dict[str, list[Check[Any]]],
) -> None:
    body = next((each for each in sample if is_case(each, kind, path)), None)
    if body is None:
        pytest.skip("no recorded body has a value there")
    for changed, exact in damaged(body, path):
        odd_sample = [changed if each is body else each for each in sample]
        ledger = assemble(odd_sample, TENANT_ID)
        asked = lookers[body["id"]] if planned_reads(ledger) == planned else ALL
        before = {key: old for key, old in untouched.items() if old.check in asked}
        compare(before, judge(ledger, asked), body["id"], exact)


def is_case(body: Body, kind: str, path: str) -> bool:
    return type_of(body) == kind.lower() and has_value(body, path)


def compare(
    before: dict[Key, Result], after: dict[Key, Result], resource_id: str, path: str
) -> None:
    """Hold that what was made with a value is not assessed, and all else the same.

    A check may also need a value to tell whether it covers a resource; then the answer
    on that resource takes the place of the one that there is none to judge, and what
    else is odd about it may be told first. Of a finding that other resources make, what
    is left of them may decide. And what was not assessed for another reason stays so,
    whichever of the two is told.
    """
    unsure = {key[0] for key, new in after.items() if new.status is Status.NOT_ASSESSED}
    gone = [key for key in {*before} - {*after} if key[0] not in unsure]
    assert all(key[1].startswith("/tenants/") for key in gone)
    for key, new in after.items():
        old = before.get(key)
        if said(old) != said(new) or (old and reads(old, resource_id, path)):
            if old and old.status is new.status is Status.NOT_ASSESSED:
                continue
            if old and key[1] != id_key(resource_id) and new.status in FINDINGS:
                assert new.status is old.status, (key, said(old), said(new))
                continue
            assert new.status is Status.NOT_ASSESSED, (key, said(old), said(new))
            assert old is None or "malformed" in new.reason, (key, said(new))


def test_an_odd_reference_leaves_open_who_refers(bodies: list[Body]) -> None:
    storage = next(
        body for body in bodies if type_of(body) == StorageAccount.type.lower()
    )
    hub = next(body for body in bodies if type_of(body) == Workspace.type.lower())
    hub = {**hub, "kind": "Hub", "properties": {"storageAccount": storage["id"]}}
    key = ("foundry-storage-hardened", id_key(storage["id"]))
    subscription = f"/subscriptions/{ResourceId.parse(storage['id']).subscription}"
    others = [{"id": subscription, "state": "Enabled"}, storage]
    assert judge(assemble([*others, hub], TENANT_ID))[key].status is Status.FAIL
    hub["properties"] = {"storageAccount": ["odd"]}
    assert judge(assemble([*others, hub], TENANT_ID))[key].status is Status.NOT_ASSESSED


# One item


def odd_bodies(record: Record) -> list[bytes]:
    """Return what a list may hold in place of a resource: text, nothing, one no id."""
    content = json.loads(record.body)
    del content["id"]
    return [b'"odd"', b"null", json.dumps(content).encode()]


@pytest.fixture(scope="module")
def in_order(sample: list[Body], run_scan: Scan) -> Snapshot:
    return run_scan(served(*assemble(sample, TENANT_ID)))


def served(records: list[Record], readings: list[Reading]) -> Estate:
    return Estate((Tenant.of(TENANT_ID, records, readings),))


def first_of_each_list(records: list[Record]) -> list[Record]:
    """Return one item of one list of each type at which nothing else is read."""
    leaves = [each for each in records if each.type.lower() not in NOT_LEAVES]
    leaves.sort(key=lambda record: (record.type, id_key(record.scope), record.id))
    return [next(group) for _, group in groupby(leaves, key=lambda record: record.type)]


NOT_LEAVES = {*BELOW, Subscription.type.lower(), ManagementGroup.type.lower()} | {
    read.of.type.lower()
    for read in READS
    if isinstance(read.operation, RestOperation) and read.operation.one
}
"""Types at which something is read, or that are read one by one."""


def test_odd_items_cost_those_items(
    sample: list[Body], in_order: Snapshot, run_scan: Scan
) -> None:
    records, readings = assemble(sample, TENANT_ID)
    hit = first_of_each_list(records)
    odd_records = [
        replace(each, body=body)
        for each in records
        for body in (odd_bodies(each) if each in hit else [each.body])
    ]
    snapshot = run_scan(served(odd_records, readings))
    arrived, made = load(snapshot, TENANT_ID)
    assert {(each.id, id_key(each.scope)) for each in arrived} == {
        (each.id, id_key(each.scope)) for each in records if each not in hit
    }
    gaps = [gap for each in made for gap in each.gaps]
    assert Counter((gap.resource_type, id_key(gap.scope)) for gap in gaps) == {
        (each.type, id_key(each.scope)): len(odd_bodies(each)) for each in hit
    }
    assert all(gap.reason.startswith("malformed: item ") for gap in gaps)
    no_verdict_flips(in_order, snapshot, {id_key(each.id) for each in hit})


def no_verdict_flips(before: Snapshot, after: Snapshot, lost: set[str]) -> None:
    """Hold that a verdict on what is still there stays, or gives way to not knowing.

    That there is nothing to judge does so in the rows of what could not be read, and is
    a lower bound where a scan need not look. A finding may lose some of its reasons.
    """
    old = by_key(iter(assess(before, ALL, Settings()).results))
    new = by_key(iter(assess(after, ALL, Settings()).results))
    for check_id, resource_id in {*old} - {*new}:
        if resource_id not in lost:
            assert old[check_id, resource_id].target.resource_type == TENANT_TYPE
            rows = (each for key, each in new.items() if key[0] == check_id)
            assert {each.status for each in rows} == {Status.NOT_ASSESSED}
    for key, result in new.items():
        known = old.get(key)
        if said(known) == said(result):
            continue
        if known and known.status is result.status is not Status.PASS:
            continue
        if known is None and result.status is Status.NOT_APPLICABLE:
            assert "lower bound" in result.reason
            continue
        assert result.status is Status.NOT_ASSESSED, (key, said(result))
        assert "malformed" in result.reason
