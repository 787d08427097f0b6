from __future__ import annotations

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanner.access.patterns import first_match, pattern

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


def test_the_first_pattern_that_matches() -> None:
    patterns = ("*/write", "*/read", "*")
    assert first_match(patterns, "microsoft.storage/x/read") == "*/read"
    assert first_match(("*/write",), "microsoft.storage/x/read") is None


def test_a_hostile_pattern_takes_no_time() -> None:
    began = time.process_time()
    assert not pattern("*a" * 2_000 + "b").matches("a" * 20_000)
    assert time.process_time() - began < 1
