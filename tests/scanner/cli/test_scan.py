"""Scanning the demo tenant, live and from a snapshot."""

from __future__ import annotations

import csv
import json
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

import checks
from scanner.emulator import Emulator
from scanner.emulator.faults import Hang, Malformed, Status

LIVE = ("scan", "--cloud", "cloud.toml", "--auth", "environment")
FILES = {"results.csv", "results.json", "report.html", "gaps.csv", "snapshot"}

Posture = Callable[..., Any]
Serve = Callable[..., Emulator]


def names(directory: Path) -> set[str]:
    return {each.name for each in directory.iterdir()}


def document(directory: Path) -> dict[str, Any]:
    text = (directory / "results.json").read_text(encoding="utf-8")
    return dict(json.loads(text))


def judged(directory: Path) -> set[str]:
    return {each["check_id"] for each in document(directory)["results"]}


# The demo


def test_the_demo_leaves_a_whole_run(demo_run: tuple[Path, Any]) -> None:
    directory, done = demo_run
    assert done.code == 1
    assert names(directory) == FILES
    found = document(directory)
    assert found["schema"] == "posture/1"
    assert found["gaps"] == []
    assert found["run"]["selection"] is None
    assert judged(directory) == {each.id for each in checks.ALL}


def test_the_summary_is_on_stdout_and_progress_on_stderr(
    demo_run: tuple[Path, Any],
) -> None:
    directory, done = demo_run
    first = done.out.splitlines()[0]
    for word in ("Score", "Coverage", "Findings", "Gaps"):
        assert word in first
    assert str(directory / "results.csv") in done.out
    assert "read 3/3 subscriptions" in done.err
    assert "read 3/3" not in done.out
    assert "\x1b" not in done.out + done.err


def test_scanning_the_emulator_is_the_demo(
    azure: Emulator, posture: Posture, demo: Path, tmp_path: Path
) -> None:
    done = posture(*LIVE, "--directory", "-o", "run")
    assert done.code == 1
    assert names(tmp_path / "run") == FILES
    for name in ("results.csv", "gaps.csv"):
        assert (tmp_path / "run" / name).read_bytes() == (demo / name).read_bytes()
    live, shown = document(tmp_path / "run"), document(demo)
    assert live.pop("run")["method"] == shown.pop("run")["method"] == "environment"
    assert live == shown
    methods = {
        each.method for each in azure.requests if not each.path.endswith("token")
    }
    assert methods <= {"GET", "POST"}
    assert azure.address.client_secret not in done.out + done.err


EVALUATED = "avnm-membership-pending"
"""What Resource Graph alone tells: when policies were evaluated."""


def test_without_resource_graph_the_results_are_the_same(
    azure: Emulator, posture: Posture, demo: Path, tmp_path: Path
) -> None:
    ask = (*LIVE, "--directory", "-o", "run", "--discovery", "arm")
    assert posture(*ask).code == 1
    found = document(tmp_path / "run")["results"]
    whole = document(demo)["results"]
    alone = [row for row in found if row["check_id"] == EVALUATED]
    assert {row["status"] for row in alone} == {"not-assessed"}
    assert all("Resource Graph was not asked" in row["reason"] for row in alone)
    others = [row for row in found if row["check_id"] != EVALUATED]
    assert others == [row for row in whole if row["check_id"] != EVALUATED]
    assert document(tmp_path / "run")["gaps"] == document(demo)["gaps"]
    assert {each.method for each in azure.requests} == {"GET", "POST"}
    posts = {each.path for each in azure.requests if each.method == "POST"}
    assert {each.rpartition("/")[2] for each in posts} == {"token", "getByIds"}


# From a snapshot


def rejudged(posture: Posture, demo: Path, *arguments: str) -> Any:
    return posture("scan", "--from", demo, "-o", "again", *arguments)


def test_a_snapshot_gives_the_same_results_again(
    posture: Posture, demo: Path, tmp_path: Path
) -> None:
    assert rejudged(posture, demo).code == 1
    assert names(tmp_path / "again") == FILES
    for name in ("results.csv", "results.json", "gaps.csv", "report.html"):
        assert (tmp_path / "again" / name).read_bytes() == (demo / name).read_bytes()


def test_the_snapshot_alone_is_enough_and_is_kept(
    posture: Posture, demo: Path, tmp_path: Path
) -> None:
    assert rejudged(posture, demo / "snapshot").code == 1
    assert posture("scan", "--from", "again", "-o", "third").code == 1
    assert document(tmp_path / "third") == document(demo)


