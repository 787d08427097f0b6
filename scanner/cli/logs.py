"""Logs, to stderr: lines for people or JSON for machines."""

from __future__ import annotations

import json
import logging
import sys
from datetime import UTC, datetime

from scanner.cli.options import LogFormat

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
    """One line; control characters, which a tenant may have put there, are shown."""

    def format(self, record: logging.LogRecord) -> str:
        text = super().format(record)
        return "".join(
            each if each.isprintable() or each == "\n" else "?" for each in text
        )


def configure(style: LogFormat, *, quiet: bool, debug: bool) -> None:
    """Send our own logs to stderr.

    What libraries log is left out: azure-identity repeats each failure at length, and
    the event loop shows tracebacks of connections that an interrupted scan cut off.
    """
    for name in _FOREIGN:
        logging.getLogger(name).addHandler(logging.NullHandler())
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Json() if style is LogFormat.JSON else _Text("%(message)s"))
    level = logging.DEBUG if debug else logging.WARNING if quiet else logging.INFO
    for name in _OWN:
        logger = logging.getLogger(name)
        logger.handlers = [handler]
        logger.setLevel(level)
        logger.propagate = False
