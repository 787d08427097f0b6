from __future__ import annotations

import pytest

from scanner.access.conditions import is_as_edited, parse

READ = "ActionMatches{'Microsoft.Storage/storageAccounts/x/read'}"
WRITE = "ActionMatches{'Microsoft.Storage/storageAccounts/x/write'}"
LIST = "SubOperationMatches{'Blob.List'}"
A, B = "@Resource[a] StringEquals 'a'", "@Request[b] StringEquals 'b'"


@pytest.mark.parametrize(
    "text",
    [
        f"((!({READ})) OR ({A}))",
        f"((!({READ}) AND !({WRITE})) OR ({A} AND {B}))",
        f"((!({READ} AND NOT {LIST})) OR ({A} OR {B}))",
        f"((!({READ} AND {LIST})) OR (NOT {A}))",
        f"(!({READ})) OR ({A}) OR ({B})",
        f"((!({READ})) OR ({A})) AND ((!({WRITE})) OR ({B}))",
    ],
)
def test_what_the_editor_writes(text: str) -> None:
    assert is_as_edited(parse(text))


@pytest.mark.parametrize(
    "text",
    [
        A,
        f"({READ}) OR ({A})",
        f"({A}) OR (!({READ}))",
        f"((!({READ})) OR ({A})) OR ((!({WRITE})) OR ({B}))",
        f"((!({READ})) OR ({A} AND {WRITE}))",
        f"((!({READ})) OR true)",
        f"!({READ}) AND ({A})",
        f"((!({READ} OR {WRITE})) OR ({A}))",
        f"((!({READ})) OR ({A})) # by hand",
        f"((!({READ})) OR ({A} OR {A} AND {B}))",
    ],
)
def test_what_it_does_not(text: str) -> None:
    assert not is_as_edited(parse(text))
