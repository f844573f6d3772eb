"""No event is lost: a function judges it, or it waits in a queue that an alarm watches."""

import json

import pytest

from .stack import translate

FUNCTIONS = sorted(translate().functions())
FOURTEEN_DAYS = 14 * 24 * 60 * 60


def rules_for(stack, function, rules):
    arn = stack.arn(function)
    return {name: t for name, rule in rules.items() for t in rule["Targets"] if t["Arn"] == arn}


@pytest.mark.parametrize("function", FUNCTIONS)
def test_only_its_own_rules_may_invoke_a_function(stack, function):
    permissions = stack.of_type("AWS::Lambda::Permission").values()
    granted = [p for p in permissions if p["FunctionName"] == stack.name(function)]
    assert {p["SourceArn"] for p in granted} == {stack.arn(rule) for rule in rules_for(stack, function, stack.of_type("AWS::Events::Rule"))}
    assert {(p["Principal"], p["Action"]) for p in granted} == {("events.amazonaws.com", "lambda:InvokeFunction")}


@pytest.mark.parametrize("function", FUNCTIONS)
def test_an_event_that_never_reaches_the_function_lands_in_a_queue(stack, function):
    targets = [target for rule in stack.rules_of(function) for target in stack.rules()[rule]["Targets"]]
    assert targets
    for target in targets:
        assert target["DeadLetterConfig"] == {"Arn": stack.arn("UndeliveredEvents")}
        assert target["RetryPolicy"] == {"MaximumEventAgeInSeconds": 86400, "MaximumRetryAttempts": 185}


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_tick_comes_every_five_minutes_and_one_that_is_lost_waits_in_no_queue(stack, function):
    rule = stack.properties(f"{function}Tick")
    assert (rule["ScheduleExpression"], rule["State"], "EventPattern" in rule) == ("rate(5 minutes)", "ENABLED", False)
    target, = rule["Targets"]
    assert (target["Arn"], target["RetryPolicy"]) == (stack.arn(function), {"MaximumRetryAttempts": 0})
    # A function knows a tick by what EventBridge says of it.
    assert {"DeadLetterConfig", "Input", "InputPath", "InputTransformer"}.isdisjoint(target)


@pytest.mark.parametrize("function", FUNCTIONS)
def test_an_event_that_the_function_fails_on_is_tried_twice_more_and_lands_in_another_queue(stack, function):
    config = invocation(stack, function)
    assert (config["MaximumRetryAttempts"], config["MaximumEventAgeInSeconds"]) == (2, 21600)
    assert config["DestinationConfig"] == {"OnFailure": {"Destination": stack.arn("FailedEvents")}}


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_function_waits_for_the_permissions_and_denials_that_every_function_has(stack, function):
    # The permission to fill the queue is in the role itself, and SAM makes the function wait for its role.
    assert stack.resources[function]["DependsOn"] == ["EveryFunctionPolicy", "LedgerPolicy"]


def test_no_function_hears_of_another_ones_results(stack):
    for rule in stack.rules().values():
        pattern = json.dumps(rule["EventPattern"])
        assert '"lambda"' not in pattern and "Invocation Result" not in pattern


def test_only_the_rules_of_this_stack_may_fill_the_queue_of_undelivered_events(stack):
    allowed = [s for s in queue_policy(stack, "UndeliveredEvents") if s["Effect"] == "Allow"]
    statement, = allowed
    assert statement["Principal"] == {"Service": "events.amazonaws.com"}
    assert statement["Action"] == "sqs:SendMessage"
    rules = stack.rules()
    assert set(statement["Condition"]["ArnEquals"]["aws:SourceArn"]) == {stack.arn(rule) for rule in rules}


def test_the_queue_of_failed_events_lets_nobody_in_by_itself(stack):
    assert [s for s in queue_policy(stack, "FailedEvents") if s["Effect"] == "Allow"] == []


@pytest.mark.parametrize("queue", ["UndeliveredEvents", "FailedEvents"])
def test_a_failure_queue_is_encrypted_and_keeps_events_for_as_long_as_it_can(stack, queue):
    assert stack.properties(queue) == {"SqsManagedSseEnabled": True, "MessageRetentionPeriod": FOURTEEN_DAYS}
    refused = [s for s in queue_policy(stack, queue) if s["Effect"] == "Deny"]
    assert [s["Condition"] for s in refused] == [{"Bool": {"aws:SecureTransport": "false"}}]


@pytest.mark.parametrize("function", [f for f in FUNCTIONS if translate().queues_of(f)])
def test_a_queue_that_feeds_a_function_holds_each_event_back_for_two_minutes_and_loses_none(stack, function):
    queue, = stack.queues_of(function)
    properties, timeout = stack.properties(queue), stack.functions()[function]["Timeout"]
    assert (properties["DelaySeconds"], properties["MessageRetentionPeriod"], properties["SqsManagedSseEnabled"]) == (120, FOURTEEN_DAYS, True)
    assert properties["VisibilityTimeout"] >= 6 * timeout, "Lambda developer guide, Configuring an Amazon SQS queue for use as an event source"
    assert properties["RedrivePolicy"] == {"deadLetterTargetArn": stack.arn("FailedEvents"), "maxReceiveCount": 3}
    mapping, = stack.of_type("AWS::Lambda::EventSourceMapping").values()
    assert (mapping["EventSourceArn"], mapping["BatchSize"]) == (stack.arn(queue), 1), "one that fails fails alone"


@pytest.mark.parametrize("function", [f for f in FUNCTIONS if translate().queues_of(f)])
def test_only_the_rule_of_a_function_may_fill_the_queue_that_feeds_it(stack, function):
    queue, = stack.queues_of(function)
    rule, = map(stack.arn, stack.rules_of(function))
    allowed, refused, in_the_clear = queue_policy(stack, queue)
    assert (allowed["Effect"], allowed["Principal"], allowed["Action"]) == ("Allow", {"Service": "events.amazonaws.com"}, "sqs:SendMessage")
    assert allowed["Condition"] == {"ArnEquals": {"aws:SourceArn": rule}}
    assert (refused["Effect"], refused["Principal"], refused["Action"]) == ("Deny", "*", "sqs:SendMessage")
    assert refused["Condition"] == {"ArnNotEquals": {"aws:SourceArn": rule}}
    assert (in_the_clear["Effect"], in_the_clear["Condition"]) == ("Deny", {"Bool": {"aws:SecureTransport": "false"}})


def queue_policy(stack, queue):
    url = stack.identities[queue]["Ref"]
    policies = stack.of_type("AWS::SQS::QueuePolicy").values()
    policy, = (p for p in policies if p["Queues"] == [url])
    return policy["PolicyDocument"]["Statement"]


def invocation(stack, function):
    configs = stack.of_type("AWS::Lambda::EventInvokeConfig").values()
    config, = (c for c in configs if c["FunctionName"] == stack.name(function))
    return config
