"""The tenant on disk: what is written is what is read, and nothing else is."""

from __future__ import annotations

import gzip
import json
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scanner.collect.reads import READS
from scanner.model.cloud import Suffixes
from scanner.model.coverage import Gap, Outcome, Reading
from scanner.model.resource import Record
from scanner.model.results import Run
from scanner.snapshot import lines
from scanner.snapshot.lines import ResourceLine, SnapshotError, decode
from scanner.snapshot.manifest import (
    MANIFEST,
    Manifest,
    part_path,
    parts_on_disk,
    read_manifest,
    write_manifest,
)
from scanner.snapshot.reader import Snapshot, load
from scanner.snapshot.resume import keep_whole
from scanner.snapshot.writer import SnapshotWriter

TENANT = "aaaaaaaa-0000-4000-8000-000000000001"
SCOPE = "/subscriptions/bbbbbbbb-0000-4000-8000-000000000001"
TYPE = "Microsoft.Example/things"
PART = f"{TENANT}/microsoft.example.things.jsonl.gz"

RUN = Run(started="2026-01-01T00:00:00Z", version="1", cloud="Test", method="cli")
BLANK = Manifest(
    run=RUN,
    suffixes=Suffixes(),
    whole_tenant=True,
    tenants=(TENANT,),
    api_versions={TYPE: "2026-01-01"},
)


def reading(
    scope: str = SCOPE, count: int = 0, kind: str = TYPE, reason: str = ""
) -> Reading:
    gap = Gap(
        tenant_id=TENANT,
        scope=scope,
        resource_type=kind,
        operation="things.list",
        reason=reason,
        http_status=403,
    )
    return Reading(
        resource_type=kind,
        scope=scope,
        operation="things.list",
        api_version="2026-01-01",
        outcome=Outcome.GAP if reason else Outcome.READ if count else Outcome.EMPTY,
        count=count,
        gaps=(gap,) if reason else (),
    )


def records(made: Reading, bodies: list[Any]) -> list[Record]:
    return [
        Record(
            id=body["id"],
            type=made.resource_type,
            scope=made.scope,
            api_version=made.api_version,
            operation=made.operation,
            body=json.dumps(body).encode(),
        )
        for body in bodies
    ]


def write(writer: SnapshotWriter, made: Reading, bodies: list[Any]) -> None:
    texts = [each.body for each in records(made, bodies)]
    writer.resources(TENANT, made.resource_type, made.scope, texts)
    writer.reading(TENANT, made)


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    return tmp_path / "snapshot"


@pytest.fixture
def writer(directory: Path) -> Iterator[SnapshotWriter]:
    """Yield the writer of a snapshot; what it holds open is closed in the end."""
    made = SnapshotWriter(directory, BLANK)
    yield made
    made.finish(RUN, (TENANT,))


@contextmanager
def temporary() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as name:
        yield Path(name) / "snapshot"


# Round trips

texts = st.text(max_size=8)
values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | texts,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3)
    ),
    max_leaves=6,
)
names = st.text(min_size=1, max_size=8).filter(lambda text: text.strip("/"))
bodies = st.lists(
    st.builds(
        lambda name, more: {**more, "id": name}, names, st.dictionaries(texts, values)
    ),
    max_size=4,
)
reads = st.lists(
    st.tuples(
        st.sampled_from(["Microsoft.Example/things", "Microsoft.Example/things/parts"]),
        st.integers(0, 20).map(lambda number: f"{SCOPE}/{number}"),
        bodies,
        texts,
    ),
    max_size=8,
    unique_by=lambda read: (read[0], read[1]),
)


def _comparable(each: Record) -> tuple[Any, ...]:
    return (each.type, each.scope, each.id, each.operation, each.api_version, each.body)


