"""The directory of a run: one process at a time, and only reports of what was read."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from reports import FORMATS
from scanner.cli import lock
from scanner.cli.files import new_directory, replace_file
from scanner.cli.lock import LOCK, Locked, locked
from scanner.emulator import Emulator
from scanner.publish import name_of
from scanner.snapshot.manifest import parts_on_disk
from scanner.snapshot.reader import Snapshot

ROOT = Path(__file__).resolve().parents[3]
LIVE = ("scan", "--cloud", "cloud.toml", "--auth", "environment", "--quiet")

Posture = Callable[..., Any]
Refused = Callable[..., str]


def names(directory: Path) -> set[str]:
    return {each.name for each in directory.iterdir()}


# One at a time


def test_a_directory_is_one_process_s_until_it_ends(tmp_path: Path) -> None:
    with locked(tmp_path):
        with pytest.raises(Locked), locked(tmp_path):
            pass
        assert names(tmp_path) == {LOCK}
    assert names(tmp_path) == set()
    (tmp_path / LOCK).touch()  # as a kill leaves it
    with new_directory(tmp_path) as made:
        assert made == tmp_path
    assert names(tmp_path) == set()


def test_a_lock_that_was_removed_meanwhile_is_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    take = lock._take

    def late(file: Any) -> None:
        Path(file.name).unlink()
        take(file)

    monkeypatch.setattr(lock, "_take", late)
    with pytest.raises(Locked), locked(tmp_path):
        pass


def test_a_drive_that_knows_no_locks_is_written_to_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def unsupported(*_: object) -> None:
        raise OSError(95, os.strerror(95))

    monkeypatch.setattr("fcntl.flock", unsupported)
    with locked(tmp_path):
        pass
    assert "cannot be locked" in caplog.text


def test_a_run_that_is_being_written_is_left_alone(
    azure: Emulator, refused: Refused, demo: Path, tmp_path: Path
) -> None:
    shutil.copytree(demo, tmp_path / "run")
    (tmp_path / "empty").mkdir()
    with locked(tmp_path / "run"), locked(tmp_path / "empty"):
        line = refused(*LIVE, "--resume", "run")
        assert "--resume run: another run writes there; wait" in line
        for arguments in (LIVE, ("scan", "--from", demo), ("demo",)):
            line = refused(*arguments, "-o", "empty")
            assert "--output empty: another run writes there; name another" in line
        assert names(tmp_path / "empty") == {LOCK}
    assert not azure.requests


def test_two_runs_of_one_second_have_directories_of_their_own(tmp_path: Path) -> None:
    with new_directory(None) as one, new_directory(None) as two:
        assert one != two
        assert names(tmp_path) == {one.name, two.name}


# Only what is of the run


def test_reports_of_an_interrupted_run_go_when_it_is_gone_on_with(
    azure: Emulator, posture: Posture, demo: Path, tmp_path: Path
) -> None:
    shutil.copytree(demo, tmp_path / "run")
    for name in ("mine.txt", ".results.xlsx.tmp", "results.sarif"):
        (tmp_path / "run" / name).touch()
    done = posture(*LIVE, "--resume", "run", "--format", "markdown")
    assert done.code == 1
    assert names(tmp_path / "run") == {"summary.md", "mine.txt", "snapshot"}


def test_a_link_is_not_written_to(tmp_path: Path) -> None:
    (tmp_path / "precious").write_text("kept")
    (tmp_path / ".pack.zip.tmp").symlink_to("precious")
    replace_file(tmp_path / "pack.zip", iter([b"new"]))
    assert (tmp_path / "precious").read_text() == "kept"
    assert names(tmp_path) == {"precious", "pack.zip"}


def test_a_format_that_is_asked_for_twice_is_written_once(
    posture: Posture, demo: Path, tmp_path: Path
) -> None:
    ask = ("scan", "--from", demo, "-o", "run", "--format", "csv", "--format", "csv")
    assert posture(*ask).out.count("run/results.csv") == 1


def test_only_the_files_of_a_run_are_published(demo: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    shutil.copytree(demo, run)
    snapshot = Snapshot(run)
    before = name_of(snapshot.manifest.run, run)
    tenant = Path(parts_on_disk(run / "snapshot")[0]).parent
    strangers = ("key.pem", LOCK, ".results.xlsx.tmp", "snapshot/manifest.json.tmp")
    for name in (*strangers, "own/results.json", f"snapshot/{tenant}/x.tmp"):
        (run / name).parent.mkdir(exist_ok=True)
        (run / name).write_text("none of the run's")
    assert name_of(snapshot.manifest.run, run) == before
    for files in FORMATS.values():
        (run / next(iter(files))).write_text("another's")
        changed = name_of(snapshot.manifest.run, run)
        assert changed != before
        before = changed


# Ended early

ENDED = """
import os, signal, reports
from scanner.cli.start import start

def ended(_):
    yield b"half"
    os.kill(os.getpid(), signal.SIGTERM)
    yield b"the rest"

reports.FORMATS["json"]["results.json"] = ended
start()
"""


def test_a_report_that_was_half_written_does_not_stay(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-P", "-c", ENDED, "demo", "-o", "run", "--quiet"],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
        env={"PATH": "", "PYTHONPATH": str(ROOT)},
    )
    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr == "posture: interrupted\n"
    assert not {".results.json.tmp", "results.json", LOCK} & names(tmp_path / "run")
