"""Data actions of Cognitive Services: which roles have one at all."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checks.shared.data_access import ANY, CHAT, sample_of


@pytest.mark.parametrize(
    ("pattern", "sample"),
    [
        ("*", "microsoft.cognitiveservices/any"),
        ("*/read", "microsoft.cognitiveservices/any/read"),
        ("Microsoft.CognitiveServices/*", "microsoft.cognitiveservices/any"),
        (CHAT.upper(), CHAT),
        ("Microsoft.Storage/*", None),
        ("Microsoft.CognitiveServices2/*", None),
        ("Microsoft.MachineLearningServices/workspaces/read", None),
    ],
)
def test_sample(pattern: str, sample: str | None) -> None:
    assert sample_of(pattern) == sample


PIECES = ["*", "microsoft.cognitiveservices/", "accounts/", "openai/", "read", "x"]


@given(st.lists(st.sampled_from(PIECES), max_size=5).map("".join))
def test_a_sample_is_of_the_pattern_and_of_the_service(pattern: str) -> None:
    def means(text: str, action: str) -> bool:
        return bool(re.fullmatch(re.escape(text.lower()).replace(r"\*", ".*"), action))

    sample = sample_of(pattern)
    if sample is not None:
        assert means(ANY, sample)
        assert means(pattern, sample)
    elif pattern.startswith("microsoft.cognitiveservices/"):
        pytest.fail("it means an action of the service")
