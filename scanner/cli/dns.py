"""`posture dns`: which policy sees whose queries on a run, and what it decides."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from scanner.cli.asking import Run, inventories, print_json, tell
from scanner.cli.options import PrintAs, TextOrJson, plain

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from scanner.dns.coverage import Region, Row
    from scanner.dns.facts import Doubt
    from scanner.dns.resolver import Resolver
    from scanner.model.tenant import Inventory

dns = typer.Typer(
    name="dns",
    help="Tell what DNS security policies see and decide in a run.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

Name = Annotated[
    str,
    typer.Argument(metavar="NAME", help="The name asked for.", show_default=False),
]
Vnet = Annotated[
    str,
    typer.Option(
        "--vnet",
        metavar="ID",
        help="The virtual network it is asked in, by id or by a name only one has.",
        show_default=False,
    ),
]


@dns.command()
def resolve(
    name: Name, vnet: Vnet, run: Run, format: PrintAs = TextOrJson.TEXT
) -> None:
    """Tell what becomes of a name asked for in a virtual network."""
    from scanner.dns.steps import SEES, idle, logs, name_of, way

    wanted = _normalised(name)
    place = _placed(run, vnet)
    answer = place.dns.resolve(wanted, place.network)
    steps = way(answer, place.dns)
    if format is TextOrJson.JSON:
        print_json(
            name=name,
            vnet=answer.network.id,
            reaches_wire_server=answer.reaches_wire_server,
            policy_id=answer.policy and answer.policy.id,
            rule_id=answer.rule and answer.rule.id,
            action=answer.action,
            logged=answer.logged,
            path=[{"id": step.id, "what": step.what} for step in steps],
        )
        return
    typer.echo(plain(f"{answer.action}: {wanted} in {name_of(answer.network.id)}"))
    tell("Way", (step.what for step in steps))
    tell("Never decide it", idle(answer))
    tell("A client gets", [SEES[answer.action]])
    tell("Logged", logs(answer))


@dns.command()
def coverage(run: Run, format: PrintAs = TextOrJson.TEXT) -> None:
    """List the virtual networks and regions with and without a policy."""
    known = _known(run)
    rows = [(row, each) for each in known for row in each.covered().values()]
    regions = [region for each in known for region in each.regions()]
    if format is TextOrJson.JSON:
        print_json(
            networks=[_network(*row) for row in rows],
            regions=[_region(each) for each in regions],
        )
        for reason in _unknown(known):
            typer.echo(plain(reason), err=True)
        return
    told = (_network_told(*row) for row in rows)
    tell("Networks", told, otherwise="There is no virtual network.")
    tell("Regions", map(_region_told, regions))
    tell("Not known", _unknown(known))


# What is asked for


@dataclass(frozen=True, slots=True)
class _Place:
    """A virtual network, and DNS in the tenant it is in."""

    network: str
    dns: Resolver


def _normalised(name: str) -> str:
    """Return a name in the form that compares; raises Failure."""
    from scanner.cli.failure import Failure
    from scanner.dns.names import queried

    wanted = queried(name)
    if wanted is None:
        raise Failure(f"{name[:80]!r} is no DNS name; a name is as www.contoso.com")
    return wanted


def _placed(run: Path, vnet: str) -> _Place:
    """Return where a network is, by its id or name; raises Failure."""
    from scanner.cli.failure import Failure
    from scanner.model.ids import id_key

    found = [
        _Place(key, each)
        for each in _known(run)
        for key in each.facts.networks
        if key == id_key(vnet) or key.rpartition("/")[2] == vnet.lower()
    ]
    if len(found) == 1:
        return found[0]
    if found:
        raise Failure(f"{len(found)} virtual networks are named {vnet!r}; give an id")
    raise Failure(
        f"no virtual network that was read is {vnet!r}; "
        f"`posture dns coverage --from {run}` lists those that were"
    )


def _known(run: Path) -> list[Resolver]:
    """Return DNS in each tenant of a run; raises Failure if nothing of it was read."""
    from scanner.cli.failure import Failure
    from scanner.dns.gather import dns_so_far

    found = inventories(run)
    unread = [reason for each in found if (reason := _unread(each))]
    if len(unread) == len(found):
        raise Failure(f"--from {run}: {unread[0]}; scan again with Reader there")
    return [each.once(dns_so_far) for each in found]


def _unread(tenant: Inventory) -> str | None:
    """Return why there is nothing to tell of a tenant's DNS, if so."""
    from scanner.model.dns import ResolverPolicy
    from scanner.model.network import VirtualNetwork

    for view in (VirtualNetwork, ResolverPolicy):
        kind = view.type.lower()
        known = [each for (of, _), each in tenant.readings.items() if of == kind]
        missing = tenant.missing(view)
        if missing and not any(each.whole or each.count for each in known):
            return missing.reason
    return None


# The answer as JSON


def _network(row: Row, dns: Resolver) -> dict[str, object]:
    return {
        "vnet": row.network.id,
        "location": row.network.location,
        "covered": row.covered,
        "policy_id": row.policy and row.policy.id,
        "via": row.via and dns.id_of(row.via),
    }


def _region(region: Region) -> dict[str, object]:
    return {
        "location": region.location,
        "covered": region.covered,
        "networks": [row.network.id for row in region.rows],
    }


# The answer as text


def _network_told(row: Row, dns: Resolver) -> str:
    from scanner.dns.steps import name_of

    place = f"{name_of(row.network.id)} ({row.network.location})"
    via = f" via {name_of(dns.id_of(row.via))}" if row.via else ""
    if row.covered:
        return f"{place}: {' or '.join(name_of(each.id) for each in row.policies)}{via}"
    if row.covered is None:
        return f"{place}: not known: {row.doubts[0].reason}"
    if not row.sights:
        return f"{place}: no policy: asks {', '.join(row.route.outside)}"
    return f"{place}: no policy{via}"


def _region_told(region: Region) -> str:
    from scanner.dns.steps import name_of

    place = region.location or "region not known"
    if region.covered is None:
        return f"{place}: not known: {region.doubts[0].reason}"
    policies = ", ".join(name_of(each.id) for each in region.policies)
    covered = [row.covered for row in region.rows]
    of = f"{covered.count(True)} of {len(covered)} networks covered"
    open_ = f", {covered.count(None)} not known" if None in covered else ""
    return f"{place}: {policies or 'no policy there'}; {of}{open_}"


def _unknown(known: Iterable[Resolver]) -> dict[str, None]:
    """Return why there may be more than is told, and what is open, each reason once."""
    doubts: list[Doubt | None] = []
    for dns in known:
        facts = dns.facts
        doubts += (facts.networks_doubt, facts.policies_doubt, facts.links_doubt)
        for region in dns.regions():
            doubts += region.doubts
    return dict.fromkeys(doubt.reason for doubt in doubts if doubt)
