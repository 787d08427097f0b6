"""`posture dns`: which policy sees whose queries on a run, and what it decides."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from scanner.collect.assemble import assemble
from scanner.demo import bodies
from scanner.model.cloud import Suffixes
from scanner.model.coverage import Gap, Outcome, Reading
from scanner.model.dns import DomainList, PolicyLink, ResolverPolicy, SecurityRule
from scanner.model.ids import id_key
from scanner.model.network import VirtualNetwork
from scanner.model.resource import Resource
from scanner.model.results import Run
from scanner.snapshot.manifest import Manifest
from scanner.snapshot.writer import SnapshotWriter

Posture = Callable[..., Any]
Refused = Callable[..., str]

IDS = {
    each["id"].rpartition("/")[2]: each["id"]
    for each in bodies()
    if "/virtualnetworks/" in each["id"].lower() or "/dnsresolver" in each["id"].lower()
}
KEYS = [
    *("name", "vnet", "reaches_wire_server", "policy_id", "rule_id", "action"),
    *("logged", "path"),
]

TENANT = "aaaaaaaa-0000-4000-8000-000000000001"
SUB = "/subscriptions/bbbbbbbb-0000-4000-8000-000000000001"
AT = f"{SUB}/resourceGroups/rg/providers"
HOSTILE = "\x1b[31mred\x07\u202e\nforged"


def body(view: type[Resource], name: str, **properties: Any) -> Any:
    at = f"{AT}/{view.type}/{name}"
    return {"id": at, "location": "eastus", "properties": properties}


def child(view: type[Resource], name: str, **properties: Any) -> Any:
    at = f"{POLICY['id']}/{view.type.rpartition('/')[2]}/{name}"
    return {"id": at, "location": "eastus", "properties": properties}


POLICY = body(ResolverPolicy, "policy")
LISTS = [
    body(DomainList, "bulk", domainsUrl="/subscriptions/x/bulk"),
    body(DomainList, HOSTILE, domains=["evil.example", HOSTILE, "evil.EXAMPLE."]),
]
RULES = [
    child(
        SecurityRule,
        name,
        priority=priority,
        action={"actionType": action},
        dnsSecurityRuleState="Enabled",
        dnsResolverDomainLists=[{"id": found["id"]}],
    )
    for name, priority, action, found in (
        (HOSTILE, 100, "Block", LISTS[1]),
        ("feed", 200, "Block", LISTS[0]),
    )
]
VNET = body(VirtualNetwork, "vnet")
LINK = child(PolicyLink, "link", virtualNetwork={"id": VNET["id"]})
SMALL = [{"id": SUB}, POLICY, *LISTS, *RULES, VNET, LINK]


def refusal(reading: Reading) -> Reading:
    gap = Gap(
        tenant_id=TENANT,
        scope=reading.scope,
        resource_type=reading.resource_type,
        operation=reading.operation,
        reason="refused",
        http_status=403,
        error_code="AuthorizationFailed",
    )
    return replace(reading, outcome=Outcome.GAP, count=0, gaps=(gap,))


def write(
    directory: Path,
    *unread: type[Resource],
    given: Any = SMALL,
    never: Any = (),
    whole: bool = True,
) -> Path:
    """Write a snapshot of one tenant: some types were refused, some never read."""
    run = Run(started="2026-01-01T00:00:00Z", version="1", cloud="c", method="m")
    manifest = Manifest(
        run=run,
        suffixes=Suffixes(),
        whole_tenant=whole,
        tenants=(TENANT,),
        api_versions={},
    )
    writer = SnapshotWriter(directory, manifest)
    records, readings = assemble(given, TENANT)
    for reading in readings:
        kind, scope = reading.resource_type, reading.scope
        if kind in {each.type for each in never}:
            continue
        refused = kind in {each.type for each in unread}
        found = [
            each.body
            for each in records
            if each.type == kind and id_key(each.scope) == id_key(scope)
        ]
        writer.resources(TENANT, kind, scope, [] if refused else found)
        writer.reading(TENANT, refusal(reading) if refused else reading)
    writer.finish(run, (TENANT,))
    return directory


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(tmp_path_factory.mktemp("small"))


def answered(posture: Posture, *arguments: object) -> Any:
    done = posture("dns", *arguments, "--format", "json")
    assert done.code == 0, done.err
    return json.loads(done.out)


def told(posture: Posture, *arguments: object) -> str:
    done = posture("dns", *arguments)
    assert (done.code, done.err) == (0, "")
    return str(done.out)


# The demo's stories


@pytest.mark.parametrize(
    ("name", "vnet", "policy", "rule", "action", "logged"),
    [
        (
            "uploads.partner-exchange.example",
            "vnet-sandbox-notebooks-weu",
            "dnspol-sandbox-weu",
            "allow-partners",
            "allow",
            False,
        ),
        (
            "FILEDUMP.example.",
            "vnet-sandbox-notebooks-weu",
            "dnspol-sandbox-weu",
            "block-uploads",
            "block",
            False,
        ),
        (
            "coin-pool.invalid",
            "vnet-sandbox-notebooks-weu",
            "dnspol-sandbox-weu",
            "log-the-rest",
            "allow",
            False,
        ),
        (
            "a.paste-drop.invalid",
            "vnet-ai-prod-sdc",
            "dnspol-sdc",
            "block-threats",
            "block",
            True,
        ),
        ("url-shortener.test", "vnet-hub-weu", "dnspol-weu", "watch", "alert", True),
        ("unlisted.example", "vnet-hub-weu", "dnspol-weu", None, "none", True),
        ("paste-drop.invalid", "vnet-pilot-uks", None, None, "none", False),
        ("paste-drop.invalid", "vnet-research-isolated", None, None, "none", False),
    ],
)
def test_what_becomes_of_a_name(
    name: str,
    vnet: str,
    policy: str | None,
    rule: str | None,
    action: str,
    logged: bool,
    demo: Path,
    posture: Posture,
) -> None:
    found = answered(posture, "resolve", name, "--vnet", IDS[vnet], "--from", demo)
    assert list(found) == KEYS
    assert (found["name"], found["vnet"]) == (name, IDS[vnet])
    assert found["reaches_wire_server"] is True
    assert found["policy_id"] == (policy and IDS[policy])
    assert found["rule_id"] == (rule and f"{IDS[policy or '']}/dnsSecurityRules/{rule}")
    assert (found["action"], found["logged"]) == (action, logged)
    assert found["path"][0]["id"] == IDS[vnet]
    assert all(list(step) == ["id", "what"] for step in found["path"])
    if rule:
        assert found["path"][-1]["id"] == found["rule_id"]


def test_a_network_that_asks_elsewhere(demo: Path, posture: Posture) -> None:
    branch = IDS["vnet-branch-weu"]
    found = answered(posture, "resolve", "x.example", "--vnet", branch, "--from", demo)
    assert (found["reaches_wire_server"], found["action"]) == (False, "none")
    assert (found["policy_id"], found["logged"]) == (None, False)
    assert "192.168.40.10 is in no known network" in json.dumps(found["path"])


def test_the_way_over_a_hub(demo: Path, posture: Posture) -> None:
    spoke = IDS["vnet-ai-prod-sdc"]
    found = answered(posture, "resolve", "x.example", "--vnet", spoke, "--from", demo)
    ids = [step["id"] for step in found["path"]]
    assert ids[0] == spoke
    endpoint = f"{IDS['dnspr-sdc']}/inboundEndpoints/in"
    assert ids[1:] == [endpoint, IDS["vnet-hub-sdc"], IDS["dnspol-sdc"], None]


def test_a_shadowed_block_in_words(demo: Path, posture: Posture) -> None:
    where = ("--vnet", "VNET-sandbox-notebooks-weu", "--from", demo / "snapshot")
    out = told(posture, "resolve", "uploads.partner-exchange.example", *where)
    assert out.startswith("allow: uploads.partner-exchange.example in vnet-sandbox")
    assert "allow-partners (100) allows it: partner-exchange.example is in" in out
    assert "Never decide it:\n  block-uploads (110) would block it" in out
    assert "A client gets:\n  the answer\n" in out
    assert "Logged:\n  no: dnspol-sandbox-weu sends its query log nowhere" in out


def test_the_catch_all_in_words(demo: Path, posture: Posture) -> None:
    where = ("--vnet", "vnet-sandbox-notebooks-weu", "--from", demo)
    out = told(posture, "resolve", "other.example", *where)
    assert "log-the-rest (65000) allows it: . (every name) is in dl-everything" in out


def test_a_blocked_name_in_words(demo: Path, posture: Posture) -> None:
    where = ("--vnet", "vnet-hub-weu", "--from", demo)
    out = told(posture, "resolve", "paste-drop.invalid", *where)
    assert "blockpolicy.azuredns.invalid" in out
    assert "Logged:\n  to " in out


def test_a_network_that_two_policies_claim(tmp_path: Path, posture: Posture) -> None:
    other = body(ResolverPolicy, "other")
    second = {**LINK, "id": LINK["id"].replace(POLICY["id"], other["id"])}
    run = write(tmp_path / "run", given=[*SMALL, other, second])
    [network] = answered(posture, "coverage", "--from", run)["networks"]
    assert network["policy_id"] is None
    out = told(posture, "coverage", "--from", run)
    assert "  vnet (eastus): other or policy\n" in out


def test_the_coverage_of_the_demo(demo: Path, posture: Posture) -> None:
    found = answered(posture, "coverage", "--from", demo)
    assert list(found) == ["networks", "regions"]
    networks = {each["vnet"]: each for each in found["networks"]}
    for each in found["networks"]:
        assert list(each) == ["vnet", "location", "covered", "policy_id", "via"]
    spoke = networks[IDS["vnet-ai-prod-sdc"]]
    assert (spoke["policy_id"], spoke["via"]) == (
        IDS["dnspol-sdc"],
        IDS["vnet-hub-sdc"],
    )
    left_over = networks[IDS["vnet-pricing-weu"]]
    assert left_over["policy_id"] == IDS["dnspol-sandbox-weu"]
    for name in ("vnet-pilot-uks", "vnet-research-isolated", "vnet-branch-weu"):
        assert networks[IDS[name]]["policy_id"] is None
    regions = {each["location"]: each for each in found["regions"]}
    for each in found["regions"]:
        assert list(each) == ["location", "covered", "networks"]
    assert regions["uksouth"]["covered"] is False
    assert regions["uksouth"]["networks"] == [IDS["vnet-pilot-uks"]]
    assert regions["swedencentral"]["covered"] is True


def test_coverage_in_words(demo: Path, posture: Posture) -> None:
    out = told(posture, "coverage", "--from", demo)
    assert "  vnet-ai-prod-sdc (swedencentral): dnspol-sdc via vnet-hub-sdc\n" in out
    assert "  vnet-branch-weu (westeurope): no policy: asks 192.168.40.10" in out
    assert "  vnet-pilot-uks (uksouth): no policy\n" in out
    assert "  uksouth: no policy there; 0 of 1 networks covered\n" in out
    assert "Not known" not in out


# What is not known


def test_a_bulk_list_leaves_it_open(small: Path, posture: Posture) -> None:
    where = ("--vnet", VNET["id"].upper(), "--from", small)
    found = answered(posture, "resolve", "x.example", *where)
    assert (found["action"], found["rule_id"]) == ("unknown", None)
    assert (found["policy_id"], found["vnet"]) == (POLICY["id"], VNET["id"])
    out = told(posture, "resolve", "x.example", *where)
    assert "feed (200) would block it, if it matches" in out
    assert "not known: properties.domains of bulk is behind a URL" in out
    known = answered(posture, "resolve", "a.evil.example", *where)
    assert known["action"] == "block"


@pytest.mark.parametrize("view", [SecurityRule, PolicyLink, DomainList])
def test_what_was_refused_is_unknown(
    view: type[Resource], tmp_path: Path, posture: Posture
) -> None:
    run = write(tmp_path / "run", view)
    where = ("--vnet", "vnet", "--from", run)
    found = answered(posture, "resolve", "evil.example", *where)
    assert found["action"] == "unknown"
    assert "AuthorizationFailed (HTTP 403)" in json.dumps(found["path"])
    [network] = answered(posture, "coverage", "--from", run)["networks"]
    assert network["covered"] is (None if view is PolicyLink else True)
    assert network["policy_id"] == (None if view is PolicyLink else POLICY["id"])
    out = told(posture, "coverage", "--from", run)
    assert ("Not known" in out) is (view is PolicyLink)


def test_a_narrowed_scan_leaves_it_open(tmp_path: Path, posture: Posture) -> None:
    """The policy of a network, and its link, may lie in another subscription."""
    run = write(tmp_path / "run", given=[{"id": SUB}, VNET], whole=False)
    outside = "policies and links may lie outside the scan"
    found = answered(posture, "resolve", "a.com", "--vnet", "vnet", "--from", run)
    assert (found["action"], found["logged"]) == ("unknown", None)
    assert outside in found["path"][-1]["what"]
    done = posture("dns", "coverage", "--from", run, "--format", "json")
    covered = json.loads(done.out)
    assert done.err == f"{outside}\n"
    assert covered["networks"][0]["covered"] is None
    assert covered["regions"][0]["covered"] is None
    out = told(posture, "coverage", "--from", run)
    assert f"  vnet (eastus): not known: {outside}\n" in out
    assert f"  eastus: not known: {outside}\n" in out
    linked = write(tmp_path / "linked", whole=False)
    found = answered(
        *(posture, "resolve", "a.evil.example", "--vnet", "vnet", "--from", linked)
    )
    assert found["action"] == "block"


def test_networks_of_which_it_is_open(tmp_path: Path, posture: Posture) -> None:
    odd = body(VirtualNetwork, "odd", dhcpOptions={"dnsServers": "10.0.0.4"})
    run = write(tmp_path / "run", given=[*SMALL, odd])
    done = posture("dns", "coverage", "--from", run, "--format", "json")
    [network, _] = json.loads(done.out)["networks"]
    assert (network["covered"], network["policy_id"]) == (None, None)
    why = "malformed: properties.dhcpOptions.dnsServers is"
    assert done.err.startswith(why)
    out = told(posture, "coverage", "--from", run)
    assert "  eastus: policy; 1 of 2 networks covered, 1 not known\n" in out
    assert f"Not known:\n  {why}" in out
    alone = write(tmp_path / "alone", given=[{"id": SUB}, odd])
    out = told(posture, "coverage", "--from", alone)
    assert f"  eastus: not known: {why}" in out


# What is wrong


@pytest.mark.parametrize("view", [VirtualNetwork, ResolverPolicy])
def test_a_run_without_what_it_takes(
    view: type[Resource], tmp_path: Path, refused: Refused
) -> None:
    run = write(tmp_path / "run", view)
    for ask in (("resolve", "x.example", "--vnet", "vnet"), ("coverage",)):
        line = refused("dns", *ask, "--from", run)
        assert f"{view.type} of {SUB} was not read" in line
        assert "scan again" in line


def test_a_run_of_before_these_were_read(tmp_path: Path, refused: Refused) -> None:
    run = write(tmp_path / "run", never=(ResolverPolicy, SecurityRule, PolicyLink))
    line = refused("dns", "coverage", "--from", run)
    assert f"{ResolverPolicy.type} of {SUB} was not read" in line
    assert "scan again" in line


def test_a_tenant_without_networks(tmp_path: Path, posture: Posture) -> None:
    run = write(tmp_path / "run", given=[{"id": SUB}])
    found = answered(posture, "coverage", "--from", run)
    assert found == {"networks": [], "regions": []}
    assert "There is no virtual network." in told(posture, "coverage", "--from", run)


@pytest.mark.parametrize(
    "name",
    [
        *("", " ", "..", "a..b", "a b.example", HOSTILE, "x" * 300, "ü" * 10_000),
        *("https://evil.example/x", "evil.example:443"),
    ],
)
def test_what_is_no_name(name: str, small: Path, refused: Refused) -> None:
    line = refused("dns", "resolve", name, "--vnet", "vnet", "--from", small)
    assert "is no DNS name" in line
    assert line.isprintable()
    assert len(line) < 500


def test_names_in_other_scripts(small: Path, posture: Posture) -> None:
    where = ("--vnet", "vnet", "--from", small)
    out = told(posture, "resolve", "Bücher.EVIL.example.", *where)
    assert out.startswith("block: xn--bcher-kva.evil.example in vnet")
    assert answered(posture, "resolve", ".", *where)["action"] == "unknown"


def test_networks_that_are_none_or_too_many(
    small: Path, tmp_path: Path, refused: Refused
) -> None:
    ask = ("dns", "resolve", "x.example", "--vnet")
    line = refused(*ask, "none", "--from", small)
    assert "no virtual network that was read is 'none'" in line
    assert "`posture dns coverage --from" in line
    assert refused(*ask, HOSTILE, "--from", small).isprintable()
    assert refused(*ask, POLICY["id"], "--from", small)
    twin = {**VNET, "id": VNET["id"].replace("/rg/", "/other/")}
    run = write(tmp_path / "run", given=[*SMALL, twin])
    line = refused(*ask, "vnet", "--from", run)
    assert "2 virtual networks are named 'vnet'; give an id" in line


def test_runs_that_cannot_be_read(demo: Path, refused: Refused, tmp_path: Path) -> None:
    for ask in (("resolve", "x.example", "--vnet", "x"), ("coverage",)):
        assert "--from: none is no snapshot" in refused("dns", *ask, "--from", "none")
    shutil.copytree(demo, tmp_path / "run")
    for part in (tmp_path / "run" / "snapshot").glob("*/*virtualnetworks*"):
        part.write_bytes(b"not gzip")
    assert "--from: " in refused("dns", "coverage", "--from", tmp_path / "run")


def test_nothing_reaches_the_terminal_but_text(small: Path, posture: Posture) -> None:
    out = told(posture, "resolve", "evil.example", "--vnet", "vnet", "--from", small)
    assert all(each.isprintable() for each in out.splitlines())
    assert "\nforged" not in out
    assert "?[31mred" in out


# Help


@pytest.mark.parametrize("command", ["", "resolve", "coverage"])
def test_help(command: str, posture: Posture, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    given = ("dns", *filter(None, [command]))
    done = posture(*given, "--help")
    assert (done.code, done.err) == (0, "")
    assert max(map(len, done.out.splitlines())) <= 80
    assert posture(*given, "-h").out == done.out


def test_wrong_usage(refused: Refused) -> None:
    for arguments in (["what"], ["resolve", "x"], ["coverage"]):
        assert "--help` shows" in refused("dns", *arguments)
