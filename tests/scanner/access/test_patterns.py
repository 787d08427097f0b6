from __future__ import annotations

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanner.access.patterns import (
    first_match,
    includes,
    may_overlap,
    meet,
    pattern,
)

LIST_KEYS = "Microsoft.CognitiveServices/accounts/listKeys/action"


@pytest.mark.parametrize(
    ("text", "action", "matches"),
    [
        ("*", LIST_KEYS, True),
        ("*/action", LIST_KEYS, True),
        ("*/read", LIST_KEYS, False),
        ("*/read", "Microsoft.Storage/storageAccounts/read", True),
        ("Microsoft.CognitiveServices/*", LIST_KEYS, True),
        ("microsoft.cognitiveservices/ACCOUNTS/listkeys/action", LIST_KEYS, True),
        ("Microsoft.CognitiveServices/*/action", LIST_KEYS, True),
        ("Microsoft.*/listKeys/*", LIST_KEYS, True),
        ("Microsoft.CognitiveServices/accounts", LIST_KEYS, False),
        ("accounts/listKeys/action", LIST_KEYS, False),
        ("Microsoft.CognitiveServices/accounts/list*Keys/action", LIST_KEYS, True),
        ("a*a", "a", False),
        ("a*a", "aa", True),
        ("a**b", "ab", True),
        ("a.c/d", "abc/d", False),
        ("", "", True),
        ("", LIST_KEYS, False),
    ],
)
def test_matches_as_the_documentation_says(
    text: str, action: str, matches: bool
) -> None:
    assert pattern(text).matches(action.lower()) is matches


pieces = st.text(alphabet="ab/.*", max_size=12)


@given(pieces, st.text(alphabet="abAB/.\n", max_size=12))
def test_matches_as_a_regular_expression_does(text: str, action: str) -> None:
    expression = re.escape(text.lower()).replace(r"\*", ".*")
    expected = re.fullmatch(expression, action.lower(), re.DOTALL) is not None
    assert pattern(text).matches(action.lower()) is expected


@given(pieces, pieces, st.text(alphabet="ab/.", max_size=12))
def test_how_patterns_relate_holds_for_every_action(
    text: str, other: str, action: str
) -> None:
    both = pattern(text).matches(action), pattern(other).matches(action)
    if includes(text, other):
        assert both != (False, True)
    if not may_overlap(text, other):
        assert both != (True, True)


@given(pieces, pieces)
def test_what_patterns_share_is_in_both(text: str, other: str) -> None:
    shared = meet(text, other)
    assert (shared is not None) is may_overlap(other, text)
    if shared is not None:
        assert includes(text, shared)
        assert includes(other, shared)
        example = shared.lower().replace("*", "")
        assert pattern(text).matches(example)
        assert pattern(other).matches(example)


@pytest.mark.parametrize(
    ("text", "other", "inside", "overlap"),
    [
        ("*", "a/*", True, True),
        ("a/*", "A/b/*/read", True, True),
        ("a/*/read", "a/*", False, True),
        ("a/*/Write", "a/*/read", False, False),
        ("b/*", "a/*", False, False),
        ("a/x/action", "a/*/read", False, False),
        ("a/x/read", "a/*/read", False, True),
        ("a/x", "A/X", True, True),
    ],
)
def test_patterns_in_patterns(
    text: str, other: str, inside: bool, overlap: bool
) -> None:
    assert includes(text, other) is inside
    assert may_overlap(text, other) is may_overlap(other, text) is overlap


@pytest.mark.parametrize(
    ("text", "other", "shared"),
    [
        ("*", LIST_KEYS, LIST_KEYS),
        ("Microsoft.Authorization/*", "*/write", "microsoft.authorization/*/write"),
        ("a/*/b/*", "a/c*", "a/c*/b/*"),
        ("*/read", LIST_KEYS, None),
    ],
)
def test_what_patterns_share(text: str, other: str, shared: str | None) -> None:
    assert meet(text, other) == shared


def test_the_first_pattern_that_matches() -> None:
    patterns = ("*/write", "*/read", "*")
    assert first_match(patterns, "microsoft.storage/x/read") == "*/read"
    assert first_match(("*/write",), "microsoft.storage/x/read") is None


def test_a_hostile_pattern_takes_no_time() -> None:
    began = time.process_time()
    assert not pattern("*a" * 2_000 + "b").matches("a" * 20_000)
    assert time.process_time() - began < 1
