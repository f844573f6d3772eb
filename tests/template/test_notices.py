import re
"""The topic of the notices, and what the alarms about Rescind itself watch and say."""

import pytest

from .stack import ACCOUNT, logical_id, translate

FUNCTIONS = sorted(translate().functions())
ALARMS = sorted(translate().of_type("AWS::CloudWatch::Alarm"))

def metrics(alarm):
    """The metrics that an alarm watches: (namespace, metric, dimension values)."""
    plain = [alarm] if "MetricName" in alarm else [m["MetricStat"]["Metric"] for m in alarm["Metrics"] if "MetricStat" in m]
    return {(m["Namespace"], m["MetricName"], *(d["Value"] for d in m.get("Dimensions", []))) for m in plain}


def test_notices_are_encrypted_under_a_key_that_rotates(stack):
    assert stack.properties("NoticeTopic")["KmsMasterKeyId"] == stack.identities["NoticeKey"]["Ref"]
    assert stack.properties("NoticeKey")["EnableKeyRotation"] is True


def test_the_topic_takes_nothing_in_the_clear_and_lets_nobody_in_by_itself(stack):
    deny, = policy_of(stack, "NoticeTopic")
    assert (deny["Effect"], deny["Principal"], deny["Action"]) == ("Deny", "*", "sns:Publish")
    assert deny["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


def test_the_key_opens_to_this_account_alone(stack):
    account, = stack.properties("NoticeKey")["KeyPolicy"]["Statement"]
    assert account["Principal"] == {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}


def test_an_email_address_is_subscribed_only_when_given(stack, full_stack):
    assert stack.of_type("AWS::SNS::Subscription") == {}
    subscription, = (s for s in full_stack.of_type("AWS::SNS::Subscription").values() if s["TopicArn"] == full_stack.identities["NoticeTopic"]["Ref"])
    assert (subscription["Protocol"], subscription["Endpoint"]) == ("email", "security@example.com")


def alarm_about(stack, function):
    return stack.properties(f"{function.removesuffix('Function')}NotKeepingUp")


def value(alarm, **measured):
    """The value of an alarm's expression. CloudWatch's IF and FILL read like Python's calls; a metric without data is None."""
    returned, = (m for m in alarm["Metrics"] if m["ReturnData"])
    inputs = {m["Id"]: None for m in alarm["Metrics"] if not m["ReturnData"]}
    assert measured.keys() <= inputs.keys()
    functions = {"IF": lambda condition, yes, no: yes if condition else no, "FILL": lambda series, empty: empty if series is None else series}
    return eval(returned["Expression"], {"__builtins__": {}}, functions | inputs | measured)  # noqa: S307


@pytest.mark.parametrize("function", FUNCTIONS)
def test_one_alarm_watches_errors_throttles_age_and_lost_events_of_a_function(stack, function):
    rules, queues = stack.rules_of(function), stack.queues_of(function)
    own = {("AWS/Lambda", metric, stack.name(function)) for metric in ("Errors", "Throttles", "AsyncEventAge", "DestinationDeliveryFailures")}
    lost = {("AWS/Events", "InvocationsFailedToBeSentToDlq", stack.name(rule)) for rule in rules}
    assert rules
    waiting = {("AWS/SQS", "ApproximateAgeOfOldestMessage", stack.name(queue)) for queue in queues}
    assert metrics(alarm_about(stack, function)) == own | lost | waiting


@pytest.mark.parametrize("function", FUNCTIONS)
def test_each_metric_alone_rings_with_the_digit_of_its_section(stack, function):
    alarm = alarm_about(stack, function)
    assert (alarm["Threshold"], alarm["ComparisonOperator"]) == (0, "GreaterThanThreshold")
    assert value(alarm) == 0
    assert value(alarm, errors=0, throttles=0, age=300000, unsent=0) == 0
    rung = {m["Id"]: value(alarm, **{m["Id"]: 300001}) for m in alarm["Metrics"] if not m["ReturnData"]}
    words = {"errors": "ERRORS", "throttles": "THROTTLED", "age": "LATE", "waiting": "LATE", "unsent": "LOST", "undelivered": "LOST", "unfound": "LOST"}
    assert rung.keys() <= words.keys()
    for metric, digit in rung.items():
        assert f"\n{digit} {words[metric]}:" in alarm["AlarmDescription"]
    assert value(alarm, **dict.fromkeys(rung, 300001)) == 1111


def test_an_event_is_late_five_minutes_after_its_queue_lets_it_go(stack):
    delay = stack.properties("RestoreGuardDelay")["DelaySeconds"]
    alarm = alarm_about(stack, "RestoreGuardFunction")
    assert (value(alarm, waiting=delay + 300), value(alarm, waiting=delay + 301)) == (0, 100)


@pytest.mark.parametrize("function", FUNCTIONS)
def test_each_id_in_an_alarm_is_of_the_metric_that_it_names(stack, function):
    ids = {m["Id"]: m["MetricStat"] for m in alarm_about(stack, function)["Metrics"] if "MetricStat" in m}
    named = {id: stat["Metric"]["MetricName"] for id, stat in ids.items() if id not in ("undelivered", "unfound")}
    waiting = {"waiting": "ApproximateAgeOfOldestMessage"} if stack.queues_of(function) else {}
    assert named == {"errors": "Errors", "throttles": "Throttles", "age": "AsyncEventAge", "unsent": "DestinationDeliveryFailures", **waiting}
    assert {id: stat["Stat"] for id, stat in ids.items() if stat["Stat"] != "Sum"} == dict.fromkeys(("age", *waiting), "Maximum")
    assert {stat["Period"] for stat in ids.values()} == {60}


@pytest.mark.parametrize("name", ALARMS)
def test_cloudwatch_accepts_the_metrics_of_an_alarm(stack, name):
    queries = stack.properties(name).get("Metrics", [])
    assert len([m for m in queries if "MetricStat" in m]) <= 10, "metric math in an alarm refers to at most 10 metrics"
    assert len([m for m in queries if "Expression" in m]) <= 10, "and has at most 10 expressions"
    assert ["Expression" in m for m in queries if m["ReturnData"]] == [True] * bool(queries)


@pytest.mark.parametrize("outcome", ["failed", "unremediable"])
def test_a_case_that_was_not_taken_back_is_an_alarm(stack, outcome):
    alarm = watching(stack, ("Rescind", "Cases", outcome))
    assert (alarm["Threshold"], alarm["ComparisonOperator"]) == (0, "GreaterThanThreshold")


def test_a_heartbeat_that_stays_out_rings_within_little_more_than_a_day_and_so_does_one_that_never_came(stack):
    alarm = stack.properties("NoHeartbeat")
    assert (alarm["Namespace"], alarm["MetricName"], alarm.get("Dimensions")) == ("Rescind", "Heartbeat", None)
    assert 24 * 3600 < alarm["Period"] * alarm["EvaluationPeriods"] <= 26 * 3600
    assert stack.properties("Heartbeat")["ScheduleExpression"] == "rate(1 day)"
    assert (alarm["Threshold"], alarm["ComparisonOperator"]) == (1, "LessThanThreshold")
    assert alarm["TreatMissingData"] == "breaching"


@pytest.mark.parametrize("name", ALARMS)
def test_an_alarm_says_what_to_do(stack, name):
    assert len(stack.properties(name)["AlarmDescription"]) > 150


@pytest.mark.parametrize("name", ALARMS)
def test_an_alarms_text_fits_even_if_the_stacks_name_is_long(long_stack, name):
    # CloudFormation adds 13 characters to the name of a queue or a rule; only the texts that name one are shorter by far.
    text = long_stack.properties(name)["AlarmDescription"]
    generated = 0 if name.endswith("NotKeepingUp") else 3 * 13
    assert len(text) + generated <= 1024, "CloudWatch takes 1,024 characters"


@pytest.mark.parametrize("function", FUNCTIONS)
def test_an_alarm_about_a_function_names_it_and_no_other(stack, function):
    names = {f: stack.name(f).removeprefix("rescind-") for f in FUNCTIONS}
    alarms = [a for a in stack.of_type("AWS::CloudWatch::Alarm").values() if any(stack.name(function) in m[2:] for m in metrics(a))]
    assert alarms == [alarm_about(stack, function), stack.properties(f"{function.removesuffix('Function')}Uninvited")]
    assert [alarm["AlarmName"] for alarm in alarms] == [stack.name(function), f"{stack.name(function)}-uninvited"]
    for alarm in alarms:
        assert [name for name in names.values() if re.search(rf"\b{name}(?! ?-)\b(?!-)", alarm["AlarmDescription"])] == [names[function]]
        assert f"Rescind's {names[function]} function" in alarm["AlarmDescription"]


@pytest.mark.parametrize(
    ("function", "calls"),
    [
        ("detach-policy", ["AttachUserPolicy", "AttachGroupPolicy", "AttachRolePolicy", "AcquireRole"]),
        ("delete-inline-policy", ["PutUserPolicy", "PutGroupPolicy", "PutRolePolicy", "AcquireRole"]),
        ("remove-group-member", ["AddUserToGroup"]),
        ("restore-trust", ["CreateRole", "UpdateAssumeRolePolicy", "AcquireRole", "UpdateOpenIDConnectProvider"]),
        ("restore-policy-version", ["CreatePolicy", "CreatePolicyVersion", "SetDefaultPolicyVersion"]),
        ("detach-everywhere", ["CreatePolicyVersion", "SetDefaultPolicyVersion"]),
        ("remove-login", ["CreateLoginProfile", "UpdateLoginProfile", "DeactivateMFADevice", "EnableMFADevice", "DetachUserPolicy"]),
        ("restore-password-policy", ["UpdateAccountPasswordPolicy", "DeleteAccountPasswordPolicy"]),
        ("restore-guard", ["Detach*", "Delete*Policy", "*PermissionsBoundary", "RemoveUserFromGroup"]),
    ],
)
def test_an_alarm_names_the_calls_to_look_for_if_an_event_is_lost(stack, function, calls):
    assert all(call in alarm_about(stack, logical_id(function))["AlarmDescription"].split("LOST")[1] for call in calls)


@pytest.mark.parametrize("name", [a for a in ALARMS if a != "NoHeartbeat"])
def test_silence_is_no_alarm_if_the_metric_counts_trouble(stack, name):
    assert stack.properties(name)["TreatMissingData"] == "notBreaching"


def watching(stack, metric):
    alarm, = (a for a in stack.of_type("AWS::CloudWatch::Alarm").values() if metric in metrics(a))
    return alarm


def policy_of(stack, topic):
    policy, = (p for p in stack.of_type("AWS::SNS::TopicPolicy").values() if p["Topics"] == [stack.identities[topic]["Ref"]])
    return policy["PolicyDocument"]["Statement"]
