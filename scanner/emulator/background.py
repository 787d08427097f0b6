"""The emulator in a thread or process of its own, for clients that block."""

from __future__ import annotations

import asyncio
import multiprocessing
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from importlib import import_module
from importlib.util import find_spec
from multiprocessing.connection import Connection
from threading import Thread

from scanner.emulator.address import Address
from scanner.emulator.estate import Estate
from scanner.emulator.options import Options
from scanner.emulator.server import Emulator

LoopFactory = Callable[[], asyncio.AbstractEventLoop]

_STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM)


def serve(estate: Estate, options: Options, ready: Callable[[Address], None]) -> None:
    """Serve until interrupted; raises OSError if there is no listening."""
    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        runner.run(_serve(estate, options, ready))


@contextmanager
def in_thread(estate: Estate, options: Options | None = None) -> Iterator[Emulator]:
    """Serve from a thread while the block runs."""
    emulator = Emulator(estate, options)
    loop = asyncio.new_event_loop()
    thread = Thread(target=loop.run_forever, name="emulator", daemon=True)
    thread.start()
    try:
        asyncio.run_coroutine_threadsafe(emulator.__aenter__(), loop).result()
        try:
            yield emulator
        finally:
            asyncio.run_coroutine_threadsafe(emulator.__aexit__(), loop).result()
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


@contextmanager
def in_process(estate: Estate, options: Options) -> Iterator[Address]:
    """Serve from a process while the block runs: it takes no time from the client's."""
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe(duplex=False)
    process = context.Process(
        target=_report, args=(estate, options, there), daemon=True
    )
    process.start()
    there.close()
    try:
        yield here.recv()
    finally:
        process.terminate()
        process.join()
        process.close()
        here.close()


def _report(estate: Estate, options: Options, there: Connection) -> None:
    serve(estate, options, there.send)


async def _serve(
    estate: Estate, options: Options, ready: Callable[[Address], None]
) -> None:
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    # Where a loop knows no signals (Windows), Ctrl-C is a KeyboardInterrupt.
    with suppress(NotImplementedError):
        for number in _STOP_SIGNALS:
            loop.add_signal_handler(number, stopped.set)
    async with Emulator(estate, options) as emulator:
        ready(emulator.address)
        await stopped.wait()


def _loop_factory() -> LoopFactory | None:
    """Return uvloop's, which serves twice as much; None where it is not installed."""
    if find_spec("uvloop") is None:
        return None
    factory: LoopFactory = import_module("uvloop").new_event_loop
    return factory
