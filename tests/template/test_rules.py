"""Which events reach which function."""

import copy
import json
import uuid

import pytest

from .pattern import matches
from .stack import ACCOUNT, ROOT

EVENTS = ROOT / "events"
CORPUS = ROOT.parent / "shared" / "corpus"

# Each function's rule, and the sample events it must match.
OWNED = {
    "DetachPolicyFunctionPolicyAttached": {
        "attach-user-policy.json",
        "attach-group-policy.json",
        "attach-role-policy.json",
    },
}
# Each function's rule, and the calls that it takes back when they succeeded.
CALLS = {"DetachPolicyFunctionPolicyAttached": {"AttachUserPolicy", "AttachGroupPolicy", "AttachRolePolicy"}}


def sample(name):
    return json.loads((EVENTS / name).read_text(encoding="utf-8"))


def pattern_of(stack, rule):
    return stack.properties(rule)["EventPattern"]


def samples():
    return sorted({name for names in OWNED.values() for name in names})


def test_every_rule_of_the_stack_is_tested_here(stack):
    assert set(stack.of_type("AWS::Events::Rule")) == set(OWNED) == set(CALLS)


@pytest.mark.parametrize("rule", OWNED)
def test_a_rule_matches_exactly_the_sample_events_of_its_function(stack, rule):
    pattern = pattern_of(stack, rule)
    matched = {path.name for path in EVENTS.glob("*.json") if matches(pattern, sample(path.name))}
    assert matched == OWNED[rule]


@pytest.mark.parametrize("name", samples())
def test_a_call_that_aws_denied_reaches_no_function(stack, name):
    event = sample(name)
    event["detail"]["errorCode"] = "AccessDenied"
    assert reached(stack, event) == []


@pytest.mark.parametrize("name", samples())
@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("account", "999999999999"),
        ("source", "aws.sts"),
        ("source", "my.iam"),
        ("detail-type", "AWS Service Event via CloudTrail"),
        ("detail.eventSource", "sts.amazonaws.com"),
        ("detail.eventName", "DetachUserPolicy"),
        ("detail.eventName", "attachuserpolicy"),
        ("detail.eventName", "PutUserPolicy"),
    ],
)
def test_an_event_that_differs_in_one_of_these_reaches_no_function(stack, name, path, value):
    event = copy.deepcopy(sample(name))
    *outer, last = path.split(".")
    node = event
    for key in outer:
        node = node[key]
    node[last] = value
    assert reached(stack, event) == []


@pytest.mark.parametrize("rule", CALLS)
def test_of_third_party_records_a_rule_matches_exactly_the_successful_calls_of_its_function(stack, rule):
    if not CORPUS.is_dir():
        pytest.skip(f"NOT TESTED against third-party CloudTrail records: there is no {CORPUS}")
    pattern = pattern_of(stack, rule)
    events = list(corpus())
    expected = [where for where, event in events if succeeded(event["detail"], CALLS[rule])]
    assert expected, "the corpus holds no such call any more: the test proves nothing"
    assert [where for where, event in events if matches(pattern, event)] == expected


@pytest.mark.parametrize("rule", OWNED)
def test_a_pattern_fits_into_what_eventbridge_takes(stack, rule):
    pattern = json.dumps(pattern_of(stack, rule), separators=(",", ":"))
    assert len(pattern) <= 2048, "an event pattern has at most 2,048 characters (EventBridge quotas)"


@pytest.mark.parametrize("rule", OWNED)
def test_a_rule_is_enabled_on_the_bus_that_aws_events_arrive_on(stack, rule):
    properties = stack.properties(rule)
    assert properties.get("State", "ENABLED") == "ENABLED"
    assert "EventBusName" not in properties


def reached(stack, event):
    return [rule for rule in stack.of_type("AWS::Events::Rule") if matches(pattern_of(stack, rule), event)]


def succeeded(record, calls):
    return record.get("eventSource") == "iam.amazonaws.com" and record.get("eventName") in calls and "errorCode" not in record


def corpus():
    """Every third-party record, as EventBridge would deliver it to this account."""
    for path in sorted(CORPUS.glob("*/records.ndjson")):
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            record = json.loads(line)
            event = record if "detail-type" in record else wrapped(record)
            yield f"{path.parent.name}:{number}", event | {"account": ACCOUNT, "detail": event.get("detail") or {}}


def wrapped(record):
    kinds = {
        "AwsConsoleSignIn": "AWS Console Sign In via CloudTrail",
        "AwsServiceEvent": "AWS Service Event via CloudTrail",
    }
    return {
        "version": "0",
        "id": str(uuid.uuid4()),
        "detail-type": kinds.get(record.get("eventType"), "AWS API Call via CloudTrail"),
        "source": "aws." + record.get("eventSource", "").split(".")[0],
        "time": record.get("eventTime"),
        "region": record.get("awsRegion"),
        "resources": [],
        "detail": record,
    }
