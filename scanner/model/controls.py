"""Controls of compliance frameworks, and on whose word a check supports one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum, unique


@unique
class Basis(StrEnum):
    """On whose word a check supports a control."""

    INITIATIVE = "initiative"
    """A regulatory initiative of Microsoft's maps a policy on the same to it."""
    EXPERT = "expert"
    """Nobody but the authors of the check says so."""


@dataclass(frozen=True, slots=True)
class Framework:
    """A published set of controls."""

    title: str
    version: str
    numbers: frozenset[str]
    """The controls it has; of long ones those that have to do with the catalogue."""


@dataclass(frozen=True, slots=True)
class Edition:
    """A framework's controls as one initiative of Azure Policy has them."""

    framework: str
    versions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Setting:
    """What built-in policies ask of a resource, and the controls that are for."""

    policies: tuple[str, ...]
    """The first digits of the ids of their definitions."""
    controls: tuple[tuple[Edition, str], ...]
    """Numbers with spaces between them, by the edition that maps the policies."""

    def numbers(self) -> Iterator[tuple[str, tuple[str, ...]]]:
        """Yield each control's id, and the versions that it is mapped in."""
        for edition, numbers in self.controls:
            for number in numbers.split():
                yield f"{edition.framework}:{number}", edition.versions


@dataclass(frozen=True, slots=True)
class Support:
    """That a check supports a control: of which version, and on whose word."""

    control: str
    """The framework's short name, a colon, and the number there."""
    basis: Basis
    version: str
    policies: tuple[str, ...] = ()
    """The built-in policies that the initiative maps to it, by their first digits."""

    @property
    def label(self) -> str:
        """The control with its version and basis, as text."""
        return f"{self.control} ({self.version}, {self.basis})"


def _framework(control: str) -> str:
    return control.partition(":")[0]


def framework_of(control: str) -> Framework:
    """Return the framework of a control; raises KeyError for one that is not known."""
    return FRAMEWORKS[_framework(control)]


def version_of(control: str) -> str:
    """Return the version of its framework; its first benchmark had no AI domain."""
    return "v2" if control.startswith("MCSB:AI-") else framework_of(control).version


def is_known(control: str) -> bool:
    """Whether a framework has a control."""
    framework = FRAMEWORKS.get(_framework(control))
    return framework is not None and control.partition(":")[2] in framework.numbers


def supported(
    controls: Iterable[str], settings: Iterable[Setting]
) -> tuple[Support, ...]:
    """Return the controls a check supports: those it names, and those of settings.

    They are in the order of the frameworks. Raises KeyError for another framework.
    """
    versions: dict[str, list[str]] = defaultdict(list)
    policies: dict[str, list[str]] = defaultdict(list)
    for setting in settings:
        for control, mapped in setting.numbers():
            versions[control].extend(mapped)
            policies[control].extend(setting.policies)
    found = (
        Support(
            control,
            Basis.INITIATIVE,
            " and ".join(sorted(set(versions[control]))),
            tuple(dict.fromkeys(policies[control])),
        )
        if control in versions
        else Support(control, Basis.EXPERT, version_of(control))
        for control in dict.fromkeys((*controls, *versions))
    )
    ranks = {name: rank for rank, name in enumerate(FRAMEWORKS)}
    return tuple(sorted(found, key=lambda each: ranks[_framework(each.control)]))


# What there is


def _counted(chapters: Mapping[str, int], *more: str) -> frozenset[str]:
    """Return the numbers of chapters that are counted through, and some more."""
    return frozenset(
        f"{chapter}{number}"
        for chapter, last in chapters.items()
        for number in range(1, last + 1)
    ) | frozenset(more)


_BENCHMARK = {
    "NS-": 10,
    "IM-": 9,
    "PA-": 8,
    "DP-": 8,
    "AM-": 5,
    "LT-": 7,
    "IR-": 7,
    "PV-": 7,
    "ES-": 3,
    "BR-": 4,
    "DS-": 7,
    "GS-": 11,
    "AI-": 7,
}
_NIST = {
    "AC-": 25,
    "AT-": 6,
    "AU-": 16,
    "CA-": 9,
    "CM-": 14,
    "CP-": 13,
    "IA-": 12,
    "IR-": 10,
    "MA-": 7,
    "MP-": 8,
    "PE-": 23,
    "PL-": 11,
    "PM-": 32,
    "PS-": 9,
    "PT-": 8,
    "RA-": 10,
    "SA-": 23,
    "SC-": 51,
    "SI-": 23,
    "SR-": 12,
}
_ENHANCED = (
    *("AC-2(1)", "AC-2(7)", "AC-3(7)", "AC-3(13)", "AC-4(4)", "AC-4(6)"),
    *("AC-6(1)", "AC-6(5)", "AC-6(7)", "AC-17(1)", "AC-17(3)"),
    *("AU-6(4)", "AU-6(5)", "AU-12(1)", "SC-7(3)", "SC-7(5)", "SC-7(10)", "SC-28(1)"),
)
_ANNEX_A = {"A.5.": 37, "A.6.": 8, "A.7.": 14, "A.8.": 34}
_CIS_3 = "2.23 3.3.6 3.3.7 4.6 4.7 4.9 5.4.2 6.1.1 6.1.2 6.1.3 6.1.4 6.4"
_CIS_4 = "6.3.3 6.3.4 6.23 7.1.4 9.3.6 9.3.7 10.3.1.3"
_PCI = """
    1.2.1 1.2.7 1.3.2 1.4.2 1.4.4 2.2.2 3.6.1 3.7.4
    7.2.1 7.2.2 7.2.3 7.2.4 7.2.5 7.2.5.1 7.2.6 7.3.1 8.2.2 8.2.7 8.6.1
    10.2.1 10.2.1.2 10.3 10.4 10.4.2.1 10.5.1 11.5 12.8
"""
_AI_ACT = "12.1 12.2 15.5 55.1d"
_AI_RMF = "3.2.4 4.2.3 4.3.2 4.4.1"
"""The first digit is the function: of four, Measure is the third, Manage the last."""

FRAMEWORKS: Mapping[str, Framework] = {
    "MCSB": Framework(
        "Microsoft cloud security benchmark", "v1 and v2", _counted(_BENCHMARK)
    ),
    "NIST-800-53": Framework("NIST SP 800-53", "r5", _counted(_NIST, *_ENHANCED)),
    "CIS-Azure-3.0": Framework(
        "CIS Microsoft Azure Foundations Benchmark", "3.0", frozenset(_CIS_3.split())
    ),
    "CIS-Azure-4.0": Framework(
        "CIS Microsoft Azure Foundations Benchmark", "4.0", frozenset(_CIS_4.split())
    ),
    "ISO-27001-2022": Framework("ISO/IEC 27001, Annex A", "2022", _counted(_ANNEX_A)),
    "PCI-DSS-4.0.1": Framework("PCI DSS", "4.0.1", frozenset(_PCI.split())),
    "EU-AI-Act": Framework(
        "Regulation (EU) 2024/1689, Artificial Intelligence Act",
        "2024",
        frozenset(_AI_ACT.split()),
    ),
    "NIST-AI-RMF": Framework(
        "NIST AI Risk Management Framework", "1.0", frozenset(_AI_RMF.split())
    ),
}
"""By the short name that the ids of controls begin with."""
