"""Results to text, tables and pages: each renderer is pure and opens no file."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from scanner.model.results import Assessment

Renderer = Callable[[Assessment], Iterator[bytes]]


# Imported when called: few runs write every format.


def _results_csv(assessment: Assessment) -> Iterator[bytes]:
    from reports.tables import results_csv

    return results_csv(assessment)


def _gaps_csv(assessment: Assessment) -> Iterator[bytes]:
    from reports.tables import gaps_csv

    return gaps_csv(assessment)


def _results_json(assessment: Assessment) -> Iterator[bytes]:
    from reports.document import results_json

    return results_json(assessment)


def _report_html(assessment: Assessment) -> Iterator[bytes]:
    from reports.html import report_html

    return report_html(assessment)


def _results_sarif(assessment: Assessment) -> Iterator[bytes]:
    from reports.sarif import results_sarif

    return results_sarif(assessment)


def _results_ocsf(assessment: Assessment) -> Iterator[bytes]:
    from reports.ocsf import results_ocsf

    return results_ocsf(assessment)


def _results_oscal(assessment: Assessment) -> Iterator[bytes]:
    from reports.oscal import results_oscal

    return results_oscal(assessment)


def _results_xlsx(assessment: Assessment) -> Iterator[bytes]:
    from reports.xlsx import results_xlsx

    return results_xlsx(assessment)


def _summary_md(assessment: Assessment) -> Iterator[bytes]:
    from reports.markdown import summary_md

    return summary_md(assessment)


FORMATS: Mapping[str, Mapping[str, Renderer]] = {
    "csv": {"results.csv": _results_csv, "gaps.csv": _gaps_csv},
    "json": {"results.json": _results_json},
    "html": {"report.html": _report_html},
    "sarif": {"results.sarif": _results_sarif},
    "ocsf": {"results.ocsf.json": _results_ocsf},
    "oscal": {"results.oscal.json": _results_oscal},
    "xlsx": {"results.xlsx": _results_xlsx},
    "markdown": {"summary.md": _summary_md},
}
"""The files of each format, by name, and what renders them."""
