from __future__ import annotations

import gc
from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any
from weakref import ref

import msgspec
import pytest

import checks
from scanner.assess import assess, catalogue_hash, inventory
from scanner.collect.assemble import assemble
from scanner.collect.plan import NEVER_MADE
from scanner.demo import TENANT_ID, bodies
from scanner.judge import Judge
from scanner.model.check import Severity, Status
from scanner.model.cloud import Suffixes
from scanner.model.resource import Record
from scanner.model.results import Run
from scanner.model.settings import Settings
from scanner.snapshot.manifest import Manifest
from scanner.snapshot.reader import Snapshot
from scanner.snapshot.writer import SnapshotWriter

OTHER = "aaaaaaaa-0000-4000-8000-000000000002"
RUN = Run(started="2026-01-01T00:00:00Z", version="1", cloud="c", method="m")


def written(
    directory: Path,
    tenants: Mapping[str, Any],
    *,
    complete: bool = True,
    without: str = "",
    left_out: Mapping[str, tuple[str, ...]] | None = None,
    parents: Mapping[str, str] | None = None,
) -> Snapshot:
    """Write tenants made of bodies, leaving one type out."""
    manifest = Manifest(
        run=RUN,
        suffixes=Suffixes(),
        whole_tenant=True,
        tenants=tuple(tenants),
        api_versions={},
    )
    writer = SnapshotWriter(directory, manifest)
    for tenant_id, given in tenants.items():
        records, readings = assemble(given, tenant_id, parents)
        for reading in readings:
            if reading.resource_type == without:
                continue
            own = [each for each in records if _found(each, reading)]
            found = [each.body for each in own]
            kind, scope = reading.resource_type, reading.scope
            writer.resources(tenant_id, kind, scope, found)
            writer.reading(tenant_id, reading)
    writer.finish(replace(RUN, complete=complete), tuple(tenants), left_out)
    return Snapshot(directory)


def _found(record: Record, reading: Any) -> bool:
    return (record.type, record.scope.lower()) == (
        reading.resource_type,
        reading.scope.lower(),
    )


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    return written(tmp_path_factory.mktemp("demo"), {TENANT_ID: list(bodies())})


def test_a_whole_snapshot_has_no_gaps(demo: Snapshot) -> None:
    found = assess(demo, checks.ALL, Settings())
    assert found.gaps == ()
    assert {each.check.id for each in found.results} == {c.id for c in checks.ALL}
    assert found.run == replace(
        RUN,
        complete=True,
        catalogue=catalogue_hash(checks.ALL),
        settings=asdict(Settings()),
        bounded={},
    )


def test_a_tenant_is_let_go_of_without_a_look_for_garbage(demo: Snapshot) -> None:
    found = inventory(demo, TENANT_ID)
    left = ref(found)
    gc.disable()
    try:
        assert len(list(Judge(found, Settings()).results(checks.ALL))) > 1000
        found.forget()
        del found
        assert left() is None
    finally:
        gc.enable()


def test_a_subscription_is_left_out_of_its_own_tenant(tmp_path: Path) -> None:
    idle = "cccccccc-0000-4000-8000-000000000009"
    tenants: dict[str, list[Any]] = {TENANT_ID: [], OTHER: []}
    snapshot = written(tmp_path, tenants, left_out={OTHER: (idle,)})
    whole, part = (inventory(snapshot, tenant_id) for tenant_id in tenants)
    named = f"/subscriptions/{idle}/resourceGroups/rg"
    for found, is_whole in ((whole, True), (part, False)):
        tenant = found.window(Settings())
        assert tenant.whole is is_whole
        assert tenant.is_foreign(named) is is_whole


def test_a_subscription_that_only_management_groups_tell_of_is_no_foreign_one(
    tmp_path: Path,
) -> None:
    ids = "cccccccc-0000-4000-8000-000000000001", "cccccccc-0000-4000-8000-000000000002"
    mine, unlisted = (f"/subscriptions/{each}" for each in ids)
    root = "/providers/Microsoft.Management/managementGroups/root"
    tenants: dict[str, list[Any]] = {TENANT_ID: [{"id": mine}, {"id": root}]}
    parents = {mine: root, unlisted: root}
    snapshot = written(tmp_path, tenants, parents=parents)
    tenant = inventory(snapshot, TENANT_ID).window(Settings())
    assert not tenant.whole
    assert not tenant.is_foreign(f"{unlisted}/resourceGroups/rg")
    [note] = assess(snapshot, checks.ALL, Settings()).run.notes
    assert ids[1] in note


def test_the_same_snapshot_gives_the_same_results(demo: Snapshot) -> None:
    one, two = (assess(demo, checks.ALL, Settings()) for _ in range(2))
    assert one == two


@pytest.mark.parametrize("complete", [True, False])
def test_what_was_never_read_is_a_gap(complete: bool, tmp_path: Path) -> None:
    kind = "Microsoft.CognitiveServices/accounts"
    snapshot = written(
        tmp_path, {TENANT_ID: list(bodies())}, complete=complete, without=kind
    )
    found = assess(snapshot, checks.ALL, Settings())
    assert {each.gap.reason for each in found.gaps} == {NEVER_MADE}
    assert {each.gap.resource_type for each in found.gaps} == {kind}
    about = [each for each in found.results if each.check.resource_type == kind]
    assert {each.status for each in about} == {Status.NOT_ASSESSED}
    assert all(NEVER_MADE in each.reason for each in about)


def test_tenants_are_judged_one_by_one(tmp_path: Path) -> None:
    subscription = {"id": "/subscriptions/bbbbbbbb-0000-4000-8000-000000000001"}
    tenants = {TENANT_ID: list(bodies()), OTHER: [subscription]}
    found = assess(written(tmp_path, tenants), checks.ALL, Settings())
    for check in checks.ALL:
        own = {each.target.tenant_id for each in found.results if each.check is check}
        assert own == {TENANT_ID, OTHER}


def test_the_catalogue_s_hash_tells_logic_and_severity_apart() -> None:
    first, second, *_ = checks.ALL
    changed = replace(first, severity=Severity.INFORMATIONAL)
    other = replace(first, decide=second.decide)
    hashes = {
        catalogue_hash(each)
        for each in ([first], [changed], [other], [second], [first, second], [])
    }
    assert len(hashes) == 6
    assert catalogue_hash([first]) == catalogue_hash([first])


def test_the_run_says_nothing_of_a_token(demo: Snapshot) -> None:
    run = assess(demo, [], Settings()).run
    told = [replace(run, settings={}), *run.settings.values()]
    text = msgspec.json.encode(told).decode().lower()
    assert "token" not in text
    assert "secret" not in text
