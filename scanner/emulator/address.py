"""How to reach a running emulator."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

from scanner.emulator.microsoft_graph import PREFIX
from scanner.model.cloud import Suffixes


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Everything a client needs, in its own process or another."""

    url: str
    """Of Resource Manager and of Entra: `https://127.0.0.1:<port>`."""
    identity_url: str
    """Of the instance metadata service, which real machines reach without TLS."""
    ca_file: Path
    tenants: tuple[str, ...]
    client_id: str
    client_secret: str = field(repr=False)
    suffixes: Suffixes

    @property
    def graph(self) -> str:
        """Where Microsoft Graph is."""
        return f"{self.url}{PREFIX}"

    @property
    def environment(self) -> Mapping[str, str]:
        """The variables that azure-identity's EnvironmentCredential reads."""
        return {
            "AZURE_TENANT_ID": self.tenants[0],
            "AZURE_CLIENT_ID": self.client_id,
            "AZURE_CLIENT_SECRET": self.client_secret,
        }

    def write_cloud(self, path: Path) -> Path:
        """Write the TOML file for `--cloud`; return its path."""
        path.write_text(self._cloud(path.parent), encoding="utf-8")
        return path

    def _cloud(self, directory: Path) -> str:
        lines = [
            _line("name", "emulator"),
            _line("resource_manager", self.url),
            _line("authority", self.url),
            _line("audience", self.url),
            _line("graph", self.graph),
            _line("ca_bundle", _seen_from(directory, self.ca_file)),
            "instance_discovery = false",
        ]
        usual = asdict(Suffixes())
        own = {
            name: suffix
            for name, suffix in asdict(self.suffixes).items()
            if suffix != usual[name]
        }
        if own:
            lines += ["", "[suffixes]", *(_line(*each) for each in own.items())]
        return "\n".join(lines) + "\n"


def _line(key: str, value: str) -> str:
    """Return a TOML line; a basic string is written as JSON writes it."""
    return f"{key} = {json.dumps(value, ensure_ascii=False)}"


def _seen_from(directory: Path, file: Path) -> str:
    file, directory = file.resolve(), directory.resolve()
    near = file.is_relative_to(directory)
    return (file.relative_to(directory) if near else file).as_posix()
