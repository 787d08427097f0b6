"""A run killed at any instant, and snapshots that were damaged since."""

from __future__ import annotations

import gzip
import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from checks import ALL
from scanner.assess import assess
from scanner.cli.failure import Exit
from scanner.collect.operations import path_of
from scanner.collect.plan import NEVER_MADE, planned, tenant_scope
from scanner.collect.read import Read
from scanner.collect.reads import AT_TENANT, QUERIES, READS
from scanner.collect.resources import MANAGEMENT_GROUPS
from scanner.demo import TENANT_ID
from scanner.emulator.background import in_thread
from scanner.model.check import Status
from scanner.model.keyvault import KeyVault
from scanner.model.settings import Settings
from scanner.snapshot.lines import SnapshotError
from scanner.snapshot.manifest import (
    MANIFEST,
    parts_on_disk,
    read_manifest,
    write_manifest,
)
from scanner.snapshot.reader import Snapshot, load

REPORTS = {"results.csv", "results.json", "gaps.csv", "report.html", "snapshot"}
UNREAD = "not-assessed"


# Killed


@pytest.fixture(params=[3, 60, 130])
def killed(
    request: pytest.FixtureRequest,
    bench: Any,
    slow_azure: Any,
    start: Callable[..., Any],
    wait_for: Callable[..., None],
) -> Path:
    """Return what a run has left that was killed after so many requests."""
    directory: Path = bench.new_path("run")
    before = len(slow_azure.requests)
    process = start(*_scan(bench, slow_azure), "--output", directory)
    wait_for(lambda: len(slow_azure.requests) > before + request.param)
    process.kill()
    process.wait()
    return directory


def _scan(bench: Any, azure: Any) -> tuple[Any, ...]:
    signed_in = ("--cloud", bench.sign_in_to(azure.address), "--auth", "environment")
    return ("scan", *signed_in, "--fail-on", "never", "--quiet")


def test_a_killed_run_resumes_or_says_what_is_missing(
    calm: Any,
    bench: Any,
    posture: Callable[..., Any],
    slow_azure: Any,
    killed: Path,
) -> None:
    directory, azure = killed, slow_azure
    _assert_judged_with_gaps(calm, bench, posture, directory)
    had, before = bench.whole_readings(directory), len(azure.requests)

    told = posture(*_scan(bench, azure), "--resume", directory)
    assert (told.code, told.err) == (Exit.CLEAN, "")
    assert bench.opened(directory).contract == calm.contract
    assert Snapshot(directory).complete

    asked = {unquote(f"{each.path}?{each.query}") for each in azure.requests[before:]}
    addresses = _addresses(directory)
    again = {key for key, address in addresses.items() if unquote(address) in asked}
    assert not again & had
    # Which events were asked for is a matter of the hour, and so of no fixed address.
    steady = {key for key in addresses if "eventtypes" not in key[0]}
    assert again | had | _believed(directory) >= steady


def _assert_judged_with_gaps(
    calm: Any, bench: Any, posture: Callable[..., Any], directory: Path
) -> None:
    output = bench.new_path("judged")
    told = posture(
        *("scan", "--from", directory, "--output", output),
        *("--fail-on", "never", "--quiet"),
    )
    assert (told.code, told.err) == (Exit.INCOMPLETE, "")
    assert {path.name for path in output.iterdir()} == REPORTS
    judged = bench.opened(output)
    assert judged.gaps
    _assert_nothing_flipped(calm, judged.document["results"])


def _assert_nothing_flipped(calm: Any, rows: list[dict[str, Any]]) -> None:
    for row in rows:
        key = (row["check_id"], row["resource_id"].lower(), row["location"])
        if row["status"] == UNREAD or row["status"] == calm.rows[key]["status"]:
            continue
        assert row["status"] == "warn" or NEVER_MADE in row["reason"], key
        assert {row["status"], calm.rows[key]["status"]} != {"pass", "fail"}, key
        assert row["status"] != "pass", key


def _addresses(directory: Path) -> dict[tuple[str, str], str]:
    """Return where each read is made, by its type and the scope it is booked under."""
    records, _ = load(Snapshot(directory), TENANT_ID)
    tenant = tenant_scope(TENANT_ID)
    every = [*planned(records, TENANT_ID), (MANAGEMENT_GROUPS, tenant)]
    return {
        (read.of.type, scope.lower()): path_of(read, "" if scope == tenant else scope)
        for read, scope in every
        if read not in (*AT_TENANT, *QUERIES)
    }


