"""Run a command, and print its exit code, its seconds and its peak memory in MB.

In a small process of its own: what is started has the memory of who starts it counted
as its own peak.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import time


def main() -> None:
    """Print what the command that the arguments are took."""
    began = time.perf_counter()
    with subprocess.Popen(
        sys.argv[1:], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    seconds = time.perf_counter() - began
    print(process.returncode, seconds, _megabytes(usage))


def _megabytes(usage: resource.struct_rusage) -> float:
    unit = 1 if sys.platform == "darwin" else 1024
    return usage.ru_maxrss * unit / 1e6


if __name__ == "__main__":
    main()
