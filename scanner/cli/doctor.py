"""`posture doctor`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import typer

from scanner.arm.methods import Method
from scanner.cli.options import Auth, CloudName, PrintAs, Tenants, TextOrJson, plain

if TYPE_CHECKING:
    from scanner.collect.examine import Examination, Reach


def doctor(
    tenant: Tenants = None,
    cloud: CloudName = "AzureCloud",
    auth: Auth = Method.DEFAULT,
    format: PrintAs = TextOrJson.TEXT,
) -> None:
    """Try sign-in, reach and rights, before a scan.

    Exit codes: 0 all is in reach, 3 not all is, or it is not known, 4 nothing can be
    read.
    """
    from scanner.arm.errors import ASSIGN
    from scanner.cli.failure import Exit, Failure
    from scanner.cli.logs import configure
    from scanner.cli.options import LogFormat

    configure(LogFormat.TEXT, quiet=True, debug=False)
    found = _examined(tenant or [], cloud, auth)
    reached = [each for examination in found for each in examination.subscriptions]
    several = len(found) > 1
    problems = [
        f"tenant {each.tenant}: {problem}" if several else problem
        for each in found
        for problem in each.problems
    ]
    if reached or not problems:
        _show(found, format)
    if not reached:
        why = "; ".join(problems) or f"no subscription is readable; {ASSIGN}"
        raise Failure(why, Exit.NOTHING_READ)
    unlisted = any(each.unlisted for each in found)
    if problems or unlisted or any(each.missing or each.unknown for each in reached):
        raise typer.Exit(Exit.INCOMPLETE)


def _examined(tenants: list[str], cloud: str, auth: Method) -> list[Examination]:
    from scanner.arm.clouds import CloudError, find_cloud
    from scanner.arm.errors import SignInError
    from scanner.cli.failure import Exit, Failure
    from scanner.cli.run import in_loop
    from scanner.collect.examine import examine
    from scanner.collect.order import Order
    from scanner.collect.scope import ScopeError, Selection

    try:
        order = Order(
            cloud=find_cloud(cloud),
            method=auth,
            selection=Selection(tenants=tuple(tenants)),
        )
        return in_loop(lambda: examine(order))
    except CloudError as error:
        raise Failure(f"--cloud: {error}") from error
    except ScopeError as error:
        raise Failure(str(error)) from error
    except SignInError as error:
        raise Failure(str(error), Exit.NOTHING_READ) from error


def _show(found: Sequence[Examination], format: TextOrJson) -> None:
    import msgspec

    if format is TextOrJson.JSON:
        typer.echo(msgspec.json.format(msgspec.json.encode(found)).decode())
        return
    for examination in found:
        for line in _lines(examination):
            typer.echo(plain(line))


def _lines(found: Examination) -> Iterator[str]:
    yield f"Tenant {found.tenant}"
    for problem in found.problems:
        yield f"  Problem            {problem}"
    who = found.signed_in
    if who is None:
        return
    name = who.principal_name or who.application_id or who.principal_id or "unknown"
    yield f"  Signed in as       {name}"
    yield f"  Management groups  {_or_none(found.management_groups)}"
    yield f"  Resource Graph     {found.graph or 'answers'}"
    yield f"  Subscriptions      {len(found.subscriptions)}"
    for subscription in found.subscriptions:
        yield f"    {_told(subscription)}"
        if subscription.unknown:
            yield f"      not told {subscription.unknown}"
        yield from (f"      missing {action}" for action in subscription.missing)
    for unlisted in found.unlisted:
        yield f"    {unlisted}  is in a management group, and cannot be read"
    if found.unlisted or any(each.missing for each in found.subscriptions):
        yield "  Assign Reader, or the role that `posture permissions` prints."


def _told(found: Reach) -> str:
    missing = "rights missing" if found.missing else "all rights"
    rights = "rights unknown" if found.unknown else missing
    return f"{found.id}  {found.state:<9} {rights:<15} {found.name}"


def _or_none(number: int | None) -> str:
    return (
        "not readable (only what is granted above is then unknown)"
        if (number is None)
        else str(number)
    )
