"""The command, reads that are refused, and what every test is kept from.

That is the sign-in, the proxies and the terminal of this machine.
"""

from __future__ import annotations

import gc
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from scanner.cli.main import COLLECT_AFTER, main
from scanner.model.coverage import Gap, Outcome, Reading
from scanner.model.ids import id_key
from scanner.model.resource import Record, Resource

ROOT = Path(__file__).resolve().parents[1]

# How long an example takes says more about the machine than about the code.
settings.register_profile("posture", deadline=None)
settings.load_profile("posture")

TENANT = "aaaaaaaa-0000-0000-0000-000000000001"

_PREFIXES = ("AZURE_", "IDENTITY_", "MSI_")
_SUFFIXES = ("_PROXY",)
_NAMES = frozenset(
    {"CI", "COLUMNS", "CURL_CA_BUNDLE", "NO_COLOR", "REQUESTS_CA_BUNDLE"}
    | {"FORCE_COLOR", "SSL_CERT_FILE", "TTY_COMPATIBLE", "TTY_INTERACTIVE"}
)


def pytest_collection_finish() -> None:
    """Look for garbage as seldom as the command does, and not among the tests."""
    gc.freeze()
    gc.set_threshold(COLLECT_AFTER)


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in tuple(os.environ):
        upper = name.upper()
        if upper.startswith(_PREFIXES) or upper.endswith(_SUFFIXES) or upper in _NAMES:
            monkeypatch.delenv(name)


@dataclass(frozen=True)
class Done:
    """How a command ended."""

    code: int
    out: str
    err: str

    @cached_property
    def lines(self) -> list[str]:
        return self.err.splitlines()


Posture = Callable[..., Done]
Process = Callable[..., Done]


@pytest.fixture
def posture(capfd: pytest.CaptureFixture[str]) -> Posture:
    """Return a function that runs the command in this process."""

    def run(*arguments: object) -> Done:
        capfd.readouterr()
        with pytest.raises(SystemExit) as over:
            main([str(each) for each in arguments])
        out, err = capfd.readouterr()
        return Done(int(over.value.code or 0), out, err)

    return run


@pytest.fixture(scope="session")
def process() -> Process:
    """Return a function that runs the command as a process of its own."""

    def run(*arguments: object, before: str = "", **options: Any) -> Done:
        code = f"{before}\nfrom scanner.cli.main import main\nmain()"
        done = subprocess.run(
            [sys.executable, "-P", "-c", code, *map(str, arguments)],
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
            env={"PATH": "", "PYTHONPATH": str(ROOT)},
            **options,
        )
        return Done(done.returncode, done.stdout, done.stderr)

    return run


Unread = tuple[type[Resource], str]
"""A read: of what, at which scope."""

Assembled = tuple[list[Record], list[Reading]]
Refuse = Callable[[list[Record], list[Reading], Sequence[Unread]], Assembled]


@pytest.fixture(scope="session")
def refuse() -> Refuse:
    """Return a function that refuses some reads of a tenant that was assembled."""

    def without(
        records: list[Record], readings: list[Reading], unread: Sequence[Unread]
    ) -> Assembled:
        refused = {(view.type.lower(), id_key(scope)) for view, scope in unread}
        keys = [(each.resource_type.lower(), id_key(each.scope)) for each in readings]
        assert refused <= {*keys}, f"no such read: {refused - {*keys}}"
        return (
            [r for r in records if (r.type.lower(), id_key(r.scope)) not in refused],
            [
                _refused(each) if key in refused else each
                for key, each in zip(keys, readings, strict=True)
            ],
        )

    return without


def _refused(reading: Reading) -> Reading:
    gap = Gap(
        tenant_id=TENANT,
        scope=reading.scope,
        resource_type=reading.resource_type,
        operation=reading.operation,
        reason="refused",
        http_status=403,
        error_code="AuthorizationFailed",
    )
    return replace(reading, outcome=Outcome.GAP, gaps=(gap,))
