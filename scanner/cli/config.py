"""`posture.toml`: the settings of an organisation."""

from __future__ import annotations

import dataclasses
import difflib
import tomllib
from pathlib import Path

import msgspec

from scanner.cli.failure import Failure
from scanner.model.settings import Settings

DEFAULT = Path("posture.toml")


def load_settings(path: Path | None) -> Settings:
    """Return the settings of a file, by default of `posture.toml` if it is there.

    Raises Failure naming the file, the key and what it should be.
    """
    if path is None and not DEFAULT.is_file():
        return Settings()
    path = path or DEFAULT
    try:
        given = tomllib.loads(path.read_text(encoding="utf-8"))
        _require_known(path, given)
        return msgspec.convert(given, Settings)
    except OSError as error:
        raise Failure(f"--config {path} cannot be read: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise Failure(f"--config {path} is no TOML: {error}") from error
    except msgspec.ValidationError as error:
        raise Failure(f"--config {path}: {error}") from error


def _require_known(path: Path, given: dict[str, object]) -> None:
    known = [field.name for field in dataclasses.fields(Settings)]
    for key in given:
        if key not in known:
            near = difflib.get_close_matches(key, known, n=1)
            hint = f"; did you mean {near[0]}?" if near else ""
            raise Failure(f"--config {path}: unknown setting {key!r}{hint}")
