"""`posture diff` and `--baseline`: a planted change is named, and nothing else."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from scanner.collect.assemble import assemble
from scanner.demo import TENANT_ID, bodies, parents
from scanner.model.cloud import Suffixes
from scanner.model.ids import id_key
from scanner.model.results import Run, ScannedSubscription, SignedIn
from scanner.snapshot.manifest import Manifest
from scanner.snapshot.writer import SnapshotWriter

Posture = Callable[..., Any]
Refused = Callable[..., str]

KEY = "/properties/disableLocalAuth"
ACCOUNT = "oai-payments-prod"


def altered(name: str, **properties: object) -> Iterator[Any]:
    """Yield the demo tenant with properties of one account set otherwise."""
    for body in bodies():
        if body["id"].endswith(f"/accounts/{name}"):
            yield {**body, "properties": {**body["properties"], **properties}}
        else:
            yield body


def without(name: str) -> Iterator[Any]:
    return (body for body in bodies() if f"/accounts/{name}" not in json.dumps(body))


def write(directory: Path, found: Iterator[Any], started: str) -> Path:
    records, readings = assemble(found, TENANT_ID, parents())
    subscriptions = tuple(
        ScannedSubscription(id=name, name="", tenant_id=TENANT_ID)
        for name in sorted(
            {each.id.split("/")[2] for each in records if "/s" in each.id[:2]}
        )
    )
    run = Run(
        started=started,
        version="1",
        cloud="c",
        method="m",
        signed_in=(SignedIn(tenant_id=TENANT_ID),),
        subscriptions=subscriptions,
        complete=True,
    )
    manifest = Manifest(
        run=run,
        suffixes=Suffixes(),
        whole_tenant=True,
        tenants=(TENANT_ID,),
        api_versions={},
    )
    writer = SnapshotWriter(directory, manifest)
    for reading in readings:
        kind, scope = reading.resource_type, reading.scope
        own = [
            each.body
            for each in records
            if (each.type, id_key(each.scope)) == (kind, id_key(scope))
        ]
        writer.resources(TENANT_ID, kind, scope, own)
        writer.reading(TENANT_ID, reading)
    writer.finish(replace(run, finished=started), (TENANT_ID,))
    return directory


@pytest.fixture
def runs(posture: Posture, tmp_path: Path) -> Callable[..., Path]:
    """Return a function that judges bodies into a run of a name."""

    def judge(name: str, found: Iterator[Any], *options: object) -> Path:
        day = 1 + len(list(tmp_path.glob("*-snapshot")))
        started = f"2026-09-{day:02}T00:00:00Z"
        snapshot = write(tmp_path / f"{name}-snapshot", found, started)
        done = posture("scan", "--from", snapshot, "-o", tmp_path / name, *options)
        assert done.code in {0, 1, 3}, done.err
        return tmp_path / name

    return judge


@pytest.fixture
def account() -> str:
    """Return an account that refuses keys."""
    return next(
        str(body["name"])
        for body in bodies()
        if body.get("kind") in ("OpenAI", "AIServices")
        and body["properties"].get("disableLocalAuth") is True
        and body["id"].count("/providers/") == 1
    )


def test_a_planted_change_is_named_with_its_property(
    posture: Posture, runs: Callable[..., Path], account: str
) -> None:
    old = runs("old", bodies())
    new = runs("new", altered(account, disableLocalAuth=False))
    done = posture("diff", old, new, "--format", "json")
    told = json.loads(done.out)
    assert done.code == 0
    [found] = [
        each
        for each in told["findings"]
        if each["check_id"] == "aoai-local-auth-disabled" and each["kind"] == "new"
    ]
    assert found["resource_name"] == account
    [changed] = found["properties"]
    assert changed["path"] == "properties.disableLocalAuth"
    assert (changed["old"], changed["new"]) == (True, False)
    assert told["counts"]["lost sight of"] == 0
    assert told["judged_otherwise"] == []

    text = posture("diff", old, new).out
    assert "properties.disableLocalAuth: true -> false" in text
    page = posture("diff", old, new, "--format", "html").out
    assert "properties.disableLocalAuth: true -&gt; false" in page
    markdown = posture("diff", old, new, "--format", "markdown").out
    assert "properties.disableLocalAuth\\: true -\\> false" in markdown

    back = json.loads(posture("diff", new, old, "--format", "json").out)
    assert back["counts"]["resolved"] == told["counts"]["new"]


def test_an_account_that_is_gone_is_resolved_and_went(
    posture: Posture, runs: Callable[..., Path]
) -> None:
    old, new = runs("old", bodies()), runs("new", without("oai-sandbox-lab"))
    told = json.loads(posture("diff", old, new, "--format", "json").out)
    assert any(each.endswith("/oai-sandbox-lab") for each in told["resources"]["went"])
    assert told["resources"]["came"] == []
    assert told["counts"]["lost sight of"] == 0


def test_a_run_does_not_differ_from_itself(
    posture: Posture, runs: Callable[..., Path]
) -> None:
    run = runs("one", bodies())
    told = json.loads(posture("diff", run, run, "--format", "json").out)
    assert {each["kind"] for each in told["findings"]} == {"remaining"}


def test_what_other_checks_judged_is_told_apart(
    posture: Posture, runs: Callable[..., Path], account: str
) -> None:
    old = runs("old", bodies())
    new = runs("new", altered(account, disableLocalAuth=False))
    recorded = old / "results.json"
    text = recorded.read_text()
    catalogue = re.search(r'"catalogue":"(\w+)"', text)
    assert catalogue
    # As an earlier version would have left it, which took one pass for a failure.
    text = text.replace(catalogue[1], "0" * 64)
    document = json.loads(text)
    wrong = next(each for each in document["results"] if each["status"] == "pass")
    wrong["status"] = "fail"
    recorded.write_text(json.dumps(document))
    told = json.loads(posture("diff", old, new, "--format", "json").out)
    [otherwise] = told["judged_otherwise"]
    assert otherwise["fingerprint"] == wrong["fingerprint"]
    changes = {each["fingerprint"]: each["kind"] for each in told["findings"]}
    assert wrong["fingerprint"] not in changes
    assert told["counts"]["new"] >= 1
    assert told["note"] == ""
    named = posture("diff", recorded, new / "results.json", "--format", "json").out
    assert json.loads(named) == told

    for part in (old / "snapshot").rglob("*"):
        if part.is_file():
            part.unlink()
    told = json.loads(posture("diff", old, new, "--format", "json").out)
    assert "a snapshot is missing" in told["note"]


@pytest.mark.parametrize("kept", [True, False])
def test_what_was_accepted_is_known_by_the_former_id_of_its_check(
    posture: Posture, runs: Callable[..., Path], kept: bool
) -> None:
    some = ("--check", "aoai-local-auth-disabled")
    Path("accepted.toml").write_text(
        '[[exemption]]\ncheck = "aoai-local-auth-*"\nscope = "/"\nowner = "o"\n'
        'approver = "a"\nreason = "r"\ncreated = 2026-09-01\nexpires = 2026-09-01\n'
    )
    old = runs("old", bodies(), *some, "--exemptions", "accepted.toml")
    new = runs("new", bodies(), *some)
    told = json.loads((old / "results.json").read_bytes())
    told["run"]["catalogue"] = "0" * 64
    for number, each in enumerate(told["results"]):
        each |= {"check_id": "fdp-local-auth-disabled", "fingerprint": str(number)}
    (old / "results.json").write_text(json.dumps(told))
    if not kept:
        shutil.rmtree(old / "snapshot")
    drift = json.loads(posture("diff", old, new, "--format", "json").out)
    assert {each["kind"] for each in drift["findings"]} == {"changed"}
    assert all(each["exemption"]["old"] for each in drift["findings"])
    assert drift["judged_otherwise"] == []


def test_a_run_of_some_checks_is_compared_by_those(
    posture: Posture, runs: Callable[..., Path]
) -> None:
    old, new = runs("old", bodies()), runs("new", bodies(), "--check", "dns-*")
    since = ("--check", "dns-*", "--baseline", old, "-o", "since")
    posture("scan", "--from", new, *since)
    told = json.loads(posture("diff", old, new, "--format", "json").out)
    assert told == json.loads(Path("since/results.json").read_bytes())["drift"]
    assert told["counts"]["lost sight of"] == 0
    assert {each["check_id"][:4] for each in told["findings"]} == {"dns-"}
    assert told["judged_otherwise"] == []
    wider = json.loads(posture("diff", new, old, "--format", "json").out)
    assert wider["judged_otherwise"] == []


def test_only_what_is_new_fails_a_job(
    posture: Posture, runs: Callable[..., Path], account: str, tmp_path: Path
) -> None:
    old = runs("old", bodies())
    gate = ("--baseline", old, "--fail-on-new")
    same = posture("scan", "--from", old, *gate, "-o", "same")
    assert same.code == 0
    assert "0 new findings, 0 resolved" in " ".join(same.out.split())
    worse = write(
        tmp_path / "w", altered(account, disableLocalAuth=False), "2026-09-09T00:00:00Z"
    )
    done = posture("scan", "--from", worse, *gate, "-o", "worse")
    assert done.code == 1
    page = Path("worse/report.html").read_text()
    assert "What changed since" in page
    assert "properties.disableLocalAuth: true -&gt; false" in page


def rewritten(run: Path, directory: Path, **header: object) -> Path:
    """Copy what a run answered, with some of its header said otherwise."""
    told = json.loads((run / "results.json").read_bytes())
    told["run"] |= header
    directory.mkdir(parents=True)
    (directory / "results.json").write_text(json.dumps(told))
    return directory


def test_the_baseline_is_the_latest_whole_run_before(
    posture: Posture, runs: Callable[..., Path], tmp_path: Path
) -> None:
    def since() -> Any:
        name = tmp_path / f"again-{len(list(tmp_path.iterdir()))}"
        posture("scan", "--from", run, "--baseline", folder, "-o", name, *some)
        return json.loads((name / "results.json").read_bytes())

    some = ("--check", "dns-*")
    run, folder = runs("run", bodies(), *some), tmp_path / "all"
    own = json.loads((run / "results.json").read_bytes())["run"]["started"]
    rewritten(run, folder / "own", complete=False)
    rewritten(run, folder / "later", started="2030-01-01T00:00:00Z")
    name, only = tmp_path / "only", (*some, "--quiet", "--fail-on", "never")
    done = posture("scan", "--from", run, "--baseline", folder, "-o", name, *only)
    assert "nothing to compare with; the latest there began 2030-01-01" in done.err
    assert "drift" not in since()
    rewritten(run, folder / "cut", started="2026-08-02T00:00:00Z", complete=False)
    cut = since()
    assert cut["drift"]["old"]["started"] == "2026-08-02T00:00:00Z"
    assert "was cut short" in cut["drift"]["note"]
    rewritten(run, folder / "whole", started="2026-08-01T00:00:00Z")
    told = since()
    assert told["drift"]["old"]["started"] == "2026-08-01T00:00:00Z"
    assert told["drift"]["note"] == ""
    days = [each["started"] for each in told["trend"]["runs"]]
    assert days == ["2026-08-01T00:00:00Z", "2026-08-02T00:00:00Z", own]


def test_a_bad_baseline_is_refused_before_a_scan_and_costs_no_report(
    posture: Posture, refused: Refused, runs: Callable[..., Path], tmp_path: Path
) -> None:
    some = ("--check", "dns-*")
    run, folder = runs("run", bodies(), *some), tmp_path / "all"
    wrong = {"settings": {"owner_warning": "x"}, "started": "2026-08-01T00:00:00Z"}
    bad = rewritten(run, folder / "bad", **wrong)
    for command in (
        ("scan", "--from", run, "--baseline", bad, "-o", tmp_path / "none"),
        ("diff", bad, run),
        ("evidence", "export", bad, "-o", tmp_path / "pack.zip"),
    ):
        told = refused(*command)
        assert "owner_warning" in told
        assert str(bad / "results.json") in told
    assert not (tmp_path / "none").exists()
    # A run of later days hides it until the scan is done.
    rewritten(run, folder / "later", started="2030-01-01T00:00:00Z")
    scan = ("scan", "--from", run, "--fail-on", "never", "--baseline", folder)
    done = posture(*scan, *some, "-o", tmp_path / "told")
    assert done.code == 0
    assert "what changed cannot be told" in done.err
    assert "drift" not in json.loads((tmp_path / "told" / "results.json").read_bytes())


def test_runs_that_are_none(refused: Refused, tmp_path: Path) -> None:
    assert "nowhere" in refused("diff", "nowhere", "nowhere")
    assert "cannot be read: File name too long" in refused("diff", "a" * 300, tmp_path)
    for text in ("", "{}", '{"schema":' + "[" * 100_000):
        (tmp_path / "results.json").write_text(text)
        for command in (("diff", tmp_path, tmp_path), ("trend", tmp_path)):
            told = refused(*command)
            assert "no results.json of posture" in told
            assert f"`posture scan --from {tmp_path} -o NEW`" in told
    (tmp_path / "results.json").write_text(
        '{"schema":"other","run":{"started":"","version":"","cloud":"","method":""},'
        '"summary":{},"results":[]}'
    )
    assert "schema 'other'" in refused("diff", tmp_path, tmp_path)
    (tmp_path / "results.json").write_text(
        '{"schema":"posture/1","run":{"started":"<b>","version":"","cloud":"",'
        '"method":""},"summary":{},"results":[]}'
    )
    assert "no time" in refused("diff", tmp_path, tmp_path)
    assert "nowhere" in refused("scan", "--baseline", "nowhere")
    assert "--baseline" in refused("scan", "--fail-on-new")
