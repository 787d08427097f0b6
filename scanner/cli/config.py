"""`posture.toml`: the settings of an organisation."""

from __future__ import annotations

import ast
import difflib
import inspect
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, fields
from itertools import pairwise
from pathlib import Path
from typing import cast

import msgspec

from scanner.arm.limits import Limits
from scanner.cli.failure import Failure
from scanner.cli.selection import Checks
from scanner.model.settings import Settings

DEFAULT = Path("posture.toml")


EXEMPTIONS = "exemptions"
IN_FLIGHT = "in_flight"
MOST_IN_FLIGHT = 256
_BESIDE = {
    EXEMPTIONS: "The file of accepted findings, from where this file is; --exemptions "
    "goes before.",
    IN_FLIGHT: f"Requests under way at once, 1 to {MOST_IN_FLIGHT}: where answers are "
    "slow to come, more read a large tenant faster.",
}
"""What is set beside what checks read, and what it means."""


@dataclass(frozen=True, slots=True)
class Configuration:
    """What a file sets."""

    settings: Settings = field(default_factory=Settings)
    exemptions: Path | None = None
    limits: Limits = field(default_factory=Limits)
    given: Mapping[str, object] = field(default_factory=dict)
    """What is not left at its default, as it is written."""
    origin: Path | None = None


@dataclass(frozen=True, slots=True)
class Setting:
    """A setting in force."""

    name: str
    value: object
    origin: str
    """The file it comes from; empty for the default."""
    meaning: str
    checks: tuple[str, ...]
    """The checks whose documentation names it."""


def settings_in_force(path: Path | None, catalogue: Checks) -> tuple[Setting, ...]:
    """Return every setting with its value and where it is from; raises Failure."""
    found = load_configuration(path)
    values = {
        EXEMPTIONS: str(found.exemptions or ""),
        IN_FLIGHT: found.limits.in_flight,
        **asdict(found.settings),
    }
    meanings = _BESIDE | _meanings()
    return tuple(
        Setting(
            name=name,
            value=value,
            origin=str(found.origin) if name in found.given else "",
            meaning=meanings[name],
            checks=tuple(_readers(name, catalogue)),
        )
        for name, value in values.items()
    )


def _meanings() -> dict[str, str]:
    """Return what is written below each setting."""
    [table] = ast.parse(inspect.getsource(Settings)).body
    body = cast("ast.ClassDef", table).body
    return {
        cast("ast.Name", name.target).id: str(ast.literal_eval(text.value))
        for name, text in pairwise(body)
        if isinstance(name, ast.AnnAssign) and isinstance(text, ast.Expr)
    }


def _readers(name: str, catalogue: Checks) -> Iterator[str]:
    for check in catalogue:
        page = check.documentation
        if f"`{name}`" in " ".join((page.reads, *page.sections.values())):
            yield check.id


def load_configuration(path: Path | None) -> Configuration:
    """Return what a file sets, by default `posture.toml` if it is there.

    Raises Failure naming the file, the key and what it should be.
    """
    if path is None and not DEFAULT.is_file():
        return Configuration()
    path = path or DEFAULT
    try:
        given = tomllib.loads(path.read_text(encoding="utf-8"))
        _require_known(given)
        exemptions = _exemptions(path, given.get(EXEMPTIONS))
        limits = _limits(given.get(IN_FLIGHT))
        settings = msgspec.convert(given, Settings)
        _require_sense(settings)
    except OSError as error:
        raise Failure(f"--config {path} cannot be read: {error.strerror}") from error
    except (msgspec.ValidationError, Failure) as error:
        raise Failure(f"--config {path}: {error}") from error
    except (ValueError, RecursionError) as error:
        raise Failure(f"--config {path} is no TOML: {error}") from error
    return Configuration(settings, exemptions, limits, given, path)


def _exemptions(path: Path, given: object) -> Path | None:
    """Return the file of exemptions that a file names, from where that one is."""
    if given is None:
        return None
    if not isinstance(given, str) or not given.strip():
        raise Failure(f"{EXEMPTIONS} is {given!r}, no name of a file")
    return path.parent / given


def _limits(in_flight: object) -> Limits:
    """Return the limits with a file's number of requests under way at once."""
    if in_flight is None:
        return Limits()
    if type(in_flight) is not int or not 1 <= in_flight <= MOST_IN_FLIGHT:
        raise Failure(
            f"{IN_FLIGHT} is {in_flight!r}, no number from 1 to {MOST_IN_FLIGHT}"
        )
    return Limits(in_flight=in_flight)


def _require_sense(settings: Settings) -> None:
    """Raise Failure for a value of the right type that cannot mean anything."""
    for name, value in asdict(settings).items():
        match value:
            case int():
                _require_number(name, value)
            case tuple():
                for text in value:
                    _require_text(name, text)
    if settings.dns_log_min_days > settings.dns_log_max_days:
        raise Failure(
            f"dns_log_min_days is {settings.dns_log_min_days}, above "
            f"dns_log_max_days, which is {settings.dns_log_max_days}"
        )


def _require_number(name: str, number: int) -> None:
    most = _MOST.get(name.rpartition("_")[2], 1_000_000)
    if number < 0:
        raise Failure(f"{name} is {number}, below 0")
    if number > most:
        raise Failure(f"{name} is {number}, above {most:,}: no estate is meant by that")


_MOST = {"hours": 876_000, "days": 36_500}
"""A hundred years."""


def _require_text(name: str, text: str) -> None:
    if not text.strip():
        raise Failure(f"{name} has an empty text")
    form = _FORMS.get(name)
    if form and not form.shape.fullmatch(text):
        raise Failure(f"{name} has {text!r}, {form.told}")


@dataclass(frozen=True, slots=True)
class _Form:
    """What a text must look like, and how that is told."""

    shape: re.Pattern[str]
    told: str


_GUID = r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"
_ID = _Form(
    re.compile(_GUID, re.I), "no id as 00000000-1111-2222-3333-444444444444 is one"
)
_ROLE = _Form(
    re.compile(rf"(/.+/roleDefinitions/)?{_GUID}", re.I),
    "neither the GUID of a role nor the id of its definition",
)
_IN_GROUP = rf"/subscriptions/{_GUID}/resourceGroups/[^/]+/providers"
_GATEWAY = _Form(
    re.compile(rf"{_IN_GROUP}/Microsoft\.ApiManagement/service/[^/]+", re.I),
    "no resource id of an API Management service",
)
_MANAGER = _Form(
    re.compile(rf"{_IN_GROUP}/Microsoft\.Network/networkManagers/[^/]+(/.+)?", re.I),
    "no resource id of a network manager",
)
_HOST = _Form(re.compile(r"[^\s/:@\\]+"), "no name of a host: leave out all else")
_FORMS = {
    "approved_fqdns": _HOST,
    "blocked_fqdn_suffixes": _HOST,
    "denied_subscriptions": _ID,
    "expected_gateways": _GATEWAY,
    "approved_principals": _ID,
    "break_glass_principals": _ID,
    "fine_tuning_principals": _ID,
    "approved_tenants": _ID,
    "approved_network_managers": _MANAGER,
    "approved_destinations": _ID,
    "foreign_application_roles": _ROLE,
    "approved_applications": _ID,
}


def _require_known(given: Mapping[str, object]) -> None:
    known = [*_BESIDE, *(each.name for each in fields(Settings))]
    for key in given:
        if key not in known:
            near = difflib.get_close_matches(key, known, n=1)
            hint = (
                f"did you mean {near[0]}?"
                if near
                else "`posture config show` lists them all"
            )
            raise Failure(f"unknown setting {key!r}; {hint}")
