"""What comparisons of a boolean attribute say of each other, and of its presence."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from itertools import product
from typing import TypeAlias

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scanner.access.conditions import Expression, parse
from scanner.access.conditions.analysis.guards import is_open
from scanner.access.conditions.solve import may_hold

STORAGE = "Microsoft.Storage/storageAccounts"
LINK = "@Environment[isPrivateLink]"
NESTED = f"@Resource[{STORAGE}:isHnsEnabled]"
CURRENT = f"@Resource[{STORAGE}/blobServices/containers/blobs:isCurrentVersion]"
STAFF = "@Principal[Microsoft.Directory/CustomSecurityAttributes/Id:Staff_Cleared]"
NAME = f"@Resource[{STORAGE}:name]"
TAG = f"@Resource[{STORAGE}/blobServices/containers/blobs/tags:t]"
LEVEL = STAFF.replace("Cleared", "Level")

World: TypeAlias = Mapping[object, object]
"""The value of each attribute, and what each denial of one comes to that is absent."""
Rule: TypeAlias = tuple[str, Callable[[World], bool]]
"""A condition, and whether it holds in a world: written side by side."""


def states(name: str) -> list[dict[object, object]]:
    """Every state that an attribute of a call may be in."""
    there: list[dict[object, object]] = [{name: True}, {name: False}]
    if name == LINK:
        return there
    denials = product((True, False), repeat=2)
    return there + [{name: None, (name, True): a, (name, False): b} for a, b in denials]


WORLDS = [
    {**link, **current, **staff, NAME: value}
    for link, current, staff in product(*map(states, (LINK, CURRENT, STAFF)))
    for value in "abc"
]


def compared(name: str, no: str, value: bool, how: Callable[[str], str]) -> Rule:
    def holds(world: World) -> bool:
        found = world[name]
        if found is None:
            return bool(no and world[name, value])
        return (found is not value) if no else (found is value)

    return f"{spelt(name, how)} Bool{no}Equals {str(value).lower()}", holds


def exists(name: str, how: Callable[[str], str]) -> Rule:
    return f"Exists {spelt(name, how)}", lambda world: world[name] is not None


def spelt(name: str, how: Callable[[str], str]) -> str:
    source, bracket, rest = name.partition("[")
    return source + bracket + how(rest)


def named(value: str) -> Rule:
    return f"{NAME} StringEquals '{value}'", lambda world: world[NAME] == value


def denied(rule: Rule) -> Rule:
    text, holds = rule
    return f"!({text})", lambda world: not holds(world)


def joined(left: Rule, word: str, right: Rule) -> Rule:
    every = all if word == "AND" else any
    return (
        f"({left[0]} {word} {right[0]})",
        lambda world: every([left[1](world), right[1](world)]),
    )


booleans = st.sampled_from((LINK, CURRENT, STAFF))
spellings = st.sampled_from((str, str.lower, str.upper))
atoms = (
    st.builds(
        compared,
        booleans,
        st.sampled_from(("", "Not")),
        st.booleans(),
        spellings,
    )
    | st.builds(exists, booleans, spellings)
    | st.builds(named, st.sampled_from("ab"))
)
rules = st.recursive(
    atoms,
    lambda inner: (
        st.builds(joined, inner, st.sampled_from(("AND", "OR")), inner)
        | st.builds(denied, inner)
    ),
    max_leaves=7,
)


def asked(text: str) -> Expression:
    return parse(text).expression


@settings(max_examples=400, deadline=None)
@given(rules)
def test_what_may_hold_and_what_is_open_is_what_trying_every_call_says(
    rule: Rule,
) -> None:
    text, holds = rule
    truths = [holds(world) for world in WORLDS]
    assert may_hold(asked(text)) is any(truths)
    assert is_open(asked(text)) is all(truths)


@pytest.mark.parametrize("name", [LINK, NESTED])
@pytest.mark.parametrize(
    "text",
    [
        "@b BoolEquals true OR @b BoolEquals false",
        "@b BoolNotEquals true OR @b BoolEquals true",
        "NOT (@b BoolEquals true AND @b BoolNotEquals true)",
        "@b BoolEquals 'True' OR NOT (@b BoolNotEquals false) OR @b BoolEquals false",
        "Exists @b",
    ],
)
def test_what_every_call_has_is_true_or_false(name: str, text: str) -> None:
    assert is_open(asked(text.replace("@b", name)))


@pytest.mark.parametrize("name", [CURRENT, STAFF])
def test_what_may_be_absent_is_neither_then(name: str) -> None:
    either = f"{name} BoolEquals true OR {name} BoolEquals false"
    assert not is_open(asked(either))
    assert is_open(asked(f"NOT Exists {name} OR {either}"))
    assert may_hold(asked(f"NOT ({either})"))
    assert not may_hold(asked(f"Exists {name} AND NOT ({either})"))
    assert not may_hold(asked(f"{name} BoolEquals true AND NOT Exists {name}"))


@pytest.mark.parametrize("name", [LINK, CURRENT, STAFF])
def test_nothing_is_true_and_false(name: str) -> None:
    assert not may_hold(asked(f"{name} BoolEquals true AND {name} BoolEquals false"))
    assert not may_hold(asked(f"{name} BoolEquals true AND {name} BoolNotEquals true"))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (f"{TAG} BoolEquals true", f"{TAG} BoolEquals false"),
        (f"{NAME} BoolEquals true", f"{NAME} BoolEquals false"),
        ("@Context[isPrivateLink] BoolEquals true", f"{LINK} BoolEquals false"),
        (f"{LINK} BoolEquals 'maybe'", f"{LINK} BoolEquals 'never'"),
        (f"{LEVEL} NumericLessThan 5", f"{LEVEL} NumericGreaterThanEquals 5"),
        (f"{LEVEL} NumericEquals 1", f"{LEVEL} NumericEquals 2"),
    ],
)
def test_of_what_has_another_type_or_several_values_nothing_is_told(
    one: str, other: str
) -> None:
    assert may_hold(asked(f"{one} AND {other}"))
    assert not is_open(asked(f"{one} OR {other}"))
    assert may_hold(asked(f"NOT ({one}) AND NOT ({other})"))


def test_many_booleans_end_soon() -> None:
    names = [STAFF.replace("Cleared", f"C{i}") for i in range(60)]
    puzzle = " AND ".join(
        f"({one} BoolNotEquals {str(way).lower()} OR {other} BoolEquals true)"
        for one, other in zip(names, names[1:] + names[:1], strict=True)
        for way in (True, False)
    )
    begin = time.perf_counter()
    for text in (puzzle, f"NOT ({puzzle})", f"{puzzle} AND NOT Exists {names[0]}"):
        may_hold(asked(text))
        is_open(asked(text))
    assert time.perf_counter() - begin < 10