@pytest.mark.parametrize(
    ("fail_on", "topic", "code"),
    [
        ("critical", "abac", 1),
        ("critical", "aoai-outbound", 0),
        ("high", "aoai-outbound", 1),
        ("low", "aoai-outbound", 1),
        ("never", "abac", 0),
    ],
)
def test_which_findings_make_one(
    fail_on: str, topic: str, code: int, posture: Posture, demo: Path
) -> None:
    judged = rejudged(posture, demo, "--topic", topic, "--fail-on", fail_on)
    assert judged.code == code


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("--check", "aoai-diag-*"), lambda c: c.id.startswith("aoai-diag-")),
        (
            ("--check", "AOAI-*", "--exclude-check", "*-diag-*"),
            lambda c: c.id.startswith("aoai-") and "-diag-" not in c.id,
        ),
        (
            ("--check", "dns-*", "--check", "listkeys-alert"),
            lambda c: c.id.startswith("dns-") or c.id == "listkeys-alert",
        ),
        (
            ("--topic", "api-keys", "--topic", "logging"),
            lambda c: c.topic in ("api-keys", "logging"),
        ),
        (
            ("--min-severity", "high"),
            lambda c: c.severity in ("critical", "high"),
        ),
    ],
    ids=lambda each: " ".join(each) if isinstance(each, tuple) else "",
)
def test_which_checks(
    arguments: tuple[str, ...],
    expected: Callable[[Any], bool],
    posture: Posture,
    demo: Path,
    tmp_path: Path,
) -> None:
    rejudged(posture, demo, *arguments, "--format", "json")
    wanted = {each.id for each in checks.ALL if expected(each)}
    assert judged(tmp_path / "again") == wanted
    assert wanted
    selection = document(tmp_path / "again")["run"]["selection"]
    assert (selection["chosen"], selection["catalogue"]) == (
        len(wanted),
        len(checks.ALL),
    )


@pytest.mark.parametrize(
    ("formats", "files"),
    [
        (["csv"], {"results.csv", "gaps.csv"}),
        (["json"], {"results.json"}),
        (["html", "csv"], {"report.html", "results.csv", "gaps.csv"}),
    ],
    ids=lambda each: " ".join(sorted(each)),
)
def test_which_formats(
    formats: list[str],
    files: set[str],
    posture: Posture,
    demo: Path,
    tmp_path: Path,
) -> None:
    chosen = [word for each in formats for word in ("--format", each)]
    rejudged(posture, demo, *chosen)
    assert names(tmp_path / "again") == files | {"snapshot"}


def test_a_setting_reaches_the_checks(
    posture: Posture, demo: Path, tmp_path: Path
) -> None:
    def verdicts() -> list[str]:
        rejudged(posture, demo, "--check", "dns-block-rule", "--format", "json")
        found = [each["status"] for each in document(tmp_path / "again")["results"]]
        shutil.rmtree(tmp_path / "again")
        return found

    before = verdicts()
    (tmp_path / "posture.toml").write_text("dns_filtering_expected = false\n")
    assert verdicts() != before


# Gaps


def test_what_could_not_be_read_is_three(
    serve: Serve, posture: Posture, tmp_path: Path
) -> None:
    serve(faults=(Status(type="Microsoft.KeyVault/vaults", status=403, code="Denied"),))
    arguments = ("--check", "aoai-outbound-*", "--fail-on", "never")
    done = posture(*LIVE, "-o", "run", *arguments)
    assert done.code == 3
    with (tmp_path / "run" / "gaps.csv").open(encoding="utf-8-sig", newline="") as file:
        gaps = list(csv.DictReader(file))
    assert len(gaps) == 3
    assert {(each["http_status"], each["error_code"]) for each in gaps} == {
        ("403", "Denied")
    }
    assert "Denied" in done.out
    assert posture("scan", "--from", "run", "-o", "two", "--fail-on", "never").code == 3
    allowed = ("--allow-gaps", "--fail-on", "never")
    assert posture("scan", "--from", "run", "-o", "three", *allowed).code == 0


def test_findings_win_over_gaps(serve: Serve, posture: Posture) -> None:
    serve(faults=(Status(type="Microsoft.KeyVault/vaults", status=403),))
    assert posture(*LIVE, "-o", "run").code == 1


