"""`posture condition`: on a file or standard input, as text or JSON."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Posture = Callable[..., Any]
Refused = Callable[..., str]

BLOBS = "Microsoft.Storage/storageAccounts/blobServices/containers/blobs"
CONTAINER = "Microsoft.Storage/storageAccounts/blobServices/containers:name"
READ = f"{BLOBS}/read"
NAMED = f"@Resource[{CONTAINER}] StringEquals 'public'"
GUARDED = f"(\n  !(ActionMatches{{'{READ}'}})\n  OR\n  {NAMED}\n)"
TAUTOLOGY = f"!(ActionMatches{{'{READ}'}}) OR !(ActionMatches{{'{BLOBS}/write'}})"
SINCE = "@Environment[UtcNow] DateTimeGreaterThan '2020-01-01T00:00:00.0Z'"
OWNER = "8e3af657-a8ff-443c-a75c-2fe8c4bcb635"
ROLES = "Microsoft.Authorization/roleAssignments"
HANDS_OUT = (
    f"!(ActionMatches{{'{ROLES}/write'}}) OR @Request[{ROLES}:RoleDefinitionId] "
    f"ForAnyOfAnyValues:GuidEquals {{{OWNER}}}"
)
COMMANDS = ("explain", "lint", "evaluate")


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., str]:
    """Return a function that writes a file and returns its name."""

    def to(text: object, name: str = "condition.txt") -> str:
        content = text if isinstance(text, str) else json.dumps(text)
        (tmp_path / name).write_text(content, encoding="utf-8")
        return name

    return to


@pytest.fixture
def type_in(monkeypatch: pytest.MonkeyPatch) -> Callable[[bytes], None]:
    """Return a function that puts bytes on standard input."""

    def put(content: bytes) -> None:
        stdin = io.TextIOWrapper(io.BytesIO(content), encoding="ascii")
        monkeypatch.setattr("sys.stdin", stdin)

    return put


# Explain


def test_a_condition_in_words(write: Any, posture: Posture) -> None:
    done = posture("condition", "explain", write(GUARDED))
    assert (done.code, done.err) == (0, "")
    assert done.out.count("\n") == 1
    assert done.out.startswith(f"{READ} is allowed only where ")
    assert "public" in done.out


def test_the_words_as_json(write: Any, posture: Posture) -> None:
    text = f"# mine\n({NAMED}) AND ({SINCE})"
    file = write(text)
    done = posture("condition", "explain", file, "--format", "json")
    found = json.loads(done.out)
    assert len(found["sentences"]) == 2
    [note] = found["notes"]
    assert (note["line"], note["column"]) == (1, 1)
    assert (
        "Note: line 1, column 1: comments" in posture("condition", "explain", file).out
    )


@pytest.mark.parametrize("arguments", [(), ("-",)], ids=["nothing", "dash"])
def test_standard_input(
    arguments: tuple[str, ...], type_in: Any, posture: Posture
) -> None:
    type_in(b"\xef\xbb\xbf" + NAMED.replace("public", "Überall").encode())
    done = posture("condition", "explain", *arguments)
    assert done.code == 0
    assert "Überall" in done.out


# Lint


def test_nothing_wrong(write: Any, posture: Posture) -> None:
    file = write(GUARDED)
    arguments = ("condition", "lint", file, "--data-action", READ)
    done = posture(*arguments)
    assert (done.code, done.out) == (0, "condition.txt: nothing found\n")
    done = posture(*arguments, "--format", "json")
    assert (done.code, json.loads(done.out)) == (0, [])


def test_a_fault_with_its_place(write: Any, posture: Posture) -> None:
    file = write(f"# one\n{TAUTOLOGY}")
    done = posture("condition", "lint", file, "--format", "json")
    faults = json.loads(done.out)
    assert done.code == 1
    assert {each["line"] for each in faults} == {2}
    for fault in faults:
        assert list(fault) == ["check_id", "line", "column", "message"]
    lines = posture("condition", "lint", file).out.splitlines()
    assert lines == [
        f"condition.txt, line {each['line']}, column {each['column']}: "
        f"{each['check_id']}: {each['message']}"
        for each in faults
    ]


def ids(done: Any) -> set[str]:
    return {each["check_id"] for each in json.loads(done.out)}


def test_a_tautology(write: Any, posture: Posture) -> None:
    done = posture("condition", "lint", write(TAUTOLOGY), "--format", "json")
    assert done.code == 1
    assert "abac-or-tautology" in ids(done)


def test_the_role_it_is_judged_with(write: Any, posture: Posture) -> None:
    lint = ("condition", "lint", write(GUARDED), "--format", "json")
    open_ones = ("--data-action", f"{BLOBS}/write", "--data-action", READ)
    assert "abac-action-coverage" in ids(posture(*lint, *open_ones))
    assert "abac-action-coverage" not in ids(posture(*lint, *open_ones[2:]))
    excepted = ("--not-data-action", f"{BLOBS}/write", "--not-action", "*")
    assert "abac-action-coverage" not in ids(posture(*lint, *open_ones, *excepted))


def test_the_version(write: Any, posture: Posture) -> None:
    lint = ("condition", "lint", write(GUARDED), "--format", "json")
    assert "abac-version" in ids(posture(*lint, "--condition-version", "1.0"))
    assert "abac-version" not in ids(posture(*lint, "--condition-version", "2.0"))


def test_the_roles_not_to_be_handed_out(
    write: Any, posture: Posture, refused: Refused
) -> None:
    lint = ("condition", "lint", write(HANDS_OUT), "--action", f"{ROLES}/write")
    with_owner = posture(*lint, "--privileged", OWNER, "--format", "json")
    assert with_owner.code == 1
    assert ids(with_owner) - ids(posture(*lint, "--format", "json"))
    assert "--privileged 'Owner'" in refused(*lint, "--privileged", "Owner")


def test_what_cannot_be_parsed_is_a_fault_and_an_error(
    write: Any, posture: Posture
) -> None:
    done = posture("condition", "lint", write("(\n  true"), "--format", "json")
    assert done.code == 2
    assert "abac-parse" in ids(done)
    assert done.err.startswith("posture: condition.txt, line 2, column ")


# Evaluate


@pytest.mark.parametrize(
    ("resource", "result"),
    [
        ({CONTAINER: "public"}, "true"),
        ({CONTAINER: "secret"}, "false"),
        ({}, "false"),
    ],
)
def test_a_request(
    resource: dict[str, Any], result: str, write: Any, posture: Posture
) -> None:
    request = {
        "action": READ,
        "sub_operation": None,
        "request": {},
        "resource": resource,
        "principal": {},
        "environment": {},
    }
    asked = ("--request", write(request, "request.json"))
    evaluate = ("condition", "evaluate", write(GUARDED), *asked)
    done = posture(*evaluate, "--format", "json")
    assert (done.code, json.loads(done.out), done.err) == (0, {"result": result}, "")
    assert posture(*evaluate).out == f"{result}\n"


def test_what_is_not_known(write: Any, posture: Posture) -> None:
    file = write("@Resource[a] NoSuchOperator 'x'")
    done = posture("condition", "evaluate", file, "--action", READ)
    assert (done.code, done.out) == (0, "unknown\n")


def test_options_go_before_the_file(write: Any, posture: Posture) -> None:
    file = write("SubOperationMatches{'Blob.List'} AND ActionMatches{'a/read'}")
    request = write({"action": "b/read", "sub_operation": "x"}, "request.json")
    evaluate = ("condition", "evaluate", file, "--request", request)
    assert posture(*evaluate).out == "false\n"
    options = ("--action", "a/read", "--sub-operation", "Blob.List")
    assert posture(*evaluate, *options).out == "true\n"
    assert posture("condition", "evaluate", file, *options).out == "true\n"


@pytest.mark.parametrize(
    ("value", "result"),
    [(7, "true"), (7.0, "true"), (8, "false"), ([7], "true"), (None, "false")],
)
def test_values(value: Any, result: str, write: Any, posture: Posture) -> None:
    request = {"action": READ, "request": {"n": value}}
    file = write("@Request[n] NumericEquals 7")
    asked = ("--request", write(request, "request.json"))
    assert posture("condition", "evaluate", file, *asked).out == f"{result}\n"


def test_the_request_on_standard_input(
    write: Any, type_in: Any, posture: Posture, refused: Refused
) -> None:
    type_in(json.dumps({"action": READ, "resource": {CONTAINER: "public"}}).encode())
    evaluate = ("condition", "evaluate")
    done = posture(*evaluate, write(GUARDED), "--request", "-")
    assert done.out == "true\n"
    assert "both" in refused(*evaluate, "--request", "-")


def test_the_current_time(write: Any, posture: Posture) -> None:
    evaluate = ("condition", "evaluate", write(SINCE), "--action", READ)
    done = posture(*evaluate)
    assert (done.code, done.out) == (0, "true\n")
    assert re.search(r"UtcNow\] was not given: it is 20\d\d-\d\d-\d\dT", done.err)
    assert posture(*evaluate, "--format", "json").err == ""


@pytest.mark.parametrize("name", ["UtcNow", "utcnow"])
@pytest.mark.parametrize("value", ["2019-01-01T00:00:00Z", None])
def test_a_given_time(
    name: str, value: str | None, write: Any, posture: Posture
) -> None:
    request = {"action": READ, "environment": {name: value}}
    asked = ("--request", write(request, "request.json"))
    done = posture("condition", "evaluate", write(SINCE), *asked)
    assert (done.code, done.out, done.err) == (0, "false\n", "")


@pytest.mark.parametrize("request_", [{}, {"environment": {}}])
def test_a_time_that_a_request_leaves_out_is_absent(
    request_: dict[str, Any], write: Any, posture: Posture
) -> None:
    asked = ("--request", write({"action": READ, **request_}, "request.json"))
    evaluate = ("condition", "evaluate", write(SINCE), *asked)
    done = posture(*evaluate)
    assert (done.code, done.out, done.err) == (0, "false\n", "")
    assert posture(*evaluate, "--action", READ).out == "false\n"


def test_no_word_of_a_time_that_is_not_asked_for(write: Any, posture: Posture) -> None:
    done = posture("condition", "evaluate", write(GUARDED), "--action", READ)
    assert done.err == ""


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ({"resource": {}}, "'action' is missing"),
        ({"action": 7}, "'action' must be a string"),
        ({"action": READ, "sub_operation": []}, "'sub_operation' must be a string"),
        ({"action": READ, "resources": {}}, "unknown key 'resources'"),
        ({"action": READ, "principal": []}, "'principal' must be an object"),
        ({"action": READ, "resource": {"k": {}}}, "resource['k'] must be"),
        ({"action": READ, "resource": {"k": [None]}}, "resource['k'] must be"),
        ({"action": READ, "resource": {"k": [[1]]}}, "resource['k'] must be"),
        ([], "is no JSON object"),
        ("{'action': 1}", "is no JSON: "),
        ("", "is no JSON: "),
        ("[" * 50_000, "is no JSON: "),
        ('{"action": 1e999}', "is no JSON: "),
    ],
)
def test_a_wrong_request(
    document: object, said: str, write: Any, refused: Refused
) -> None:
    asked = ("--request", write(document, "request.json"))
    line = refused("condition", "evaluate", write(GUARDED), *asked)
    assert line.startswith("posture: request.json")
    assert said in line


def test_a_request_without_an_action(write: Any, refused: Refused) -> None:
    assert "--action" in refused("condition", "evaluate", write(GUARDED))


# What is no condition


def run(command: str, *arguments: object) -> tuple[object, ...]:
    action = ("--action", READ) if command == "evaluate" else ()
    return ("condition", command, *arguments, *action)


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("", "line 1, column 1: expected"),
        ("true AND\n  ]", "line 2, column 3: "),
        ("(" * 1000 + "true" + ")" * 1000, "levels of nesting"),
        ("\n\x07\u202e\x7f \x1b\x9b1m", "line 2, column "),
    ],
    ids=["nothing", "wrong", "deep", "hostile"],
)
def test_a_parse_error(
    command: str, text: str, place: str, write: Any, refused: Refused
) -> None:
    line = refused(*run(command, write(text)))
    assert line.startswith("posture: condition.txt, line ")
    assert place in line
    assert line.isprintable()


def test_a_parse_error_of_standard_input(type_in: Any, refused: Refused) -> None:
    type_in(b"(")
    assert "standard input, line 1, column 2" in refused("condition", "explain")


@pytest.mark.parametrize("command", COMMANDS)
def test_files_that_cannot_be_read(
    command: str, refused: Refused, type_in: Any, tmp_path: Path
) -> None:
    assert "none.txt cannot be read: No such" in refused(*run(command, "none.txt"))
    assert "cannot be read" in refused(*run(command, tmp_path))
    (tmp_path / "latin").write_bytes(b"'\xfc'")
    assert "latin is no text in UTF-8" in refused(*run(command, "latin"))
    (tmp_path / "large").write_bytes(b" " * (1024 * 1024 + 1))
    assert "large is larger than 64 KiB" in refused(*run(command, "large"))
    type_in(b" " * (1024 * 1024 + 1))
    assert "standard input is larger" in refused(*run(command))


def test_a_closed_standard_input(
    refused: Refused, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", None)
    assert "standard input cannot be read: it is closed" in refused("condition", "lint")


@pytest.mark.parametrize("command", COMMANDS)
def test_nothing_reaches_the_terminal_but_text(
    command: str, write: Any, posture: Posture
) -> None:
    text = "@Resource[a] StringEquals 'x\x1b]0;owned\x07\u202e\r\n\x7fy'"
    done = posture(*run(command, write(text)))
    told = (done.out + done.err).splitlines()
    assert told
    assert all(line.isprintable() for line in told)


# Help


@pytest.mark.parametrize("command", ["", *COMMANDS])
def test_help(command: str, posture: Posture, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    given = ("condition", *filter(None, [command]))
    done = posture(*given, "--help")
    assert (done.code, done.err) == (0, "")
    assert max(map(len, done.out.splitlines())) <= 80
    assert posture(*given, "-h").out == done.out


def test_wrong_usage(refused: Refused) -> None:
    for arguments in (["what"], ["lint", "--format", "pdf"], ["lint", "a", "b"]):
        assert "--help` shows" in refused("condition", *arguments)
