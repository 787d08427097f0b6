"""What the SDK's operations ask for, told by a process beside the scan's own.

To import the SDK's clients takes a second and 50 MB, while Azure could be asked.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from threading import Lock

import msgspec


class Call(msgspec.Struct, frozen=True):
    """An operation of a client, as `SdkOperation` names them, and its arguments."""

    client: str
    method: str
    subscription: str
    """Of the client, where it is of one."""
    arguments: tuple[str, ...] = ()
    filter: str = ""


@cache
def teller() -> Teller:
    """Return the teller of this process, which remembers what it was told."""
    return Teller()


class Teller:
    """Tells the URLs of calls, for which it may have a process that finds them out."""

    def __init__(self) -> None:
        self._urls: dict[Call, str] = {}
        self._process: subprocess.Popen[bytes] | None = None
        self._turn = Lock()

    @contextmanager
    def helped(self) -> Iterator[None]:
        """Have a process find out what every scan asks, while the block runs."""
        if not self._urls:
            self._process = _started()
        try:
            yield
        finally:
            self._dismiss()

    def _dismiss(self) -> None:
        if self._process is not None:
            self._process.kill()  # At once: who listens to it goes on then.
            with self._turn:
                self._process.communicate()
                self._process = None

    def url_of(self, call: Call) -> str:
        """Return the URL that a call asks for; waits until it is found out."""
        with self._turn:
            while call not in self._urls and self._listen():
                pass
            if call not in self._urls:
                self._urls[call] = _captured(call)
            return self._urls[call]

    def _listen(self) -> bool:
        """Hear what the process says next; return whether it said anything."""
        output = self._process and self._process.stdout
        line = output.readline() if output else b""
        with suppress(msgspec.DecodeError):  # What else is printed there tells nothing.
            self._urls.update([msgspec.json.decode(line, type=tuple[Call, str])])
        return bool(line)


def _captured(call: Call) -> str:
    from scanner.collect.capture import captured

    return captured(call)


def _started() -> subprocess.Popen[bytes] | None:
    """Start a process that imports what this one would; None where none can be had.

    It signs in nowhere, so that it is given no credential.
    """
    given = {each: os.environ[each] for each in os.environ if not _is_secret(each)}
    try:
        return subprocess.Popen(
            (sys.executable, "-P", "-m", "scanner.collect.capture"),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=given | {"PYTHONPATH": os.pathsep.join(sys.path)},
            # Ctrl-C is for the scan, which ends this process when it is done.
            start_new_session=True,
        )
    except OSError:
        return None


def _is_secret(variable: str) -> bool:
    """Whether a variable may be what azure-identity signs in with."""
    return variable.upper().startswith(("AZURE_", "IDENTITY_", "MSI_"))
