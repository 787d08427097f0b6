from __future__ import annotations

import pytest

from scanner.access.conditions import explain, parse

BLOBS = "Microsoft.Storage/storageAccounts/blobServices/containers/blobs"
NAME = "@Resource[Microsoft.Storage/storageAccounts/blobServices/containers:name]"


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        (
            f"(!(ActionMatches{{'a/read'}}) OR {NAME} StringEquals 'x') AND "
            f"(!(ActionMatches{{'a/write'}}) OR {NAME} StringNotEquals 'y')",
            [
                "a/read is allowed only where the name of the container is 'x'.",
                "a/write is allowed only where the name of the container is not 'y'.",
            ],
        ),
        (
            f"!(ActionMatches{{'a/read'}} AND NOT SubOperationMatches{{'Blob.List'}}) "
            f"OR {NAME} StringLikeIgnoreCase 'x*'",
            [
                "a/read other than as Blob.List is allowed only where "
                "the name of the container is like 'x*' ignoring case."
            ],
        ),
        (
            f"(!(ActionMatches{{'a'}}) AND !(ActionMatches{{'b'}})) OR "
            f"NOT @Resource[{BLOBS}/tags&$keys$&] "
            "ForAnyOfAnyValues:StringEquals {'K'}",
            [
                "a or b is allowed only where "
                "no value of the keys of the blob's index tags is 'K'."
            ],
        ),
        (
            f"NOT Exists @Request[{BLOBS}/tags:K] OR (true AND 1 NumericLessThan 2)",
            [
                "A call is allowed only where the blob index tag K in the request is "
                "absent or (always and 1 is less than 2)."
            ],
        ),
        (
            "@Environment[UtcNow] DateTimeLessThan '2026-01-01T00:00:00Z'",
            [
                "A call is allowed only where the current time (UTC) is before "
                "'2026-01-01T00:00:00Z'."
            ],
        ),
        (
            "@Principal[Microsoft.Directory/CustomSecurityAttributes/Id:S_L] "
            "ForAllOfAnyValues:StringNotEquals {'a', 'b'}",
            [
                "A call is allowed only where each value of the caller's custom "
                "security attribute S_L is not one of 'a', 'b'."
            ],
        ),
        (
            "@Resource[HasObotoken] Frobs 1 OR @Resource[a] ForSome:StringEquals 'x'",
            [
                "A call is allowed only where @Resource[HasObotoken] Frobs 1 (not "
                "documented for Azure, outcome unknown) or @Resource[a] "
                "ForSome:StringEquals 'x' (not documented for Azure, outcome unknown)."
            ],
        ),
        ("false", ["No call is allowed."]),
        ("true", ["Every call is allowed."]),
    ],
)
def test_one_sentence_a_block(text: str, sentences: list[str]) -> None:
    assert list(explain(parse(text))) == sentences
