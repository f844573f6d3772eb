"""The topic, and the alarms that speak when Rescind itself is in trouble."""

import pytest

from .stack import ACCOUNT, translate

FUNCTIONS = sorted(translate().functions())
ALARMS = sorted(translate().of_type("AWS::CloudWatch::Alarm"))
FROM_OUR_ALARMS = {
    "StringEquals": {"aws:SourceAccount": ACCOUNT},
    "ArnLike": {"aws:SourceArn": f"arn:aws:cloudwatch:us-east-1:{ACCOUNT}:alarm:*"},
}


def metrics(alarm):
    """What an alarm looks at: (namespace, metric, dimension values)."""
    plain = [alarm] if "MetricName" in alarm else [m["MetricStat"]["Metric"] for m in alarm["Metrics"] if "MetricStat" in m]
    return {(m["Namespace"], m["MetricName"], *(d["Value"] for d in m["Dimensions"])) for m in plain}


def watched(stack):
    return {m for alarm in stack.of_type("AWS::CloudWatch::Alarm").values() for m in metrics(alarm)}


def test_notices_are_encrypted_under_a_key_that_rotates(stack):
    assert stack.properties("NoticeTopic")["KmsMasterKeyId"] == stack.identities["NoticeKey"]["Ref"]
    assert stack.properties("NoticeKey")["EnableKeyRotation"] is True


def test_the_topic_takes_alarms_of_this_account_and_nothing_in_the_clear(stack):
    policy, = stack.of_type("AWS::SNS::TopicPolicy").values()
    allow, deny = policy["PolicyDocument"]["Statement"]
    assert (allow["Effect"], allow["Action"]) == ("Allow", "sns:Publish")
    assert (allow["Principal"], allow["Condition"]) == ({"Service": "cloudwatch.amazonaws.com"}, FROM_OUR_ALARMS)
    assert (deny["Effect"], deny["Principal"], deny["Action"]) == ("Deny", "*", "sns:Publish")
    assert deny["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


def test_the_key_opens_to_this_account_and_its_alarms_alone(stack):
    account, alarms = stack.properties("NoticeKey")["KeyPolicy"]["Statement"]
    assert account["Principal"] == {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}
    assert alarms["Principal"] == {"Service": "cloudwatch.amazonaws.com"}
    assert alarms["Action"] == ["kms:GenerateDataKey", "kms:Decrypt"]
    assert alarms["Condition"] == FROM_OUR_ALARMS


def test_an_email_address_is_subscribed_only_when_given(stack, full_stack):
    assert stack.of_type("AWS::SNS::Subscription") == {}
    subscription, = full_stack.of_type("AWS::SNS::Subscription").values()
    assert (subscription["Protocol"], subscription["Endpoint"]) == ("email", "security@example.com")


@pytest.mark.parametrize("function", FUNCTIONS)
@pytest.mark.parametrize("metric", ["Errors", "Throttles", "AsyncEventAge", "DestinationDeliveryFailures"])
def test_every_function_is_watched(stack, function, metric):
    assert ("AWS/Lambda", metric, stack.name(function)) in watched(stack)


def test_every_rule_is_watched_for_events_that_no_queue_took(stack):
    for rule in stack.of_type("AWS::Events::Rule"):
        assert ("AWS/Events", "InvocationsFailedToBeSentToDlq", stack.name(rule)) in watched(stack)


@pytest.mark.parametrize("name", [a for a in ALARMS if a.endswith("LostEvents")])
def test_an_alarm_about_lost_events_adds_up_all_that_it_watches(stack, name):
    total, *parts = stack.properties(name)["Metrics"]
    assert total["Expression"] == " + ".join(f"FILL({part['Id']}, 0)" for part in parts)
    assert [m["Id"] for m in (total, *parts) if m["ReturnData"]] == [total["Id"]]


@pytest.mark.parametrize("queue", ["UndeliveredEvents", "FailedEvents"])
def test_one_message_in_a_failure_queue_is_an_alarm(stack, queue):
    alarm = watching(stack, ("AWS/SQS", "ApproximateNumberOfMessagesVisible", stack.name(queue)))
    assert (alarm["Threshold"], alarm["ComparisonOperator"]) == (0, "GreaterThanThreshold")


@pytest.mark.parametrize("outcome", ["failed", "unremediable"])
def test_a_case_that_was_not_taken_back_is_an_alarm(stack, outcome):
    alarm = watching(stack, ("Rescind", "Cases", outcome))
    assert (alarm["Threshold"], alarm["ComparisonOperator"]) == (0, "GreaterThanThreshold")


def test_seven_days_without_an_event_are_an_alarm_and_so_is_a_metric_that_never_came(stack):
    alarm = stack.properties("NoEvents")
    assert metrics(alarm) == {("AWS/Events", "TriggeredRules", stack.name("DetachPolicyFunctionPolicyAttached"))}
    assert alarm["Period"] * alarm["EvaluationPeriods"] == 7 * 86400, "CloudWatch looks back seven days at most"
    assert (alarm["Threshold"], alarm["ComparisonOperator"]) == (1, "LessThanThreshold")
    assert alarm["TreatMissingData"] == "breaching"


@pytest.mark.parametrize("name", ALARMS)
def test_an_alarm_goes_to_the_topic_and_says_what_to_do(stack, name):
    alarm = stack.properties(name)
    assert alarm["AlarmActions"] == [stack.identities["NoticeTopic"]["Ref"]]
    assert 150 < len(alarm["AlarmDescription"]) <= 1024, "CloudWatch takes 1,024 characters"


@pytest.mark.parametrize("function", FUNCTIONS)
def test_an_alarm_about_a_function_names_it_and_no_other(stack, function):
    name = stack.name(function).removeprefix("rescind-")
    others = {stack.name(f).removeprefix("rescind-") for f in FUNCTIONS} - {name}
    alarms = [a for a in stack.of_type("AWS::CloudWatch::Alarm").values() if stack.name(function) in {m[2] for m in metrics(a)}]
    assert len(alarms) == 4
    for alarm in alarms:
        assert f"Rescind's {name} function" in alarm["AlarmDescription"]
        assert not any(other in alarm["AlarmDescription"] for other in others)


@pytest.mark.parametrize("name", [a for a in ALARMS if a != "NoEvents"])
def test_silence_is_no_alarm_where_the_metric_counts_trouble(stack, name):
    assert stack.properties(name)["TreatMissingData"] == "notBreaching"


def watching(stack, metric):
    alarm, = (a for a in stack.of_type("AWS::CloudWatch::Alarm").values() if metric in metrics(a))
    return alarm
