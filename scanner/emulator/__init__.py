"""A snapshot served over TLS on loopback: Resource Manager, Entra, Microsoft Graph."""

from scanner.emulator.estate import Estate
from scanner.emulator.options import Options
from scanner.emulator.server import Emulator

__all__ = ["Emulator", "Estate", "Options"]
