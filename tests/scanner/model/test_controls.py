from __future__ import annotations

import pytest

from scanner.model.controls import (
    FRAMEWORKS,
    Basis,
    Edition,
    Setting,
    is_known,
    supported,
    version_of,
)

OLD, NEW = Edition("MCSB", ("v1", "v2")), Edition("MCSB", ("v2",))
NIST = Edition("NIST-800-53", ("r5.1.1",))
ONE = Setting(("0a",), ((OLD, "NS-2 IM-1"), (NIST, "AC-4(4)")))
OTHER = Setting(("0b", "0c"), ((NEW, "NS-2"),))


def told(*controls: str, settings: tuple[Setting, ...] = ()) -> list[str]:
    return [each.label for each in supported(controls, settings)]


def test_what_a_check_names_is_on_its_word() -> None:
    assert told("NIST-800-53:SC-7", "MCSB:NS-2", "MCSB:AI-6", "MCSB:NS-2") == [
        "MCSB:NS-2 (v1 and v2, expert)",
        "MCSB:AI-6 (v2, expert)",
        "NIST-800-53:SC-7 (r5, expert)",
    ]


def test_what_a_policy_on_the_same_is_mapped_to_is_on_microsofts() -> None:
    assert told("MCSB:NS-2", "NIST-800-53:SC-7", settings=(ONE,)) == [
        "MCSB:NS-2 (v1 and v2, initiative)",
        "MCSB:IM-1 (v1 and v2, initiative)",
        "NIST-800-53:SC-7 (r5, expert)",
        "NIST-800-53:AC-4(4) (r5.1.1, initiative)",
    ]


def test_versions_and_policies_of_several_settings_come_together() -> None:
    first, *_ = supported((), (OTHER, ONE))
    assert (first.control, first.basis) == ("MCSB:NS-2", Basis.INITIATIVE)
    assert first.version == "v1 and v2"
    assert first.policies == ("0b", "0c", "0a")


@pytest.mark.parametrize(
    "control",
    [
        *("MCSB:NS-10", "MCSB:AI-7", "NIST-800-53:AC-2(1)", "NIST-800-53:SC-51"),
        *("CIS-Azure-3.0:3.3.6", "CIS-Azure-4.0:9.3.6", "ISO-27001-2022:A.8.34"),
        *("PCI-DSS-4.0.1:7.2.5.1", "EU-AI-Act:55.1d", "NIST-AI-RMF:4.4.1"),
    ],
)
def test_known(control: str) -> None:
    assert is_known(control)


@pytest.mark.parametrize(
    "control",
    [
        *("MCSB:NS-11", "MCSB:XX-1", "MCSB", "MCSB:", "NS-2", "SOX:1"),
        *("NIST-800-53:SC-52", "NIST-800-53:AC-2(99)", "CIS-Azure-4.0:3.3.6"),
        *("ISO-27001-2022:A.8.35", "ISO-27001-2022:9.1", "mcsb:ns-2"),
    ],
)
def test_unknown(control: str) -> None:
    assert not is_known(control)


def test_a_framework_that_is_not_known_is_an_error() -> None:
    with pytest.raises(KeyError):
        supported(("SOX:404",), ())


def test_every_framework_has_a_title_a_version_and_controls() -> None:
    for name, framework in FRAMEWORKS.items():
        assert framework.title
        assert framework.numbers
        assert version_of(f"{name}:1") == framework.version
