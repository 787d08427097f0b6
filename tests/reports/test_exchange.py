"""SARIF, OCSF, OSCAL: valid by others' models, and never better than the truth."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from py_ocsf_models.events.findings.compliance_finding import (  # type: ignore[import-untyped]
    ComplianceFinding,
)
from sarif_pydantic import Sarif  # type: ignore[import-untyped]
from trestle.core.duplicates_validator import DuplicatesValidator
from trestle.oscal.assessment_results import Model as Oscal

from reports import FORMATS
from reports.ocsf import results_ocsf
from reports.oscal import results_oscal
from reports.sarif import results_sarif
from scanner.model.check import Status
from scanner.model.results import Assessment, Result, Run

Builder = Callable[..., Result]
Hostile = Callable[..., Assessment]
Render = Callable[[Assessment], Iterator[bytes]]

UNKNOWN = (Status.MANUAL, Status.NOT_ASSESSED)


def written(render: Render, assessment: Assessment) -> Any:
    return json.loads(b"".join(render(assessment)))


def validate(assessment: Assessment) -> None:
    for finding in written(results_ocsf, assessment):
        ComplianceFinding.model_validate(finding)
    Sarif.model_validate(written(results_sarif, assessment))
    Oscal.model_validate(written(results_oscal, assessment))


def repeats(assessment: Assessment) -> bool:
    """Whether an id is given twice in the OSCAL of an assessment."""
    oscal = Oscal.model_validate(written(results_oscal, assessment))
    valid = DuplicatesValidator().model_is_valid(oscal.assessment_results, quiet=True)
    return not valid


def test_every_format_validates(assessment: Assessment) -> None:
    validate(assessment)
    assert not repeats(assessment)


def test_nothing_at_all_validates(run: Run) -> None:
    validate(Assessment(run=replace(run, finished=""), results=(), gaps=()))


@pytest.mark.parametrize(
    "text",
    ["", " ", "=1+1", "<script>", "a\nb\x1b[31m\u202e", "\ud800", "'\"|\\", "x" * 9000],
)
def test_hostile_text_validates(text: str, hostile: Hostile, run: Run) -> None:
    validate(replace(hostile(text, id="/tenants/t"), run=run))


def test_the_same_results_give_the_same_bytes(assessment: Assessment) -> None:
    for files in FORMATS.values():
        for render in files.values():
            assert b"".join(render(assessment)) == b"".join(render(assessment))


# SARIF


@pytest.fixture
def sarif(assessment: Assessment) -> Any:
    [run] = written(results_sarif, assessment)["runs"]
    return run


def test_sarif_tells_what_is_open_from_what_passes(sarif: Any) -> None:
    kinds = {each["properties"]["status"]: each["kind"] for each in sarif["results"]}
    assert kinds == {
        "pass": "pass",
        "fail": "fail",
        "warn": "fail",
        "info": "informational",
        "manual": "review",
        "not-applicable": "notApplicable",
        "not-assessed": "open",
    }
    for each in sarif["results"]:
        assert (each["level"] == "none") is (each["kind"] != "fail")


def test_sarif_places_results_on_resources(sarif: Any, assessment: Assessment) -> None:
    for each, result in zip(sarif["results"], assessment.results, strict=True):
        [location] = each["locations"]
        assert list(location) == ["logicalLocations"]
        [place] = location["logicalLocations"]
        assert place["fullyQualifiedName"] == result.target.resource_id
        assert (
            sarif["tool"]["driver"]["rules"][each["ruleIndex"]]["id"] == each["ruleId"]
        )
        assert each["partialFingerprints"] == {"posture/v1": result.fingerprint}


def test_sarif_names_gaps_and_suppressions(
    sarif: Any, assessment: Assessment, result: Builder
) -> None:
    [invocation] = sarif["invocations"]
    notices = invocation["toolExecutionNotifications"]
    assert len(notices) == len(assessment.gaps)
    accepted = replace(assessment, results=(result(exemption="Known."),))
    [run] = written(results_sarif, accepted)["runs"]
    [one] = run["results"]
    assert one["suppressions"] == [{"kind": "external", "justification": "Known."}]


def test_sarif_links_nowhere(hostile: Hostile) -> None:
    document = written(results_sarif, hostile(r"[a\](https://x.example)", id="/t"))
    [run] = document["runs"]
    notices = run["invocations"][0]["toolExecutionNotifications"]
    for each in (*run["results"], *notices):
        text = each["message"]["text"]
        assert r"\[a\\\](https://x.example)" in text
        assert "[" not in text.replace(r"\[", "")


# OCSF


def test_ocsf_has_no_pass_but_for_a_pass(assessment: Assessment) -> None:
    states = {
        each["unmapped"]["status"]: each["compliance"]["status_id"]
        for each in written(results_ocsf, assessment)
    }
    assert states == {
        "pass": 1,
        "warn": 2,
        "fail": 3,
        "info": 99,
        "manual": 99,
        "not-assessed": 0,
    }


def test_ocsf_is_what_the_class_demands(assessment: Assessment) -> None:
    for each in written(results_ocsf, assessment):
        assert (each["category_uid"], each["class_uid"]) == (2, 2003)
        assert each["type_uid"] == each["class_uid"] * 100 + each["activity_id"]
        assert each["metadata"]["version"] == "1.5.0"
        assert each["metadata"]["profiles"] == ["cloud"]
        assert each["cloud"]["provider"] == "Azure"
        assert each["time"] == 1767323106000


def test_ocsf_suppresses_what_is_accepted(
    result: Builder, assessment: Assessment
) -> None:
    accepted = replace(assessment, results=(result(exemption="Known."),))
    [one] = written(results_ocsf, accepted)
    assert (one["status_id"], one["compliance"]["status_id"]) == (3, 3)


# OSCAL


@pytest.fixture
def oscal(assessment: Assessment) -> Any:
    document = written(results_oscal, assessment)["assessment-results"]
    [found] = document["results"]
    return found


def test_oscal_finds_only_what_was_judged(oscal: Any, assessment: Assessment) -> None:
    states = {
        each["related-observations"][0]["observation-uuid"]: each["target"]["status"]
        for each in oscal["findings"]
    }
    told = {
        each["uuid"]: (each["props"][0]["value"], states.get(each["uuid"], {}))
        for each in oscal["observations"]
        if "props" in each
    }
    answers = {status: state.get("state") for status, state in told.values()}
    assert answers == {
        "pass": "satisfied",
        "fail": "not-satisfied",
        "warn": "not-satisfied",
        "manual": None,
        "not-assessed": None,
    }
    unread = [each for each in oscal["observations"] if "props" not in each]
    assert len(unread) == len(assessment.gaps)


def test_oscal_observes_things_that_it_defines(oscal: Any) -> None:
    items = {each["uuid"] for each in oscal["local-definitions"]["inventory-items"]}
    for each in oscal["observations"]:
        for subject in each.get("subjects", []):
            assert subject["subject-uuid"] in items


def test_oscal_tells_an_accepted_finding_as_a_risk(
    result: Builder, assessment: Assessment
) -> None:
    accepted = replace(assessment, results=(result(exemption="Known."),))
    document = written(results_oscal, accepted)["assessment-results"]
    Oscal.model_validate({"assessment-results": document})
    [found] = document["results"]
    [risk] = found["risks"]
    [finding] = found["findings"]
    assert (risk["status"], risk["statement"]) == ("deviation-approved", "Known.")
    assert finding["related-risks"] == [{"risk-uuid": risk["uuid"]}]
    assert finding["target"]["status"]["state"] == "not-satisfied"


def test_oscal_names_findings_alike_in_every_run(assessment: Assessment) -> None:
    later = replace(assessment, run=replace(assessment.run, catalogue="d" * 64))

    def ids(one: Assessment) -> list[str]:
        document = written(results_oscal, one)["assessment-results"]
        return [each["uuid"] for each in document["results"][0]["findings"]]

    assert ids(assessment) == ids(later)


def test_oscal_links_nowhere_and_its_evidence_reads_back(hostile: Hostile) -> None:
    text = "![a](https://x.example) [b][c] <img onerror=x>"
    laced = hostile(text, id="/t")
    [found] = written(results_oscal, laced)["assessment-results"]["results"]
    described = [each["description"] for each in found["observations"]]
    values = [
        each["description"]
        for observation in found["observations"]
        for each in observation.get("relevant-evidence", ())
    ]
    assert any("onerror" in each for each in described)
    assert values
    for each in (*described, *values):
        assert not re.search(r"(?<!\\)(\][(\[:]|<)", each)
    read = [each.value for result in laced.results for each in result.evidence]
    assert all(json.loads(each)["value"] in read for each in values)


def test_oscal_names_each_gap_by_what_it_says(assessment: Assessment) -> None:
    first, *_ = assessment.gaps
    other = replace(first, gap=replace(first.gap, reason="Item 2 has no id."))
    several = replace(assessment, gaps=(first, other, other))
    assert not repeats(several)
    [found] = written(results_oscal, several)["assessment-results"]["results"]
    told = [each for each in found["observations"] if each["title"] == "Not read"]
    assert [each["description"].partition(": ")[2] for each in told] == [
        "Not one.",
        "Item 2 has no id.",
    ]


def test_oscal_names_a_document_by_what_it_says(
    result: Builder, assessment: Assessment
) -> None:
    def names(one: Assessment) -> set[str]:
        document = written(results_oscal, one)["assessment-results"]
        return {document["uuid"], document["results"][0]["uuid"]}

    one = replace(assessment, results=(result(),))
    accepted = replace(assessment, results=(result(exemption="Known."),))
    assert names(one) == names(one)
    assert names(one).isdisjoint(names(accepted))
    assert len(names(one)) == 2