@given(reads=reads)
@settings(max_examples=60, deadline=None)
def test_what_is_written_is_what_is_read(reads: list[Any]) -> None:
    expected, made = [], []
    with temporary() as directory:
        writer = SnapshotWriter(directory, BLANK)
        for kind, scope, items, reason in reads:
            one = reading(scope, len(items), kind, reason)
            write(writer, one, items)
            made.append(one)
            expected += records(one, items)
        writer.finish(replace(RUN, complete=True), (TENANT,))
        found, readings = load(Snapshot(directory), TENANT)
    assert sorted(map(_comparable, found)) == sorted(map(_comparable, expected))
    assert sorted(map(repr, readings)) == sorted(map(repr, made))


def test_bodies_are_kept_as_received(writer: SnapshotWriter, directory: Path) -> None:
    body = b'{ "id":"/a" , "n":1.0, "u":"\\u00e9", "last":null }'
    writer.resources(TENANT, TYPE, SCOPE, [body])
    writer.reading(TENANT, reading(count=1))
    writer.flush()
    (record,), _ = load(Snapshot(directory), TENANT)
    assert record.body == body


def test_the_manifest_comes_back(directory: Path) -> None:
    directory.mkdir()
    manifest = replace(BLANK, suffixes=Suffixes(openai="openai.test"))
    write_manifest(directory, manifest)
    assert read_manifest(directory) == manifest
    assert [path.name for path in directory.iterdir()] == [MANIFEST]


def test_the_last_reading_of_a_scope_counts(
    writer: SnapshotWriter, directory: Path
) -> None:
    write(writer, reading(count=1, reason="refused"), [{"id": "/a"}])
    write(writer, reading(SCOPE.upper(), count=1), [{"id": "/b"}])
    writer.flush()
    found, readings = load(Snapshot(directory), TENANT)
    assert [each.id for each in found] == ["/b"]
    assert [each.whole for each in readings] == [True]


def test_a_run_holds_its_snapshot(writer: SnapshotWriter, directory: Path) -> None:
    assert Snapshot(directory.parent).directory == directory


# While it is written


def test_what_was_flushed_outlives_the_writer(
    writer: SnapshotWriter, directory: Path
) -> None:
    write(writer, reading(count=1), [{"id": "/a"}])
    assert load(Snapshot(directory), TENANT) == ([], [])
    writer.flush()
    found, _ = load(Snapshot(directory), TENANT)
    assert [each.id for each in found] == ["/a"]
    write(writer, reading(f"{SCOPE}/2", count=1), [{"id": "/b"}])
    assert len(load(Snapshot(directory), TENANT)[0]) == 1


def test_resources_without_a_reading_do_not_count(
    writer: SnapshotWriter, directory: Path
) -> None:
    writer.resources(TENANT, TYPE, SCOPE, [b'{"id":"/a"}'])
    write(writer, reading(f"{SCOPE}/2", count=1), [{"id": "/b"}])
    writer.flush()
    found, readings = load(Snapshot(directory), TENANT)
    assert [each.id for each in found] == ["/b"]
    assert len(readings) == 1


def test_a_snapshot_is_gone_on_with(directory: Path) -> None:
    for name in ("/a", "/b"):
        writer = SnapshotWriter(directory, BLANK)
        write(writer, reading(name, count=1), [{"id": name}])
        writer.finish(RUN, (TENANT,))
    assert [each.id for each in load(Snapshot(directory), TENANT)[0]] == ["/a", "/b"]


def test_a_snapshot_of_nothing_is_taken_back(directory: Path) -> None:
    writer = SnapshotWriter(directory, BLANK)
    write(writer, reading(), [])
    writer.discard()
    assert not directory.exists()


# Keeping what is whole


