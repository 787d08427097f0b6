from __future__ import annotations

import json
import re
import subprocess
import sys
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from reports.document import results_json
from reports.rows import GapRow, ResultRow
from scanner.model.check import Check, Severity, Status
from scanner.model.results import Assessment, Result, Run

SECRET = re.compile("token|secret|password|credential|assertion|key|header", re.I)
COUNTED = ("statuses", "findings")

Builder = Callable[..., Result]
Hostile = Callable[..., Assessment]
Object = dict[str, Any]


def written(assessment: Assessment) -> bytes:
    return b"".join(results_json(assessment))


def document(assessment: Assessment) -> Object:
    parsed = json.loads(written(assessment), parse_constant=pytest.fail)
    assert isinstance(parsed, dict)
    return parsed


def objects(value: Any) -> Iterator[Object]:
    if isinstance(value, dict):
        yield value
    if isinstance(value, dict | list):
        for each in value.values() if isinstance(value, dict) else value:
            yield from objects(each)


def score(tally: Object) -> tuple[float | None, float | None]:
    return tally["score"], tally["coverage"]


def test_the_document_has_the_contracted_keys(assessment: Assessment) -> None:
    parsed = document(assessment)
    assert list(parsed) == ["schema", "run", "summary", "results", "gaps"]
    assert parsed["schema"] == "posture/1"
    assert len(parsed["results"]) == len(assessment.results)
    assert len(parsed["gaps"]) == len(assessment.gaps)
    assert all(tuple(row) == ResultRow.__struct_fields__ for row in parsed["results"])
    assert all(tuple(row) == GapRow.__struct_fields__ for row in parsed["gaps"])


def test_an_empty_document_is_whole(run: Run) -> None:
    parsed = document(Assessment(run=run, results=(), gaps=()))
    assert (parsed["results"], parsed["gaps"]) == ([], [])
    assert score(parsed["summary"]) == (None, None)
    assert parsed["summary"]["by_topic"] == []


def test_a_result_keeps_its_lists(result: Builder, run: Run) -> None:
    failed = result(advice="Do this.")
    (row,) = document(Assessment(run=run, results=(failed,), gaps=()))["results"]
    assert row["controls"] == ["MCSB:IM-1", "NIST-800-53:AC-2"]
    assert row["guidance"] == [post.value for post in failed.check.guidance]
    assert row["remediation"] == "Do this."
    assert row["evidence"] == [
        {
            "resource_id": failed.target.resource_id,
            "path": "properties.a",
            "value": {"b": [1, None]},
            "api_version": "2026-01-01",
        }
    ]


@pytest.mark.parametrize(
    ("value", "kept"),
    [(2**70, 2**70), (-(2**70), -(2**70)), (0.1, 0.1), (float("inf"), None)],
)
def test_any_number_is_written_as_json(
    result: Builder, run: Run, value: float, kept: float | None
) -> None:
    item = replace(result().evidence[0], value=[value])
    odd = result(evidence=(item,))
    (row,) = document(Assessment(run=run, results=(odd,), gaps=()))["results"]
    assert row["evidence"][0]["value"] == [kept]


def test_a_gap_keeps_its_status_and_checks(assessment: Assessment) -> None:
    first, _, third = document(assessment)["gaps"]
    assert first["http_status"] == 403
    assert first["checks"] == ["keys.disabled", "logging.on"]
    assert (third["http_status"], third["error_code"]) == (None, None)


def test_the_run_says_who_when_with_what_and_where(assessment: Assessment) -> None:
    run = document(assessment)["run"]
    assert run["signed_in"][0]["principal_name"] == "reader@example.org"
    assert (run["method"], run["cloud"]) == ("cli", "AzureCloud")
    assert (run["started"], run["finished"]) == (
        "2026-01-02T03:04:05Z",
        "2026-01-02T03:05:06Z",
    )
    assert (run["version"], run["catalogue"]) == ("1.2.3", "c" * 64)
    assert list(run["scope"].items()) == [
        ("directory", ["microsoft-graph"]),
        ("subscriptions", ["One"]),
    ]
    assert run["selection"] is None


def test_nothing_in_the_run_is_named_like_a_secret(assessment: Assessment) -> None:
    for each in objects(document(assessment)["run"]):
        assert not [name for name in each if SECRET.search(name)]


def test_the_same_assessment_gives_the_same_bytes(
    assessment: Assessment, hostile: Hostile
) -> None:
    assert written(assessment) == written(assessment)
    assert written(hostile("a")) == written(hostile("a"))


