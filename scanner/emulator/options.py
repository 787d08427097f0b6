"""How the emulator behaves, beyond what it serves."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from pathlib import Path

from scanner.emulator.faults import Fault


def _new_secret() -> str:
    """Return a client secret that tests can look for wherever none may be."""
    return f"emulator-secret-{secrets.token_urlsafe(16)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """Where to listen, whom to let in, and how Azure's day is going."""

    host: str = "127.0.0.1"
    port: int = 0
    """0 takes a free one."""
    directory: Path | None = None
    """Where the CA is written; without one, a temporary directory."""
    client_id: str = "00000000-0000-4000-8000-00000000c11e"
    client_secret: str = field(default_factory=_new_secret, repr=False)
    token_lifetime: int = 3599
    """Seconds, as Entra gives client credentials."""
    actions: tuple[str, ...] = ("*/read",)
    """What the emulated principal may do, as `permissions` says at every scope."""
    page_size: int = 0
    """Items on a page of a list; 0 puts all on one."""
    latency: float = 0.0
    """Seconds added to each Resource Manager request, on average."""
    throttle: bool = False
    """Whether the published limits hold."""
    faults: tuple[Fault, ...] = ()
    record: Path | None = None
    """A JSON Lines file that each request is added to."""
