"""Logs, to stderr: lines for people or JSON for machines."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import pairwise

import typer

from scanner.cli.options import LogFormat, plain

_OWN = ("scanner", "checks", "reports")
_FOREIGN = ("azure", "asyncio", "aiohttp")


class _Json(logging.Formatter):
    """One JSON object a line."""

    def format(self, record: logging.LogRecord) -> str:
        moment = datetime.fromtimestamp(record.created, UTC)
        entry = {
            "time": moment.isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info:
            entry["traceback"] = self.formatException(record.exc_info)
        return json.dumps(entry, ensure_ascii=True)


class _Text(logging.Formatter):
    """A line, and one for each of a traceback, of what a terminal may have."""

    def format(self, record: logging.LogRecord) -> str:
        lines = [record.getMessage()]
        if record.exc_info:
            lines += self.formatException(record.exc_info).split("\n")
        return "\n".join(map(plain, lines))


def configure(style: LogFormat, *, quiet: bool, debug: bool) -> None:
    """Send our own logs to stderr.

    What libraries log is left out: azure-identity repeats each failure at length, and
    the event loop shows tracebacks of connections that an interrupted scan cut off.
    """
    for name in _FOREIGN:
        logging.getLogger(name).addHandler(logging.NullHandler())
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Json() if style is LogFormat.JSON else _Text())
    level = logging.DEBUG if debug else logging.WARNING if quiet else logging.INFO
    for name in _OWN:
        logger = logging.getLogger(name)
        logger.handlers = [handler]
        logger.setLevel(level)
        logger.propagate = False


def style_of(arguments: Sequence[str]) -> LogFormat:
    """Return the style that a command line asks for, though it may be wrong."""
    asked = ("--log-format", LogFormat.JSON.value)
    if asked in pairwise(arguments) or "=".join(asked) in arguments:
        return LogFormat.JSON
    return LogFormat.TEXT


def say(message: str, style: LogFormat, level: int = logging.INFO) -> None:
    """Tell on stderr, as logs are written, what is told however little is logged."""
    if style is LogFormat.JSON:
        record = logging.LogRecord("scanner.cli", level, "", 0, message, None, None)
        message = _Json().format(record)
    typer.echo(plain(message), err=True)
