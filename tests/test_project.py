"""What holds the project together: packaging, dependencies, documentation."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import distribution
from pathlib import Path

import pytest
from hatchling.builders.wheel import WheelBuilder
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import checks
from docs import generate
from scanner.collect.actions import ACTIONS
from scanner.model.check import Check, Severity, Topic, Verdict, check, passed
from scanner.model.check import Post as Guidance
from scanner.model.cognitive import CognitiveAccount
from scanner.model.controls import Edition, Setting
from scanner.model.tenant import Tenant

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("scanner", "checks", "reports")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))[
    "project"
]
RUNTIME = [Requirement(text) for text in PROJECT["dependencies"]]
DEV = [Requirement(text) for text in PROJECT["optional-dependencies"]["dev"]]


def sources() -> Iterator[Path]:
    for package in PACKAGES:
        yield from sorted((ROOT / package).rglob("*.py"))


# Packaging


def test_the_wheel_holds_all_of_the_three_packages() -> None:
    shipped = {
        file.distribution_path
        for file in WheelBuilder(str(ROOT)).recurse_included_files()
    }
    wanted = {
        path.relative_to(ROOT).as_posix()
        for package in PACKAGES
        for path in (ROOT / package).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert shipped == wanted


def test_no_package_below_tests() -> None:
    # pytest would take tests/checks for the package `checks`.
    assert not list((ROOT / "tests").rglob("__init__.py"))


# Dependencies


def imported(path: Path) -> Iterator[frozenset[str]]:
    """Yield what each import may name; a string may name an SDK client's module."""
    for node in ast.walk(ast.parse(path.read_bytes(), filename=path)):
        match node:
            case ast.Import(names=names):
                yield from (frozenset({alias.name}) for alias in names)
            case ast.ImportFrom(module=str(module), names=names, level=0):
                yield from (
                    frozenset({module, f"{module}.{alias.name}"}) for alias in names
                )
            case ast.Constant(value=str(text)) if re.fullmatch(
                r"azure(\.\w+)+:\w+", text
            ):
                yield frozenset({text.partition(":")[0]})


def modules_of(requirement: Requirement) -> Iterator[str]:
    """Yield the modules a distribution installs, by which namespaces are told apart."""
    for file in distribution(requirement.name).files or ():
        if file.name == "__init__.py":
            yield ".".join(file.parent.parts)
        elif file.suffix in {".py", ".so", ".pyd"}:
            yield ".".join([*file.parent.parts, file.name.partition(".")[0]])


def test_every_import_is_a_declared_dependency() -> None:
    declared = {
        module
        for requirement in RUNTIME
        if requirement.marker is None or requirement.marker.evaluate()
        for module in modules_of(requirement)
    }
    ours = {*PACKAGES, *sys.stdlib_module_names}
    undeclared = {
        f"{path.relative_to(ROOT)}: {min(names)}"
        for path in sources()
        for names in imported(path)
        if min(names).partition(".")[0] not in ours and not names & declared
    }
    assert not undeclared


def test_the_lock_pins_what_is_declared_and_names_no_place() -> None:
    text = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    assert all(re.fullmatch(r"[\w.-]+==[\w.]+", line) for line in lines)
    pins = {
        canonicalize_name(name): version
        for name, _, version in (line.partition("==") for line in lines)
    }
    for requirement in (*RUNTIME, *DEV):
        pin = pins[canonicalize_name(requirement.name)]
        assert requirement.specifier.contains(pin), requirement


# Start-up

RUN = """
import sys
sys.argv = ["posture", *sys.argv[1:]]
from scanner.cli.main import main
try:
    code = main()
except SystemExit as done:
    code = done.code
loaded = {name.partition(".")[0] for name in sys.modules}
sys.exit(code or ", ".join(sorted(loaded & {"aiohttp", "azure"})) or 0)
"""


