"""Pipes nobody reads, full devices, poor encodings: none decides how a scan ends."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import checks
from scanner.cli.logs import style_of
from scanner.cli.options import LogFormat

ROOT = Path(checks.__file__).parents[1]
SCAN = ("--quiet", "--topic", "aoai-outbound")
FULL = Path("/dev/full")

Process = Callable[..., Any]


def ended(arguments: tuple[Any, ...], **streams: Any) -> tuple[int, str]:
    """Return the exit code of a command, and what it told on standard error."""
    code = "from scanner.cli.main import main; main()"
    done = subprocess.run(
        [sys.executable, "-P", "-c", code, *map(str, arguments)],
        **{"stderr": subprocess.PIPE, **streams},
        text=True,
        check=False,
        timeout=60,
        env={"PATH": "", "PYTHONPATH": str(ROOT)},
    )
    return done.returncode, done.stderr


@pytest.fixture
def closed() -> int:
    """Return the end of a pipe that nobody reads."""
    reader, writer = os.pipe()
    os.close(reader)
    return writer


@pytest.mark.parametrize(("fail_on", "code"), [("never", 0), ("low", 1)])
def test_a_scan_comes_to_the_same_though_nobody_reads(
    fail_on: str, code: int, closed: int, demo: Path, tmp_path: Path
) -> None:
    scan = ("scan", "--from", demo, "-o", tmp_path / "run", *SCAN, "--fail-on", fail_on)
    assert ended(scan, stdout=closed) == (code, "")
    os.close(closed)


def test_nor_does_it_matter_who_reads_its_log(
    closed: int, demo: Path, tmp_path: Path
) -> None:
    scan = ("scan", "--from", demo, "-o", tmp_path / "run", "--topic", "aoai-outbound")
    baseline = ("--baseline", tmp_path, "--fail-on", "never")  # it holds no run: logged
    assert ended((*scan, *baseline), stdout=closed, stderr=closed)[0] == 0
    os.close(closed)


@pytest.mark.parametrize(
    ("arguments", "code"),
    [(("checks",), 141), (("--help",), 141), (("explain", "no-such-check"), 2)],
)
def test_what_only_prints_ends_as_others_do(
    arguments: tuple[str, ...], code: int, closed: int
) -> None:
    ending, told = ended(arguments, stdout=closed)
    os.close(closed)
    assert ending == code
    assert told.count("\n") == (code == 2)


@pytest.mark.skipif(not FULL.exists(), reason="no device is always full here")
def test_a_full_device_is_said_in_one_line(demo: Path, tmp_path: Path) -> None:
    scan = ("scan", "--from", demo, *SCAN, "--fail-on", "never", "-o", tmp_path / "run")
    said = "posture: standard output cannot be written: No space left on device\n"
    with FULL.open("w") as full:
        assert ended(("checks",), stdout=full) == (2, said)
        assert ended(scan, stdout=full) == (0, said)


def test_what_an_encoding_lacks_stops_nothing(
    process: Process, demo: Path, tmp_path: Path
) -> None:
    poor = "import sys; sys.stdout.reconfigure(encoding='ascii', errors='strict')"
    done = process("scan", "--from", demo, "-o", tmp_path / "run", before=poor)
    assert (done.code, done.err) == (1, "")
    assert done.out.isascii()


def test_errors_are_json_where_logs_are(posture: Callable[..., Any]) -> None:
    json_logs = ("--log-format", "json")
    for arguments in (
        ("scan", "--from", "nowhere", *json_logs),
        ("scan", "--log-format=json", "--no-such-option"),
        ("scan", *json_logs, "--cloud", "nope"),
    ):
        done = posture(*arguments)
        [entry] = map(json.loads, done.err.splitlines())
        assert (done.code, entry["level"]) == (2, "error")
        assert {"time", "logger"} <= entry.keys()
        assert not entry["message"].startswith("posture")
    assert style_of(["scan", "--log-format", "text"]) is LogFormat.TEXT


def test_ctrl_c_among_the_imports_is_said() -> None:
    code = """
import sys
class Interrupted:
    def find_spec(self, name, *_):
        if name == "scanner.cli.main":
            raise KeyboardInterrupt
sys.meta_path.insert(0, Interrupted())
from scanner.cli.start import start
start()
"""
    done = subprocess.run(
        [sys.executable, "-P", "-c", code],
        capture_output=True,
        text=True,
        check=False,
        env={"PATH": "", "PYTHONPATH": str(ROOT)},
    )
    assert (done.returncode, done.stderr) == (3, "posture: interrupted\n")
