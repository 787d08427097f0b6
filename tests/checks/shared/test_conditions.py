"""What conditions that differ in ids alone have in common."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checks.shared.conditions import shape
from scanner.access.conditions import lint
from scanner.access.facts import Block

NOW = datetime(2026, 9, 1, tzinfo=UTC)

CONTAINERS = "Microsoft.Storage/storageAccounts/blobServices/containers"
BLOBS = f"{CONTAINERS}/blobs"
CONTRIBUTOR = tuple(
    f"{BLOBS}/{name}"
    for name in ("read", "write", "delete", "move/action", "add/action")
)
NAME = f"@Resource[{CONTAINERS}:name] StringEquals 'public'"
LEVEL = f"@Resource[{BLOBS}/tags:Level<$key_case_sensitive$>]"
KEYS = f"@Resource[{BLOBS}/tags&$keys$&]"
LOW = f"{LEVEL} StringEquals 'low'"
UNTAGGED = f"NOT {KEYS} ForAnyOfAnyValues:StringEquals {{'Level'}}"
CLEARANCE = (
    "@Principal[Microsoft.Directory/CustomSecurityAttributes/Id:Staff_Level] "
    "ForAnyOfAnyValues:StringEquals {'low', 'high'}"
)
ASSIGN = "Microsoft.Authorization/roleAssignments"
DELEGATED = (
    f"((!(ActionMatches{{'{ASSIGN}/write'}})) OR "
    f"(@Request[{ASSIGN}:RoleDefinitionId] ForAnyOfAnyValues:GuidEquals "
    "{acdd72a7-3385-48ef-bd42-f606fba81ae7}))"
)


def block(rest: str, *actions: str) -> str:
    guards = [f"!(ActionMatches{{'{action}'}})" for action in actions]
    return f"(({' AND '.join(guards)}) OR ({rest}))"


FOUNDRY = block(
    f"@Resource[{CONTAINERS}:name] StringStartsWithIgnoreCase "
    "'3c1b6f0e-5a0f-4c1d-9a51-0d8f6f6c2b11'",
    *CONTRIBUTOR,
)
EXAMPLE = f"""\
(
  (
    !(ActionMatches{{'{CONTRIBUTOR[0]}'}} AND NOT SubOperationMatches{{'Blob.List'}})
  )
  OR
  (
    # whatever has no level yet
    {UNTAGGED}
  )
  OR
  (
    # low for everyone with a clearance
    {LOW} AND {CLEARANCE}
  )
  OR
  (
    # high in working hours
    {LEVEL} StringEquals 'high' AND {CLEARANCE}
    AND @Environment[UtcNow] DateTimeGreaterThan '2025-06-09T12:00:00.0Z'
    AND @Environment[UtcNow] DateTimeLessThan '2045-06-09T21:00:00.0Z'
  )
)
"""


@pytest.mark.parametrize(
    "text",
    [
        FOUNDRY,
        FOUNDRY.replace("3c1b", "9F6D"),
        EXAMPLE.replace("'low'", "'3c1b6f0e-5a0f-4c1d-9a51-0d8f6f6c2b11'"),
        block(
            f"{LEVEL} StringEquals '3c1b6f0e-5a0f-4c1d-9a51-0d8f6f6c2b11' OR "
            f"{LEVEL} StringEquals '4c1b6f0e-5a0f-4c1d-9a51-0d8f6f6c2b11' OR "
            f"NOT ({LEVEL} StringEquals '3c1b6f0e-5a0f-4c1d-9a51-0d8f6f6c2b11')",
            CONTRIBUTOR[0],
        ),
    ],
)
def test_a_shape_has_the_same_faults(text: str) -> None:
    role = (Block(data_actions=CONTRIBUTOR),)
    assert shape(text) != text
    assert len(shape(text)) == len(text)
    assert shape(shape(text)) == shape(text)
    assert lint(shape(text), role=role, now=NOW) == lint(text, role=role, now=NOW)


def test_conditions_that_differ_in_ids_alone_have_one_shape() -> None:
    workspace = "3c1b6f0e-5a0f-4c1d-9a51-0d8f6f6c2b11"
    other = "aaaaaaaa-1111-4222-8333-444444444444"
    assert shape(FOUNDRY) == shape(FOUNDRY.replace(workspace, other))
    two = f"{FOUNDRY} AND {FOUNDRY}"
    assert shape(two) != shape(two.replace(workspace, other, 1))


@pytest.mark.parametrize(
    "text",
    [
        DELEGATED,
        DELEGATED.replace("{acdd", "{'acdd").replace("1ae7}", "1ae7'}"),
        f"{FOUNDRY} AND {FOUNDRY.replace('3c1b', '3C1B')}",
        NAME,
    ],
)
def test_ids_that_matter_are_kept(text: str) -> None:
    assert shape(text) == text


IDS = [f"{digit * 8}-2222-4222-8222-{digit * 12}" for digit in "abcd"]
texts = st.sampled_from([*IDS, f"{IDS[0]}-blobs", "low"])
comparisons = st.tuples(
    st.sampled_from(
        [f"@Resource[{CONTAINERS}:name]", LEVEL, f"@Resource[{BLOBS}:path]"]
    ),
    st.sampled_from(["StringEquals", "StringStartsWith", "StringNotEquals"]),
    texts.map("'{}'".format),
).map(" ".join)
rests = st.lists(comparisons, min_size=1, max_size=4).map(" OR ".join)
conditions = st.lists(
    st.builds(block, rests, st.sampled_from(CONTRIBUTOR)), min_size=1, max_size=3
).map(" AND ".join)


@given(conditions)
def test_what_is_wrong_with_a_shape_is_wrong_with_all(text: str) -> None:
    role = (Block(data_actions=CONTRIBUTOR),)
    faults = lint(text, role=role, now=NOW)
    assert lint(shape(text), role=role, now=NOW) == faults
