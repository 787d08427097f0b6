"""The record of every request: what was asked, never with which token."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from scanner.emulator.reply import encode


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """One request and what became of it."""

    at: float
    """Seconds since 1970, when it was answered."""
    method: str
    path: str
    query: str
    status: int
    """0 where the connection was broken instead."""
    authorized: bool
    """Whether it carried an Authorization header."""
    tenant_id: str
    """Whose token it carried; empty for none of ours."""
    audience: str = ""
    """What that token is for."""


class Recorder:
    """Keeps every exchange, and adds it to a file if there is one."""

    def __init__(self) -> None:
        self._file: BinaryIO | None = None
        self.exchanges: list[Exchange] = []

    @contextmanager
    def into(self, path: Path) -> Iterator[None]:
        """Add what is recorded to a JSON Lines file too; raises OSError."""
        with path.open("ab", buffering=0) as file:
            self._file = file
            yield
            self._file = None

    def note(
        self,
        *,
        method: str,
        path: str,
        query: str,
        status: int,
        authorized: bool,
        tenant_id: str,
        audience: str,
    ) -> None:
        """Record one exchange."""
        exchange = Exchange(
            at=time.time(),
            method=method,
            path=path,
            query=query,
            status=status,
            authorized=authorized,
            tenant_id=tenant_id,
            audience=audience,
        )
        self.exchanges.append(exchange)
        if self._file is not None:
            self._file.write(encode(exchange) + b"\n")
