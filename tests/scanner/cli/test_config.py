"""`posture config show`: what is in force, from where, and read by which checks."""

from __future__ import annotations

import dataclasses
import json
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import checks
from scanner.model.settings import Settings

Posture = Callable[..., Any]
Refused = Callable[..., str]

NAMES = {field.name for field in dataclasses.fields(Settings)}
OWN = {"exemptions", "in_flight"}
"""What the command reads, and no check."""


def test_every_setting_is_told_with_where_it_is_from(
    posture: Posture, tmp_path: Path
) -> None:
    (tmp_path / "posture.toml").write_text("fqdn_list_warning = 7\n")
    found = {
        each["name"]: each
        for each in json.loads(posture("config", "show", "--format", "json").out)
    }
    assert found.keys() == NAMES | OWN
    changed = found.pop("fqdn_list_warning")
    assert (changed["value"], changed["origin"]) == (7, "posture.toml")
    assert {each["origin"] for each in found.values()} == {""}
    assert all(each["meaning"] for each in found.values())


def test_the_text_is_a_file_that_says_the_same(
    posture: Posture, tmp_path: Path
) -> None:
    (tmp_path / "mine.toml").write_text(
        'approved_fqdns = ["a.example"]\ndns_filtering_expected = false\n'
    )
    text = posture("config", "show", "--config", "mine.toml").out
    assert tomllib.loads(text) == {
        "approved_fqdns": ["a.example"],
        "dns_filtering_expected": False,
    }
    commented = [line[2:] for line in text.splitlines() if line.startswith("# ")]
    assert "fqdn_list_warning = 20" in commented


def test_every_setting_has_a_check_that_says_it_reads_it(posture: Posture) -> None:
    for each in json.loads(posture("config", "show", "--format", "json").out):
        assert bool(each["checks"]) is (each["name"] not in OWN), each["name"]


def test_every_check_says_which_settings_it_reads() -> None:
    for check in checks.ALL:
        read = {each for each in NAMES if each in check.decide.__code__.co_names}
        page = check.documentation
        told = " ".join((page.reads, *page.sections.values()))
        assert all(f"`{name}`" in told for name in read), (check.id, read)


def test_settings_that_are_wrong(refused: Refused, tmp_path: Path) -> None:
    (tmp_path / "posture.toml").write_text("fqdn_list_warnin = 7\n")
    assert "did you mean fqdn_list_warning" in refused("config", "show")


def test_every_form_of_id_is_taken(posture: Posture, tmp_path: Path) -> None:
    guid = "00000000-1111-2222-3333-44444444444A"
    manager = "/subscriptions/{}/resourceGroups/rg/providers/{}/networkManagers/m"
    given = {
        "approved_principals": [guid],
        "approved_network_managers": [manager.format(guid, "microsoft.network")],
        "foreign_application_roles": [
            guid,
            f"/providers/Microsoft.Authorization/roleDefinitions/{guid}",
        ],
        "approved_fqdns": ["*.partner.example.", "b\u00fccher.example"],
    }
    lines = (f"{name} = {json.dumps(value)}\n" for name, value in given.items())
    (tmp_path / "posture.toml").write_text("".join(lines))
    told = json.loads(posture("config", "show", "--format", "json").out)
    found = {each["name"]: each["value"] for each in told if each["origin"]}
    assert found == given


def test_exemptions_may_be_named_by_the_file(
    posture: Posture, demo: Path, tmp_path: Path
) -> None:
    (tmp_path / "team").mkdir()
    (tmp_path / "team" / "posture.toml").write_text('exemptions = "accepted.csv"\n')
    row = "no-such-check,/,ann,bob,because,2026-01-01,2099-01-01\n"
    head = "check,scope,owner,approver,reason,created,expires\n"
    (tmp_path / "team" / "accepted.csv").write_text(head + row)
    (tmp_path / "none.csv").write_text(head)
    ask = ("scan", "--from", demo, "--quiet", "--format", "json")
    config = ("--config", "team/posture.toml")
    done = posture(*ask, *config, "-o", "run")
    assert "team/accepted.csv: line 2, column 1: no check matches" in done.err
    named = ("--exemptions", "none.csv")
    assert posture(*ask, *config, *named, "-o", "run").code == 1
