"""Conditions that were recorded, and those of built-in roles."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from scanner.access.conditions import (
    Call,
    Literal,
    explain,
    guarded_actions,
    lint,
    parse,
    residual,
    to_text,
)
from scanner.access.conditions.walk import nodes
from scanner.access.facts import Block

CORPUS = Path(__file__).resolve().parents[5] / "shared" / "corpus"
ROLES = CORPUS / "builtin-roles.jsonl"
NOW = datetime(2026, 11, 1, tzinfo=UTC)
WRITE = "Microsoft.Authorization/roleAssignments/write"
DELETE = "Microsoft.Authorization/roleAssignments/delete"

TOLERATED = {
    "delegation-principal-bounded",
    "abac-role-supported",  # one restricts what is of no service that is documented
}

pytestmark = pytest.mark.skipif(
    not ROLES.is_file(), reason=f"the recorded conditions are not at {CORPUS}"
)


def holders(body: Any) -> Iterator[dict[str, Any]]:
    """Yield what has a condition, however deep."""
    waiting = [body]
    while waiting:
        match waiting.pop():
            case dict() as node:
                if isinstance(node.get("condition"), str):
                    yield node
                waiting.extend(node.values())
            case list() as node:
                waiting.extend(node)


@pytest.fixture(scope="module")
def permissions() -> list[dict[str, Any]]:
    with ROLES.open(encoding="utf-8") as lines:
        return [one for line in lines for one in holders(json.loads(line))]


@pytest.fixture(scope="module")
def recorded() -> set[str]:
    files = CORPUS.glob("*/*authorization*/**/*.json")
    bodies = (json.loads(file.read_text("utf-8-sig")) for file in files)
    return {one["condition"] for body in bodies for one in holders(body)}


def unheard_of(text: str) -> set[str]:
    """Return the fault of attributes that Microsoft asks for and does not document."""
    names = ("HasObotoken", ":ContainerName")
    return {"abac-parse"} if any(name in text for name in names) else set()


def test_built_in_roles(permissions: list[dict[str, Any]]) -> None:
    assert len(permissions) >= 29
    for permission in permissions:
        condition = parse(permission["condition"])
        assert parse(to_text(condition.expression)).expression == condition.expression
        assert not any(isinstance(node, Call) for node in nodes(condition.expression))
        assert explain(condition)


def test_no_built_in_role_may_assign_any_role(
    permissions: list[dict[str, Any]],
) -> None:
    for permission in permissions:
        granted = Block(
            actions=tuple(permission["actions"]),
            not_actions=tuple(permission["notActions"]),
            data_actions=tuple(permission["dataActions"]),
            not_data_actions=tuple(permission["notDataActions"]),
        )
        faults = lint(permission["condition"], role=(granted,), now=NOW)
        wrong = {fault.check_id for fault in faults} - TOLERATED
        assert wrong == unheard_of(permission["condition"]), permission["condition"]


def test_a_guarded_role_restricts_both_ways(permissions: list[dict[str, Any]]) -> None:
    text = next(
        one["condition"]
        for one in permissions
        if WRITE in one["condition"] and DELETE in one["condition"]
    )
    for guard in guarded_actions(parse(text), (WRITE, DELETE)):
        assert guard.residual not in (Literal(True), Literal(False))
    assert residual(parse(text).expression, "Microsoft.Storage/read") == Literal(True)


def test_recorded_conditions(recorded: set[str]) -> None:
    assert recorded
    for text in recorded:
        condition = parse(text)
        assert condition.notes == ()
        assert parse(to_text(condition.expression)).expression == condition.expression
        faults = {fault.check_id for fault in lint(condition, now=NOW)}
        assert faults == unheard_of(text)
