"""The controls that checks of DNS security policies support."""

from __future__ import annotations

LOGGING = (
    "MCSB:LT-4",
    "MCSB:NS-10",
    "NIST-800-53:AU-12",
    "NIST-800-53:SI-4",
    "ISO-27001-2022:A.8.15",
    "ISO-27001-2022:A.8.16",
    "PCI-DSS-4.0.1:10.2.1",
)
FILTERING = (
    "MCSB:NS-10",
    "NIST-800-53:SC-7",
    "NIST-800-53:SC-20",
    "NIST-800-53:SC-21",
    "ISO-27001-2022:A.8.20",
    "ISO-27001-2022:A.8.23",
)
REACH = (*LOGGING, "NIST-800-53:SC-7", "ISO-27001-2022:A.8.20")
