from __future__ import annotations

import re
from itertools import combinations

import pytest

from scanner.access.conditions import (
    Attribute,
    Comparison,
    Constant,
    Kind,
    Operator,
    Request,
    Tri,
    ValueSet,
    evaluate,
    explain,
    parse,
)
from scanner.access.conditions.operators import COMPARATORS, CROSSES
from scanner.access.conditions.phrases import predicate

BLOBS = "Microsoft.Storage/storageAccounts/blobServices/containers/blobs"
ROLE = "Microsoft.Authorization/roleAssignments:RoleDefinitionId"
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
                "security attribute S_L differs from at least one of 'a', 'b'."
            ],
        ),
        (
            f"@Request[{ROLE}] "
            f"ForAnyOfAllValues:GuidNotEquals {{{'1' * 32}, {'2' * 32}}}",
            [
                "A call is allowed only where any value of the assigned role is none "
                f"of {'1' * 32}, {'2' * 32}."
            ],
        ),
        (
            "@Resource[a] StringEquals {'x', 'y'}",
            [
                "A call is allowed only where @Resource[a] StringEquals {'x', 'y'} "
                "(not documented for Azure, outcome unknown)."
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


SAMPLES = {
    "String": (Kind.TEXT, ("a", "b", "c")),
    "Numeric": (Kind.NUMBER, ("1", "2", "3")),
    "DateTime": (Kind.TEXT, tuple(f"202{year}-01-01T00:00:00Z" for year in "456")),
    "Bool": (Kind.BOOLEAN, ("true", "false")),
    "Guid": (Kind.GUID, tuple(digit * 32 for digit in "123")),
}
DENYING = ("is not", "does not", "none of", "differs", "is unlike", "starts otherwise")


def said(sentence: str, opposite: str, left: list[str], right: list[str]) -> bool:
    """What the words of a sentence mean, apart from what one value is to another."""
    outer = all if sentence.startswith("each value of") else any
    every = re.search(r" (every one|none) of ", sentence) is not None
    inner = all if every else any
    denies = any(words in sentence for words in DENYING)
    positive = COMPARATORS[opposite.lower()]
    return outer(
        inner(
            (positive.compare(one, other) is Tri.TRUE) is not denies for other in right
        )
        for one in left
    )


@pytest.mark.parametrize("cross", [each.name for each in CROSSES.values()])
@pytest.mark.parametrize(
    "name", [each.name for each in COMPARATORS.values() if each.crosses]
)
def test_sentences_say_of_how_many_values_it_is_so(name: str, cross: str) -> None:
    family = next(each for each in SAMPLES if name.startswith(each))
    kind, samples = SAMPLES[family]
    parts = [part for size in (1, 2) for part in combinations(samples, size)]
    for right in parts:
        values = ValueSet(tuple(Constant(kind, each) for each in right))
        asked = Comparison(Attribute("Resource", "x"), Operator(name, cross), values)
        sentence = predicate(asked)
        for left in parts:
            found = evaluate(asked, Request("a", resource={"x": left}))
            meant = said(sentence, name.replace("Not", ""), [*left], [*right])
            assert found is Tri.of(meant), (sentence, left)