def test_the_summary_adds_up(
    result: Builder, run: Run, checks: dict[str, Check[Any]]
) -> None:
    logs = checks["logging.on"]
    results = (
        result(Status.PASS, name="one"),
        result(Status.FAIL, name="two", exemption="Known."),
        result(Status.WARN, check=logs, name="one"),
        result(Status.NOT_ASSESSED, check=logs, name="two"),
        result(Status.FAIL, check=logs, name="three", subscription="other"),
        result(Status.NOT_APPLICABLE, name="four"),
    )
    summary = document(Assessment(run=run, results=results, gaps=()))["summary"]
    # Of 6 + 6 + 1 + 1: 6 and half of 1 are won. Four of five are assessed.
    assert score(summary) == (46.4, 0.8)
    assert summary["statuses"]["fail"] == 2
    assert summary["findings"] == {
        "critical": 0,
        "high": 1,
        "medium": 0,
        "low": 2,
        "informational": 0,
    }
    assert (summary["exempted"], summary["gaps"], summary["resources"]) == (1, 0, 3)
    topics = {each["topic"]: score(each) for each in summary["by_topic"]}
    assert topics == {"api-keys": (50.0, 1.0), "logging": (25.0, 0.6667)}
    scopes = {each["subscription_id"]: each for each in summary["by_subscription"]}
    assert score(scopes.pop("other")) == (0.0, 1.0)
    (main,) = scopes.values()
    assert score(main) == (50.0, 0.75)
    assert main["subscription_name"].startswith("Name of ")
    named = {
        each["resource_id"].rpartition("/")[2]: (*score(each), each["findings"])
        for each in summary["by_resource"]
    }
    assert named == {
        "one": (92.9, 1.0, 1),
        "two": (0.0, 0.5, 1),
        "three": (0.0, 1.0, 1),
    }


@given(
    answers=st.lists(
        st.tuples(
            st.sampled_from(Status),
            st.sampled_from(Severity),
            st.sampled_from(["keys.disabled", "logging.on"]),
            st.sampled_from(["one", "two", "three"]),
            st.sampled_from(["first", "second"]),
        ),
        max_size=20,
    )
)
def test_every_level_counts_every_result(
    result: Builder,
    run: Run,
    checks: dict[str, Check[Any]],
    answers: list[tuple[Status, Severity, str, str, str]],
) -> None:
    results = tuple(
        result(status, severity, check=checks[check], name=name, subscription=scope)
        for status, severity, check, name, scope in answers
    )
    summary = document(Assessment(run=run, results=results, gaps=()))["summary"]
    for level in ("by_topic", "by_subscription"):
        for counted in COUNTED:
            for name, number in summary[counted].items():
                assert number == sum(part[counted][name] for part in summary[level])
    found = sum(summary["findings"].values())
    assert found == sum(part["findings"] for part in summary["by_resource"])
    assert summary["resources"] == len(summary["by_resource"])


def test_no_score_goes_without_its_coverage(assessment: Assessment) -> None:
    scored = [each for each in objects(document(assessment)) if "score" in each]
    assert len(scored) > 3
    for each in scored:
        assert "coverage" in each
        assert each["score"] is None or each["coverage"] is not None


@given(text=st.text(min_size=1, max_size=20))
@example("\x1b[2J\u009b31m\u202e\u2066\u2028\ufeff\x7f")
@example("</script><script>alert(1)</script>")
def test_hostile_text_reads_back_and_steers_nothing(
    hostile: Hostile, text: str
) -> None:
    raw = written(hostile(text)).decode()
    assert {unicodedata.category(c) for c in raw if c != "\n"}.isdisjoint({"Cc", "Cs"})
    assert not set(raw) & set("\u061c\u200e\u200f\u2028\u2029\ufeff")
    assert not re.search("[\u202a-\u202e\u2066-\u2069]", raw)
    parsed = json.loads(raw)
    assert {row["reason"] for row in parsed["results"]} == {text}
    assert parsed["gaps"][0]["scope"] == text
    assert parsed["run"]["scope"] == {text: [text]}


def test_a_lone_surrogate_reads_back(hostile: Hostile) -> None:
    parsed = document(hostile("a\ud800", id="/subscriptions/1"))
    assert parsed["results"][0]["evidence"][0]["value"] == {
        "a\ud800": ["a\ud800", {"deep": "a\ud800"}]
    }


@pytest.mark.parametrize("module", ["xlsxwriter", "rich"])
def test_importing_the_package_is_cheap(module: str) -> None:
    program = f"import sys, reports; sys.exit({module!r} in sys.modules)"
    path = f"import sys; sys.path[:0] = {sys.path!r}; "
    done = subprocess.run(
        [sys.executable, "-c", path + program], check=False, timeout=60
    )
    assert done.returncode == 0
