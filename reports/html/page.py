"""The page: its policy, its sections, and the results it carries."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache
from typing import Any

from reports.html.accepted import accepted
from reports.html.drift import drift_section
from reports.html.frame import asset, head
from reports.html.markup import joined, tag
from reports.html.payload import Payload
from reports.html.prose import documentation
from reports.html.results import explorer
from reports.html.sections import contents, gaps, headline, opening, tallies
from reports.html.trend import trend_section
from scanner.model.check import Check, Severity, Status
from scanner.model.results import Assessment, Result


def report_html(assessment: Assessment) -> Iterator[bytes]:
    """Yield report.html."""
    for part in _parts(assessment):
        yield part.encode()


def _parts(assessment: Assessment) -> Iterator[str]:
    script = asset("page.js")
    yield '<!doctype html>\n<html lang="en">\n'
    yield head("Azure AI posture", script)
    yield '\n<body>\n<a class="skip" href="#results">Skip to the results</a>\n'
    yield opening(assessment)
    yield f"\n<main>\n{headline(assessment)}\n{contents(assessment)}\n"
    yield f"{accepted(assessment.exemptions)}\n"
    if assessment.drift:
        yield f"{drift_section(assessment.drift)}\n"
    if assessment.trend:
        yield f"{trend_section(assessment.trend)}\n"
    yield f"{gaps(assessment.gaps)}\n{tallies(assessment)}\n"
    yield f"{explorer(assessment.totals)}\n</main>\n"
    yield from _documentation(assessment.checks)
    yield '<script type="application/octet-stream" id="payload">'
    yield from Payload(assessment.checks, _ranked(assessment.results)).chunks()
    yield f"</script>\n{tag('script', script)}\n</body>\n</html>\n"


def _documentation(checks: Iterable[Check[Any]]) -> Iterator[str]:
    """Yield each check's page once, for the results to copy."""
    for number, check in enumerate(checks):
        page = tag("template", documentation(check), id=f"doc-{number}")
        yield joined(page, "\n")


def _ranked(results: Iterable[Result]) -> list[Result]:
    """Return the results, what matters most first; else in the order they have."""
    severities = {severity: rank for rank, severity in enumerate(Severity)}
    statuses = {status: rank for rank, status in enumerate(_PRECEDENCE)}

    @cache
    def rank(status: Status, severity: Severity, check_id: str) -> tuple[object, ...]:
        first = statuses[status]
        return first // 3, severities[severity], first, check_id

    return sorted(
        results,
        key=lambda each: rank(each.status, each.check.severity, each.check.id),
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
