"""`posture.toml`: the settings of an organisation."""

from __future__ import annotations

import ast
import dataclasses
import difflib
import inspect
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import cast

import msgspec

from scanner.cli.failure import Failure
from scanner.cli.selection import Checks
from scanner.model.settings import Settings

DEFAULT = Path("posture.toml")


def load_settings(path: Path | None) -> Settings:
    """Return the settings of a file, by default of `posture.toml` if it is there.

    Raises Failure naming the file, the key and what it should be.
    """
    settings, _, _ = _loaded(path)
    return settings


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
    settings, given, origin = _loaded(path)
    meanings = _meanings()
    return tuple(
        Setting(
            name=field.name,
            value=getattr(settings, field.name),
            origin=str(origin) if field.name in given else "",
            meaning=meanings[field.name],
            checks=tuple(_readers(field.name, catalogue)),
        )
        for field in dataclasses.fields(Settings)
    )


def _meanings() -> dict[str, str]:
    """Return what is written below each setting."""
    [table] = ast.parse(inspect.getsource(Settings)).body
    body = cast("ast.ClassDef", table).body
    return {
        cast("ast.Name", field.target).id: str(ast.literal_eval(text.value))
        for field, text in pairwise(body)
        if isinstance(field, ast.AnnAssign) and isinstance(text, ast.Expr)
    }


def _readers(name: str, catalogue: Checks) -> Iterator[str]:
    for check in catalogue:
        page = check.documentation
        if f"`{name}`" in " ".join((page.reads, *page.sections.values())):
            yield check.id


def _loaded(path: Path | None) -> tuple[Settings, dict[str, object], Path | None]:
    """Return the settings, what of them a file sets, and the file."""
    if path is None and not DEFAULT.is_file():
        return Settings(), {}, None
    path = path or DEFAULT
    try:
        given = tomllib.loads(path.read_text(encoding="utf-8"))
        _require_known(path, given)
        settings = msgspec.convert(given, Settings)
    except OSError as error:
        raise Failure(f"--config {path} cannot be read: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise Failure(f"--config {path} is no TOML: {error}") from error
    except msgspec.ValidationError as error:
        raise Failure(f"--config {path}: {error}") from error
    _require_sense(path, settings)
    return settings, given, path


def _require_sense(path: Path, settings: Settings) -> None:
    for field in dataclasses.fields(settings):
        match getattr(settings, field.name):
            case int(number) if number < 0:
                raise Failure(f"--config {path}: {field.name} is {number}, below 0")
            case tuple(texts) if not all(map(str.strip, texts)):
                raise Failure(f"--config {path}: {field.name} has an empty text")
    if settings.dns_log_min_days > settings.dns_log_max_days:
        raise Failure(
            f"--config {path}: dns_log_min_days is {settings.dns_log_min_days}, above "
            f"dns_log_max_days, which is {settings.dns_log_max_days}"
        )


def _require_known(path: Path, given: dict[str, object]) -> None:
    known = [field.name for field in dataclasses.fields(Settings)]
    for key in given:
        if key not in known:
            near = difflib.get_close_matches(key, known, n=1)
            hint = (
                f"did you mean {near[0]}?"
                if near
                else "`posture config show` lists them all"
            )
            raise Failure(f"--config {path}: unknown setting {key!r}; {hint}")