def test_only_what_is_whole_is_kept(writer: SnapshotWriter, directory: Path) -> None:
    write(writer, reading("/whole", count=1), [{"id": "/a"}])
    write(writer, reading("/empty"), [])
    write(writer, reading("/part", count=1, reason="refused"), [{"id": "/b"}])
    writer.resources(TENANT, TYPE, "/cut", [b'{"id":"/c"}'])
    writer.finish(replace(RUN, complete=True), (TENANT,))
    keep_whole(Snapshot(directory))
    kept = Snapshot(directory)
    assert not kept.complete
    assert kept.manifest.parts == ()
    found, readings = load(kept, TENANT)
    assert [each.id for each in found] == ["/a"]
    assert {each.scope for each in readings} == {"/whole", "/empty"}
    assert parts_on_disk(directory) == (PART,)


def test_what_is_kept_once_is_kept_twice(
    writer: SnapshotWriter, directory: Path
) -> None:
    write(writer, reading("/whole", count=2), [{"id": "/a"}, {"id": "/b"}])
    writer.finish(RUN, (TENANT,))
    keep_whole(Snapshot(directory))
    first = load(Snapshot(directory), TENANT)
    keep_whole(Snapshot(directory))
    assert load(Snapshot(directory), TENANT) == first


def test_a_reading_that_lost_resources_is_not_kept(
    writer: SnapshotWriter, directory: Path
) -> None:
    write(writer, reading(count=2), [{"id": "/a"}])
    writer.finish(RUN, (TENANT,))
    keep_whole(Snapshot(directory))
    assert load(Snapshot(directory), TENANT) == ([], [])


@given(cut=st.floats(0, 1))
@settings(max_examples=60, deadline=None)
def test_a_cut_off_part_holds_its_beginning(cut: float) -> None:
    with temporary() as directory:
        writer = SnapshotWriter(directory, BLANK)
        scopes = [f"{SCOPE}/{number}" for number in range(30)]
        for scope in scopes:
            write(writer, reading(scope, count=1), [{"id": f"{scope}/x"}])
            writer.flush()
        writer.finish(RUN, (TENANT,))
        part = directory / PART
        content = part.read_bytes()
        part.write_bytes(content[: max(2, int(cut * len(content)))])
        found, readings = load(Snapshot(directory), TENANT)
    assert [each.scope for each in readings] == scopes[: len(readings)]
    assert [each.scope for each in found] == scopes[: len(readings)]


def test_links_are_written_to_by_nothing(
    writer: SnapshotWriter, directory: Path
) -> None:
    """Not even to those that the checks of what was received would let pass."""
    write(writer, reading(count=1), [{"id": "/a"}])
    writer.finish(RUN, (TENANT,))
    precious = directory / "precious"
    precious.write_text("kept")
    for name in (f"{MANIFEST}.tmp", f"{TENANT}/microsoft.example.things.jsonl.tmp"):
        (directory / name).symlink_to(precious)
    keep_whole(Snapshot(directory))
    assert precious.read_text() == "kept"
    assert len(load(Snapshot(directory), TENANT)[0]) == 1


# What is refused


@pytest.mark.parametrize(
    "name", ["", MANIFEST, f"{MANIFEST}.tmp", TENANT, "new-tenant", PART, f"{PART}.tmp"]
)
def test_nothing_leads_out_of_a_run(directory: Path, name: str) -> None:
    finished(directory)
    path = directory / name
    elsewhere = directory.parent.parent / f"{directory.parent.name}-elsewhere"
    if path.exists():
        path.rename(elsewhere)
    path.symlink_to(elsewhere)
    with pytest.raises(SnapshotError, match="is a link that leads out of the run"):
        Snapshot(directory.parent)


def test_a_run_may_be_reached_by_a_link(directory: Path, tmp_path: Path) -> None:
    finished(directory)
    (tmp_path / "link").symlink_to(directory)
    assert Snapshot(tmp_path / "link").complete


def finished(directory: Path) -> Manifest:
    writer = SnapshotWriter(directory, BLANK)
    write(writer, reading(count=1), [{"id": "/a"}])
    return writer.finish(replace(RUN, complete=True), (TENANT,))


Edit = Callable[[dict[str, Any]], Any]

