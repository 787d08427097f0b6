"""What Azure says when it refuses is understood in all its recorded forms."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from scanner.arm.errors import LONGEST_MESSAGE, ReadError, refused

CODELESS = {"None", "text"}
"""Stand for a code in the names of folders: an unusual form, and no JSON at all."""


def recorded(corpus: Path) -> Iterator[tuple[Path, int, bytes]]:
    for path in sorted((corpus / "errors").rglob("*.json")):
        response = json.loads(path.read_bytes())["response"]
        yield path, response["status"], raw(response.get("body"))


def raw(body: Any) -> bytes:
    """Return a body as it came: only what is no JSON is kept as a text."""
    if body is None:
        return b""
    return (body if isinstance(body, str) else json.dumps(body)).encode()


def expected_code(path: Path) -> str:
    """Return the code that a recording's folder is named after, cut as the name is."""
    code = path.parent.name.partition("_")[2]
    return "" if code in CODELESS else code


def understood(corpus: Path) -> Iterator[tuple[Path, int, ReadError]]:
    for path, status, body in recorded(corpus):
        yield path, status, refused(status, body)


def test_every_refusal_has_its_status_and_a_reason_of_one_line(corpus: Path) -> None:
    seen = 0
    for path, status, error in understood(corpus):
        seen += 1
        assert error.status == status, path
        assert error.reason.strip(), path
        assert error.reason.isprintable(), path
        assert len(error.reason) <= LONGEST_MESSAGE, path
    assert seen


def test_every_code_is_found(corpus: Path) -> None:
    missed = {
        path.parent.name: error.code
        for path, _, error in understood(corpus)
        if not re.sub(r"\W", "", error.code or "").startswith(expected_code(path))
    }
    assert not missed


def test_what_names_no_code_is_given_none(corpus: Path) -> None:
    given = {
        path: refused(status, body).code
        for path, status, body in recorded(corpus)
        if b'code"' not in body.lower()
    }
    assert given
    assert not any(given.values())
