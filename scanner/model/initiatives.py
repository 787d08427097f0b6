"""Settings that built-in policies ask for, and what Microsoft's initiatives make of it.

Each is the definitions on one setting, by the first digits of their ids, and the
controls that they carry in the regulatory initiatives of Azure Policy (its repository's
policySetDefinitions, 2026-04): a check on the same setting supports those controls on
Microsoft's word.
"""

from __future__ import annotations

from scanner.model.controls import Edition, Setting

_MCSB = Edition(
    "MCSB",
    (
        "v1",
        "v2",
    ),
)
_MCSB_2 = Edition("MCSB", ("v2",))
_NIST = Edition("NIST-800-53", ("r5",))
_NIST_1 = Edition("NIST-800-53", ("r5.1.1",))
_CIS_3 = Edition("CIS-Azure-3.0", ("3.0",))
_CIS_4 = Edition("CIS-Azure-4.0", ("4.0",))
_PCI = Edition("PCI-DSS-4.0.1", ("4.0.1",))
_PCI_0 = Edition("PCI-DSS-4.0.1", ("4.0",))
_AI_ACT = Edition("EU-AI-Act", ("2024",))
_AI_RMF = Edition("NIST-AI-RMF", ("1.0",))

_EVERY_7_2 = "7.2.1 7.2.2 7.2.3 7.2.4 7.2.5 7.2.6"

ACCOUNT_NETWORK = Setting(
    ("037eea7a",), ((_MCSB, "NS-2"), (_NIST, "AC-4 SC-7 SC-7(3)"))
)
ACCOUNT_PRIVATE_LINK = Setting(
    ("d6759c02",),
    (
        (_MCSB, "NS-2"),
        (_NIST_1, "AC-17(1) AC-17(3) AC-4 AC-4(4) AC-4(6) SC-7 SC-7(3)"),
        (_PCI, "1.2.1 1.2.7 1.4.4"),
        (_AI_ACT, "15.5 55.1d"),
    ),
)
ACCOUNT_KEYS = Setting(
    ("71ef260a",),
    ((_MCSB, "IM-1"), (_NIST, "AC-2 AC-2(1) AC-2(7) AC-3 IA-2 IA-4")),
)
ACCOUNT_ENCRYPTION = Setting(("67121cc7",), ((_MCSB, "DP-5"), (_NIST, "SC-12")))
ACCOUNT_LOGS = Setting(
    ("1b4d1c4e",),
    (
        (_MCSB, "LT-3"),
        (_AI_ACT, "12.1 12.2 15.5 55.1d"),
        (_AI_RMF, "3.2.4 4.2.3 4.3.2 4.4.1"),
    ),
)
ACCOUNT_IDENTITY = Setting(("fe3fd216",), ((_MCSB_2, "IM-3"),))

WORKSPACE_ISOLATION = Setting(("6ddb1705",), ((_MCSB_2, "NS-2"),))
WORKSPACE_PRIVATE_LINK = Setting(
    ("45e05259",),
    ((_MCSB, "NS-2"), (_NIST, "AC-17 AC-17(1) AC-4 SC-7 SC-7(3)")),
)
WORKSPACE_PUBLIC_ACCESS = Setting(
    ("438c38d2",),
    (
        (_MCSB, "NS-2"),
        (_NIST_1, "AC-3 AC-4 AC-6 SC-7 SC-7(3)"),
        (_PCI, f"1.4.4 {_EVERY_7_2} 7.3.1"),
    ),
)
WORKSPACE_ENCRYPTION = Setting(("7f40cee6",), ((_MCSB_2, "DP-5"),))
WORKSPACE_LOGS = Setting(
    ("afe0c3be",),
    (
        (_MCSB, "LT-3"),
        (_NIST_1, "AU-2 AU-12 AU-12(1)"),
        (_PCI, "10.2.1.2 10.4.2.1"),
    ),
)

SEARCH_NETWORK = Setting(
    ("ee980b6d", "a049bf77"),
    (
        (_MCSB_2, "NS-2"),
        (_NIST, "AC-4 AC-17 SC-7 SC-7(3)"),
        (_AI_ACT, "15.5 55.1d"),
    ),
)
SEARCH_LOGS = Setting(
    ("b4330a05",), ((_MCSB, "LT-3"), (_NIST, "AU-6(4) AU-6(5) AU-12 AU-12(1)"))
)

STORAGE_KEYS = Setting(
    ("8c6a50c6",),
    (
        (_MCSB, "IM-1"),
        (_NIST_1, "AC-2 IA-2"),
        (_CIS_4, "10.3.1.3"),
        (_PCI, _EVERY_7_2),
    ),
)
STORAGE_NETWORK = Setting(
    ("34c877ad", "6edd7eda", "b2982f36"),
    (
        (_MCSB, "NS-2"),
        (_NIST, "AC-17 AC-17(1) AC-4 SC-7 SC-7(3)"),
        (_NIST_1, "AC-4 AC-4(4) AC-4(6)"),
        (_CIS_3, "4.7 4.9"),
        (_PCI_0, "1.3.2 1.4.2"),
    ),
)
COSMOS_KEYS = Setting(
    ("5450f5bd",),
    ((_MCSB, "IM-1"), (_NIST_1, "AC-2 AC-17 IA-2 IA-5"), (_PCI, "2.2.2")),
)

VAULT_MODEL = Setting(
    ("12d4fa5e",),
    (
        (_MCSB, "PA-7"),
        (_NIST_1, "AC-2(1) AC-3(7)"),
        (_CIS_3, "3.3.6"),
        (_CIS_4, "9.3.6"),
        (_PCI, "7.2.4 7.2.5.1"),
    ),
)
VAULT_NETWORK = Setting(
    ("55615ac9", "a6abeaec"),
    (
        (_MCSB, "DP-8 NS-2"),
        (_NIST, "AC-4 AC-17 SC-7 SC-7(3)"),
        (_NIST_1, "AC-4 SC-7"),
        (_PCI, "1.4.4"),
    ),
)
VAULT_LOGS = Setting(
    ("cf820ca0",),
    (
        (_MCSB, "DP-8 LT-3"),
        (_NIST, "AU-6(4) AU-6(5) AU-12 AU-12(1)"),
        (_NIST_1, "AU-2"),
        (_CIS_3, "6.1.4"),
        (_PCI, "10.4.2.1"),
    ),
)

REGISTRY_KEYS = Setting(("dc921057",), ((_MCSB_2, "IM-1"),))
REGISTRY_NETWORK = Setting(
    ("d0793b48", "e8eef0a8"),
    ((_MCSB, "NS-2"), (_NIST, "AC-4 AC-17 SC-7 SC-7(3)")),
)

CUSTOM_ROLES = Setting(
    ("a451c1ef",),
    (
        (_MCSB, "PA-7"),
        (_NIST, "AC-2 AC-2(7) AC-6 AC-6(7)"),
        (_CIS_3, "2.23"),
        (_PCI_0, "7.3.1"),
    ),
)
OWNERS = Setting(
    ("4f11b553",),
    ((_MCSB, "PA-1"), (_NIST, "AC-2 AC-6 AC-6(7)"), (_PCI_0, "7.2.1 7.2.2")),
)
