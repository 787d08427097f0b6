"""Where the command begins: Ctrl-C is answered from the first import on."""

from __future__ import annotations

import sys

from scanner.cli.failure import Exit


def start() -> None:
    """Import the command, and run it."""
    try:
        from scanner.cli.main import main

        main()
    except KeyboardInterrupt:
        sys.stderr.write("posture: interrupted\n")
        sys.exit(Exit.INCOMPLETE)
