"""The files a job is made of: valid, and asking for what there is."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import kubernetes_validate  # type: ignore[import-untyped]
import pytest
import tree_sitter_bicep
import typer
import yaml  # type: ignore[import-untyped]
from tree_sitter import Language, Parser

from scanner.cli.main import app

ROOT = Path(__file__).resolve().parents[1]
DEPLOY = ROOT / "deploy"
FILES = [*sorted(DEPLOY.iterdir()), ROOT / "docs" / "jobs.md"]
KUBERNETES = "1.31"

BIN = Path(sys.executable).parent


def commands(text: str) -> Iterator[list[str]]:
    """Yield the options of each `posture scan` in a file, however it is spelled."""
    for found in re.finditer(r"posture scan((?:.|\\\n)*)", text):
        yield re.findall(r"--[a-z-]+", found[1])
    for found in re.finditer(r"- scan\n((?: +- --.*\n)+)", text):
        yield re.findall(r"--[a-z-]+", found[1])
    for found in re.finditer(r"'scan'\n((?: +'--.*\n)+)", text):
        yield re.findall(r"--[a-z-]+", found[1])


@pytest.fixture(scope="module")
def options() -> set[str]:
    scan: Any = typer.main.get_command(app)
    return {each for option in scan.commands["scan"].params for each in option.opts}


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_every_option_that_is_asked_for_exists(file: Path, options: set[str]) -> None:
    for asked in commands(file.read_text()):
        assert set(asked) <= options


def test_every_kind_of_job_scans() -> None:
    asking = [each.name for each in FILES if list(commands(each.read_text()))]
    assert len(asking) == len(FILES) - 1  # the template that calls another


@pytest.mark.parametrize("file", sorted(DEPLOY.glob("*.bicep")), ids=lambda f: f.name)
def test_bicep_parses(file: Path) -> None:
    parser = Parser(Language(tree_sitter_bicep.language()))
    assert not parser.parse(file.read_bytes()).root_node.has_error


def test_the_cron_job_is_what_kubernetes_takes() -> None:
    text = (DEPLOY / "kubernetes-cronjob.yaml").read_text()
    for document in yaml.safe_load_all(text):
        kubernetes_validate.validate(document, KUBERNETES, strict=True)


def test_the_workflow_is_what_github_takes() -> None:
    schema = ("--builtin-schema", "vendor.github-workflows")
    command = [sys.executable, "-m", "check_jsonschema", *schema]
    done = subprocess.run(
        [*command, str(DEPLOY / "github-actions.yml")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout


def test_the_container_file_is_well_kept() -> None:
    hadolint = shutil.which("hadolint", path=str(BIN)) or shutil.which("hadolint")
    if hadolint is None:
        pytest.skip("hadolint has no binary for this machine")
    done = subprocess.run(
        [hadolint, str(ROOT / "Dockerfile")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout


def test_no_job_runs_as_root_or_holds_a_secret() -> None:
    assert re.search(r"^USER 10001$", (ROOT / "Dockerfile").read_text(), re.M)
    for file in FILES:
        assert not re.search(r"(?i)client.secret|account.?key\s*[:=]", file.read_text())


def test_runs_are_kept_for_the_next_whatever_becomes_of_the_job() -> None:
    text = (DEPLOY / "github-actions.yml").read_text()
    steps = yaml.safe_load(text)["jobs"]["scan"]["steps"]
    names = [each.get("uses", "").partition("@")[0] for each in steps]
    # The plain action saves only what came of a job that succeeded.
    assert "actions/cache" not in names
    restored = steps[names.index("actions/cache/restore")]["with"]
    saved = steps[names.index("actions/cache/save")]
    assert saved["if"] == "${{ !cancelled() }}"
    assert saved["with"]["path"] == restored["path"]
    assert saved["with"]["key"].startswith(restored["restore-keys"])


def test_a_job_writes_into_one_container_alone() -> None:
    text = (DEPLOY / "container-apps-job-resources.bicep").read_text()
    assert re.findall(r"^  scope: (\w+)$", text, re.M) == ["container"]


def test_a_template_gives_a_module_what_it_asks_for() -> None:
    inner = (DEPLOY / "container-apps-job-resources.bicep").read_text()
    outer = (DEPLOY / "container-apps-job.bicep").read_text()
    given = outer.partition("params: {")[2].partition("}")[0]
    assert set(re.findall(r"^param (\w+)", inner, re.M)) == set(
        re.findall(r"^ +(\w+):", given, re.M)
    )
