"""`posture trend`: runs over time, none of them twice."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Posture = Callable[..., Any]
Refused = Callable[..., str]


@pytest.fixture(scope="module")
def history(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder of two runs, the later one with fewer findings."""
    from scanner.cli.main import main

    folder = tmp_path_factory.mktemp("history")
    with pytest.raises(SystemExit):
        main(["demo", "--quiet", "-o", str(folder / "b-later")])
    shutil.copytree(folder / "b-later", folder / "earlier")
    results = folder / "earlier" / "results.json"
    document = json.loads(results.read_bytes())
    document["run"]["started"] = "2026-01-01T00:00:00Z"
    document["summary"]["score"] = 12.5
    results.write_text(json.dumps(document))
    return folder


@pytest.fixture
def later(history: Path) -> Any:
    return json.loads((history / "b-later" / "results.json").read_bytes())


def test_runs_are_told_oldest_first_and_once(
    posture: Posture, history: Path, later: Any
) -> None:
    done = posture("trend", history, history / "earlier", "--format", "json")
    runs = json.loads(done.out)["runs"]
    assert [each["score"] for each in runs] == [12.5, later["summary"]["score"]]
    assert runs[1]["findings"] == later["summary"]["findings"]
    assert runs[1]["coverage"] == later["summary"]["coverage"]


def test_what_a_run_came_to_stands_before_its_results(
    posture: Posture, refused: Refused, history: Path, later: Any, tmp_path: Path
) -> None:
    content = (history / "b-later" / "results.json").read_bytes()
    results = content.index(b'"results":')
    (tmp_path / "results.json").write_bytes(content[: results + 1000])
    done = posture("trend", tmp_path, "--format", "json")
    [point] = json.loads(done.out)["runs"]
    assert point["score"] == later["summary"]["score"]
    assert "no results.json of posture" in refused("diff", tmp_path, tmp_path)


def test_a_score_is_never_without_its_coverage(
    posture: Posture, history: Path, later: Any
) -> None:
    for style in ("text", "markdown"):
        out = posture("trend", history, "--format", style).out
        [line] = [each for each in out.splitlines() if "12.5" in each]
        assert "100.0 %" in line
    assert max(map(len, posture("trend", history).out.splitlines())) <= 88


def test_the_chart_has_a_dot_a_run(posture: Posture, history: Path) -> None:
    page = posture("trend", history, "--format", "html").out
    assert page.count('class="dot score"') == 2
    assert "Score from 12.5 to" in page


def test_a_run_that_is_a_part_only_says_so(
    posture: Posture, history: Path, tmp_path: Path
) -> None:
    def written(style: str) -> str:
        return str(posture("trend", tmp_path / "runs", "--format", style).out)

    (tmp_path / "runs").mkdir()
    shutil.copytree(history / "b-later", tmp_path / "runs" / "whole")
    some = ("--check", "dns-policy-*", "-o", tmp_path / "runs" / "some")
    posture("scan", "--from", history / "b-later", *some)
    results = tmp_path / "runs" / "some" / "results.json"
    told = json.loads(results.read_bytes())
    told["run"] |= {"started": "2099-01-01T00:00:00Z", "complete": False}
    results.write_text(json.dumps(told))
    checks = told["run"]["selection"]
    whole, some_only = json.loads(written("json"))["runs"]
    assert (whole["complete"], whole["chosen"], whole["catalogue"]) == (
        True,
        None,
        None,
    )
    assert some_only["complete"] is False
    assert (some_only["chosen"], some_only["catalogue"]) == (
        checks["chosen"],
        checks["catalogue"],
    )
    part = f"{checks['chosen']} of {checks['catalogue']} checks, cut short"
    assert written("markdown").count(part) == 1
    page = written("html")
    assert page.count(f"<td>{part}</td>") == 1
    assert page.count(f'class="dot score part"><title>{part}</title>') == 1
    shown = written("text")
    assert max(map(len, shown.splitlines())) <= 88
    assert part.replace(" ", "") in "".join(shown.split())


def test_a_scan_adds_itself_once_to_the_earlier_runs_of_a_folder(
    posture: Posture, history: Path
) -> None:
    run, earlier = history / "b-later", history / "earlier"
    done = posture("scan", "--from", run, "--baseline", history, "-o", "again")
    assert done.code == 1
    page = Path("again/report.html").read_text()
    assert page.count('class="dot score"') == 2
    recorded = json.loads(Path("again/results.json").read_bytes())
    assert list(recorded)[:5] == ["schema", "run", "summary", "results", "gaps"]
    told = posture("trend", earlier, "again", "--format", "json").out
    assert recorded["trend"] == json.loads(told)
    told = posture("diff", earlier, "again", "--format", "json").out
    assert recorded["drift"] == json.loads(told)
    assert "0 new findings" in " ".join(done.out.split())


def test_what_came_of_a_baseline_is_not_sealed(
    posture: Posture, history: Path, refused: Refused
) -> None:
    run = history / "b-later"
    chosen = ("--check", "dns-*", "-o")
    posture("scan", "--from", run, *chosen, "alone")
    posture("scan", "--from", run, "--baseline", history, *chosen, "compared")
    for name in ("alone", "compared"):
        assert posture("evidence", "export", name, "-o", f"{name}.zip").code == 0
    assert Path("alone.zip").read_bytes() == Path("compared.zip").read_bytes()
    assert posture("evidence", "verify", "compared.zip").code == 0

    results = Path("compared/results.json")
    results.write_bytes(results.read_bytes().replace(b'"fail"', b'"pass"', 1))
    assert "--from" in refused("evidence", "export", "compared", "-o", "pack.zip")


def test_a_first_run_has_nothing_to_compare_with(
    posture: Posture, history: Path, tmp_path: Path
) -> None:
    (tmp_path / "none").mkdir()
    options = ("--baseline", tmp_path / "none", "--fail-on-new", "-o", "again")
    done = posture("scan", "--from", history / "b-later", *options)
    assert done.code == 1
    assert "What changed" not in Path("again/report.html").read_text()
    recorded = json.loads(Path("again/results.json").read_bytes())
    assert not {"drift", "trend"} & set(recorded)


def test_what_holds_no_run(refused: Refused, tmp_path: Path) -> None:
    assert "no run is in" in refused("trend", tmp_path)
    assert "nowhere" in refused("trend", "nowhere")
    (tmp_path / "results.json").write_text(
        '{"schema":"posture/1","summary":{"score":"x"},'
        '"run":{"started":"","version":"","cloud":"","method":""}}'
    )
    assert "none of ours" in refused("trend", tmp_path)


def test_a_folder_with_a_run_that_may_not_be_entered(
    refused: Refused, posture: Posture, history: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    enter = Path.exists

    def kept_out(path: Path) -> bool:
        if path.parent.name in ("earlier", "lost+found"):
            raise PermissionError(13, "Permission denied", str(path))
        return enter(path)

    (history / "lost+found").mkdir()
    assert posture("trend", history).code == 0
    monkeypatch.setattr(Path, "exists", kept_out)
    for command in (("trend",), ("scan", "--baseline")):
        line = refused(*command, history)
        assert "earlier/results.json cannot be read: Permission denied" in line
    assert posture("trend", history / "b-later").code == 0
