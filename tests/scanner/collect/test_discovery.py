"""Resource Graph says where to look, and is believed only by those who see all."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from scanner.arm.errors import ReadError
from scanner.collect.discovery import BATCH, TYPES, index
from scanner.collect.reads import AT_SUBSCRIPTION
from scanner.emulator.faults import Status
from scanner.model.coverage import Outcome

Scan = Callable[..., Any]

VAULTS = "Microsoft.KeyVault/vaults"
VAULT_LISTS = "providers/Microsoft.KeyVault/vaults"
INDEXED = [read for read in AT_SUBSCRIPTION if read.indexed]


def test_a_subscription_with_nothing_is_not_asked(scan_estate: Scan) -> None:
    done = scan_estate()
    assert done.asked("Microsoft.ResourceGraph") == 1
    for read in INDEXED:
        nothing = done.reading(read.of.type, "2")
        assert (nothing.outcome, nothing.operation) == (Outcome.EMPTY, "ResourceGraph")


def test_a_subscription_with_anything_is_asked_for_everything(
    scan_estate: Scan,
) -> None:
    # The index lags: a vault that it does not know yet is there all the same.
    done = scan_estate()
    assert done.asked(VAULT_LISTS) == 1
    for read in INDEXED:
        assert done.reading(read.of.type, "1").operation == read.operation.name


def test_what_is_not_indexed_is_always_asked_for(scan_estate: Scan) -> None:
    done = scan_estate()
    for read in AT_SUBSCRIPTION:
        if not read.indexed:
            assert done.reading(read.of.type, "2").operation == read.operation.name


def test_without_the_graph_everything_is_asked_for(scan_estate: Scan) -> None:
    done = scan_estate(graph=False)
    assert done.asked("Microsoft.ResourceGraph") == 0
    assert done.asked(VAULT_LISTS) == 2
    for read in INDEXED:
        assert done.reading(read.of.type, "2").operation == read.operation.name


@pytest.mark.parametrize(
    "actions",
    [
        (),
        ("Microsoft.CognitiveServices/*",),
        ("Microsoft.KeyVault/vaults/write",),
    ],
)
def test_nothing_is_believed_without_rights(
    scan_estate: Scan, actions: tuple[str, ...]
) -> None:
    done = scan_estate(actions=actions)
    assert done.asked(VAULT_LISTS) == 2
    assert done.reading(VAULTS).operation == "vaults.list_by_subscription"


def test_rights_to_one_type_are_enough_for_it(scan_estate: Scan) -> None:
    done = scan_estate(actions=("Microsoft.KeyVault/vaults/read",))
    assert done.asked(VAULT_LISTS) == 1
    assert done.asked("providers/Microsoft.Storage/storageAccounts") == 2


@pytest.mark.parametrize(
    "fault",
    [
        Status(method="POST", status=403, code="AccessDenied"),
        Status(method="POST", status=400, code="BadRequest"),
    ],
    ids=lambda fault: fault.code,
)
def test_a_refusal_is_a_note_and_no_gap(scan_estate: Scan, fault: Any) -> None:
    done = scan_estate(fault)
    assert done.gaps == []
    assert "Resource Graph did not answer (Made to fail.); ARM was listed" in done.notes
    assert done.asked(VAULT_LISTS) == 2


def test_a_failed_question_about_rights_believes_nothing(scan_estate: Scan) -> None:
    refused = Status(type="Microsoft.Authorization/permissions", status=403)
    done = scan_estate(refused)
    assert done.gaps == []
    assert done.asked(VAULT_LISTS) == 2


class Graph:
    """A session whose Resource Graph answers what it is told to."""

    def __init__(self, *answers: list[dict[str, Any]] | ReadError) -> None:
        self.answers = list(answers)
        self.asked: list[Sequence[str]] = []

    async def query(self, _: str, subscriptions: Sequence[str]) -> list[dict[str, Any]]:
        self.asked.append(subscriptions)
        answer = self.answers.pop(0)
        if isinstance(answer, ReadError):
            raise answer
        return answer


def asked(graph: Graph, *names: str) -> Any:
    return asyncio.run(index(graph, names))  # type: ignore[arg-type]


def test_subscriptions_compare_without_case() -> None:
    found, note = asked(Graph([{"subscriptionId": "AB"}]), "ab", "Cd")
    assert not note
    assert not found.is_bare("Ab")
    assert found.is_bare("CD")


def test_a_subscription_that_was_not_asked_about_is_not_bare() -> None:
    found, _ = asked(Graph([]), "one")
    assert found.is_bare("one")
    assert not found.is_bare("two")


@pytest.mark.parametrize("row", [{}, {"subscriptionId": None}, {"types": 3}])
def test_an_odd_row_makes_the_answer_one_to_believe_in_nothing(
    row: dict[str, Any],
) -> None:
    found, note = asked(Graph([row]), "one")
    assert "names no subscription" in note
    assert not found.is_bare("one")


def test_a_truncated_answer_is_believed_in_nothing() -> None:
    names = [f"s{number}" for number in range(BATCH + 1)]
    truncated = ReadError("the answer of Resource Graph was truncated")
    graph = Graph([], truncated)
    found, note = asked(graph, *names)
    assert [len(each) for each in graph.asked] == [BATCH, 1]
    assert "truncated" in note
    assert found.is_bare(names[0])
    assert not found.is_bare(names[-1])


def test_an_answer_has_room_for_every_subscription_of_a_batch() -> None:
    assert BATCH <= 1000
    assert {read.of.type.lower() for read in INDEXED} == set(TYPES)
