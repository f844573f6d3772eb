"""The runbook has every alarm of the template and every type of error that a function returns, and nothing else."""

import re

import pytest

from .stack import ROOT, translate

RUNBOOK = (ROOT / "docs" / "runbook.md").read_text(encoding="utf-8")
SECTIONS = dict(re.findall(r"^### `([^`]+)`\n\n(.+?)(?=\n#|\Z)", RUNBOOK, re.MULTILINE | re.DOTALL))
FUNCTIONS = [f["FunctionName"].removeprefix("rescind-") for f in translate().functions().values()]


def of_the_template():
    """The names of the alarms, those of each function as one."""
    names = {alarm["AlarmName"].removeprefix("rescind-") for alarm in translate().of_type("AWS::CloudWatch::Alarm").values()}
    for function in FUNCTIONS:
        assert {function, f"{function}-uninvited"} <= names
        names -= {function, f"{function}-uninvited"}
    return {f"<stack>-{name}" for name in names} | {"<stack>-<function>", "<stack>-<function>-uninvited"}


def of_the_code():
    """The types of errors that the code names."""
    remedy = ROOT / "shared" / "remedy" / "src"
    return {kind for file in remedy.rglob("*.rs") for kind in re.findall(r'"((?:Final|Retryable)\.\w+)"', file.read_text(encoding="utf-8"))}


def test_every_alarm_has_a_section_and_every_section_an_alarm():
    assert {title for title in SECTIONS if title.startswith("<stack>")} == of_the_template()


def test_every_type_of_error_has_a_section_and_every_section_an_error():
    assert len(of_the_code()) > 8
    assert {title for title in SECTIONS if not title.startswith("<stack>")} == of_the_code()


@pytest.mark.parametrize("title", SECTIONS)
def test_a_section_says_something(title):
    assert len(SECTIONS[title]) > (20 if title.endswith("7-days") else 80)


@pytest.mark.parametrize("word", ["ERRORS", "THROTTLED", "LATE", "LOST", "CALLED", "SENT"])
def test_the_runbook_has_the_reasons_that_an_alarms_value_sums_up(word):
    texts = [alarm["AlarmDescription"] for alarm in translate().of_type("AWS::CloudWatch::Alarm").values()]
    digit, = {found for text in texts for found in re.findall(rf"^(\d+) {word}:", text, re.MULTILINE)}
    assert re.search(rf"^\| {digit} \| {word}:", RUNBOOK, re.MULTILINE)


def test_a_text_that_names_a_document_names_one_that_is_there():
    named = {path for text in map(str, translate().resources.values()) for path in re.findall(r"docs/[\w-]+\.\w+", text)}
    assert "docs/runbook.md" in named
    assert [path for path in named if not (ROOT / path).is_file()] == []
