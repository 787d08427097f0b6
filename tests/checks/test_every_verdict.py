"""Every check, on the demo tenant: what a verdict is made with decides it, or nobody.

Of each check one resource it passes, one it fails and one it warns of is taken, and
each value that the verdict cites is spoilt in turn.
"""

from __future__ import annotations

import json
import random
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

import checks
from scanner import demo
from scanner.collect.assemble import assemble
from scanner.judge import Judge
from scanner.model.check import FINDINGS, Check, Status
from scanner.model.cloud import Suffixes
from scanner.model.coverage import Gap, Outcome, Reading
from scanner.model.fields import declared_paths
from scanner.model.ids import ResourceId, id_key
from scanner.model.resource import Record, Resource
from scanner.model.resources import TENANT_TYPE, Descendant, Subscription
from scanner.model.results import Result
from scanner.model.settings import Settings
from scanner.model.tenant import Inventory

Place = tuple[str, str]
"""A resource, by its key, and a path in it as evidence names it."""
Key = tuple[str, str, str]

READ_AT = datetime(2026, 9, 1, tzinfo=UTC)
DECIDED = (Status.PASS, Status.FAIL, Status.WARN)
PARTS = 8
"""Into how many tests the spoiling is cut, so that several processes share it."""

RECORDS, READINGS = assemble(demo.bodies(), demo.TENANT_ID, demo.parents())
BY_KEY = {
    id_key(each.id): each for each in RECORDS if each.type != Descendant.type
}  # a descendant is a place in the hierarchy, by the id of what is there


def views(base: type[Resource] = Resource) -> Iterator[type[Resource]]:
    for view in base.__subclasses__():
        yield view
        yield from views(view)


DECLARED: dict[str, set[str]] = defaultdict(set)
for each_view in views():
    if hasattr(each_view, "type"):
        DECLARED[each_view.type] |= {*declared_paths(each_view)}

THEIR_OWN = "properties.metadata."
"""Where connections have keys of whoever made them, and no path can be declared."""


def judge(
    records: Iterable[Record],
    readings: Iterable[Reading] = READINGS,
    catalogue: Sequence[Check[Any]] = checks.ALL,
) -> list[Result]:
    inventory = Inventory(
        demo.TENANT_ID,
        records,
        readings,
        read_at=READ_AT,
        suffixes=Suffixes(),
        whole_tenant=True,
    )
    return list(Judge(inventory, Settings()).results(catalogue))


def key_of(result: Result) -> Key:
    """Return what an answer is of; only checks by region answer twice for a target."""
    region = result.target.location if result.check.by_region else ""
    return result.check.id, id_key(result.target.resource_id), region


@pytest.fixture(scope="module")
def whole() -> list[Result]:
    return judge(RECORDS)


# What is so of every verdict


def test_every_decided_verdict_has_evidence(whole: list[Result]) -> None:
    decided = [each for each in whole if each.status in DECIDED]
    assert {each.check.id for each in decided if not each.evidence} == set()


def test_the_order_of_resources_and_reads_does_not_matter(whole: list[Result]) -> None:
    shuffled = random.Random(7)  # noqa: S311 - nothing secret
    records, readings = list(RECORDS), list(READINGS)
    shuffled.shuffle(records)
    shuffled.shuffle(readings)
    assert judge(records, readings) == whole


def test_evidence_is_of_declared_reads_and_declared_paths(whole: list[Result]) -> None:
    """A value that was read, what holds it, or which lists were looked through."""
    read = {reading.resource_type for reading in READINGS} | {Subscription.type}
    strange = set()
    for result in whole:
        for each in result.evidence:
            record = BY_KEY.get(id_key(each.resource_id))
            if record is None:
                is_tenant = ResourceId.parse(each.resource_id).type == TENANT_TYPE
                ok = is_tenant and each.path in read
            else:
                ok = record.type in read and is_declared(record.type, each.path, read)
            if not ok:
                strange.add((result.check.id, each.resource_id, each.path))
    assert strange == set()


def is_declared(kind: str, path: str, read: set[str]) -> bool:
    if path in read or path == "id" or path.startswith(THEIR_OWN):
        return True
    declared = {plain(each) for each in DECLARED[kind]}
    wanted = plain(path)
    return any(
        each == wanted or each.startswith(f"{wanted}.") or wanted.startswith(f"{each}.")
        for each in declared
    )


def plain(path: str) -> str:
    """Return a path without positions and keys."""
    return re.sub(r"\[[^\]]*\]|\.\{\*\}", "", path)


# What is so when a value is odd, or was not read