EDITS: Mapping[str, Edit] = {
    "another schema": lambda content: {**content, "schema": "posture-snapshot/9"},
    "no run": lambda content: {**content, "run": None},
    "parts of another type": lambda content: {**content, "parts": {"a": 1}},
    "tenants of another type": lambda content: {**content, "tenants": TENANT},
    "a list": lambda content: [content],
}


@pytest.mark.parametrize("edit", EDITS)
def test_a_manifest_that_is_none_of_ours(directory: Path, edit: str) -> None:
    finished(directory)
    path = directory / MANIFEST
    path.write_text(json.dumps(EDITS[edit](json.loads(path.read_bytes()))))
    with pytest.raises(SnapshotError, match=MANIFEST):
        Snapshot(directory)


@pytest.mark.parametrize("name", ["started", "finished"])
@pytest.mark.parametrize(
    ("said", "taken"),
    [
        ("2026-01-01T00:00:00Z", True),
        ("2026-01-01T00:00:00.5+05:30", True),
        ("2026-01-01T00:00:00", False),
        ("2026-01-01", False),
        ("2026-W01-1T00:00:00Z", False),
        ("2026-02-30T00:00:00Z", False),
        ("garbage", False),
    ],
)
def test_when_a_run_was_is_a_time_with_its_offset(
    tmp_path: Path, name: str, said: str, taken: bool
) -> None:
    changes: dict[str, Any] = {name: said}
    run = replace(RUN, **changes)
    write_manifest(tmp_path, replace(BLANK, run=run))
    if taken:
        assert read_manifest(tmp_path).run == run
    else:
        with pytest.raises(SnapshotError, match=rf"run\.{name} is"):
            read_manifest(tmp_path)


def test_a_run_has_begun_and_may_have_no_end(tmp_path: Path) -> None:
    write_manifest(tmp_path, BLANK)
    assert read_manifest(tmp_path).run.finished == ""
    write_manifest(tmp_path, replace(BLANK, run=replace(RUN, started="")))
    with pytest.raises(SnapshotError, match=r"run\.started is ''"):
        read_manifest(tmp_path)


@pytest.mark.parametrize("text", [b"", b"{", b"\xff\xfe", b"posture"])
def test_a_manifest_that_is_no_json(directory: Path, text: bytes) -> None:
    finished(directory)
    (directory / MANIFEST).write_bytes(text)
    with pytest.raises(SnapshotError, match="is no manifest"):
        Snapshot(directory)


def test_no_manifest(tmp_path: Path) -> None:
    with pytest.raises(SnapshotError, match="is no snapshot"):
        Snapshot(tmp_path)


@pytest.mark.parametrize(
    "path",
    [
        "../../x",
        "/etc/passwd",
        f"{TENANT}/../../x.jsonl.gz",
        f"../{PART}",
        f"{TENANT}/..jsonl.gz/x",
        f"{TENANT}\\x.jsonl.gz",
        "",
        f"{PART}\n",
    ],
)
def test_a_part_is_nowhere_else(directory: Path, path: str) -> None:
    manifest = finished(directory)
    odd = replace(manifest.parts[0], path=path)
    write_manifest(directory, replace(manifest, parts=(*manifest.parts, odd)))
    with pytest.raises(SnapshotError, match="is no part's name"):
        Snapshot(directory)


def test_another_size_or_hash(directory: Path) -> None:
    manifest = finished(directory)
    for odd in (
        replace(manifest.parts[0], sha256="0" * 64),
        replace(manifest.parts[0], size=1),
    ):
        write_manifest(directory, replace(manifest, parts=(odd,)))
        with pytest.raises(SnapshotError, match="is not as it was written"):
            Snapshot(directory)


def test_files_of_other_names_are_no_parts(directory: Path) -> None:
    finished(directory)
    for name in (f"{TENANT}/notes.txt", "elsewhere/x.jsonl.gz", "x.jsonl.gz"):
        (directory / name).parent.mkdir(exist_ok=True)
        (directory / name).write_bytes(b"")
    assert parts_on_disk(directory) == (PART,)
    assert Snapshot(directory).complete


