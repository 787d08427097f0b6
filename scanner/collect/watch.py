"""What a scan has done so far, and how it is ended early."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

from scanner.arm.transport import Tally
from scanner.collect.ledger import Progress

_ENDS = (signal.SIGINT, signal.SIGTERM)


@dataclass(slots=True)
class Watch:
    """What a scan has done so far, for whoever shows progress."""

    progress: Progress = field(default_factory=Progress)
    tally: Tally = field(default_factory=Tally)
    interrupted: bool = False


@contextmanager
def interruptible(task: asyncio.Future[None], watch: Watch) -> Iterator[None]:
    """Let SIGINT and SIGTERM end the reading, so that what was read is judged."""
    loop = asyncio.get_running_loop()
    before = {number: signal.getsignal(number) for number in _ENDS}

    def interrupt() -> None:
        watch.interrupted = True
        task.cancel()

    # Elsewhere than in a main thread on a POSIX system, the default action stands.
    with suppress(NotImplementedError, ValueError, RuntimeError):
        for number in _ENDS:
            loop.add_signal_handler(number, interrupt)
    try:
        yield
    finally:
        with suppress(NotImplementedError, ValueError, RuntimeError):
            for number, handler in before.items():
                loop.remove_signal_handler(number)
                signal.signal(number, handler)