def places(results: Iterable[Result]) -> dict[Place, set[Key]]:
    """Return what to spoil, and the verdicts that are made with it.

    Of several positions in a list that one verdict cites, the first.
    """
    found: dict[Place, set[Key]] = defaultdict(set)
    for result in samples(results):
        cited = set()
        for each in result.evidence:
            resource = id_key(each.resource_id)
            like = ResourceId.parse(resource).type, plain(each.path)
            if resource in BY_KEY and like not in cited:
                cited.add(like)
                found[resource, each.path].add(key_of(result))
    return found


def samples(results: Iterable[Result]) -> Iterator[Result]:
    """Return one result of each check and decided status."""
    seen = set()
    for each in results:
        if each.status in DECIDED and (each.check.id, each.status) not in seen:
            seen.add((each.check.id, each.status))
            yield each


@pytest.mark.parametrize("part", range(PARTS))
def test_a_value_that_is_not_there_is_no_fault(whole: list[Result], part: int) -> None:
    """What its absence means is the check's to say."""

    def without(holder: Any, last: Any) -> None:
        del holder[last]

    first = {each.check.id: each for each in reversed([*samples(whole)])}
    for place, keys in sorted(places(first.values()).items())[part::PARTS]:
        for result in judged_with(place, keys, without):
            assert result.reason
            assert "internal error" not in result.reason, (place, result.reason)


@pytest.mark.parametrize("part", range(PARTS))
def test_a_value_of_another_type_decides_nothing(
    whole: list[Result], part: int
) -> None:
    def odd(holder: Any, last: Any) -> None:
        if holder[last] is not None:  # which type is another cannot be told
            holder[last] = ["odd"] if isinstance(holder[last], str | int) else "odd"

    before = {key_of(each): each for each in whole}
    for place, keys in sorted(places(whole).items())[part::PARTS]:
        after = judged_with(place, keys, odd)
        if after:
            hold_up(before, keys, after, gone=set(), what=place)


@pytest.mark.parametrize("part", range(PARTS))
def test_what_was_not_read_decides_nothing(whole: list[Result], part: int) -> None:
    lists: dict[tuple[str, frozenset[str]], set[Key]] = defaultdict(set)
    for (resource, _), keys in places(whole).items():
        kind = BY_KEY[resource].type
        found_at = {
            id_key(each.scope)
            for each in RECORDS
            if (each.type, id_key(each.id)) == (kind, resource)
        }
        lists[kind, frozenset(found_at)] |= keys
    before = {key_of(each): each for each in whole}
    for (kind, scopes), keys in sorted(lists.items(), key=str)[part::PARTS]:
        left, gaps = refused(kind, scopes)
        gone = {*BY_KEY} - {id_key(record.id) for record in left}
        after = judge(left, gaps, asked(keys))
        hold_up(before, keys, after, gone, what=(kind, *scopes))


HUB = (
    "/subscriptions/f2e9ba3f-9279-4a78-9f63-3e3d9a950f11/resourceGroups"
    "/rg-ai-prod-underwriting/providers/Microsoft.MachineLearningServices/workspaces"
    "/hub-actuarial-prod"
)
DENIAL = "denyassignments/f08db22f-d293-456a-b170-fab23d90fbac"


@pytest.mark.parametrize(
    ("check", "of", "path", "value"),
    [
        ("aoai-key-readers", DENIAL, "permissions[0].actions", []),
        ("aoai-key-readers", DENIAL, "principals", [{"id": "a", "type": "User"}]),
        ("aoai-key-regenerators", DENIAL, "permissions[0].actions", []),
        (
            "rbac-listkeys-role-assigned",
            "roledefinitions/17dbf0fa-850a-4120-b6cf-88253a8163c8",
            "permissions[0].notActions",
            [],
        ),
        (
            "rbac-notaction-regranted",
            "roledefinitions/bd90d750-97e6-4eae-8785-49df8b65e9c4",
            "permissions[0].notActions",
            ["Microsoft.DocumentDB/databaseAccounts/readonlyKeys/*"],
        ),
        (
            "aoai-outbound-policy-guardrail",
            "policydefinitions/ai-outbound-restricted",
            "policyRule.then.effect",
            "disabled",
        ),
        (
            "aoai-outbound-policy-guardrail",
            "policyassignments/ai-guardrails",
            "parameters['outboundEffect'].value",
            "Disabled",
        ),
        (
            "foundry-default-storage-policy-conflict",
            "policyassignments/no-shared-keys",
            "parameters['effect'].value",
            "Disabled",
        ),
        (
            "foundry-cmk-policy-exempt",
            "policyexemptions/managed-by-azure",
            "policyAssignmentId",
            "/other",
        ),
        (
            "foundry-cmk-vault-model",
            "workspaces/hub-actuarial-prod",
            "encryption.keyVaultProperties.keyVaultArmId",
            "/other",
        ),
        (
            "foundry-hub-env-homogeneous",
            "workspaces/prj-chatbot-2023",
            "hubResourceId",
            HUB,
        ),
    ],
)
def test_what_turns_a_verdict_is_in_its_evidence(
    whole: list[Result], check: str, of: str, path: str, value: object
) -> None:
    [resource] = [each for each in BY_KEY if each.endswith(f"/{of}")]
    place = resource, f"properties.{path}"

    def changed(holder: Any, last: Any) -> None:
        holder[last] = value

    before = {key_of(each): each for each in whole if each.check.id == check}
    after = {key_of(each): each for each in judged_with(place, {*before}, changed)}
    turned = [
        (before[key], each)
        for key, each in after.items()
        if key in before and before[key].status is not each.status
    ]
    assert turned
    for pair in turned:
        assert any(shows(each, *place) for each in pair), pair


