"""Progress on stderr while a tenant is read."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.console import Console

from scanner.collect.watch import Watch

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

log = logging.getLogger(__name__)

LOG_EVERY = 15.0
"""Seconds between progress lines where there is no terminal."""


@contextmanager
def shown(watch: Watch, console: Console, *, quiet: bool) -> Iterator[None]:
    """Show how far a scan is, in place on a terminal, else now and then as a log."""
    if quiet:
        yield
        return
    over = threading.Event()
    follow = _on_terminal if console.is_terminal else _in_log
    thread = threading.Thread(target=follow, args=(watch, console, over), daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _on_terminal(watch: Watch, console: Console, over: threading.Event) -> None:
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (
        TextColumn("Reading"),
        BarColumn(bar_width=24),
        TextColumn("{task.fields[said]}"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("", total=None, said="signing in")
        while not over.wait(0.1):
            _update(progress, task, watch)


def _update(progress: Progress, task: TaskID, watch: Watch) -> None:
    done = watch.progress
    progress.update(
        task,
        total=done.subscriptions or None,
        completed=done.finished,
        said=said(watch),
    )


def said(watch: Watch) -> str:
    """Return how far a scan is, in one line."""
    done, wire = watch.progress, watch.tally
    parts = [
        f"{done.finished}/{done.subscriptions} subscriptions",
        f"{done.resources:,} resources",
        f"{wire.requests:,} requests",
    ]
    if wire.throttled:
        parts.append(f"{wire.throttled:,} throttled")
    if done.gaps:
        parts.append(f"{done.gaps:,} gaps")
    return ", ".join(parts)


def _in_log(watch: Watch, _: Console, over: threading.Event) -> None:
    began = time.monotonic()
    while not over.wait(LOG_EVERY):
        log.info("reading for %d s: %s", time.monotonic() - began, said(watch))
