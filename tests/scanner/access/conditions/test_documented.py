"""Attributes that some calls have and others not: where conditions ask for them."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import product
from typing import TypeAlias

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scanner.access.conditions import And, Request, Tri, evaluate, lint, parse, residual
from scanner.access.conditions.analysis.guards import is_open, there_at
from scanner.access.conditions.documented import is_missing, is_nowhere
from scanner.access.conditions.solve import may_hold
from scanner.access.conditions.syntax import SOURCES, Attribute
from scanner.access.facts import Block

NOW = datetime(2026, 11, 1, tzinfo=UTC)
CONTAINERS = "Microsoft.Storage/storageAccounts/blobServices/containers"
BLOBS = f"{CONTAINERS}/blobs"
READ, WRITE, RETAG = (f"{BLOBS}/{name}" for name in ("read", "write", "tags/write"))
VAULTS = "Microsoft.KeyVault/vaults"
GET, LIST, SET = (
    f"{VAULTS}/secrets/{name}/action"
    for name in ("getSecret", "readMetadata", "setSecret")
)
PULL = "Microsoft.ContainerRegistry/registries/repositories/content/read"
TAG = f"{BLOBS}/tags:t"

Call: TypeAlias = tuple[str, str | None]

HAD: dict[tuple[str, str], set[Call]] = {
    ("Resource", f"{CONTAINERS}:name"): {
        *((READ, None), (READ, "Blob.List"), (WRITE, None)),
        *((WRITE, "Blob.Write.WithTagHeaders"), (RETAG, None)),
    },
    ("Resource", f"{BLOBS}:path"): {
        *((READ, None), (WRITE, None)),
        *((WRITE, "Blob.Write.WithTagHeaders"), (RETAG, None)),
    },
    ("Request", f"{BLOBS}:prefix"): {(READ, "Blob.List")},
    ("Request", TAG): {(WRITE, "Blob.Write.WithTagHeaders"), (RETAG, None)},
    ("Resource", f"{VAULTS}/secrets:name"): {(GET, None), (LIST, None)},
    ("Request", f"{VAULTS}/secrets:name"): {(SET, None)},
    ("Request", f"{CONTAINERS}:name"): set(),
    ("Principal", f"{CONTAINERS}:name"): set(),
    ("Environment", "Nonsense"): set(),
}
"""Which of the calls below may have an attribute."""
CALLS = sorted({call for calls in HAD.values() for call in calls}, key=str)
OPTIONAL = {("Request", f"{BLOBS}:prefix"), ("Request", TAG)}
VALUES = ("a", "ab", "b")


def worlds(call: Call) -> list[Request]:
    """Every request of a call, with the attributes it has and some value of each."""
    choices = []
    for pair, calls in HAD.items():
        may_lack = pair in OPTIONAL or (call[0] == LIST and call in calls)
        there: list[str | None] = [*VALUES] if call in calls else []
        choices.append([*there, *([None] if may_lack or not there else [])])
    found = []
    for values in product(*choices):
        had: dict[str, dict[str, str]] = {source: {} for source in SOURCES}
        for (source, name), value in zip(HAD, values, strict=True):
            if value is not None:
                had[source][name] = value
        found.append(Request(*call, *had.values()))
    return found


WORLDS = {call: worlds(call) for call in CALLS}

asked = st.builds(
    "@{0[0]}[{0[1]}] {1} '{2}'".format,
    st.sampled_from(sorted(HAD)),
    st.sampled_from(("StringEquals", "StringLike", "StringNotEquals")),
    st.sampled_from(("a", "b", "a*", "*")),
)
guards = st.builds(
    "ActionMatches{{'{}'}}".format,
    st.sampled_from((READ, WRITE, f"{BLOBS}/*", GET, LIST, SET)),
) | st.just("SubOperationMatches{'Blob.List'}")
expressions = st.recursive(
    asked | guards | asked.map("NOT {}".format),
    lambda inner: (
        st.builds("({} {} {})".format, inner, st.sampled_from(["AND", "OR"]), inner)
        | inner.map("!({})".format)
    ),
    max_leaves=5,
)


@settings(max_examples=150, deadline=None)
@given(expressions, st.sampled_from(CALLS))
def test_what_is_left_for_a_call_holds_where_the_whole_does(
    text: str, call: Call
) -> None:
    whole = parse(text).expression
    left = residual(whole, *call)
    truths = {evaluate(whole, each) for each in WORLDS[call]}
    assert truths == {evaluate(left, each) for each in WORLDS[call]}
    there = there_at(call[0])
    if not may_hold(left, there=there):
        assert Tri.TRUE not in truths
    if is_open(left, there=there):
        assert Tri.FALSE not in truths


@settings(max_examples=150, deadline=None)
@given(expressions)
def test_what_is_a_tautology_holds_for_every_call(text: str) -> None:
    found = [one.message for one in lint(text, now=NOW)]
    if any("this is true for every call" in each for each in found):
        whole = parse(text).expression
        parts = whole.terms if isinstance(whole, And) else (whole,)
        judged = [
            each for call in CALLS if service(call) in text for each in WORLDS[call]
        ]
        truths = [{evaluate(part, each) for each in judged} for part in parts]
        assert any(Tri.FALSE not in found for found in truths)


def test_what_denies_other_data_is_no_tautology() -> None:
    name = f"@Resource[{CONTAINERS}:name] StringLike '*'"
    text = f"ActionMatches{{'{GET}'}} AND {name}"
    both, one = Block(data_actions=(GET, READ)), Block(data_actions=(READ,))
    for role, is_one in (((), False), ((both,), False), ((one,), True)):
        found = {each.check_id for each in lint(text, role=role, now=NOW)}
        assert ("abac-or-tautology" in found) is is_one


def service(call: Call) -> str:
    return call[0].split("/")[0]


@pytest.mark.parametrize(("source", "name"), sorted(HAD))
def test_which_calls_have_an_attribute(source: str, name: str) -> None:
    attribute = Attribute(source, name.upper())
    calls = HAD[source, name]
    assert is_nowhere(attribute) is (not calls)
    for call in CALLS:
        assert is_missing(attribute, *call) is (bool(calls) and call not in calls)


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("Resource", "Some.Service/things:name"),
        ("Resource", "HasObotoken"),
        ("Context", "Nonsense"),
        ("Environment", "utcNow"),
        ("Principal", "Microsoft.Directory/CustomSecurityAttributes/Id:A_B"),
    ],
)
def test_what_is_not_known_to_be_absent(source: str, name: str) -> None:
    attribute = Attribute(source, name)
    assert not is_nowhere(attribute)
    assert not is_missing(attribute, READ)


@pytest.mark.parametrize(
    ("name", "value", "action"),
    [
        (f"@Resource[{VAULTS}:name]", "*", GET),
        (f"@Resource[{VAULTS}/secrets:name]", "*", GET),
        (f"@Request[{VAULTS}/secrets:name]", "*", SET),
        (f"@Request[{PULL.removesuffix('/content/read')}:name]", "*", PULL),
        (f"NOT @Request[{CONTAINERS}:name]", "secret", READ),
        (f"NOT @Principal[{CONTAINERS}:name]", "secret", READ),
        ("NOT @Environment[Nonsense]", "x", READ),
        (f"NOT @Request[{TAG}]", "x", READ),
        ("NOT @Resource[isPrivateLink]", "x", READ),
    ],
)
def test_what_restricts_nothing(name: str, value: str, action: str) -> None:
    text = f"(!(ActionMatches{{'{action}'}})) OR ({name} StringLike '{value}')"
    role = Block(data_actions=(action,))
    faults = {one.check_id: one for one in lint(text, role=(role,), now=NOW)}
    assert faults["abac-or-tautology"].fails
    assert ("abac-parse" in faults) is name.startswith("NOT")


@pytest.mark.parametrize(
    ("name", "action"),
    [
        (f"@Resource[{BLOBS}:path]", READ),
        (f"@Resource[{VAULTS}/secrets:name]", LIST),
        (f"@Resource[{VAULTS}/secrets:name]", SET),
        (f"@Request[{TAG}]", WRITE),
    ],
)
def test_what_some_calls_lack_holds_not_for_all(name: str, action: str) -> None:
    text = f"(!(ActionMatches{{'{action}'}})) OR ({name} StringLike '*')"
    assert "abac-or-tautology" not in {one.check_id for one in lint(text, now=NOW)}


@pytest.mark.parametrize(
    ("rest", "warned"),
    [
        (f"@Request[{CONTAINERS}:name] StringEquals 'a'", True),
        (f"@Request[{TAG}] StringEquals 'a'", True),
        (
            f"@Request[{TAG}] StringEquals 'a') AND ("
            f"(!(ActionMatches{{'{RETAG}'}})) OR @Request[{TAG}] StringEquals 'a'",
            True,
        ),
        (f"@Resource[{BLOBS}:path] StringEquals 'a'", False),
        (f"@Request[{BLOBS}:prefix] StringEquals 'a'", False),
    ],
)
def test_what_no_call_it_is_asked_of_has_is_not_documented(
    rest: str, warned: bool
) -> None:
    text = f"(!(ActionMatches{{'{READ}'}})) OR ({rest})"
    found = {one.check_id for one in lint(text, now=NOW)}
    assert ("abac-parse" in found) is warned
