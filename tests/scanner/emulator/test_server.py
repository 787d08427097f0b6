from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
import tomllib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from scanner.emulator import Emulator, Estate, Options
from scanner.emulator.background import in_process, in_thread
from scanner.emulator.tokens import MARKER
from scanner.model.cloud import Suffixes
from scanner.model.coverage import Gap, Outcome, Reading
from scanner.model.results import Run
from scanner.snapshot.manifest import Manifest, read_manifest, write_manifest
from scanner.snapshot.reader import Snapshot
from scanner.snapshot.writer import SnapshotWriter

TENANT = "aaaaaaaa-0000-4000-8000-000000000001"
SUB = "/subscriptions/bbbbbbbb-0000-4000-8000-000000000001"
ACCOUNTS = f"{SUB}/providers/Microsoft.CognitiveServices/accounts"

Get = Callable[..., Any]


def reading(resource_type: str, scope: str, **changes: Any) -> Reading:
    return Reading(
        resource_type=resource_type,
        scope=scope,
        operation="list",
        api_version="1",
        **({"outcome": Outcome.READ} | changes),
    )


@pytest.fixture
def snapshot(tmp_path: Path) -> Path:
    """Write a small snapshot of a tenant, with a malformed item and a refusal."""
    run = Run(
        started="2026-01-01T00:00:00Z", version="0", cloud="AzureCloud", method="cli"
    )
    manifest = Manifest(
        run=run,
        suffixes=Suffixes(storage="core.example"),
        whole_tenant=True,
        tenants=(TENANT,),
        api_versions={},
    )
    writer = SnapshotWriter(tmp_path / "snapshot", manifest)
    accounts = "Microsoft.CognitiveServices/accounts"
    gap = Gap(
        tenant_id=TENANT,
        scope=SUB,
        resource_type=accounts,
        operation="list",
        reason="malformed: item 2 has no id",
    )
    body = {"id": f"{SUB}/resourceGroups/rg/providers/{accounts}/one", "name": "one"}
    writer.resources(TENANT, accounts, SUB, [json.dumps(body).encode()])
    writer.reading(TENANT, reading(accounts, SUB, count=1, gaps=(gap,)))
    vaults = "Microsoft.KeyVault/vaults"
    refused = replace(gap, resource_type=vaults, http_status=403, error_code="Refused")
    writer.reading(TENANT, reading(vaults, SUB, outcome=Outcome.GAP, gaps=(refused,)))
    writer.finish(replace(run, complete=True), (TENANT,))
    return tmp_path / "snapshot"


def test_of_snapshot(snapshot: Path) -> None:
    tenant = Estate.of_snapshot(Snapshot(snapshot)).tenants[0]
    accounts = tenant.listings[ACCOUNTS.lower()]
    assert accounts.items[1:] == (b"{}",)
    assert json.loads(accounts.items[0])["name"] == "one"
    assert accounts.gap is None
    refused = tenant.listings[f"{SUB}/providers/microsoft.keyvault/vaults"]
    assert refused.gap is not None
    assert refused.gap.http_status == 403


def test_cloud_file(azure: Emulator, tmp_path: Path) -> None:
    cloud = tomllib.loads(azure.write_cloud(tmp_path / "cloud.toml").read_text())
    assert cloud == {
        "name": "emulator",
        "resource_manager": azure.url,
        "authority": azure.url,
        "audience": azure.url,
        "graph": f"{azure.url}/graph",
        "ca_bundle": str(azure.ca_file),
        "instance_discovery": False,
    }


def test_cloud_file_beside_the_authority(snapshot: Path, tmp_path: Path) -> None:
    estate = Estate.of_snapshot(Snapshot(snapshot))
    with in_thread(estate, Options(directory=tmp_path)) as azure:
        cloud = tomllib.loads(azure.write_cloud(tmp_path / "cloud.toml").read_text())
    assert cloud["ca_bundle"] == "ca.pem"
    assert cloud["suffixes"] == {"storage": "core.example"}


def test_the_record_holds_every_request_and_no_token(
    serve: Callable[..., Emulator], get: Get, tmp_path: Path
) -> None:
    path = tmp_path / "record.jsonl"
    azure = serve(record=path)
    get(azure, ACCOUNTS, "/subscriptions")
    token, accounts, subscriptions = azure.requests
    assert (token.method, token.authorized, token.tenant_id) == ("POST", False, "")
    assert (accounts.path, accounts.status) == (ACCOUNTS, 200)
    assert accounts.query == "api-version=2025-09-01"
    assert subscriptions.authorized
    assert subscriptions.tenant_id == TENANT
    lines = path.read_text().splitlines()
    assert [json.loads(line)["path"] for line in lines] == [
        each.path for each in azure.requests
    ]
    for text in (path.read_text(), repr(azure.requests), repr(azure.address)):
        assert MARKER not in text
        assert azure.address.client_secret not in text


def test_in_a_process(estate: Callable[..., Estate], get: Get) -> None:
    with in_process(estate(), Options()) as address:

        class There:
            """What the plain client asks of an emulator."""

            url, ca_file = address.url, address.ca_file

        There.address = address  # type: ignore[attr-defined]
        assert len(get(There, ACCOUNTS).names) == 5


def started(*arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "scanner.cli.main", "emulate", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])},
    )


@pytest.mark.parametrize("asked", [{}, {"directory": ("microsoft-graph",)}], ids=len)
def test_command(asked: dict[str, Any], snapshot: Path, tmp_path: Path) -> None:
    manifest = read_manifest(snapshot)
    run = replace(manifest.run, scope=asked)
    write_manifest(snapshot, replace(manifest, run=run))
    with started(str(snapshot), "--directory", str(tmp_path)) as process:
        assert process.stdout is not None
        told = [process.stdout.readline() for _ in range(8)]
        assert (tmp_path / "cloud.toml").is_file()
        assert (tmp_path / "ca.pem").is_file()
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=5)
    text = "".join(told)
    more = " --directory" if asked else ""
    scan = f"--cloud {tmp_path / 'cloud.toml'} --auth environment{more}\n"
    assert scan in text
    assert re.search(r"export AZURE_CLIENT_SECRET=\S+", text)
    assert (process.returncode, errors) == (0, "")


def test_command_explains_what_is_wrong(tmp_path: Path) -> None:
    with started(str(tmp_path)) as process:
        _, errors = process.communicate(timeout=10)
    assert process.returncode == 2
    assert errors.startswith("posture: cannot emulate: ")
    assert "is no snapshot" in errors


def test_latency(serve: Callable[..., Emulator], get: Get) -> None:
    azure = serve(latency=0.1)
    began = time.monotonic()
    get(azure, ACCOUNTS, ACCOUNTS)
    # Each of the two takes four fifths of it at least.
    assert time.monotonic() - began >= 0.16
