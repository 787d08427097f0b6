"""`--exemptions`: accepted findings are marked, and a wrong file is refused whole."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from scanner.cli.exemptions import load_exemptions

Posture = Callable[..., Any]
Refused = Callable[..., str]

GOOD = """\
# What the lab may do.
[[exemption]]
check = "aoai-local-auth-disabled"
scope = "/subscriptions/70f7b743-38f0-4298-b584-19bf9ce69cfb"
owner = "lab"
approver = "ciso"
reason = "The lab ends with the year."
created = 2026-01-05
expires = 2099-12-31
"""
COLUMNS = "check,scope,tag,owner,approver,reason,created,expires"


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a snapshot of the demo tenant."""
    from scanner.cli.main import main

    path = tmp_path_factory.mktemp("demo") / "run"
    with pytest.raises(SystemExit):
        main(["demo", "--quiet", "-o", str(path)])
    return path


def judged(posture: Posture, run: Path, file: Path) -> tuple[Any, Any]:
    done = posture("scan", "--from", run, "--exemptions", file, "-o", "again")
    return done, json.loads(Path("again/results.json").read_bytes())


def test_what_is_accepted_stays_in_every_report(
    posture: Posture, run: Path, tmp_path: Path
) -> None:
    (tmp_path / "accepted.toml").write_text(GOOD)
    done, document = judged(posture, run, tmp_path / "accepted.toml")
    before = json.loads((run / "results.json").read_bytes())
    marked = [each for each in document["results"] if each["exemption"]]
    assert {each["check_id"] for each in marked} == {"aoai-local-auth-disabled"}
    assert {each["status"] for each in marked} == {"fail"}
    assert document["summary"]["exempted"] == len(marked) > 0
    assert document["summary"]["score"] == before["summary"]["score"]
    [report] = document["summary"]["exemptions"]
    assert (report["use"], report["findings"]) == ("in force", len(marked))
    assert f"{len(marked)} finding" in done.out
    page = Path("again/report.html").read_text()
    assert "The lab ends with the year." in page
    with Path("again/results.csv").open(encoding="utf-8-sig", newline="") as file:
        assert sum(bool(row["exemption"]) for row in csv.DictReader(file)) == len(
            marked
        )


def test_all_accepted_findings_leave_nothing_to_fail_on(
    posture: Posture, run: Path, tmp_path: Path
) -> None:
    everything = GOOD.replace("aoai-local-auth-disabled", "*").replace(
        "/subscriptions/70f7b743-38f0-4298-b584-19bf9ce69cfb", "/"
    )
    (tmp_path / "accepted.toml").write_text(everything)
    done, _ = judged(posture, run, tmp_path / "accepted.toml")
    assert done.code == 0


def test_those_that_accept_nothing_are_reported(
    posture: Posture, run: Path, tmp_path: Path
) -> None:
    expired = GOOD.replace("2099-12-31", "2026-01-06")
    unused = GOOD.replace("9ce69cfb", "9ce69cfb/resourceGroups/none")
    elsewhere = GOOD.replace("/subscriptions/7", "/subscriptions/8")
    (tmp_path / "accepted.toml").write_text(expired + unused + elsewhere)
    done, document = judged(posture, run, tmp_path / "accepted.toml")
    uses = [each["use"] for each in document["summary"]["exemptions"]]
    assert uses == ["expired", "unused", "not scanned"]
    assert document["summary"]["exempted"] == 0
    assert "expired on 2026-01-06" in " ".join(done.out.split())
    assert "is unused" in " ".join(done.out.split())
    assert "its subscription was not scanned" in " ".join(done.out.split())


def test_a_spreadsheet_says_the_same(
    posture: Posture, run: Path, tmp_path: Path
) -> None:
    row = '"aoai-local-auth-disabled",,"environment=sandbox",lab,ciso,"Ends, soon.",'
    text = f"\ufeff{COLUMNS}\r\n{row}2026-01-05,2099-12-31\r\n"
    (tmp_path / "accepted.csv").write_text(text, encoding="utf-8", newline="")
    _, document = judged(posture, run, tmp_path / "accepted.csv")
    [report] = document["summary"]["exemptions"]
    assert (report["tag"], report["reason"]) == ("environment=sandbox", "Ends, soon.")