# Scope


def test_one_subscription_by_its_name(
    azure: Emulator, posture: Posture, demo: Path, tmp_path: Path
) -> None:
    known = document(demo)["run"]["subscriptions"]
    one = known[0]
    posture(*LIVE, "-o", "run", "-s", one["name"].upper())
    assert document(tmp_path / "run")["run"]["subscriptions"] == [one]
    posture(*LIVE, "-o", "rest", "--exclude-subscription", one["id"])
    assert document(tmp_path / "rest")["run"]["subscriptions"] == known[1:]


# Output


def test_a_job_gets_json_lines_and_no_colour(
    azure: Emulator, posture: Posture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    done = posture(*LIVE, "-o", "run", "--log-format", "json", "--no-color")
    lines = [json.loads(line) for line in done.err.splitlines()]
    assert lines
    for line in lines:
        assert {"time", "level", "logger", "message"} <= line.keys()
    assert "Score" in done.out


def test_no_colour_has_no_colours(
    posture: Posture, demo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert "\x1b[31m" in posture("scan", "--from", demo, "-o", "colour").out
    assert "\x1b[31m" not in rejudged(posture, demo, "--no-color").out


def test_a_pipe_has_no_escape_codes(posture: Posture, demo: Path) -> None:
    for arguments in ((), ("--no-color",)):
        done = posture("scan", "--from", demo, "-o", f"a{len(arguments)}", *arguments)
        assert "\x1b" not in done.out + done.err


def test_quiet_is_one_line(posture: Posture, demo: Path) -> None:
    done = rejudged(posture, demo, "--quiet")
    assert done.code == 1
    [line] = done.out.splitlines()
    for word in ("Score", "Coverage", "Findings", "Gaps"):
        assert word in line
    assert done.err == ""


def test_one_request_at_a_time_where_that_is_set(
    serve: Serve, posture: Posture, tmp_path: Path
) -> None:
    (tmp_path / "posture.toml").write_text("in_flight = 1\n")
    azure = serve(latency=0.005)
    narrowed = ("--subscription", "Tarnholm AI Sandbox", "--discovery", "arm")
    posture(*LIVE, *narrowed, "--format", "csv", "-o", "run")
    answered = [each.at for each in azure.requests if not each.path.endswith("token")]
    assert len(answered) > 50
    # Of the latency, an answer takes four fifths at least.
    assert all(then - before > 0.0035 for before, then in pairwise(answered))


def test_quiet_is_quiet_while_reading_too(azure: Emulator, posture: Posture) -> None:
    done = posture(*LIVE, "-o", "run", "--quiet")
    assert (done.code, done.err) == (1, "")
    assert len(done.out.splitlines()) == 1


def test_hostile_names_are_harmless(serve: Serve, posture: Posture, demo: Path) -> None:
    known = document(demo)["results"]
    kind = "Microsoft.CognitiveServices/accounts"
    real = next(each["resource_id"] for each in known if each["resource_type"] == kind)
    hostile = "\x1b]0;owned\x07\x1b[2J\r[red]x[reset]\u202e"
    scope = "/".join(real.split("/")[:3])
    serve(
        faults=(
            Malformed(
                type=kind,
                scope=scope,
                form="item",
                field="id",
                to=f"{real.rpartition('/')[0]}/{hostile}",
            ),
        )
    )
    done = posture(*LIVE, "-o", "run", "--log-format", "json")
    assert done.code == 1
    assert "owned" in done.out
    assert "[red]x[reset]" in done.out
    assert not set("\x1b\x07\r\u202e") & set(done.out + done.err)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_to_be_ended_while_signing_in_is_said(
    number: signal.Signals, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    azure = serve(faults=(Hang(path="*/token", seconds=1.5),))
    monkeypatch.setenv("PYTHONPATH", str(Path(checks.__file__).parents[1]))
    # As in the foreground: a shell lets what it starts in the background ignore SIGINT.
    code = (
        "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); "
        "from scanner.cli.start import start; start()"
    )
    with subprocess.Popen(
        [sys.executable, "-P", "-c", code, *LIVE, "-o", "run"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as running:
        while not azure.requests and running.poll() is None:
            time.sleep(0.05)
        running.send_signal(number)
        out, err = running.communicate(timeout=30)
    assert (running.returncode, out, err) == (3, "", "posture: interrupted\n")
