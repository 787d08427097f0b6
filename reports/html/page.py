"""The page: its policy, its sections, and the results it carries."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Iterator
from importlib.resources import files
from typing import Any

from reports.html.accepted import accepted
from reports.html.markup import Markup, joined, tag
from reports.html.payload import Payload
from reports.html.prose import documentation
from reports.html.results import explorer
from reports.html.sections import contents, gaps, headline, opening, tallies
from reports.totals import Totals
from scanner.model.check import Check, Severity, Status
from scanner.model.ids import id_key
from scanner.model.results import Assessment, Result


def report_html(assessment: Assessment) -> Iterator[bytes]:
    """Yield report.html."""
    for part in _parts(assessment):
        yield part.encode()


def policy(script: str, style: str) -> str:
    """Return a Content-Security-Policy under which only these two may act."""
    return "; ".join(
        (
            "default-src 'none'",
            f"script-src '{_digest(script)}'",
            f"style-src '{_digest(style)}'",
            "base-uri 'none'",
            "form-action 'none'",
        )
    )


def _digest(source: str) -> str:
    digest = hashlib.sha256(source.encode()).digest()
    return f"sha256-{base64.b64encode(digest).decode()}"


def _asset(name: str) -> Markup:
    return Markup(files(__package__).joinpath(name).read_text(encoding="utf-8"))


def _parts(assessment: Assessment) -> Iterator[str]:
    script, style = _asset("page.js"), _asset("page.css")
    totals = Totals.of(assessment)
    checks = _checks(assessment.results)
    yield '<!doctype html>\n<html lang="en">\n'
    yield _head(script, style)
    yield '\n<body>\n<a class="skip" href="#results">Skip to the results</a>\n'
    yield opening(assessment)
    yield f"\n<main>\n{headline(assessment, totals)}\n{contents(assessment)}\n"
    yield f"{gaps(assessment.gaps)}\n{tallies(totals)}\n"
    yield f"{accepted(assessment.exemptions)}\n"
    yield f"{explorer(assessment.results)}\n</main>\n"
    yield from _documentation(checks)
    yield '<script type="application/octet-stream" id="payload">'
    yield from Payload(checks, _ranked(assessment.results)).chunks()
    yield f"</script>\n{tag('script', script)}\n</body>\n</html>\n"


def _head(script: str, style: str) -> Markup:
    width = "width=device-width, initial-scale=1"
    return tag(
        "head",
        tag("meta", charset="utf-8"),
        _http_equiv("Content-Security-Policy", policy(script, style)),
        tag("meta", name="viewport", content=width),
        tag("meta", name="color-scheme", content="light dark"),
        tag("meta", name="referrer", content="no-referrer"),
        tag("title", "Azure AI posture"),
        tag("style", style),
    )


def _http_equiv(name: str, content: str) -> Markup:
    return tag("meta", http_equiv=name, content=content)


def _checks(results: Iterable[Result]) -> list[Check[Any]]:
    """Return the checks that answered, in their order."""
    return list({result.check.id: result.check for result in results}.values())


def _documentation(checks: Iterable[Check[Any]]) -> Iterator[str]:
    """Yield each check's page once, for the results to copy."""
    for number, check in enumerate(checks):
        page = documentation(check.documentation)
        yield joined(tag("template", page, id=f"doc-{number}"), "\n")


def _ranked(results: Iterable[Result]) -> list[Result]:
    """Return the results, what matters most first."""
    severities = {severity: rank for rank, severity in enumerate(Severity)}
    statuses = {status: rank for rank, status in enumerate(_PRECEDENCE)}
    return sorted(
        results,
        key=lambda result: (
            statuses[result.status] // 3,
            severities[result.check.severity],
            statuses[result.status],
            result.check.id,
            id_key(result.target.resource_id),
        ),
    )


# The first three ask for something to be done, so severity ranks before status there.
_PRECEDENCE = (
    Status.FAIL,
    Status.WARN,
    Status.NOT_ASSESSED,
    Status.MANUAL,
    Status.INFO,
    Status.PASS,
    Status.NOT_APPLICABLE,
)
