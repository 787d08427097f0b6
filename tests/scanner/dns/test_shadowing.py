from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scanner.dns.shadowing import Clash, Rule, shadows, worst

NAMES = st.sampled_from(
    [".", *(f"{a}{b}{c}" for a in ("", "x.", "y.x.") for b in ("", "m.") for c in "pq")]
)
ACTIONS = st.sampled_from(["allow", "block", "alert"])
RULES = st.builds(
    Rule,
    name=st.uuids().map(str),
    action=ACTIONS,
    lists=st.lists(st.frozensets(NAMES, max_size=4), max_size=2).map(tuple),
)


def matches(entry: str, query: list[str]) -> bool:
    """Whether an entry matches a query, label by label from the right."""
    if entry == ".":
        return True
    labels = entry.split(".")
    return len(labels) <= len(query) and query[-len(labels) :] == labels


def first_match(rules: list[Rule], query: list[str]) -> Rule | None:
    """Return what decides a query: try every entry of every rule in turn."""
    for rule in rules:
        for entry in rule.domains:
            if matches(entry, query):
                return rule
    return None


def queries(entry: str) -> list[str]:
    """Return a query that only the entry and what covers it can match."""
    below = ["never-listed", "below"]
    return below if entry == "." else below + entry.split(".")


@settings(deadline=None)
@given(st.lists(RULES, max_size=6), RULES)
def test_shadows_are_what_an_earlier_match_decides(
    earlier: list[Rule], rule: Rule
) -> None:
    found = {shadow.entry: shadow.by for shadow in shadows(rule, earlier)}
    for entry in rule.domains:
        assert found.get(entry) is first_match(earlier, queries(entry))


@settings(deadline=None)
@given(st.lists(RULES, max_size=6), RULES)
def test_what_is_not_shadowed_can_decide(earlier: list[Rule], rule: Rule) -> None:
    shadowed = {shadow.entry for shadow in shadows(rule, earlier)}
    for entry in rule.domains - shadowed:
        assert first_match([*earlier, rule], queries(entry)) is rule


@settings(deadline=None)
@given(st.lists(RULES, max_size=6), RULES)
def test_the_worst_clash_alone_is_left(earlier: list[Rule], rule: Rule) -> None:
    found = list(shadows(rule, earlier))
    grades = {shadow.clash for shadow in worst(found)}
    assert len(grades) <= 1
    assert all(max(grades) >= shadow.clash for shadow in found)


@pytest.mark.parametrize(
    ("earlier", "later", "clash"),
    [
        ("allow", "block", Clash.LET_THROUGH),
        ("allow", "alert", Clash.CONTRADICTED),
        ("block", "allow", Clash.CONTRADICTED),
        ("alert", "block", Clash.CONTRADICTED),
        ("block", "block", Clash.REPEATED),
    ],
)
def test_clash(earlier: str, later: str, clash: Clash) -> None:
    assert Clash.of(earlier, later) is clash


def test_a_label_is_not_a_suffix() -> None:
    rule = Rule("later", "block", (frozenset({"notcontoso.com"}),))
    assert not list(
        shadows(rule, [Rule("first", "allow", (frozenset({"contoso.com"}),))])
    )


def test_a_hundred_thousand_entries_take_no_time() -> None:
    many = frozenset(f"host{number}.example.com" for number in range(100_000))
    earlier = [Rule("first", "allow", (many,)), Rule("second", "alert", (many,))]
    start = time.perf_counter()
    found = list(shadows(Rule("later", "block", (many,)), earlier))
    assert len(found) == len(many)
    assert time.perf_counter() - start < 10
