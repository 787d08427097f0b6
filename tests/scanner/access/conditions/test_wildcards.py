from __future__ import annotations

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanner.access.conditions.wildcards import like
from scanner.access.patterns import matches_action

READ = "Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read"


@pytest.mark.parametrize(
    ("pattern", "value", "expected"),
    [
        # "Azure role assignment condition format", operator examples
        ("a*c?", "abcd", True),
        ("A*C?", "abcd", False),
        ("a*c", "abcd", False),
        ("", "", True),
        ("", "a", False),
        ("*", "", True),
        ("**", "anything", True),
        ("a*a", "a", False),
        ("a*a", "aa", True),
        ("?", "", False),
        (r"a\*c", "a*c", True),
        (r"a\*c", "abc", False),
        (r"a\?c", "a?c", True),
        (r"a\?c", "abc", False),
        (r"a\\c", r"a\c", True),
        (r"a\b*", r"a\bc", True),
        ("a\\", "a\\", True),
        ("a.c", "abc", False),
        ("a*", "a\nb", True),
    ],
)
def test_like(pattern: str, value: str, expected: bool) -> None:
    assert like(pattern).matches(value) is expected


@given(st.text("ab*?", max_size=8), st.text("ab", max_size=8))
def test_like_is_what_backtracking_finds(pattern: str, value: str) -> None:
    expression = re.escape(pattern).replace(r"\*", ".*").replace(r"\?", ".")
    assert like(pattern).matches(value) is bool(re.fullmatch(expression, value))


@pytest.mark.parametrize(
    ("pattern", "action", "expected"),
    [
        (
            "Microsoft.Authorization/roleAssignments/*",
            "Microsoft.Authorization/roleAssignments/write",
            True,
        ),
        (
            "Microsoft.Authorization/roleDefinitions/*",
            "Microsoft.Authorization/roleAssignments/write",
            False,
        ),
        (READ, READ.upper(), True),
        ("*/blobs/read", READ, True),
        ("*", READ, True),
        ("Microsoft.Storage/*/read", READ, True),
        (READ[:-1] + "?", READ, False),
    ],
)
def test_actions(pattern: str, action: str, expected: bool) -> None:
    assert matches_action(pattern, action) is expected


def test_a_hostile_pattern_takes_bounded_time() -> None:
    begin = time.perf_counter()
    assert not like("*a" * 3000 + "b").matches("a" * 8000)
    assert not like("*a?b" * 1500).matches("a" * 8000)
    assert time.perf_counter() - begin < 5
