"""A snapshot served as Azure Resource Manager and Entra over TLS on loopback."""

from scanner.emulator.estate import Estate
from scanner.emulator.options import Options
from scanner.emulator.server import Emulator

__all__ = ["Emulator", "Estate", "Options"]