@pytest.mark.parametrize(
    ("name", "content", "reasons"),
    [
        ("none.toml", "", []),
        ("none.toml", "# Nothing is accepted.\n", []),
        ("none.csv", "", []),
        ("none.csv", f"{COLUMNS}\n", []),
        (
            "one.toml",
            GOOD.replace('"The lab ends with the year."', "'''\na\n[[exemption]]''''"),
            ["a\n[[exemption]]'"],
        ),
        (
            "one.csv",
            f"{COLUMNS}\naoai-*,/x,,o,p,a\u2028b\x0cc,2026-01-01,2026-01-02\n",
            ["a\u2028b\x0cc"],
        ),
    ],
)
def test_files_that_are_right(
    name: str, content: str, reasons: list[str], tmp_path: Path
) -> None:
    (tmp_path / name).write_text(content, encoding="utf-8")
    found = load_exemptions(tmp_path / name)
    assert [each.reason for each in found] == reasons


def edited(line: str, instead: str) -> str:
    assert line in GOOD
    return GOOD.replace(line, instead)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("[[exemption]\n", ["line 1, column"]),
        ("exemption = 7\n", ["line 1, column 1", "[[exemption]]"]),
        ("[[exemptoin]]\n", ["'exemptoin' is not known"]),
        (edited('owner = "lab"\n', ""), ["line 2, column 1", "'owner' is missing"]),
        (edited("owner =", "ownr ="), ["line 5, column 1", "'ownr' is not known"]),
        (edited('"lab"', "7"), ["line 5, column 1", "'owner' must be text"]),
        (
            edited("aoai-local-auth-disabled", "aoai-local-auth-disabld"),
            ["line 3, column 1", "did you mean aoai-local-auth-disabled"],
        ),
        (edited('scope = "/sub', 'scope = "sub'), ["line 4", "no resource id"]),
        (edited("scope", "tag"), ["line 4", "NAME=VALUE"]),
        (
            edited('scope = "/subscriptions/70f7b743-38f0-4298-b584-19bf9ce69cfb"', ""),
            ["line 2", "'scope' or 'tag'"],
        ),
        (edited("2026-01-05", '"soon"'), ["line 8", "YYYY-MM-DD"]),
        (edited("2099", "2025"), ["line 9", "expires before it was created"]),
        (GOOD + edited("2099", "2025"), ["line 18", "expires before"]),
        (edited('"lab"', '" "'), ["line 5, column 1", "'owner' is missing"]),
        (
            edited(
                '"The lab ends with the year."', '"""\n[[exemption]]\nexpires = 1"""'
            ).replace("2099", "2025"),
            ["line 11", "expires before"],
        ),
    ],
)
def test_a_wrong_file_is_refused_whole(
    content: str, words: list[str], refused: Refused, tmp_path: Path
) -> None:
    (tmp_path / "accepted.toml").write_text(content)
    line = refused("scan", "--exemptions", "accepted.toml")
    for word in ("--exemptions accepted.toml", *words):
        assert word in line


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("chek\n", ["line 1, column 1", "'chek'"]),
        (f"{COLUMNS}\na,/x,,o,p,r,2026-01-01,soon\n", ["line 2, column 1", "'a'"]),
        (f"{COLUMNS}\naoai-*,/x,,o,p,r,2026-01-01,soon\n", ["line 2, column 8"]),
        (f"{COLUMNS}\naoai-*,/x,,o,p,r,2026-01-01,2099-01-01,\n", ["column 9"]),
        (f'{COLUMNS}\n"aoai\n', ["line 2"]),
        ("check,scope,check\n", ["line 1, column 3", "'check' is there twice"]),
    ],
)
def test_a_wrong_spreadsheet_is_refused_whole(
    content: str, words: list[str], refused: Refused, tmp_path: Path
) -> None:
    (tmp_path / "accepted.csv").write_text(content)
    line = refused("scan", "--exemptions", "accepted.csv")
    for word in ("--exemptions accepted.csv", *words):
        assert word in line


def test_a_file_that_is_not_there_or_not_text(refused: Refused, tmp_path: Path) -> None:
    assert "No such file" in refused("scan", "--exemptions", "none.toml")
    (tmp_path / "bad.toml").write_bytes(b"\xff")
    assert "not UTF-8" in refused("scan", "--exemptions", "bad.toml")
