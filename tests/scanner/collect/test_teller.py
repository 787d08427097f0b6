"""What the SDK's operations ask for is told by another process, or found out here."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from scanner.collect.capture import captured
from scanner.collect.operations import call_of
from scanner.collect.reads import READS
from scanner.collect.teller import Call, Teller

CALLS = [call for call in dict.fromkeys(map(call_of, READS)) if call]

ALL_LEARNED = """
import sys
from scanner.collect.operations import learn
from scanner.collect.reads import READS
from scanner.collect.teller import teller
with teller().helped():
    for read in READS:
        learn(read)
print(*(name for name in sys.modules if name.startswith("azure")))
"""


def test_a_helped_scan_imports_no_client_of_the_sdk() -> None:
    command = (sys.executable, "-c", ALL_LEARNED)
    ran = subprocess.run(command, capture_output=True, text=True, check=True)
    assert ran.stdout.split() == []


def test_a_process_tells_what_the_sdk_asks_for() -> None:
    teller = Teller()
    with teller.helped():
        told = {call: teller.url_of(call) for call in CALLS}
    assert told == {call: captured(call) for call in CALLS}


def test_what_was_told_is_remembered() -> None:
    teller = Teller()
    with teller.helped():
        teller.url_of(CALLS[-1])
    call = CALLS[0]
    assert teller.url_of(call) == captured(call)
    with teller.helped():
        assert teller.url_of(call) == captured(call)


@pytest.mark.parametrize(
    "script",
    [
        pytest.param("exit 1", id="fails"),
        pytest.param("echo hello", id="tells something else"),
        pytest.param("printf '[{\"client\"'", id="breaks off"),
    ],
)
def test_what_is_not_told_is_found_out_here(
    script: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    python = tmp_path / "python"
    python.write_text(f"#!/bin/sh\n{script}\n")
    python.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(python))
    teller = Teller()
    with teller.helped():
        assert teller.url_of(CALLS[0]) == captured(CALLS[0])


def test_without_another_process_it_is_found_out_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "executable", str(tmp_path / "none"))
    teller = Teller()
    with teller.helped():
        assert teller.url_of(CALLS[0]) == captured(CALLS[0])


def test_what_else_is_printed_is_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    python = tmp_path / "python"
    python.write_text(f'#!/bin/sh\necho hello\nexec {sys.executable} "$@"\n')
    python.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(python))
    teller = Teller()
    with teller.helped():
        assert teller.url_of(CALLS[-1]) == captured(CALLS[-1])
        assert teller.url_of(CALLS[0]) == captured(CALLS[0])


def test_an_operation_that_asks_for_nothing_is_an_error() -> None:
    call = Call(
        "azure.mgmt.storage:StorageManagementClient", "storage_accounts.close", ""
    )
    with pytest.raises(AttributeError):
        captured(call)


def test_the_process_is_given_no_credential(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    python, seen = tmp_path / "python", tmp_path / "seen"
    python.write_text(f"#!/bin/sh\nenv > {seen}\n")
    python.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(python))
    monkeypatch.setenv("AZURE_CLIENT_SECRET", "geheim")
    monkeypatch.setenv("LANG", "told")
    teller = Teller()
    with teller.helped():
        teller.url_of(CALLS[0])
    assert "LANG=told" in seen.read_text()
    assert "geheim" not in seen.read_text()


def test_the_process_ends_with_the_block(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    python, number = tmp_path / "python", tmp_path / "number"
    python.write_text(f"#!/bin/sh\necho $$ > {number}.new\nmv {number}.new {number}\n")
    python.write_text(f"{python.read_text()}exec sleep 60\n")
    python.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(python))
    with Teller().helped():
        while not number.exists():
            pass
        assert Path("/proc", number.read_text().strip()).exists()
    assert not Path("/proc", number.read_text().strip()).exists()
