"""`posture checks` and `posture explain`."""

from __future__ import annotations

import inspect
import json
from typing import Annotated, Any

import typer

from scanner.cli.options import PrintAs, TextOrJson, complete_check
from scanner.model.check import Check, Severity, Topic
from scanner.model.controls import Basis, Support, framework_of


def checks(
    topic: Annotated[
        list[Topic] | None,
        typer.Option("--topic", metavar="TOPIC", help="Only these topics."),
    ] = None,
    min_severity: Annotated[
        Severity | None,
        typer.Option("--min-severity", help="Only checks at or above it."),
    ] = None,
    control: Annotated[
        list[str] | None,
        typer.Option(
            "--control",
            metavar="CONTROL",
            help="Only checks that support these controls (MCSB:NS-2, NIST-800-53:*).",
        ),
    ] = None,
    format: PrintAs = TextOrJson.TEXT,
) -> None:
    """List the catalogue of checks."""
    from scanner.cli.selection import Choice

    chosen = Choice(
        topics=tuple(topic or ()),
        minimum=min_severity,
        controls=tuple(control or ()),
    ).checks
    if format is TextOrJson.JSON:
        typer.echo(json.dumps([entry(check) for check in chosen], indent=2))
        return
    width = max(len(check.id) for check in chosen)
    heading = None
    for check in chosen:
        if check.topic != heading:
            typer.echo(f"{'' if heading is None else chr(10)}{check.topic}")
            heading = check.topic
        typer.echo(f"  {check.id:<{width}}  {check.severity:<13}  {check.title}")


def explain(
    check: Annotated[
        str,
        typer.Argument(
            metavar="CHECK", help="The check's id.", autocompletion=complete_check
        ),
    ],
) -> None:
    """Explain a check: what it reads, why it matters, how to fix."""
    from checks import ALL
    from scanner.cli.selection import find

    found = find(ALL, check)
    page = found.documentation
    typer.echo(f"{found.id}: {found.title}\n")
    typer.echo(f"Severity: {found.severity}   Topic: {found.topic}")
    typer.echo(f"Judges:   {found.resource_type}")
    typer.echo(f"Guidance: {'; '.join(found.guidance)}")
    for basis in Basis:
        named = [each for each in found.supports if each.basis is basis]
        if named:
            listed = ", ".join(f"{each.control} ({each.version})" for each in named)
            typer.echo(f"Controls: {listed}; basis: {basis}")
    typer.echo(f"\n{page.reads}")
    for heading, text in page.sections.items():
        typer.echo(f"\n## {heading}\n\n{text}")


def entry(check: Check[Any], *, documented: bool = False) -> dict[str, object]:
    """Return a check by name, with the text of its page if asked for."""
    page = {"documentation": inspect.cleandoc(check.decide.__doc__ or "")}
    return {
        "id": check.id,
        "title": check.title,
        "topic": check.topic,
        "severity": check.severity,
        "resource_type": check.resource_type,
        "controls": list(check.controls),
        "supports": list(map(_support, check.supports)),
        "guidance": list(check.guidance),
        "aliases": list(check.aliases),
        **(page if documented else {}),
    }


def _support(support: Support) -> dict[str, object]:
    return {
        "control": support.control,
        "framework": framework_of(support.control).title,
        "version": support.version,
        "basis": support.basis,
        "policies": list(support.policies),
    }
