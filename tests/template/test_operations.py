"""What `rescind doctor` and `rescind redrive` know of the template: names of parts, and which function a rule belongs to."""

import re

import pytest
from lab import stack as laboratory

from .stack import ROOT

CODE = "\n".join(path.read_text() for folder in ("doctor", "redrive") for path in (ROOT / "cli" / "src" / folder).rglob("*.rs"))
PARTS = {
    "AWS::DynamoDB::Table": {"Ledger"},
    "AWS::Events::Rule": {"QuarantineKeyFunctionIamChanged"},
    "AWS::SNS::Topic": {"NoticeTopic"},
    "AWS::SQS::Queue": {"FailedEvents", "UndeliveredEvents"},
}


@pytest.mark.parametrize("kind", PARTS)
def test_a_part_that_the_commands_name_is_in_the_template(stack, kind):
    for part in PARTS[kind]:
        assert f'"{part}"' in CODE, "the commands name it no more"
        assert part in stack.of_type(kind)


def test_every_rule_delivers_to_the_function_whose_name_it_begins_with_or_to_a_queue_that_feeds_it(stack):
    for rule, properties in stack.of_type("AWS::Events::Rule").items():
        function = max((name for name in stack.functions() if rule.startswith(name)), key=len)
        inlets = {stack.arn(function), *map(stack.arn, stack.queues_of(function))}
        assert {target["Arn"] for target in properties["Targets"]} <= inlets, rule


def test_every_rule_that_runs_on_no_schedule_keeps_what_it_cannot_deliver(stack):
    for rule, properties in stack.of_type("AWS::Events::Rule").items():
        kept = {target.get("DeadLetterConfig", {}).get("Arn") for target in properties["Targets"]}
        assert kept == ({None} if "ScheduleExpression" in properties else {stack.arn("UndeliveredEvents")}), rule


def test_every_function_says_its_mode_and_its_role_allows_it_something_of_its_own(stack):
    for function, properties in stack.functions().items():
        assert properties["Environment"]["Variables"]["MODE"] == "observe"
        own = [statement for policy in stack.properties(stack.role_of(function))["Policies"] for statement in policy["PolicyDocument"]["Statement"]]
        assert any(statement["Effect"] == "Allow" and "*" not in "".join(statement["Action"]) for statement in own), function


def test_the_laboratory_s_stack_has_the_names_of_the_template(stack):
    made = laboratory.template(alarm_topic=False)["Resources"]
    for name, part in made.items():
        assert stack.resources[name]["Type"] == part["Type"]
    for alarm, name in laboratory.ALARMS.items():
        assert stack.properties(alarm)["AlarmName"] == f"rescind-{name}"
    assert all(re.fullmatch(r"[A-Za-z0-9]+", name) for name in made)
