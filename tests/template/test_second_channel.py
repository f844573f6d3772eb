"""Alarms have a channel that shares nothing with the notices', and act on what changes."""

import json
import re

import pytest

from .series import rings
from .stack import ACCOUNT, logical_id, translate

ALARMS = sorted(translate().of_type("AWS::CloudWatch::Alarm"))
FUNCTIONS = sorted(translate().functions())
QUEUES = {"UndeliveredEventsWaiting": "UndeliveredEvents", "FailedEventsWaiting": "FailedEvents"}
HOUR = 60


def statements_of(stack, topic):
    policy, = (p for p in stack.of_type("AWS::SNS::TopicPolicy").values() if p["Topics"] == [stack.identities[topic]["Ref"]])
    return policy["PolicyDocument"]["Statement"]


@pytest.mark.parametrize("name", ALARMS)
def test_every_alarm_goes_to_the_second_channel_and_nowhere_else(stack, name):
    alarm, topic = stack.properties(name), stack.identities["AlarmTopic"]["Ref"]
    assert alarm["AlarmActions"] == [topic]
    assert alarm.get("OKActions", [topic]) == [topic] and "InsufficientDataActions" not in alarm


def test_the_second_channel_takes_alarms_of_this_stack_and_nothing_in_the_clear(stack):
    allow, deny = statements_of(stack, "AlarmTopic")
    assert (allow["Effect"], allow["Action"], allow["Principal"]) == ("Allow", "sns:Publish", {"Service": "cloudwatch.amazonaws.com"})
    assert allow["Condition"] == {
        "StringEquals": {"aws:SourceAccount": ACCOUNT},
        "ArnLike": {"aws:SourceArn": f"arn:aws:cloudwatch:us-east-1:{ACCOUNT}:alarm:rescind-*"},
    }
    assert (deny["Effect"], deny["Principal"], deny["Condition"]) == ("Deny", "*", {"Bool": {"aws:SecureTransport": "false"}})
    assert {stack.name(name).startswith("rescind-") for name in ALARMS} == {True}


def test_the_second_channel_has_no_key_that_somebody_could_disable(stack):
    assert "KmsMasterKeyId" not in stack.properties("AlarmTopic")
    for key in stack.of_type("AWS::KMS::Key"):
        assert "cloudwatch" not in json.dumps(stack.properties(key)), "no key is used by alarms"


def test_the_two_channels_share_nothing(full_stack):
    """Nothing that belongs to one topic names the other one, or anything of the other's."""
    topics = {name: full_stack.identities[name]["Ref"] for name in ("NoticeTopic", "AlarmTopic")}
    for mine, other in (("NoticeTopic", "AlarmTopic"), ("AlarmTopic", "NoticeTopic")):
        parts = [mine, *(name for name, r in full_stack.resources.items() if r["Type"].startswith("AWS::SNS::") and topics[mine] in json.dumps(r))]
        assert len(parts) == 3, "the topic, its policy, its subscription"
        assert topics[other] not in json.dumps([full_stack.resources[name] for name in parts])
    endpoints = [s["Endpoint"] for s in full_stack.of_type("AWS::SNS::Subscription").values()]
    assert sorted(endpoints) == ["on-call@example.com", "security@example.com"]


def test_an_address_for_alarms_is_subscribed_only_when_given():
    assert translate().of_type("AWS::SNS::Subscription") == {}
    subscription, = translate(AlarmEmail="on-call@example.com").of_type("AWS::SNS::Subscription").values()
    assert (subscription["Protocol"], subscription["Endpoint"]) == ("email", "on-call@example.com")
    assert subscription["TopicArn"] == translate().identities["AlarmTopic"]["Ref"]


# Alarms act when their state changes. What could keep a state, and so keep the next failure from ringing?


@pytest.fixture(params=QUEUES)
def queue(request, stack):
    """An alarm about a failure queue."""
    alarm = stack.properties(request.param)
    named = {m["MetricStat"]["Metric"]["Dimensions"][0]["Value"] for m in alarm["Metrics"] if "MetricStat" in m}
    assert named == {stack.name(QUEUES[request.param])}
    return alarm


def always(value, since=0):
    return dict.fromkeys(range(since, HOUR), value)


def test_the_metrics_of_a_failure_queue_are_what_their_ids_say(queue):
    stats = {m["Id"]: (m["MetricStat"]["Metric"]["MetricName"], m["MetricStat"]["Stat"], m["MetricStat"]["Period"]) for m in queue["Metrics"] if "MetricStat" in m}
    assert stats == {
        "sent": ("NumberOfMessagesSent", "Sum", 60),
        "visible": ("ApproximateNumberOfMessagesVisible", "Maximum", 60),
        "hidden": ("ApproximateNumberOfMessagesNotVisible", "Maximum", 60),
    }


def test_an_old_message_does_not_keep_the_next_one_from_ringing(queue):
    assert rings(queue, HOUR, visible=always(1) | always(2, since=40), sent={40: 1}) == [40]
    assert rings(queue, HOUR, sent={2: 1, 40: 1}, visible=always(1, since=2) | always(2, since=40)) == [2, 40]


def test_a_message_that_only_waits_rings_nothing(queue):
    assert rings(queue, HOUR, visible=always(3)) == []


def test_what_sqs_moves_there_itself_rings_although_nothing_was_sent(queue):
    assert rings(queue, HOUR, visible=always(1, since=30)) == [30]