def shows(result: Result, resource: str, path: str) -> bool:
    """Whether evidence has a value, what holds it, or what it holds."""
    wanted = f"{plain(path)}."
    cited = (
        f"{plain(each.path)}."
        for each in result.evidence
        if id_key(each.resource_id) == resource
    )
    return any(each.startswith(wanted) or wanted.startswith(each) for each in cited)


def judged_with(
    place: Place, keys: set[Key], spoil: Callable[[Any, Any], None]
) -> list[Result]:
    """Return the answers with one value spoilt; none where there is no value."""
    resource, path = place
    record = BY_KEY[resource]
    body = json.loads(record.body)
    holder, last = reached(body, path)
    if holder is None:
        return []
    spoil(holder, last)
    spoilt = json.dumps(body).encode()
    records = [
        replace(each, body=spoilt)
        if (each.type, id_key(each.id)) == (record.type, resource)
        else each
        for each in RECORDS
    ]
    return judge(records, READINGS, asked(keys))


def asked(keys: set[Key]) -> list[Check[Any]]:
    names = {key[0] for key in keys}
    return [check for check in checks.ALL if check.id in names]


STEP = re.compile(r"\['([^']*)'\]|\[(\d+)\]|([^.\[]+)")


def reached(body: Any, path: str) -> tuple[Any, Any]:
    """Return what holds the value at a path and under what; None where none does.

    A path into each item of a list is that of the list.
    """
    *through, last = (
        int(number) if number else key or name
        for key, number, name in STEP.findall(path.partition("[]")[0])
    )
    for step in through:
        if not has(body, step):
            return None, None
        body = body[step]
    return (body, last) if has(body, last) else (None, None)


def has(holder: Any, step: Any) -> bool:
    if isinstance(step, int):
        return isinstance(holder, list) and step < len(holder)
    return isinstance(holder, dict) and step in holder


def refused(kind: str, scopes: frozenset[str]) -> tuple[list[Record], list[Reading]]:
    """Return the tenant without what some lists would have held."""

    def is_of(resource_type: str, scope: str) -> bool:
        return resource_type == kind and id_key(scope) in scopes

    return (
        [each for each in RECORDS if not is_of(each.type, each.scope)],
        [
            without(each) if is_of(each.resource_type, each.scope) else each
            for each in READINGS
        ],
    )


def without(reading: Reading) -> Reading:
    gap = Gap(
        tenant_id=demo.TENANT_ID,
        scope=reading.scope,
        resource_type=reading.resource_type,
        operation=reading.operation,
        reason="refused",
        http_status=403,
        error_code="AuthorizationFailed",
    )
    return replace(reading, outcome=Outcome.GAP, gaps=(gap,))


def hold_up(
    before: dict[Key, Result],
    keys: set[Key],
    after: list[Result],
    gone: set[str],
    what: object,
) -> None:
    """Hold that verdicts stay or give way to not knowing, and none goes silent.

    A finding stays one as long as anything is left to find. Where the rest of what a
    pass was made with decides, it stays; what lies above the subscriptions is tried
    alone, so without it less is found, and the answer says that it is a lower bound.
    """
    now = {key_of(each): each for each in after}
    unsure = {each.check.id for each in after if each.status is Status.NOT_ASSESSED}
    assert not [each.reason for each in after if "internal error" in each.reason]
    for key in keys:
        old, new = before[key], now.get(key)
        if new is None:
            assert key[1] in gone or key[0] in unsure, (what, key, "went silent")
        elif new.status not in (old.status, Status.NOT_ASSESSED):
            found_less = old.status in FINDINGS and new.status in FINDINGS
            bounded = "lower bound" in new.reason and new.status is not Status.PASS
            told = (what, key, old.status, new.status, new.reason)
            assert found_less or bounded, told
