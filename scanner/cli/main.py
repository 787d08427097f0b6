"""The command line: every command, and what becomes of errors."""

from __future__ import annotations

import atexit
import gc
import logging
import sys
from collections.abc import Callable
from functools import partial
from typing import Annotated

import typer
from typer.exceptions import TyperException

from scanner import __version__
from scanner.cli.access import access
from scanner.cli.catalogue import checks, explain
from scanner.cli.condition import condition
from scanner.cli.configuration import config
from scanner.cli.demo import demo
from scanner.cli.diff import diff
from scanner.cli.dns import dns
from scanner.cli.doctor import doctor
from scanner.cli.emulate import emulate
from scanner.cli.evidence import evidence
from scanner.cli.failure import Exit, Failure
from scanner.cli.logs import say, style_of
from scanner.cli.options import LogFormat
from scanner.cli.permissions import permissions
from scanner.cli.scan import scan
from scanner.cli.streams import standard_streams
from scanner.cli.trend import trend

app = typer.Typer(
    name="posture",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)

COLLECT_AFTER = 500_000
"""Objects made, net of those dropped, before cyclic garbage is looked for."""
_INTERRUPTED = 130
"""What Typer ends with at Ctrl-C; while Azure is read, a scan sees to it itself."""
_CLOSED = 141
"""What a shell shows of a command that ended at a pipe nobody reads: 128 + SIGPIPE."""

Tell = Callable[[str], None]

for command in (scan, demo, diff, trend, checks, explain, doctor, permissions, emulate):
    app.command()(command)
for group in (access, condition, dns, evidence, config):
    app.add_typer(group)


def _print_version(asked: bool) -> None:
    if asked:
        typer.echo(f"posture {__version__}")
        raise typer.Exit


@app.callback()
def posture(
    version: Annotated[
        bool,
        typer.Option(
            "--version",
            help="Show the version and exit.",
            callback=_print_version,
            is_eager=True,
        ),
    ] = False,
    debug: Annotated[
        bool, typer.Option("--debug", help="Show tracebacks, and log every step.")
    ] = False,
) -> None:
    """Scan Azure AI estates and judge them against published field guidance.

    posture reads what Azure Resource Manager knows about Azure OpenAI and AI Foundry,
    the storage, key vaults and networks under them, and DNS security policies. It only
    ever reads, and it says what it could not read.

    Begin with `posture demo`; before a first scan, try `posture doctor`.

    Exit codes: 0 clean, 1 findings, 2 usage or configuration, 3 incomplete,
    4 nothing could be read.
    """


def main(arguments: list[str] | None = None) -> None:
    """Run the command; every error is one line unless --debug is given."""
    given = sys.argv[1:] if arguments is None else arguments
    # A scan makes much and drops little: at the usual pace a tenth of it is looking.
    gc.set_threshold(COLLECT_AFTER)
    # In the end nothing is worth collecting, and looking for it takes a second.
    atexit.register(gc.freeze)
    with standard_streams() as output:
        tell = partial(_tell, style=style_of(given))
        code = _run(given, tell)
        if output is not None:
            output.flush()
            code = _heard(code, output.lost, tell)
        sys.exit(code or Exit.CLEAN)


def _run(given: list[str], tell: Tell) -> int | None:
    """Return what a command came to: an `Exit`; anything else if it only printed."""
    try:
        code: int | None = app(
            args=given, prog_name=app.info.name, standalone_mode=False
        )
    except Failure as failure:
        tell(str(failure))
        return failure.code
    except TyperException as error:
        _tell_usage(error, tell)
        return Exit.USAGE
    except Exception as error:
        if "--debug" in given:
            raise
        name = type(error).__name__
        tell(f"internal error: {name}: {error}; run again with --debug and report it")
        return Exit.BUG
    if code == _INTERRUPTED:
        tell("interrupted")
        return Exit.INCOMPLETE
    return code


def _heard(code: int | None, lost: OSError | None, tell: Tell) -> int | None:
    """Return what to end with if standard output did not take all.

    What a command came to stands. One that only prints ends as others do at a pipe that
    its reader closed: without a word.
    """
    closed = isinstance(lost, BrokenPipeError)
    if lost and not closed:
        tell(f"standard output cannot be written: {lost.strerror}")
    if lost is None or isinstance(code, Exit):
        return code
    return _CLOSED if closed else Exit.USAGE


def _tell_usage(error: TyperException, tell: Tell) -> None:
    """Say what is wrong with the options; the help where none were given."""
    context = getattr(error, "ctx", None)
    said = error.format_message().replace(": Value error, ", ": ")
    if context is None:
        tell(said)
    elif said == context.get_help():
        typer.echo(said, err=True)
    else:
        hint = f"`{context.command_path} --help` shows what can be given"
        said = said[:1].lower() + said[1:].rstrip(".?").replace(". Did", "; did")
        tell(f"{said}; {hint}")


def _tell(message: str, *, style: LogFormat) -> None:
    line = " ".join(message.split())
    if style is LogFormat.TEXT:
        line = f"posture: {line}"
    say(line, style, logging.ERROR)


if __name__ == "__main__":
    main()