def _believed(directory: Path) -> set[tuple[str, str]]:
    """Return the reads that Resource Graph made unnecessary."""
    return {
        (reading.resource_type, reading.scope.lower())
        for reading, _ in Snapshot(directory).readings(TENANT_ID)
        if reading.operation == "ResourceGraph"
    }


# Damaged while incomplete


@pytest.fixture(scope="module")
def unfinished(calm: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return what a run leaves that was killed after everything was read."""
    directory = tmp_path_factory.mktemp("unfinished") / "snapshot"
    shutil.copytree(calm.directory / "snapshot", directory)
    manifest = read_manifest(directory)
    run = replace(manifest.run, complete=False, finished="")
    write_manifest(directory, replace(manifest, run=run, parts=()))
    return directory


def test_a_part_cut_off_anywhere_costs_its_end(
    calm: Any, bench: Any, unfinished: Path
) -> None:
    directory = bench.new_path("snapshot")
    shutil.copytree(unfinished, directory)
    # What is only tried for context is no gap where it lacks.
    context = {"managementgroup", *(_last(read) for read in READS if read.context)}
    names = [
        each
        for each in parts_on_disk(directory)
        if not any(word in each for word in context)
    ]
    passing = {key for key, row in calm.rows.items() if row["status"] == "pass"}

    @given(name=st.sampled_from(names), cut=st.floats(0, 1))
    @settings(max_examples=15, deadline=None)
    def holds(name: str, cut: float) -> None:
        path = directory / name
        content = path.read_bytes()
        # A flush, an empty block and a checksum end a part: all lines are before them.
        path.write_bytes(content[: int(cut * (len(content) - 40))])
        try:
            assert _passes(directory) <= passing
        finally:
            path.write_bytes(content)

    holds()


def _last(read: Read) -> str:
    return read.of.type.lower().rpartition("/")[2]


def _passes(directory: Path) -> set[tuple[str, str, str]]:
    """Return what passes in a snapshot with gaps; nothing where it is refused."""
    try:
        assessment = assess(Snapshot(directory), ALL, Settings())
    except SnapshotError as error:
        _assert_names(error, directory)
        return set()
    # What is only tried for context makes a lower bound where it lacks, and no gap.
    assert assessment.gaps or any((assessment.run.bounded or {}).values())
    return {
        (each.check.id, each.target.resource_id.lower(), each.target.location)
        for each in assessment.results
        if each.status is Status.PASS
    }


def _assert_names(error: SnapshotError, directory: Path) -> None:
    assert str(directory) in str(error)


def test_a_snapshot_without_its_manifest_is_none(
    bench: Any, posture: Callable[..., Any], unfinished: Path
) -> None:
    directory = bench.new_path("run")
    shutil.copytree(unfinished, directory)
    (directory / MANIFEST).unlink()
    _assert_refused(bench, posture, directory, "is no snapshot")


@pytest.mark.parametrize(
    "text", [b"", b"{", b"[]", b'"x"', b"\xff", b'{"schema": "posture-snapshot/2"}']
)
def test_a_manifest_that_is_none(
    bench: Any, posture: Callable[..., Any], unfinished: Path, text: bytes
) -> None:
    directory = bench.new_path("run")
    shutil.copytree(unfinished, directory)
    (directory / MANIFEST).write_bytes(text)
    _assert_refused(bench, posture, directory, "is no manifest")


def test_another_schema(
    bench: Any, posture: Callable[..., Any], unfinished: Path
) -> None:
    directory = bench.new_path("run")
    shutil.copytree(unfinished, directory)
    manifest = replace(read_manifest(directory), schema="posture-snapshot/2")
    write_manifest(directory, manifest)
    _assert_refused(bench, posture, directory, "posture-snapshot/2")


LINES = {
    "no JSON": b"{",
    "no line of ours": b'{"line": "other"}',
    "no object": b"3",
    "a resource without id": b'{"line":"resource","scope":"%(scope)s","body":{}}\n'
    b"%(reading)s",
    "a resource that is none": b'{"line":"resource","scope":"%(scope)s","body":3}\n'
    b"%(reading)s",
    "fewer than were counted": b"%(reading)s",
}


PART = KeyVault.type.replace("/", ".").lower()


@pytest.fixture
def rewritten(bench: Any, unfinished: Path, line: str) -> Path:
    """Return a part of a snapshot, with a line that no scan wrote."""
    directory = bench.new_path("run") / "snapshot"
    shutil.copytree(unfinished, directory)
    (name,) = (
        each for each in parts_on_disk(directory) if each.endswith(f"{PART}.jsonl.gz")
    )
    part: Path = directory / name
    texts = gzip.decompress(part.read_bytes()).splitlines()
    reading = next(
        text for text in texts if b'"line":"reading"' in text and b'"count":1' in text
    )
    scope = json.loads(reading)["reading"]["scope"].encode()
    made = LINES[line] % {b"scope": scope, b"reading": reading}
    part.write_bytes(gzip.compress(made + b"\n"))
    return part


@pytest.mark.parametrize("line", LINES)
def test_lines_that_no_scan_wrote(
    bench: Any, posture: Callable[..., Any], rewritten: Path
) -> None:
    directory = rewritten.parents[2]
    _assert_refused(bench, posture, directory, rewritten.name, ("--from",))


@pytest.mark.parametrize("line", list(LINES)[:3])
def test_nor_can_they_be_gone_on_with(
    bench: Any, posture: Callable[..., Any], rewritten: Path
) -> None:
    directory = rewritten.parents[2]
    before = {each: each.read_bytes() for each in directory.glob("**/*.*")}
    with in_thread(bench.estate) as azure:
        cloud = ("--cloud", bench.sign_in_to(azure.address))
        _assert_refused(bench, posture, directory, rewritten.name, ("--resume",), cloud)
    assert before == {each: each.read_bytes() for each in directory.glob("**/*.*")}


# Damaged while complete


def _assert_refused(
    bench: Any,
    posture: Callable[..., Any],
    directory: Path,
    cause: str,
    options: tuple[str, ...] = ("--from", "--resume"),
    cloud: tuple[Any, ...] = (),
) -> None:
    """Hold that a snapshot cannot be opened, in one line, with exit code 2."""
    for option in options:
        more = ("--output", bench.new_path("out")) if option == "--from" else ()
        sign_in = (*cloud, "--auth", "environment", "--quiet")
        told = posture("scan", option, directory, *more, *sign_in)
        assert told.code == Exit.USAGE, told.err
        (line,) = told.lines
        assert line.startswith("posture: ")
        assert cause in line
        assert not told.out


@pytest.mark.parametrize("at", [0.0, 0.3, 0.6, 1.0])
def test_one_flipped_bit(
    calm: Any, bench: Any, posture: Callable[..., Any], at: float
) -> None:
    directory = bench.new_path("run")
    shutil.copytree(calm.directory, directory)
    parts = parts_on_disk(directory / "snapshot")
    part = directory / "snapshot" / parts[int(at * (len(parts) - 1))]
    content = bytearray(part.read_bytes())
    content[int(at * (len(content) - 1))] ^= 1
    part.write_bytes(content)
    _assert_refused(bench, posture, directory, "is not as it was written")


def test_a_missing_part(calm: Any, bench: Any, posture: Callable[..., Any]) -> None:
    directory = bench.new_path("run")
    shutil.copytree(calm.directory, directory)
    (directory / "snapshot" / parts_on_disk(directory / "snapshot")[3]).unlink()
    _assert_refused(bench, posture, directory, "is missing")


def test_an_added_part(calm: Any, bench: Any, posture: Callable[..., Any]) -> None:
    directory = bench.new_path("run")
    shutil.copytree(calm.directory, directory)
    parts = directory / "snapshot" / TENANT_ID
    (parts / "microsoft.web.sites.jsonl.gz").write_bytes(gzip.compress(b""))
    _assert_refused(bench, posture, directory, "was added after the run")


def test_a_part_that_leads_elsewhere(
    calm: Any, bench: Any, posture: Callable[..., Any]
) -> None:
    directory = bench.new_path("run")
    shutil.copytree(calm.directory, directory)
    snapshot = directory / "snapshot"
    manifest = read_manifest(snapshot)
    away = replace(manifest.parts[0], path="../../etc/passwd")
    write_manifest(snapshot, replace(manifest, parts=(away, *manifest.parts[1:])))
    _assert_refused(bench, posture, directory, "is no part's name")
