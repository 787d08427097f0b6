"""Where the command begins: to be ended is answered from the first import on."""

from __future__ import annotations

import signal
import sys

from scanner.cli.failure import Exit


def start() -> None:
    """Import the command, and run it; SIGTERM ends it as Ctrl-C does."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        from scanner.cli.main import main

        main()
    except KeyboardInterrupt:
        sys.stderr.write("posture: interrupted\n")
        sys.exit(Exit.INCOMPLETE)
