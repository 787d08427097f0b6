"""Comparisons that hold for every value, or for none."""

from __future__ import annotations

from itertools import product

import pytest

from scanner.access.conditions import Comparison, Request, Tri, evaluate, parse
from scanner.access.conditions.certain import outcome

CROSSES = [
    f"For{left}Of{right}Values" for left, right in product(("Any", "All"), repeat=2)
]
ACCOUNT = "Microsoft.Storage/storageAccounts:name"
VALUES = "a", "A", "b", "c", "7"


def comparison(name: str, how: str, values: str) -> Comparison:
    found = parse(f"@Resource[{name}] {how} {{{values}}}").expression
    assert isinstance(found, Comparison)
    return found


@pytest.mark.parametrize("cross", CROSSES)
@pytest.mark.parametrize("operator", ["Equals", "NotEquals", "Like", "NotLike"])
@pytest.mark.parametrize("suffix", ["", "IgnoreCase"])
@pytest.mark.parametrize("values", ["'a'", "'a', 'A'", "'a', 'b'", "'*', 'a'"])
def test_what_is_certain_is_so_for_each_value(
    cross: str, operator: str, suffix: str, values: str
) -> None:
    atom = comparison(ACCOUNT, f"{cross}:String{operator}{suffix}", values)
    found = outcome(atom)
    for each in VALUES:
        held = evaluate(atom, Request("a", resource={ACCOUNT: each}))
        assert found in {Tri.UNKNOWN, held}


@pytest.mark.parametrize(
    ("how", "values", "truth"),
    [
        ("ForAnyOfAnyValues:StringNotEquals", "'a', 'b'", Tri.TRUE),
        ("FORALLOFANYVALUES:stringNotEquals", "'a', 'A'", Tri.TRUE),
        ("ForAnyOfAnyValues:StringNotEqualsIgnoreCase", "'a', 'A'", Tri.UNKNOWN),
        ("ForAnyOfAnyValues:StringNotEquals", "'a', 'a'", Tri.UNKNOWN),
        ("ForAnyOfAllValues:StringNotEquals", "'a', 'b'", Tri.UNKNOWN),
        ("ForAnyOfAllValues:StringEquals", "'a', 'b'", Tri.FALSE),
        ("ForAnyOfAnyValues:StringEquals", "'a', 'b'", Tri.UNKNOWN),
    ],
)
def test_two_that_differ(how: str, values: str, truth: Tri) -> None:
    assert outcome(comparison(ACCOUNT.upper(), how, values)) is truth
    tags = "Microsoft.Storage/storageAccounts/blobServices/containers/blobs/tags:t"
    assert outcome(comparison(tags, how, values)) is Tri.UNKNOWN
