"""The command, to a stranger."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
import typer

import checks
from scanner import __version__
from scanner.cli.main import app
from scanner.collect.actions import ACTIONS
from scanner.collect.directory import PERMISSIONS, ROLE
from scanner.collect.reads import READS
from scanner.collect.resources import DESCENDANTS, MANAGEMENT_GROUPS, SUBSCRIPTIONS
from scanner.model.check import Severity, Topic

COMMANDS: dict[str, Any] = typer.main.get_command(app).commands  # type: ignore[attr-defined]
GROUPS = [name for name, each in COMMANDS.items() if hasattr(each, "commands")]

Posture = Callable[..., Any]
Refused = Callable[..., str]


def test_the_commands_are_those_of_the_contract() -> None:
    assert {
        *("checks", "demo", "doctor", "emulate", "explain", "permissions", "scan")
    } <= set(COMMANDS)


@pytest.mark.parametrize("command", ["", *COMMANDS])
def test_help_fits_a_terminal(
    command: str, posture: Posture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    done = posture(*filter(None, [command]), "--help")
    assert (done.code, done.err) == (0, "")
    assert max(map(len, done.out.splitlines())) <= 80
    assert "\x1b" not in done.out
    assert posture(*filter(None, [command]), "-h").out == done.out


@pytest.mark.parametrize("command", COMMANDS)
def test_everything_that_can_be_given_is_explained(command: str) -> None:
    for parameter in COMMANDS[command].params:
        text = getattr(parameter, "help", None) or ""
        assert len(text.split()) > 1, parameter.name
        assert text.rstrip("]").endswith(
            (".", "readable", "there", "three", "time>")
        ) or ("[default" in text), parameter.name


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_says_what_it_does(command: str) -> None:
    assert COMMANDS[command].help
    assert COMMANDS[command].get_short_help_str(60)


GROUPS = [name for name, each in COMMANDS.items() if hasattr(each, "commands")]


@pytest.mark.parametrize("group", ["", *GROUPS])
def test_no_line_of_a_list_of_commands_is_cut_off(
    group: str, posture: Posture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    listed = posture(*filter(None, [group]), "--help").out.partition("Commands:")[2]
    assert listed
    assert "..." not in listed


def test_the_contract_s_options_are_there() -> None:
    options = {name for each in COMMANDS["scan"].params for name in each.opts}
    assert {
        *("--tenant", "-t", "--subscription", "-s", "--management-group", "-m"),
        *("--exclude-subscription", "--cloud", "--auth", "--check", "--exclude-check"),
        *("--topic", "--min-severity", "--discovery", "--output", "-o", "--format"),
        *("--fail-on", "--allow-gaps", "--config", "--from", "--resume", "--quiet"),
        *("--log-format", "--no-color"),
    } <= options


def test_the_exit_codes_are_told(posture: Posture) -> None:
    text = " ".join(posture("--help").out.split())
    for code, meaning in enumerate(
        ("clean", "findings", "usage", "incomplete", "nothing could be read")
    ):
        assert f"{code} {meaning}" in text


def test_the_version(posture: Posture) -> None:
    assert posture("--version").out == f"posture {__version__}\n"


@pytest.mark.parametrize(
    "arguments",
    [
        ["scam"],
        ["scan", "--colour"],
        ["scan", "--auth", "magic"],
        ["scan", "--topic", "x"],
        ["scan", "--fail-on", "x"],
        ["scan", "--format", "pdf"],
        ["explain"],
        ["emulate", ".", "--port", "99999"],
    ],
    ids=" ".join,
)
def test_wrong_usage_is_two_and_one_line(
    arguments: list[str], refused: Refused
) -> None:
    line = refused(*arguments)
    assert re.search(r"`posture(| scan| explain| emulate) --help` shows", line)
    assert "Value error" not in line


@pytest.mark.parametrize("group", ["", "evidence"])
def test_no_command_shows_the_help(group: str, posture: Posture) -> None:
    done = posture(*filter(None, [group]))
    assert done.code == 2
    assert "Commands:" in done.err


# The catalogue


def test_the_catalogue_as_json(posture: Posture) -> None:
    listed = json.loads(posture("checks", "--format", "json").out)
    assert [each["id"] for each in listed] == [each.id for each in checks.ALL]
    for entry, check in zip(listed, checks.ALL, strict=True):
        assert entry["title"] == check.title
        assert Topic(entry["topic"]) is check.topic
        assert Severity(entry["severity"]) is check.severity
        assert entry["resource_type"] == check.resource_type
        assert entry["controls"] == list(check.controls)
        assert [
            (each["control"], each["version"], each["basis"])
            for each in entry["supports"]
        ] == [(each.control, each.version, each.basis) for each in check.supports]


def test_the_catalogue_as_text(posture: Posture) -> None:
    lines = posture("checks").out.splitlines()
    for check in checks.ALL:
        assert any(
            {check.id, check.severity.value} <= set(each.split()) for each in lines
        )
    headings = [each for each in lines if each and not each.startswith(" ")]
    assert headings == list(dict.fromkeys(check.topic.value for check in checks.ALL))


def test_part_of_the_catalogue(posture: Posture) -> None:
    arguments = ("--topic", "logging", "--min-severity", "high", "--format", "json")
    listed = json.loads(posture("checks", *arguments).out)
    assert {each["topic"] for each in listed} == {"logging"}
    assert {each["severity"] for each in listed} <= {"critical", "high"}
    assert len(listed) == sum(
        check.topic is Topic.LOGGING and check.severity.reaches(Severity.HIGH)
        for check in checks.ALL
    )


def test_the_catalogue_by_control(posture: Posture, refused: Refused) -> None:
    arguments = ("--control", "mcsb:ns-2", "--control", "EU-AI-Act:*")
    listed = json.loads(posture("checks", *arguments, "--format", "json").out)
    assert [each["id"] for each in listed] == [
        check.id
        for check in checks.ALL
        if any(each == "MCSB:NS-2" or "EU-AI" in each for each in check.controls)
    ]
    assert "'MCSB:NS-99'" in refused("checks", "--control", "MCSB:NS-99")


@pytest.mark.parametrize("check", checks.ALL, ids=lambda check: check.id)
def test_every_check_explains_itself(check: Any, posture: Posture) -> None:
    page = posture("explain", check.id).out
    assert page.startswith(f"{check.id}: {check.title}\n")
    assert check.resource_type in page
    assert check.severity in page
    for each in check.supports:
        assert f"{each.control} ({each.version})" in page
        assert f"basis: {each.basis}" in page
    assert "## Why it matters" in page
    assert "## How to fix" in page


def test_a_check_is_found_by_its_alias(posture: Posture) -> None:
    check = next(each for each in checks.ALL if each.aliases)
    for name in (check.aliases[0], check.id.upper()):
        assert posture("explain", name).out.startswith(f"{check.id}: ")


def test_an_unknown_check_has_near_names(refused: Refused) -> None:
    line = refused("explain", "aoai-outbound-restrictd")
    assert "'aoai-outbound-restrictd'" in line
    assert "did you mean aoai-outbound-restricted" in line


def test_a_check_like_no_other_has_a_list(refused: Refused) -> None:
    assert "`posture checks` lists them all" in refused("explain", "zzz")


# Permissions


def role(done: Any) -> dict[str, Any]:
    assert done.code == 0
    return dict(json.loads(done.out))


def test_the_role_is_what_the_reads_declare_and_what_asks_where_to_look(
    posture: Posture,
) -> None:
    actions = role(posture("permissions"))["Actions"]
    declared = {
        read.action for read in (*READS, SUBSCRIPTIONS, MANAGEMENT_GROUPS, DESCENDANTS)
    }
    assert set(actions) - declared == {
        "Microsoft.ResourceGraph/resources/read",
        "Microsoft.Authorization/permissions/read",
    }
    assert declared <= set(actions)
    assert tuple(actions) == ACTIONS


def test_the_role_can_change_nothing_and_read_no_secret(posture: Posture) -> None:
    given = role(posture("permissions"))
    assert len(given["Actions"]) == len(set(given["Actions"]))
    for action in given["Actions"]:
        assert re.fullmatch(r"Microsoft\.\w+(/\w+)+/read", action), action
    assert given["DataActions"] == []


def test_what_the_directory_asks_for_is_said_beside_the_role(posture: Posture) -> None:
    done = posture("permissions")
    for right in (*PERMISSIONS, ROLE):
        assert right in done.err
        assert right not in done.out
    assert "posture scan --directory" in done.err


def test_the_role_is_assignable_where_it_is_said(
    posture: Posture, refused: Refused
) -> None:
    given = role(posture("permissions", "--scope", "/a", "--scope", "/b"))
    assert given["AssignableScopes"] == ["/a", "/b"]
    assert "/subscriptions/" in refused("permissions", "--scope", "my-subscription")
    [scope] = role(posture("permissions"))["AssignableScopes"]
    assert scope.startswith("/providers/Microsoft.Management/managementGroups/")