def test_every_declared_type_has_a_part_that_is_found(directory: Path) -> None:
    for read in READS:
        path = directory / part_path(TENANT.upper(), read.of.type)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    assert len(parts_on_disk(directory)) == len({read.of.type for read in READS})


def gzipped(path: Path, content: bytes) -> Path:
    path.write_bytes(gzip.compress(content, 1))
    return path


def test_lines_longer_than_a_chunk(tmp_path: Path) -> None:
    body = b'{"id":"%s"}' % (b"x" * lines.CHUNK * 3)
    line = b'{"line":"resource","scope":"/a","body":%s}\n' % body
    path = gzipped(tmp_path / "part.gz", line * 3)
    found = list(decode(path, strict=True))
    assert [bytes(each.body) for each in found if isinstance(each, ResourceLine)] == [
        body
    ] * 3


def test_a_line_without_end(tmp_path: Path) -> None:
    path = gzipped(tmp_path / "part.gz", b" " * (lines.LONGEST_LINE + lines.CHUNK * 2))
    assert path.stat().st_size < 1 << 20
    with pytest.raises(SnapshotError, match="a line is longer"):
        list(decode(path, strict=False))


def test_a_part_that_holds_far_more_than_it_is_long(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    line = b'{"line":"resource","scope":"/a","body":{"id":"%s"}}\n' % (b"x" * 900)
    path = tmp_path / "part.gz"
    path.write_bytes(gzip.compress(line * 3000))
    assert len(list(decode(path, strict=True))) == 3000
    monkeypatch.setattr(lines, "LONGEST_LINE", 1 << 20)
    with pytest.raises(SnapshotError, match="holds more than any part of its size"):
        list(decode(path, strict=True))


@pytest.mark.parametrize(
    "line",
    [
        b"{",
        b"3",
        b'{"line":"x"}',
        b"\xff",
        b'{"line":"reading"}',
        b'{"a":' + b"[" * 9000,
    ],
)
def test_lines_that_are_none(tmp_path: Path, line: bytes) -> None:
    path = gzipped(tmp_path / "part.gz", line + b"\n")
    with pytest.raises(SnapshotError, match="line 1"):
        list(decode(path, strict=False))


def test_no_gzip(tmp_path: Path) -> None:
    path = tmp_path / "part.gz"
    path.write_bytes(b'{"line":"resource"}\n')
    with pytest.raises(SnapshotError, match="cannot be read"):
        list(decode(path, strict=False))


def test_a_finished_run_has_whole_lines(tmp_path: Path) -> None:
    line = b'{"line":"resource","scope":"/a","body":{"id":"/a"}}'
    path = gzipped(tmp_path / "part.gz", line)
    assert list(decode(path, strict=False)) == []
    with pytest.raises(SnapshotError, match="in the middle of a line"):
        list(decode(path, strict=True))
    path.write_bytes(path.read_bytes()[:-4])
    with pytest.raises(SnapshotError, match="is cut off"):
        list(decode(path, strict=True))


@pytest.mark.parametrize("body", [b"{}", b"3", b'{"id":3}', b"null"])
def test_a_resource_without_id(directory: Path, body: bytes) -> None:
    writer = SnapshotWriter(directory, BLANK)
    writer.resources(TENANT, TYPE, SCOPE, [body])
    writer.reading(TENANT, reading(count=1))
    writer.finish(RUN, (TENANT,))
    with pytest.raises(SnapshotError, match="a resource of"):
        load(Snapshot(directory), TENANT)


def test_a_count_that_is_another(directory: Path) -> None:
    writer = SnapshotWriter(directory, BLANK)
    write(writer, reading(count=2), [{"id": "/a"}])
    writer.finish(RUN, (TENANT,))
    with pytest.raises(SnapshotError, match="has 1 resources where its reading says 2"):
        load(Snapshot(directory), TENANT)
