"""The dashboard as CloudWatch takes it. That its metrics are emitted is tests/acceptance/test_observability.py's to prove."""

import json

import pytest

from .stack import translate

# CloudWatch user guide, "Dashboard body structure and syntax": the types of widgets that are used here, with the properties that each needs.
NEEDED = {"text": {"markdown"}, "alarm": {"alarms"}, "metric": {"metrics", "region", "view"}}


@pytest.fixture
def widgets(stack):
    return json.loads(stack.properties("Dashboard")["DashboardBody"])["widgets"]


def test_the_dashboard_is_called_like_the_stack(stack):
    assert stack.properties("Dashboard")["DashboardName"] == "rescind" == stack.outputs["DashboardName"]


@pytest.mark.parametrize("region", ["us-east-1", "us-gov-west-1", "cn-north-1"])
def test_each_widget_has_what_its_type_needs_in_every_partition(region):
    body = json.loads(translate(region=region, stack_name="a-name").properties("Dashboard")["DashboardBody"])
    for widget in body["widgets"]:
        assert NEEDED[widget["type"]] <= widget["properties"].keys()
        assert widget["properties"].get("region", region) == region


def test_no_two_widgets_lie_on_one_another(widgets):
    taken = [(x, y) for w in widgets for x in range(w["x"], w["x"] + w["width"]) for y in range(w["y"], w["y"] + w["height"])]
    assert len(taken) == len(set(taken))
    assert {x for x, _ in taken} == set(range(24)), "the grid has 24 columns"


def test_the_dashboard_shows_the_state_of_every_alarm(stack, widgets):
    shown, = (w["properties"]["alarms"] for w in widgets if w["type"] == "alarm")
    assert sorted(shown) == sorted(map(stack.arn, stack.of_type("AWS::CloudWatch::Alarm")))
    assert len(shown) <= 100, "the most that a widget takes"


@pytest.mark.parametrize("queue", ["UndeliveredEvents", "FailedEvents"])
def test_what_waits_in_a_failure_queue_is_shown_because_no_alarm_says_so(stack, widgets, queue):
    named = {tuple(part for part in metric if isinstance(part, str)) for w in widgets for metric in w["properties"].get("metrics", [])}
    for metric in ("ApproximateNumberOfMessagesVisible", "ApproximateAgeOfOldestMessage"):
        assert ("AWS/SQS", metric, "QueueName", stack.name(queue)) in named


def test_the_text_says_how_to_send_again_what_waits(widgets):
    text, = (w["properties"]["markdown"] for w in widgets if w["type"] == "text")
    assert "rescind redrive --stack rescind" in text and "Mode=observe" in text
