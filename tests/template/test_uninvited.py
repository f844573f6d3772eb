"""The alarm about invocations that no rule made, computed over periods as CloudWatch computes it."""

import re

import pytest

from .series import computed
from .stack import translate

FUNCTIONS = sorted(translate().functions())


def alarm_about(stack, function):
    return stack.properties(f"{function.removesuffix('Function')}Uninvited")


def reasons(alarm, periods, **counted):
    """The alarm's value in each period. `counted` are the metrics' values by period; every other one is missing."""
    series = computed(alarm, periods, counted)
    assert any("rule" in id for id in series) and {"calls", "events"} <= series.keys()
    return series["value"]


def rung(alarm, **counted):
    """The reasons for which it rings within eight periods, in which nothing else happens."""
    return {value for value in reasons(alarm, 8, **counted) if value}


@pytest.fixture(params=FUNCTIONS)
def alarm(request, stack):
    return alarm_about(stack, request.param)


def delivered(periods):
    """Events that the first rule delivers, and that the function handles at the first attempt."""
    return {name: periods for name in ("rule1", "received", "attempts", "invocations")}


def test_what_a_rule_delivers_rings_nothing(alarm):
    assert rung(alarm, **delivered({2: 3, 3: 1, 5: 40})) == set()


def test_silence_rings_nothing(alarm):
    assert rung(alarm) == set()


def test_a_call_that_waits_for_the_answer_rings_and_says_so(alarm):
    assert rung(alarm, invocations={3: 1}) == {1}
    assert "\n1 CALLED:" in alarm["AlarmDescription"]


def test_an_event_that_no_rule_delivered_rings_and_says_so(alarm):
    assert rung(alarm, received={3: 1}, attempts={3: 1}, invocations={3: 1}) == {10}
    assert "\n10 SENT:" in alarm["AlarmDescription"]


def test_both_ring_in_the_midst_of_deliveries(alarm):
    busy = dict.fromkeys(range(8), 20)
    assert rung(alarm, rule1=busy, received=busy | {3: 21}, attempts=busy | {3: 21}, invocations=busy | {3: 22}) == {11}


def test_it_rings_when_the_next_period_is_over(alarm):
    value = reasons(alarm, 8, invocations={3: 1})
    assert [period for period, reason in enumerate(value) if reason] == [4]


def test_every_rule_of_the_function_counts(stack):
    for function in FUNCTIONS:
        alarm = alarm_about(stack, function)
        rules = [m["Id"] for m in alarm["Metrics"] if "rule" in m["Id"]]
        everything = {name: {3: len(rules)} for name in ("received", "attempts", "invocations")}
        assert rung(alarm, **{rule: {3: 1} for rule in rules}, **everything) == set()
        assert rung(alarm, **{rule: {3: 1} for rule in rules[1:]}, **everything) == {10}


def test_the_retries_of_an_event_ring_nothing(alarm):
    tries = {3: 1, 4: 2}
    assert rung(alarm, rule1={3: 1}, received={3: 1}, attempts=tries, invocations=tries) == set()


def test_an_event_that_is_throttled_rings_nothing(alarm):
    assert rung(alarm, rule1={3: 1}, received={3: 1}, attempts={3: 5, 4: 2}, invocations={4: 1}) == set()


@pytest.mark.parametrize(("one", "other"), [(3, 4), (4, 3)])
def test_an_event_that_two_services_count_in_adjoining_periods_rings_nothing(alarm, one, other):
    assert rung(alarm, rule1={one: 1}, received={other: 1}, attempts={one: 1}, invocations={other: 1}) == set()
    assert rung(alarm, rule1={one: 1}, received={one: 1}, attempts={other: 1}, invocations={one: 1}) == set()


@pytest.mark.parametrize("late", ["rule1", "attempts"])
def test_a_metric_that_comes_a_period_late_rings_nothing(alarm, late):
    counted = delivered({7: 1})
    assert rung(alarm, **counted | {late: {}}) == set()


@pytest.fixture
def queued(stack):
    """The alarm of a function that a queue feeds."""
    function, = (function for function in FUNCTIONS if stack.queues_of(function))
    return alarm_about(stack, function)


def test_what_a_queue_holds_back_rings_nothing(queued):
    assert rung(queued, rule1={2: 3}, sent={2: 3}, taken={3: 3}, invocations={3: 3}) == set()
    retries = {3: 1, 5: 1, 6: 1}
    assert rung(queued, rule1={2: 1}, sent={2: 1}, taken=retries, invocations=retries) == set()


def test_a_call_beside_the_queue_rings(queued):
    assert rung(queued, rule1={2: 1}, sent={2: 1}, taken={3: 1}, invocations={3: 2}) == {1}


def test_a_message_that_no_rule_sent_rings(queued):
    assert rung(queued, sent={2: 1}, taken={3: 1}, invocations={3: 1}) == {10}


@pytest.mark.parametrize("function", FUNCTIONS)
def test_each_id_is_of_the_metric_that_it_names(stack, function):
    stats = {m["Id"]: m["MetricStat"] for m in alarm_about(stack, function)["Metrics"] if "MetricStat" in m}
    assert {stat["Period"] for stat in stats.values()} == {300}, "the metrics of one alarm share a period"
    lambda_s = {"invocations": ("Invocations", "Sum"), "attempts": ("AsyncEventAge", "SampleCount"), "received": ("AsyncEventsReceived", "Sum")}
    of_a_queue = {"taken": "NumberOfMessagesReceived", "sent": "NumberOfMessagesSent"}
    assert (stats.keys() >= of_a_queue.keys()) is bool(stack.queues_of(function))
    for id, stat in stats.items():
        metric = stat["Metric"]
        dimension, = metric["Dimensions"]
        if id in of_a_queue:
            queue, = stack.queues_of(function)
            assert (metric["Namespace"], dimension) == ("AWS/SQS", {"Name": "QueueName", "Value": stack.name(queue)})
            assert (metric["MetricName"], stat["Stat"]) == (of_a_queue[id], "Sum")
        elif id in lambda_s:
            assert (metric["Namespace"], dimension) == ("AWS/Lambda", {"Name": "FunctionName", "Value": stack.name(function)})
            assert (metric["MetricName"], stat["Stat"]) == lambda_s[id]
        else:
            assert re.fullmatch(r"rule\d", id)
            assert (metric["Namespace"], metric["MetricName"], stat["Stat"]) == ("AWS/Events", "Invocations", "Sum")


@pytest.mark.parametrize("function", FUNCTIONS)
def test_it_is_looked_at_for_long_enough_to_compare_a_period_with_both_neighbours(stack, function):
    alarm = alarm_about(stack, function)
    assert (alarm["DatapointsToAlarm"], alarm["EvaluationPeriods"]) == (1, 4)
    assert (alarm["Threshold"], alarm["ComparisonOperator"]) == (0, "GreaterThanThreshold")
