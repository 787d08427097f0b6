"""results.json: the run, what it came to, every result and every gap.

With a baseline also what changed since then, and how the runs came out over time.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from reports.drift import drift_chunks
from reports.rows import gap_row, result_row
from reports.text import json_list, json_text
from reports.trend import trend_json
from scanner.model.controls import framework_of, version_of
from scanner.model.exemptions import ExemptionReport
from scanner.model.results import SCHEMA, Assessment, Run
from scanner.model.totals import Tally


def results_json(assessment: Assessment) -> Iterator[bytes]:
    """Yield results.json, one result a line."""
    for chunk in _chunks(assessment):
        yield chunk.encode()


def run_header(run: Run) -> dict[str, Any]:
    """Return who read what, when, with what, over which scope."""
    return asdict(run) | {
        "scope": {name: run.scope[name] for name in sorted(run.scope)}
    }


def summary(assessment: Assessment) -> dict[str, Any]:
    """Return the score and coverage at every level, and the counts."""
    totals = assessment.totals
    return {
        **_tally(totals.overall),
        "gaps": len(assessment.gaps),
        "exemptions": list(map(_exemption, assessment.exemptions)),
        "resources": len(totals.resources),
        "by_topic": [
            {"topic": topic.value, **_tally(tally)}
            for topic, tally in totals.topics.items()
        ],
        "by_control": [
            {"control": control, **_framework(control), **_tally(tally)}
            for control, tally in totals.controls.items()
        ],
        "by_subscription": [
            {
                "tenant_id": subscription.tenant_id,
                "subscription_id": subscription.id,
                "subscription_name": subscription.name,
                **_tally(tally),
            }
            for subscription, tally in totals.subscriptions.items()
        ],
        "by_resource": [
            {
                "resource_id": resource_id,
                "score": tally.score.value,
                "coverage": tally.score.coverage,
                "findings": tally.found,
            }
            for resource_id, tally in totals.resources.items()
        ],
    }


def beside_baseline(content: bytes, *, drift: bytes, trend: bytes) -> bytes:
    """Return a results.json without a baseline, with what came of one: JSON or none."""
    extra = b"".join(
        b',\n"%s":%s' % (name, value)
        for name, value in ((b"drift", drift), (b"trend", trend))
        if value
    )
    return content.removesuffix(b"}\n") + extra + b"}\n"


def _framework(control: str) -> dict[str, Any]:
    return {
        "framework": framework_of(control).title,
        "version": version_of(control),
    }


def _exemption(report: ExemptionReport) -> dict[str, Any]:
    exemption = report.exemption
    return {
        "check": exemption.check,
        "scope": exemption.scope,
        "tag": "=".join(exemption.tag or ()),
        "owner": exemption.owner,
        "approver": exemption.approver,
        "reason": exemption.reason,
        "created": str(exemption.created),
        "expires": str(exemption.expires),
        "use": report.use.value,
        "findings": report.findings,
    }


def _tally(tally: Tally) -> dict[str, Any]:
    return {
        "score": tally.score.value,
        "coverage": tally.score.coverage,
        "statuses": tally.statuses,
        "findings": tally.findings,
        "exempted": tally.exempted,
    }


def _chunks(assessment: Assessment) -> Iterator[str]:
    totals = summary(assessment)
    run = json_text(run_header(assessment.run))
    yield f'{{"schema":{json_text(SCHEMA)},\n"run":{run}'
    yield f',\n"summary":{json_text(totals)},\n"results":'
    yield from json_list(result_row(result) for result in assessment.results)
    yield ',\n"gaps":'
    yield from json_list(gap_row(report) for report in assessment.gaps)
    if assessment.drift:
        yield ',\n"drift":'
        yield from drift_chunks(assessment.drift)
    if assessment.trend:
        yield f',\n"trend":{trend_json(assessment.trend)}'
    yield "}\n"
