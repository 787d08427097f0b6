"""Scanning what is served gives back what was read, with every gap."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from scanner.arm.clouds import find_cloud
from scanner.arm.limits import Limits
from scanner.arm.methods import Method
from scanner.collect.order import Order
from scanner.collect.scan import scan
from scanner.collect.scope import Selection
from scanner.collect.watch import Watch
from scanner.emulator import Emulator, Estate, Options, faults
from scanner.emulator.background import in_thread
from scanner.model.coverage import Outcome
from scanner.snapshot.reader import Snapshot, load

TENANT = "aaaaaaaa-0000-4000-8000-000000000001"
SUB = "/subscriptions/bbbbbbbb-0000-4000-8000-000000000001"
SECOND = "/subscriptions/bbbbbbbb-0000-4000-8000-000000000002"
ACCOUNTS = "Microsoft.CognitiveServices/accounts"

BAD_DAY = (
    faults.Status(
        type="Microsoft.KeyVault/vaults", status=403, code="AuthorizationFailed"
    ),
    faults.Status(type="Microsoft.Storage/storageAccounts", status=502, body="html"),
    faults.Status(type=ACCOUNTS, scope=SUB, page=2, status=500, code="Failed"),
    faults.Status(
        type="Microsoft.MachineLearningServices/workspaces", status=404, body="text"
    ),
    faults.Status(
        type="Microsoft.Management/managementGroups",
        status=403,
        code="AuthorizationFailed",
    ),
    faults.Malformed(type=f"{ACCOUNTS}/deployments", form="item", to=3),
    faults.Malformed(
        type="Microsoft.Insights/diagnosticSettings",
        scope=f"{SUB}/providers",
        form="item",
        field="id",
        drop=True,
    ),
    faults.ForeignNextLink(type="Microsoft.Network/virtualNetworks"),
    faults.RepeatNextLink(type="Microsoft.Authorization/roleAssignments"),
)

LIMITS = Limits(attempts=1, backoff=0.001)


@pytest.fixture(autouse=True)
def _direct(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


def scanned(
    azure: Emulator, directory: Path, monkeypatch: pytest.MonkeyPatch, graph: bool
) -> Snapshot:
    for name, value in azure.environment.items():
        monkeypatch.setenv(name, value)
    directory.mkdir()
    order = Order(
        cloud=find_cloud(str(azure.write_cloud(directory / "cloud.toml"))),
        method=Method.ENVIRONMENT,
        selection=Selection(),
        graph=graph,
        limits=LIMITS,
    )
    asyncio.run(scan(order, directory / "snapshot", Watch()))
    return Snapshot(directory)


def content(snapshot: Snapshot) -> Any:
    records, readings = load(snapshot, TENANT)
    return (
        sorted(records, key=lambda each: (each.type, each.scope, each.id)),
        sorted(readings, key=lambda each: (each.resource_type, each.scope)),
    )


@pytest.mark.parametrize(("graph", "page_size"), [(True, 1), (False, 3)])
def test_round_trip(
    serve: Callable[..., Emulator],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    page_size: int,
    graph: bool,
) -> None:
    azure = serve(page_size=page_size, faults=BAD_DAY)
    first = scanned(azure, tmp_path / "first", monkeypatch, graph)
    gaps = [each for each in content(first)[1] if each.outcome is Outcome.GAP]
    assert len({(each.resource_type, each.gaps[0].reason) for each in gaps}) >= 6
    options = Options(page_size=page_size)
    with in_thread(Estate.of_snapshot(first), options) as again:
        second = scanned(again, tmp_path / "second", monkeypatch, graph)
    for records_or_readings in zip(content(second), content(first), strict=True):
        for ours, theirs in zip(*records_or_readings, strict=True):
            assert ours == theirs
