from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scanner.dns.names import ROOT, covers, normalise, normalised


@pytest.mark.parametrize(
    ("entry", "name"),
    [
        ("contoso.com", "contoso.com"),
        ("Contoso.COM.", "contoso.com"),
        (" contoso.com ", "contoso.com"),
        (".", "."),
        ("", ""),
        ("  ", ""),
        ("bücher.example", "xn--bcher-kva.example"),
        ("BÜCHER.example.", "xn--bcher-kva.example"),
        ("XN--BCHER-KVA.example", "xn--bcher-kva.example"),
        ("_dmarc.contoso.com", "_dmarc.contoso.com"),
        ("ü" * 80 + ".Example", "ü" * 80 + ".example"),
        ("ü..Example", "ü..example"),
    ],
)
def test_normalise(entry: str, name: str) -> None:
    assert normalise(entry) == name


def test_normalised_keeps_each_name_once() -> None:
    assert normalised(("a.com", "A.com.", "", ".")) == {"a.com", "."}


@pytest.mark.parametrize(
    ("name", "entries"),
    [
        ("a.b.com", ["a.b.com", "b.com", "com", "."]),
        ("com", ["com", "."]),
        (".", ["."]),
    ],
)
def test_covers(name: str, entries: list[str]) -> None:
    assert list(covers(name)) == entries


LABELS = st.lists(st.text("ab-", min_size=1, max_size=3), min_size=1, max_size=5)


@settings(deadline=None)
@given(LABELS)
def test_what_covers_a_name_ends_its_labels(labels: list[str]) -> None:
    tails = [labels[start:] for start in range(len(labels))]
    assert list(covers(".".join(labels))) == [*map(".".join, tails), ROOT]


@settings(deadline=None)
@given(st.text())
def test_normalising_twice_changes_nothing(entry: str) -> None:
    once = normalise(entry)
    if once != ROOT and not once.endswith(".") and once == once.strip():
        assert normalise(once) == once
