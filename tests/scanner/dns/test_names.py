from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanner.dns.names import (
    LONGEST,
    ROOT,
    covers,
    normalise,
    normalised,
    queried,
)


@pytest.mark.parametrize(
    ("entry", "name"),
    [
        ("contoso.com", "contoso.com"),
        ("Contoso.COM.", "contoso.com"),
        (" contoso.com ", "contoso.com"),
        (".", "."),
        ("bücher.example", "xn--bcher-kva.example"),
        ("BÜCHER.example.", "xn--bcher-kva.example"),
        ("XN--BCHER-KVA.example", "xn--bcher-kva.example"),
        ("bücher\u3002example\uff0e", "xn--bcher-kva.example"),
        ("mail.bücher.example", "mail.xn--bcher-kva.example"),
        ("\u05e2\u05d1\u05e81.example", "xn--1-1hc4cza.example"),
        ("_dmarc.contoso.com", "_dmarc.contoso.com"),
        ("*.contoso.com", "*.contoso.com"),
        ("com", "com"),
        (f"{'a' * 63}.com", f"{'a' * 63}.com"),
        (".".join("a" * 127) + ".", ".".join("a" * 127)),
    ],
)
def test_normalise(entry: str, name: str) -> None:
    assert normalise(entry) == name


@pytest.mark.parametrize(
    "entry",
    [
        "",
        "  ",
        "..",
        "a..com",
        ".com",
        "com..",
        f"{'a' * 64}.com",
        f"{'ü' * 80}.com",
        ".".join("a" * 128),
        "a." * 100_000,
        "ü" * 100_000,
        "a b.com",
        "a\tb.com",
        "\x1b[2J.com",
        "a\x00.com",
        "a\x7f.com",
    ],
)
def test_what_no_name_can_be(entry: str) -> None:
    assert normalise(entry) is None


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("WWW.contoso.com.", "www.contoso.com"),
        ("_dmarc.bücher.example", "_dmarc.xn--bcher-kva.example"),
        ("*.contoso.com", "*.contoso.com"),
        ("10.0.0.4", "10.0.0.4"),
        (".", "."),
        ("https://contoso.com/x", None),
        ("contoso.com/x", None),
        ("contoso\uff0fx.com", None),
        ("evil.com:443", None),
        ("me@contoso.com", None),
        ("a,b.com", None),
        ("a..b", None),
    ],
)
def test_names_that_are_asked_for(name: str, found: str | None) -> None:
    assert queried(name) == found


def test_normalised_keeps_each_name_once() -> None:
    assert normalised(("a.com", "A.com.", "", ".", "a..b")) == {"a.com", "."}


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


@given(LABELS)
def test_what_covers_a_name_ends_its_labels(labels: list[str]) -> None:
    tails = [labels[start:] for start in range(len(labels))]
    assert list(covers(".".join(labels))) == [*map(".".join, tails), ROOT]


@given(st.text() | st.text("aA.ü\u3002ß⒈İ-", max_size=12))
def test_normalising_twice_changes_nothing(entry: str) -> None:
    once = normalise(entry)
    if once is not None:
        assert normalise(once) == once
        assert once.isascii()
        assert once.isprintable()
        assert len(once) <= LONGEST


@given(st.text("aAzZ0-.ü", max_size=12))
def test_case_and_a_last_dot_do_not_count(entry: str) -> None:
    assert normalise(entry.upper()) == normalise(entry.lower())
    if not entry.endswith(".") and entry:
        assert normalise(f"{entry}.") == normalise(entry)
