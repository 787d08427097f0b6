"""`posture condition`: what a condition says, where it is wrong, what it decides."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from scanner.cli.options import PrintAs, TextOrJson, plain

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from scanner.access.conditions import (
        Condition,
        ConditionError,
        Expression,
        Fault,
        Request,
        Value,
    )
    from scanner.cli.failure import Failure

LARGEST = 64 * 1024
"""Bytes of a file that are read at most; Azure accepts 8 KB of condition."""

STANDARD_INPUT = "-"

_NAMES = ("action", "sub_operation")
_SOURCES = ("request", "resource", "principal", "environment")
"""The keys of a request: what is called, and the attributes by where they are."""

condition = typer.Typer(
    name="condition",
    help="Explain, lint or evaluate a condition of a role assignment.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

File = Annotated[
    str,
    typer.Argument(
        metavar="FILE",
        help="The condition; `-` or nothing means standard input.",
        show_default=False,
    ),
]


@condition.command()
def explain(file: File = STANDARD_INPUT, format: PrintAs = TextOrJson.TEXT) -> None:
    """Explain a condition in plain English, and what of it is in vain."""
    from scanner.access.conditions import explain as explained

    found = _parsed(file)
    sentences = explained(found)
    if format is TextOrJson.JSON:
        notes = [
            {"line": each.line, "column": each.column, "message": each.message}
            for each in found.notes
        ]
        _print_json({"sentences": sentences, "notes": notes})
        return
    for sentence in sentences:
        typer.echo(plain(sentence))
    for note in found.notes:
        where = f"line {note.line}, column {note.column}"
        typer.echo(f"Note: {where}: {plain(note.message)}")


@condition.command()
def lint(
    file: File = STANDARD_INPUT,
    action: Annotated[
        list[str] | None,
        typer.Option(
            "--action",
            metavar="PATTERN",
            help="An action its role grants; repeat for several.",
        ),
    ] = None,
    data_action: Annotated[
        list[str] | None,
        typer.Option(
            "--data-action",
            metavar="PATTERN",
            help="A data action its role grants; repeat for several.",
        ),
    ] = None,
    not_action: Annotated[
        list[str] | None,
        typer.Option(
            "--not-action",
            metavar="PATTERN",
            help="An action it excepts; repeat for several.",
        ),
    ] = None,
    not_data_action: Annotated[
        list[str] | None,
        typer.Option(
            "--not-data-action",
            metavar="PATTERN",
            help="A data action it excepts; repeat for several.",
        ),
    ] = None,
    condition_version: Annotated[
        str,
        typer.Option(
            metavar="VERSION", help="The version that the assignment gives it."
        ),
    ] = "2.0",
    privileged: Annotated[
        list[str] | None,
        typer.Option(
            "--privileged",
            metavar="ROLE-ID",
            help="A role nobody should be able to hand out; repeat for several.",
        ),
    ] = None,
    format: PrintAs = TextOrJson.TEXT,
) -> None:
    """Find what is wrong with a condition.

    Without the actions of its role it is judged for what it names.
    Exit codes: 0 nothing found, 1 faults, 2 it is no condition.
    """
    from scanner.access.conditions import lint as linted
    from scanner.access.facts import Block
    from scanner.cli.failure import Exit

    text = _read(file)
    granted = Block(
        actions=tuple(action or ()),
        not_actions=tuple(not_action or ()),
        data_actions=tuple(data_action or ()),
        not_data_actions=tuple(not_data_action or ()),
    )
    faults = linted(
        text,
        role=(granted,),
        version=condition_version,
        privileged=_guids(privileged or ()),
        now=datetime.now(UTC),
    )
    if format is TextOrJson.JSON:
        _print_json([_entry(fault) for fault in faults])
    _require_parsed(file, text)
    if format is TextOrJson.TEXT:
        _print_faults(file, faults)
    raise typer.Exit(Exit.FINDINGS if faults else Exit.CLEAN)


@condition.command()
def evaluate(
    file: File = STANDARD_INPUT,
    request: Annotated[
        str | None,
        typer.Option(
            "--request",
            metavar="FILE",
            help="The request as JSON, with its attributes; `-` means standard input.",
        ),
    ] = None,
    action: Annotated[
        str | None,
        typer.Option(help="The action of the request; goes before that of the file."),
    ] = None,
    sub_operation: Annotated[
        str | None,
        typer.Option(help="Its suboperation; goes before that of the file."),
    ] = None,
    format: PrintAs = TextOrJson.TEXT,
) -> None:
    """Tell whether a request satisfies a condition.

    The answer is true, false or unknown. An attribute that the request does not give,
    or gives as null, is absent. Without --request, @Environment[UtcNow] is the current
    time.
    """
    from scanner.access.conditions import evaluate as evaluated
    from scanner.cli.failure import Failure

    if file == request == STANDARD_INPUT:
        raise Failure("FILE and --request cannot both be standard input")
    expression = _parsed(file).expression
    options = {"action": action, "sub_operation": sub_operation}
    given = {key: value for key, value in options.items() if value is not None}
    now = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S.%fZ}"
    alone = {"environment": {"UtcNow": now}}
    document = alone if request is None else _document(request)
    result = evaluated(expression, _request(request, {**document, **given})).value
    if format is TextOrJson.JSON:
        _print_json({"result": result})
        return
    typer.echo(result)
    if request is None and _reads_time(expression):
        typer.echo(f"@Environment[UtcNow] was not given: it is {now}", err=True)


def _print_json(value: object) -> None:
    typer.echo(json.dumps(value, indent=2))


def _print_faults(file: str, faults: Collection[Fault]) -> None:
    for each in faults:
        where = f"{plain(_name(file))}, line {each.line}, column {each.column}"
        typer.echo(f"{where}: {each.check_id}: {plain(each.message)}")
    if not faults:
        typer.echo(f"{plain(_name(file))}: nothing found")


def _entry(fault: Fault) -> dict[str, object]:
    return {
        "check_id": fault.check_id,
        "line": fault.line,
        "column": fault.column,
        "message": fault.message,
    }


# Reading


def _name(file: str) -> str:
    return "standard input" if file == STANDARD_INPUT else file


def _read(file: str) -> str:
    """Return the text of a file; raises Failure."""
    from scanner.cli.failure import Failure

    try:
        content = _content(file)
    except OSError as error:
        reason = error.strerror or error
        raise Failure(f"{_name(file)} cannot be read: {reason}") from error
    if len(content) > LARGEST:
        raise Failure(f"{_name(file)} is larger than 64 KiB, and Azure takes 8 KB")
    try:
        return str(content, "utf-8-sig")
    except UnicodeDecodeError as error:
        raise Failure(f"{_name(file)} is no text in UTF-8") from error


def _content(file: str) -> bytes:
    """Return what a file holds, up to one byte too many; raises OSError."""
    if file != STANDARD_INPUT:
        with Path(file).open("rb") as stream:
            return stream.read(LARGEST + 1)
    if not sys.stdin:
        raise OSError("it is closed")
    return sys.stdin.buffer.read(LARGEST + 1)


def _parsed(file: str) -> Condition:
    """Return the condition that a file holds; raises Failure with the position."""
    return _require_parsed(file, _read(file))


def _require_parsed(file: str, text: str) -> Condition:
    from scanner.access.conditions import ConditionError, parse

    try:
        return parse(text)
    except ConditionError as error:
        raise _failure(file, error) from error


def _failure(file: str, error: ConditionError) -> Failure:
    from scanner.cli.failure import Failure

    where = f"{_name(file)}, line {error.line}, column {error.column}"
    return Failure(f"{where}: {error.message}")


def _guids(given: Iterable[str]) -> list[str]:
    """Return ids of roles; raises Failure for what is none and so would not count."""
    from scanner.access.conditions.values import guid
    from scanner.cli.failure import Failure

    for each in given:
        if guid(each) is None:
            raise Failure(f"--privileged {each!r} is no id of a role: give its GUID")
    return list(given)


# The request


def _document(file: str) -> dict[str, Any]:
    """Return the JSON object that a file holds; raises Failure."""
    import msgspec

    from scanner.cli.failure import Failure

    text = _read(file)
    try:
        found = msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError) as error:
        raise Failure(f"{_name(file)} is no JSON: {error}") from error
    if not isinstance(found, dict):
        raise Failure(f"{_name(file)} is no JSON object")
    return found


def _request(file: str | None, document: Mapping[str, Any]) -> Request:
    """Return the request that a document says; raises Failure naming the key."""
    from scanner.access.conditions import Request
    from scanner.cli.failure import Failure

    name = "--request" if file is None else _name(file)
    for key in document:
        if key not in (*_NAMES, *_SOURCES):
            known = ", ".join((*_NAMES, *_SOURCES))
            raise Failure(f"{name}: unknown key {key!r}; there are {known}")
    for key in _NAMES:
        if not isinstance(document.get(key), str | None):
            raise Failure(f"{name}: {key!r} must be a string")
    if not document.get("action"):
        raise Failure(f"{name}: 'action' is missing; give it there or by --action")
    return Request(
        document["action"],
        document.get("sub_operation") or None,
        **{key: _attributes(name, key, document.get(key)) for key in _SOURCES},
    )


def _attributes(name: str, source: str, given: object) -> dict[str, Value]:
    """Return the attributes of one source; null is an attribute that is absent."""
    from scanner.cli.failure import Failure

    if not isinstance(given, dict | None):
        raise Failure(f"{name}: {source!r} must be an object of attributes")
    found: dict[str, Value] = {}
    for key, value in (given or {}).items():
        members = value if isinstance(value, list) else [value]
        known = all(isinstance(one, str | int | float) for one in members)
        if value is not None and not known:
            raise Failure(
                f"{name}: {source}[{key!r}] must be a string, a number, a boolean "
                "or a list of them"
            )
        found[key] = tuple(value) if isinstance(value, list) else value
    return found


def _reads_time(expression: Expression) -> bool:
    """Whether a condition asks what time it is."""
    from scanner.access.conditions import attributes_of
    from scanner.access.conditions.evaluate import is_now

    return any(map(is_now, attributes_of(expression)))
