"""Bad input: one clear line, the documented exit code, no traceback."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from scanner.emulator import Emulator
from scanner.emulator.faults import Redirect, Status, TokenRefused

LIVE = ("scan", "--cloud", "cloud.toml", "--auth", "environment")

Posture = Callable[..., Any]
Refused = Callable[..., str]
Serve = Callable[..., Emulator]


def has(line: str, *words: str) -> None:
    for word in words:
        assert word in line, line


# Which checks


@pytest.mark.parametrize("option", ["--check", "--exclude-check"])
def test_an_unknown_check(option: str, refused: Refused) -> None:
    line = refused("scan", option, "aoai-diag-enabld")
    has(line, "'aoai-diag-enabld'", "did you mean aoai-diag-enabled")


def test_a_glob_that_matches_nothing(refused: Refused) -> None:
    has(refused("scan", "--check", "zzz-*"), "'zzz-*'", "`posture checks`")


def test_no_check_is_left(refused: Refused) -> None:
    line = refused("scan", "--topic", "dns-security-policies", "--check", "aoai-*")
    has(line, "no check is left: loosen --check or --topic")
    line = refused("scan", "--check", "aoai-*", "--exclude-check", "aoai-*")
    assert line.endswith("no check is left: loosen --check or --exclude-check")


# The cloud


def test_an_unknown_cloud(refused: Refused) -> None:
    has(refused("scan", "--cloud", "AzureClout"), "--cloud", "AzureClout", "AzureCloud")


@pytest.mark.parametrize("command", ["scan", "doctor"])
def test_a_wrong_cloud_file(command: str, refused: Refused, tmp_path: Path) -> None:
    (tmp_path / "bad.toml").write_text("name = 7\n")
    has(refused(command, "--cloud", "bad.toml"), "--cloud", "bad.toml", "name")


def test_a_cloud_file_that_is_no_toml(refused: Refused, tmp_path: Path) -> None:
    for content in (b"\xff{", b"name = " + b"[" * 9000):
        (tmp_path / "bad.toml").write_bytes(content)
        line = refused("scan", "--cloud", "bad.toml")
        has(line, "bad.toml does not describe a cloud")


@pytest.mark.parametrize("command", ["scan", "doctor"])
def test_a_ca_that_is_none(
    command: str, azure: Emulator, refused: Refused, tmp_path: Path
) -> None:
    (tmp_path / "ca.pem").write_text("no certificate")
    text = (tmp_path / "cloud.toml").read_text().replace(str(azure.ca_file), "ca.pem")
    (tmp_path / "cloud.toml").write_text(text)
    line = refused(command, *LIVE[1:])
    has(line, "ca.pem", "no usable certificate")


def test_a_ca_of_somebody_else(serve: Serve, refused: Refused, tmp_path: Path) -> None:
    other = serve()
    (tmp_path / "other.pem").write_bytes(other.ca_file.read_bytes())
    azure = serve()
    text = (tmp_path / "cloud.toml").read_text()
    (tmp_path / "cloud.toml").write_text(text.replace(str(azure.ca_file), "other.pem"))
    line = refused(*LIVE, "--quiet", code=4)
    has(line, "sign-in (environment) failed", "certificate", "`ca_bundle`")
    assert "AZURE_TENANT_ID" not in line
    assert azure.address.client_secret not in line


# Settings


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (
            "fqdn_list_warnin = 3",
            ["fqdn_list_warnin", "did you mean fqdn_list_warning"],
        ),
        ("fqdn_list_warning = 'x'", ["fqdn_list_warning", "int"]),
        ("approved_fqdns = [1]", ["approved_fqdns", "str"]),
        ("owner_warning = -5", ["owner_warning", "-5"]),
        ("approved_fqdns = ['a.example', ' ']", ["approved_fqdns", "empty"]),
        ("dns_log_min_days = 900", ["dns_log_min_days", "dns_log_max_days", "730"]),
        ("condition_window_hours = 999999999999", ["condition_window_hours", "above"]),
        ("application_secret_days = 9999999999", ["application_secret_days", "above"]),
        ("owner_warning = 1000001", ["owner_warning", "above 1,000,000"]),
        ("approved_principals = ['joy@bank.example']", ["'joy@bank.example'", "no id"]),
        ("approved_tenants = ['contoso.com']", ["approved_tenants", "'contoso.com'"]),
        ("denied_subscriptions = ['/subscriptions/x']", ["'/subscriptions/x'"]),
        ("expected_gateways = ['apim']", ["'apim'", "API Management service"]),
        ("approved_network_managers = ['avnm']", ["'avnm'", "network manager"]),
        ("foreign_application_roles = ['Reader']", ["'Reader'", "GUID of a role"]),
        ("approved_fqdns = ['https://a.example/x']", ["'https://a.example/x'", "host"]),
        ("exemptions = 7", ["exemptions", "7", "file"]),
        ("in_flight = 0", ["in_flight is 0", "from 1 to 256"]),
        ("in_flight = 257", ["in_flight is 257", "from 1 to 256"]),
        ("in_flight = true", ["in_flight is True", "from 1 to 256"]),
        ("[", ["no TOML"]),
        (f"owner_warning = {'[' * 9000}", ["no TOML"]),
        (f"owner_warning = {'9' * 5000}", ["no TOML"]),
    ],
)
@pytest.mark.parametrize("given", [True, False], ids=["named", "found"])
def test_wrong_settings(
    content: str, words: list[str], given: bool, refused: Refused, tmp_path: Path
) -> None:
    (tmp_path / "posture.toml").write_text(content)
    arguments = ("--config", "posture.toml") if given else ()
    has(refused("scan", *arguments), "posture.toml", *words)


def test_settings_that_are_not_there(refused: Refused, tmp_path: Path) -> None:
    has(refused("scan", "--config", "none.toml"), "--config none.toml", "No such file")
    has(refused("scan", "--config", tmp_path), "--config", "cannot be read")


# Where to and where from


def test_an_output_that_cannot_be_written(
    azure: Emulator, refused: Refused, demo: Path, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    for arguments in (LIVE, ("scan", "--from", demo), ("demo",)):
        line = refused(*arguments, "-o", "file/run")
        has(line, "--output file/run", "cannot be written", "Not a directory")
    assert not azure.requests


def test_an_output_that_is_a_file(refused: Refused, demo: Path, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    has(refused("scan", "--from", demo, "-o", "file"), "--output file", "exists")


def test_an_output_that_is_taken(
    azure: Emulator, refused: Refused, demo: Path, tmp_path: Path
) -> None:
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken" / "mine").write_text("mine")
    for arguments in (LIVE, ("scan", "--from", demo), ("demo",)):
        line = refused(*arguments, "-o", "taken")
        has(line, "--output taken is not empty", "--resume")
    assert [each.name for each in (tmp_path / "taken").iterdir()] == ["mine"]
    assert not azure.requests


@pytest.mark.parametrize("option", ["--from", "--resume"])
def test_no_run_to_go_on_with(option: str, refused: Refused, tmp_path: Path) -> None:
    has(refused("scan", option, "missing"), option, "missing", "no snapshot")
    (tmp_path / "empty").mkdir()
    has(refused("scan", option, "empty"), option, "empty", "no snapshot")


def test_a_snapshot_alone_is_not_gone_on_with(
    refused: Refused, demo: Path, tmp_path: Path
) -> None:
    shutil.copytree(demo, tmp_path / "run")
    before = {each.name for each in (tmp_path / "run/snapshot").iterdir()}
    line = refused("scan", "--resume", "run/snapshot")
    has(line, "--resume run/snapshot is a snapshot", "name the run")
    assert {each.name for each in (tmp_path / "run/snapshot").iterdir()} == before


@pytest.mark.parametrize(
    "arguments",
    [
        ("--from", "run", "--tenant", "x"),
        ("--from", "run", "--subscription", "x"),
        ("--from", "run", "--management-group", "x"),
        ("--from", "run", "--exclude-subscription", "x"),
        ("--from", "run", "--resume", "x"),
        ("--resume", "run", "--output", "x"),
        ("--resume", "run", "--tenant", "x"),
    ],
    ids=" ".join,
)
def test_options_that_contradict_each_other(
    arguments: tuple[str, ...], refused: Refused
) -> None:
    has(refused("scan", *arguments), arguments[0], arguments[2], "does not go with")


# A snapshot that is damaged


def test_a_run_that_the_system_does_not_give(
    azure: Emulator, refused: Refused, demo: Path, tmp_path: Path
) -> None:
    long = "x" * 300
    for arguments in (("scan", "--from"), ("scan", "--resume"), ("emulate",)):
        has(refused(*arguments, long), "xxx", "cannot be read", "name too long")
    shutil.copytree(demo, tmp_path / "run")
    (tmp_path / "run" / "snapshot" / "manifest.json.tmp").mkdir()
    line = refused(*LIVE, "--resume", "run", "--quiet", code=3)
    has(line, "run/snapshot cannot be written", "directory", "--resume run")


def test_what_cannot_be_published_is_said_before_anything_is_done(
    refused: Refused, demo: Path, tmp_path: Path
) -> None:
    url = "https://a.blob.core.windows.net/c"
    ask = ("scan", "--from", demo, "-o", "run", "--publish", url)
    has(refused(*ask, "--cloud", "nope"), "--cloud", "'nope'")
    other = ("--cloud", "AzureChinaCloud")
    has(refused(*ask, *other), "--publish", "no blob service of AzureChinaCloud")
    assert not (tmp_path / "run").exists()


@pytest.mark.usefixtures("azure")
def test_findings_win_over_what_was_not_published(posture: Posture, demo: Path) -> None:
    url = "https://127.0.0.1:1/account/container"
    ask = (*LIVE, "--from", demo, "--quiet", "--publish", url)
    for fail_on, code in (("high", 1), ("never", 3)):
        done = posture(*ask, "-o", fail_on, "--fail-on", fail_on)
        assert done.code == code
        has(done.err, "posture: --publish: nothing was published", "the run is in")


def part(run: Path) -> Path:
    return min((run / "snapshot").glob("*/*accounts.jsonl.gz"))


def rewrite(run: Path, **changes: Any) -> None:
    path = run / "snapshot" / "manifest.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


def truncate(run: Path) -> None:
    path = part(run)
    path.write_bytes(path.read_bytes()[:-20])


DAMAGE: dict[str, Callable[[Path], object]] = {
    "cut off": truncate,
    "missing": lambda run: part(run).unlink(),
    "replaced": lambda run: part(run).write_bytes(b"no gzip"),
    "added": lambda run: shutil.copy(part(run), part(run).with_name("x.y.jsonl.gz")),
    "no JSON": lambda run: (run / "snapshot/manifest.json").write_text("{"),
    "another schema": lambda run: rewrite(run, schema="posture-snapshot/9"),
    "a part elsewhere": lambda run: rewrite(
        run, parts=[{"path": "../../passwd", "sha256": "", "size": 1}]
    ),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_snapshot(
    damage: str, refused: Refused, demo: Path, tmp_path: Path
) -> None:
    shutil.copytree(demo, tmp_path / "run")
    DAMAGE[damage](tmp_path / "run")
    line = refused("scan", "--from", "run", "-o", "again")
    has(line, "--from", "run/snapshot")
    assert not (tmp_path / "again").exists()
    has(refused("emulate", "run"), "cannot emulate", "run/snapshot")


# Signing in


def test_no_credential(serve: Serve, refused: Refused, monkeypatch: Any) -> None:
    azure = serve()
    for name in azure.environment:
        monkeypatch.delenv(name)
    for command in ("scan", "doctor"):
        line = refused(command, *LIVE[1:], code=4)
        has(line, "sign-in (environment) failed", "AZURE_TENANT_ID")


def test_a_workload_without_its_variables(refused: Refused) -> None:
    line = refused("scan", "--auth", "workload-identity", code=4)
    has(line, "'token_file_path'; check AZURE_TENANT_ID")


def test_a_wrong_secret(azure: Emulator, refused: Refused, monkeypatch: Any) -> None:
    monkeypatch.setenv("AZURE_CLIENT_SECRET", "not-the-secret")
    for command in ("scan", "doctor"):
        line = refused(command, *LIVE[1:], code=4)
        has(line, "sign-in (environment) failed", "AADSTS7000215", "AZURE_CLIENT_ID")
        assert "not-the-secret" not in line


def test_a_proxy_that_fails_keeps_its_password(
    azure: Emulator, refused: Refused, monkeypatch: Any
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://me:P4ssw0rd@127.0.0.1:9")
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    for command in ("scan", "doctor"):
        line = refused(command, *LIVE[1:], code=4)
        has(line, "sign-in (environment) failed")
        assert "P4ssw0rd" not in line


def test_an_expired_secret(serve: Serve, refused: Refused) -> None:
    serve(faults=(TokenRefused(),))
    has(refused(*LIVE, code=4), "AADSTS7000222", "check AZURE_TENANT_ID")


def test_a_failed_sign_in_leaves_nothing_that_is_in_the_way(
    serve: Serve, refused: Refused, posture: Posture
) -> None:
    serve(faults=(TokenRefused(times=1),))
    refused(*LIVE, "-o", "run", code=4)
    assert posture(*LIVE, "-o", "run", "--quiet").code == 1


# Scope


def test_an_unknown_subscription(azure: Emulator, posture: Posture) -> None:
    done = posture(*LIVE, "-o", "run", "-s", "no such name", "--quiet")
    assert (done.code, done.out) == (2, "")
    [line] = done.err.splitlines()
    has(line, "--subscription 'no such name'")


def test_a_subscription_nearly_named(
    azure: Emulator, posture: Posture, demo: Path
) -> None:
    run = json.loads((demo / "results.json").read_text())["run"]
    name = run["subscriptions"][0]["name"]
    for option in ("--subscription", "--exclude-subscription"):
        done = posture(*LIVE, "-o", "run", option, name[:-1], "--quiet")
        assert done.code == 2
        has(done.err, option, f"did you mean {name!r}")


def test_subscriptions_that_cannot_be_listed(serve: Serve, posture: Posture) -> None:
    refusal = Status(
        type="Microsoft.Resources/subscriptions", status=403, code="AuthorizationFailed"
    )
    serve(faults=(refusal,))
    for command in ("scan", "doctor"):
        done = posture(command, *LIVE[1:])
        assert (done.code, done.out) == (4, "")
        last = done.err.splitlines()[-1]
        assert last.startswith("posture: ")
        has(last, "Made to fail.", "HTTP 403", "assign Reader", "--tenant")


def test_subscriptions_that_are_elsewhere(serve: Serve, posture: Posture) -> None:
    serve(faults=(Redirect(type="Microsoft.Resources/subscriptions"),))
    for command in ("scan", "doctor"):
        done = posture(command, *LIVE[1:])
        assert (done.code, done.out) == (4, "")
        has(done.err.splitlines()[-1], "redirect", "HTTP 307", "`resource_manager`")


def test_a_run_that_read_nothing_is_no_clean_one(
    serve: Serve, posture: Posture, refused: Refused, tmp_path: Path
) -> None:
    serve(faults=(Status(type="Microsoft.Resources/subscriptions", status=403),))
    assert posture(*LIVE, "-o", "run", "--quiet").code == 4
    has(refused("scan", "--from", "run", "-o", "again", code=4), "403", "assign Reader")
    rewrite(tmp_path / "run", tenants=[])
    has(refused("scan", "--from", "run", "-o", "again", code=4), "no enabled")
    assert not (tmp_path / "again").exists()
    has(refused("emulate", "run"), "cannot emulate", "nothing to serve")


@pytest.mark.parametrize("command", ["scan", "doctor"])
def test_a_managed_identity_has_no_choice_of_tenants(
    command: str, refused: Refused
) -> None:
    line = refused(command, "--auth", "managed-identity", "-t", "bank.example")
    has(line, "--tenant 'bank.example'", "give the tenant's id")


def test_no_subscription_at_all(azure: Emulator, posture: Posture, demo: Path) -> None:
    run = json.loads((demo / "results.json").read_text())["run"]
    excluded = [
        word
        for each in run["subscriptions"]
        for word in ("--exclude-subscription", each["id"])
    ]
    done = posture(*LIVE, "-o", "run", *excluded, "--quiet")
    assert (done.code, done.out) == (4, "")
    has(done.err, "no enabled subscription", "posture doctor", "assign Reader")


# The disk


# Python would keep modules cut off in its cache, for every run after.
FULL = """
import resource, signal, sys
sys.dont_write_bytecode = True
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, ({0}, {0}))
"""


def test_a_full_disk_while_reading(process: Callable[..., Any], tmp_path: Path) -> None:
    done = process("demo", "-o", "run", before=FULL.format(2000), cwd=tmp_path)
    assert (done.code, done.out) == (3, "")
    line = done.err.splitlines()[-1]
    has(line, "posture: run/snapshot cannot be written", "--resume run")
    assert "Traceback" not in done.err


def test_a_full_disk_while_reporting(
    process: Callable[..., Any], posture: Posture, tmp_path: Path
) -> None:
    done = process("demo", "-o", "run", before=FULL.format(50_000), cwd=tmp_path)
    assert (done.code, done.out) == (3, "")
    assert "Traceback" not in done.err
    line = done.err.splitlines()[-1]
    has(line, "run/results.csv cannot be written", "`posture scan --from run`")
    assert [each.name for each in (tmp_path / "run").iterdir()] == ["snapshot"]
    assert posture("scan", "--from", "run", "-o", "again", "--quiet").code == 1


def test_a_full_disk_while_a_snapshot_is_copied(
    process: Callable[..., Any], demo: Path, tmp_path: Path
) -> None:
    again = ("scan", "--from", demo, "-o", "run")
    done = process(*again, before=FULL.format(2000), cwd=tmp_path)
    assert (done.code, done.out) == (2, "")
    [line] = done.err.splitlines()
    has(line, "cannot be copied to run", "make room")
    assert not [*(tmp_path / "run").iterdir()]


# Whatever is given is quoted harmlessly


@pytest.mark.parametrize(
    "arguments",
    [
        ("scan", "--check", "\x1b[31mred\nnext"),
        ("explain", "\x1b]0;title\x07"),
        ("scan", "--cloud", "\x1b[2J"),
        ("scan", "--from", "a\x1b[2J\nb"),
    ],
    ids=ascii,
)
def test_control_characters_do_not_come_back(
    arguments: tuple[str, ...], refused: Refused
) -> None:
    line = refused(*arguments)
    assert line.isprintable()