@pytest.mark.parametrize(
    "arguments",
    [["--help"], ["checks"], ["explain", "aoai-outbound-restricted"]],
    ids=" ".join,
)
def test_what_needs_no_tenant_imports_neither_azure_nor_aiohttp(
    arguments: list[str],
) -> None:
    done = subprocess.run(
        [sys.executable, "-c", RUN, *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout


# Documentation


@check(
    id="example-check",
    title="Accounts do one thing | not another",
    topic=Topic.AOAI_OUTBOUND,
    severity=Severity.HIGH,
    on=CognitiveAccount,
    guidance=Guidance.OUTBOUND_ACCESS,
    controls=("MCSB:NS-2", "ISO-27001-2022:A.8.20"),
    mapped=(Setting(("0a",), ((Edition("MCSB", ("v1", "v2")), "IM-1"),)),),
    aliases=("former-name",),
)
def example(account: CognitiveAccount, tenant: Tenant) -> Verdict:
    """
    Reads `properties.thing`.

    ## Why it matters
    Because.

    ## How to fix
    So.

    ```sh
    az thing update
    ```
    """
    return passed("it does")


def test_a_check_is_documented_whole() -> None:
    catalogue: list[Check[CognitiveAccount]] = [example]
    page = generate.checks_page(catalogue, {"example-check": ["Microsoft.A/b/read"]})
    assert "**[aoai-outbound](#aoai-outbound)**" in page
    assert "| [`example-check`](#example-check) | high | Accounts do one" in page
    assert r"one thing \| not another |" in page
    assert page.endswith(
        """
## aoai-outbound

### example-check

**Accounts do one thing | not another**

| | |
|---|---|
| Severity | high |
| Resource type | `Microsoft.CognitiveServices/accounts` |
| Guidance | Azure OpenAI Service - Controlling Outbound Access |
| Controls, by Microsoft's initiatives | MCSB:IM-1 (v1 and v2) |
| Controls, by expert judgement | MCSB:NS-2 (v1 and v2), ISO-27001-2022:A.8.20 (2022) |
| Rights | `Microsoft.A/b/read` |
| Also known as | `former-name` |

Reads `properties.thing`.

#### Why it matters

Because.

#### How to fix

So.

```sh
az thing update
```
"""
    )


def test_checks_are_listed_by_control() -> None:
    page = generate.checks_page([example], {"example-check": []})
    index = page.partition("## By control")[2].partition("## aoai-outbound")[0]
    assert [line for line in index.splitlines() if line.startswith(("| ", "**"))] == [
        "**Microsoft cloud security benchmark v1 and v2**",
        "| Control | Checks |",
        r"| MCSB:IM-1 | [`example-check`](#example-check)\* |",
        "| MCSB:NS-2 | [`example-check`](#example-check) |",
        "**ISO/IEC 27001, Annex A 2022**",
        "| Control | Checks |",
        "| ISO-27001-2022:A.8.20 | [`example-check`](#example-check) |",
    ]


def test_controls_are_listed_as_they_are_numbered() -> None:
    numbers = ["AC-10", "AC-2", "AC-2(1)", "AU-2", "AC-3"]
    wanted = ["AC-2", "AC-2(1)", "AC-3", "AC-10", "AU-2"]
    assert sorted(numbers, key=generate.in_order) == wanted


def test_every_check_names_the_rights_it_takes() -> None:
    rights = generate.needed(checks.ALL)
    assert rights["aoai-outbound-restricted"] == [
        "Microsoft.CognitiveServices/accounts/read"
    ]
    assert rights["aoai-diag-enabled"] == [
        "Microsoft.CognitiveServices/accounts/read",
        "Microsoft.Insights/diagnosticSettings/read",
    ]
    assert "Microsoft.Authorization/roleAssignments/read" in rights["aoai-key-readers"]
    assert {action for each in rights.values() for action in each} <= {*ACTIONS}


def test_documenting_needs_neither_azure_nor_aiohttp() -> None:
    code = "import sys, docs.generate as _; print(*sys.modules)"
    loaded = subprocess.check_output([sys.executable, "-c", code], cwd=ROOT, text=True)
    assert not {"aiohttp", "azure"} & {*loaded.split()}


def test_blocks_are_replaced_between_their_markers() -> None:
    text = "a\n<!-- x:begin -->\nold\n<!-- x:end -->\nb\n"
    wanted = "a\n<!-- x:begin -->\nnew\n<!-- x:end -->\nb\n"
    assert generate.with_blocks(text, {"x": "new"}) == wanted


def test_a_missing_marker_is_an_error() -> None:
    with pytest.raises(ValueError, match="x:begin"):
        generate.with_blocks("text", {"x": "new"})


def test_the_documentation_is_current() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "docs.generate", "--check"],
        cwd=ROOT,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode == 0, done.stderr