def test_a_message_that_somebody_looks_at_rings_nothing(queue):
    looked_at = {30: 0, 31: 0, 32: 0}
    assert rings(queue, HOUR, visible=always(1) | looked_at, hidden={30: 1, 31: 1, 32: 1}) == []


def test_what_is_sent_again_and_deleted_rings_nothing(queue):
    assert rings(queue, HOUR, visible=always(2) | always(1, since=20) | always(0, since=40)) == []


def test_metrics_that_come_a_quarter_of_an_hour_late_are_still_looked_at(queue):
    assert queue["EvaluationPeriods"] * 60 > 15 * 60, 'SQS developer guide, "Monitoring Amazon SQS queues using CloudWatch"'
    assert queue["DatapointsToAlarm"] == 1


@pytest.mark.parametrize("name", QUEUES)
def test_the_alarm_about_a_queue_says_how_to_send_again_what_waits(name):
    assert '"rescind redrive --stack of-tests" shows what waits and sends again' in translate(stack_name="of-tests").properties(name)["AlarmDescription"]


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_function_in_trouble_rings_again_once_some_minutes_have_passed_without(stack, function):
    alarm = stack.properties(f"{function.removesuffix('Function')}NotKeepingUp")
    metrics = [m["Id"] for m in alarm["Metrics"] if "MetricStat" in m]
    assert {"errors", "throttles", "age", "unsent", "undelivered"} <= set(metrics)
    for metric in metrics:
        assert rings(alarm, 12, **{metric: {2: 300_001, 3: 300_001, 8: 300_001}}) == [2, 8], metric


@pytest.mark.parametrize("name", ["NotTakenBack", *(f"{function.removesuffix('Function')}NotKeepingUp" for function in FUNCTIONS)])
def test_a_metric_that_is_dated_back_to_the_start_of_a_long_invocation_still_rings(stack, name):
    """What happened in the minute in which an invocation began comes up to a time-out and a minute later."""
    timeout = max(function["Timeout"] for function in stack.functions().values())
    alarm = stack.properties(name)
    assert (alarm["DatapointsToAlarm"], {m["MetricStat"]["Period"] for m in alarm["Metrics"] if "MetricStat" in m}) == (1, {60})
    assert (alarm["EvaluationPeriods"] - 1) * 60 >= timeout + 120


@pytest.mark.parametrize("function", [f for f in FUNCTIONS if translate().queues_of(f)])
def test_the_one_metric_that_lasts_ends_when_sqs_moves_the_message_on(stack, function):
    queue, = map(stack.properties, stack.queues_of(function))
    assert queue["RedrivePolicy"]["deadLetterTargetArn"] == stack.arn("FailedEvents"), "there it rings as one that arrives"
    longest = queue["DelaySeconds"] + queue["RedrivePolicy"]["maxReceiveCount"] * queue["VisibilityTimeout"]
    assert longest <= 30 * 60


@pytest.mark.parametrize("function", FUNCTIONS)
def test_an_invocation_that_no_rule_made_rings_again_after_half_an_hour(stack, function):
    alarm = stack.properties(f"{function.removesuffix('Function')}Uninvited")
    assert len(rings(alarm, 20, invocations={2: 1, 9: 1})) == 2


@pytest.mark.parametrize("metric", ["failed", "unremediable"])
def test_a_case_that_was_not_taken_back_rings_each_time(stack, metric):
    assert rings(stack.properties("NotTakenBack"), 12, **{metric: {2: 1, 8: 3}}) == [2, 8]


@pytest.mark.parametrize("days", [30, 7])
def test_each_further_exemption_that_ends_rings_and_one_that_goes_on_ending_does_not(stack, days):
    alarm = stack.properties(f"ExemptionEndsIn{days}Days")
    metric, = (m["MetricStat"] for m in alarm["Metrics"] if "MetricStat" in m)
    assert metric["Metric"] == {"Namespace": "Rescind", "MetricName": "ExemptionsEnding", "Dimensions": [{"Name": "Within", "Value": f"{days} days"}]}
    assert (metric["Stat"], metric["Period"]) == ("Maximum", 86400)
    assert metric["Period"] * alarm["EvaluationPeriods"] <= 7 * 86400, "CloudWatch looks back seven days at most"
    first, both = dict.fromkeys(range(3, 20), 1), dict.fromkeys(range(10, 20), 2)
    assert rings(alarm, 20, ending=first) == [3]
    assert rings(alarm, 20, ending=first | both) == [3, 10]


def test_no_other_alarm_is_there_that_nobody_has_thought_about():
    """An alarm of another kind needs an argument here: what ends its state, and what rings while it lasts?"""
    argued = {*QUEUES, "NotTakenBack", "ExemptionEndsIn30Days", "ExemptionEndsIn7Days"}
    # No event at all is one trouble for as long as it lasts, and its end is reported as well.
    argued |= {"NoHeartbeat"}
    of_functions = {name for name in ALARMS if re.sub("(NotKeepingUp|Uninvited)$", "Function", name) in FUNCTIONS}
    assert set(ALARMS) == argued | of_functions
    assert "OKActions" in translate().properties("NoHeartbeat")
    assert of_functions == {f"{logical_id(f).removesuffix('Function')}{kind}" for f in map(folder, FUNCTIONS) for kind in ("NotKeepingUp", "Uninvited")}


def folder(function):
    return translate().functions()[function]["FunctionName"].removeprefix("rescind-")
