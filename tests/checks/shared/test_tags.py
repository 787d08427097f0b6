from __future__ import annotations

from collections.abc import Mapping

import pytest

from checks.shared.tags import plain_tag, stage_in, tagged
from scanner.model.settings import Settings

NAMES = ("businessunit", "cost-center")


@pytest.mark.parametrize(
    ("tags", "value"),
    [
        ({"businessUnit": "Claims"}, "Claims"),
        ({"Business Unit": "Claims"}, "Claims"),
        ({"BUSINESS_UNIT": "Claims", "costcenter": "4711"}, "Claims"),
        ({"env": "prod", "Cost-Center": "4711"}, "4711"),
        ({"unit": "Claims"}, ""),
        ({"businessunit": None, "costcenter": "4711"}, "4711"),
        ({"businessunit": "", "costcenter": "4711"}, "4711"),
        ({"businessunit": " ", "costcenter": "4711"}, "4711"),
        ({}, ""),
        (None, ""),
    ],
)
def test_the_first_tag_of_some_names(
    tags: Mapping[str, str] | None, value: str
) -> None:
    assert tagged(tags, NAMES) == value


def test_names_compare_without_case_and_breaks() -> None:
    assert plain_tag("Data-Class_ification ") == "dataclassification"


@pytest.mark.parametrize(
    ("name", "word"),
    [
        ("proj-prod", "prod"),
        ("Claims_DEV_01", "dev"),
        ("claims-dev-test", "dev"),
        ("claims-non-prod", "nonprod"),
        ("claims-pre-prod", ""),
        ("dev-prod", ""),
        ("products", ""),
        ("", ""),
    ],
)
def test_a_word_of_a_name_tells_of_an_environment(name: str, word: str) -> None:
    assert stage_in(name, Settings()) == word
