"""The matcher that the other tests rely on."""

import pytest

from .pattern import delivers, matches


@pytest.mark.parametrize(
    ("pattern", "event", "expected"),
    [
        ({"a": ["x", "y"]}, {"a": "y"}, True),
        ({"a": ["x"]}, {"a": "X"}, False),
        ({"a": ["x"]}, {}, False),
        ({"a": ["x"]}, {"a": ["w", "x"]}, True),
        ({"a": [1]}, {"a": True}, False),
        ({"a": ["1"]}, {"a": 1}, False),
        ({"a": [None]}, {"a": None}, True),
        ({"a": [None]}, {}, False),
        ({"a": {"b": ["x"]}}, {"a": {"b": "x", "c": 1}}, True),
        ({"a": {"b": ["x"]}}, {"a": [{"b": "w"}, {"b": "x"}]}, True),
        ({"a": {"b": ["x"]}}, {"a": "x"}, False),
        ({"a": ["x"], "b": ["y"]}, {"a": "x", "b": "z"}, False),
        ({"a": [{"prefix": "Att"}]}, {"a": "AttachUserPolicy"}, True),
        ({"a": [{"prefix": "Att"}]}, {"a": 1}, False),
        ({"a": [{"prefix": "att"}]}, {"a": "AttachUserPolicy"}, False),
        ({"a": [{"prefix": {"equals-ignore-case": "att"}}]}, {"a": "AttachUserPolicy"}, True),
        ({"a": [{"prefix": {"equals-ignore-case": "att"}}]}, {"a": "DetachUserPolicy"}, False),
        ({"a": [{"prefix": {"equals-ignore-case": "att"}}]}, {"a": 1}, False),
        ({"a": [{"prefix": {"equals-ignore-case": "att"}}]}, {}, False),
        ({"a": [{"wildcard": "*:x/*"}]}, {"a": "w:x/y"}, True),
        ({"a": [{"wildcard": "*:x/*"}]}, {"a": ":x/"}, True),
        ({"a": [{"wildcard": "*:x/*"}]}, {"a": "w:X/y"}, False),
        ({"a": [{"wildcard": "*:x/*"}]}, {"a": "w:x"}, False),
        ({"a": [{"wildcard": "x*z"}]}, {"a": "xyz?"}, False),
        ({"a": [{"wildcard": "x.z*"}]}, {"a": "xyz"}, False),
        ({"a": [{"wildcard": "*"}]}, {"a": 1}, False),
        ({"a": [{"wildcard": "*"}]}, {}, False),
        ({"a": [{"anything-but": ["x", "y"]}]}, {"a": "z"}, True),
        ({"a": [{"anything-but": "x"}]}, {"a": "x"}, False),
        ({"a": [{"anything-but": {"prefix": "x"}}]}, {"a": "xy"}, False),
        ({"a": [{"anything-but": "x"}]}, {}, False),
        ({"a": [{"exists": False}]}, {}, True),
        ({"a": [{"exists": False}]}, {"a": None}, False),
        ({"a": [{"exists": True}]}, {"a": None}, True),
        ({"a": [{"exists": True}]}, {"a": {"b": 1}}, False),
        ({"a": {"b": [{"exists": False}]}}, {}, True),
        ({"$or": [{"a": ["x"]}, {"b": ["y"]}]}, {"a": "x"}, True),
        ({"$or": [{"a": ["x"]}, {"b": ["y"]}]}, {"b": "y"}, True),
        ({"$or": [{"a": ["x"]}, {"b": ["y"]}]}, {"a": "y", "b": "x"}, False),
        ({"$or": [{"a": ["x"], "b": ["y"]}, {"a": ["z"]}]}, {"a": "x"}, False),
        ({"c": ["z"], "$or": [{"a": ["x"]}, {"b": ["y"]}]}, {"a": "x"}, False),
        ({"d": {"$or": [{"a": ["x"]}, {"b": ["y"]}]}}, {"d": {"b": "y"}}, True),
        ({"d": {"$or": [{"a": ["x"]}, {"b": ["y"]}]}}, {"b": "y"}, False),
        ({"$or": [{"s": ["1"], "d": {"$or": [{"a": ["x"]}, {"b": ["y"]}]}}, {"s": ["2"]}]}, {"s": "1", "d": {"b": "y"}}, True),
        ({"$or": [{"s": ["1"], "d": {"$or": [{"a": ["x"]}, {"b": ["y"]}]}}, {"s": ["2"]}]}, {"s": "1", "d": {"b": "x"}}, False),
        ({"$or": [{"s": ["1"], "d": {"$or": [{"a": ["x"]}, {"b": ["y"]}]}}, {"s": ["2"]}]}, {"s": "2"}, True),
    ],
)
def test_a_pattern_matches_as_eventbridge_does(pattern, event, expected):
    assert matches(pattern, event) is expected


@pytest.mark.parametrize(
    ("pattern", "message"),
    [
        ({"a": [{"cidr": "x"}]}, "cidr"),
        ({"a": [{"prefix": {"suffix": "x"}}]}, "suffix"),
        ({"a": [{"wildcard": "**"}]}, "two wildcards"),
        ({"a": [{"wildcard": "\\*"}]}, "escape"),
        ({"$or": [{"a": ["x"]}]}, "two or more"),
        ({"$or": [{"a": ["x"]}, {}]}, "two or more"),
    ],
)
def test_an_unknown_operator_is_an_error_and_not_a_guess(pattern, message):
    with pytest.raises(ValueError, match=message):
        matches(pattern, {"a": "x"})


@pytest.mark.parametrize(
    ("state", "name", "kind", "expected"),
    [
        ("ENABLED", "PutUserPolicy", "AWS API Call via CloudTrail", True),
        (None, "PutUserPolicy", "AWS API Call via CloudTrail", True),
        ("ENABLED", "GetUserPolicy", "AWS API Call via CloudTrail", False),
        (None, "ListUsers", "AWS API Call via CloudTrail", False),
        ("ENABLED", "DescribeTrails", "AWS API Call via CloudTrail", False),
        ("ENABLED", "SimulatePrincipalPolicy", "AWS API Call via CloudTrail", True),
        ("ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS", "GetUserPolicy", "AWS API Call via CloudTrail", True),
        ("ENABLED", "GetUserPolicy", "Another Kind of Event", True),
        ("DISABLED", "PutUserPolicy", "AWS API Call via CloudTrail", False),
    ],
)
def test_a_rule_gets_read_only_management_events_only_in_the_state_that_asks_for_them(state, name, kind, expected):
    rule = {"EventPattern": {"source": ["aws.iam"]}} | ({"State": state} if state else {})
    assert delivers(rule, {"source": "aws.iam", "detail-type": kind, "detail": {"eventName": name}}) is expected


def test_an_unknown_state_is_an_error_and_not_a_guess():
    with pytest.raises(ValueError, match="ON"):
        delivers({"EventPattern": {"a": ["x"]}, "State": "ON"}, {"a": "x", "detail": {}})
