"""The matcher that the other tests lean on."""

import pytest

from .pattern import matches


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
    ],
)
def test_a_pattern_matches_as_eventbridge_does(pattern, event, expected):
    assert matches(pattern, event) is expected


@pytest.mark.parametrize(
    ("pattern", "message"),
    [
        ({"a": [{"suffix": "x"}]}, "suffix"),
        ({"a": [{"prefix": {"suffix": "x"}}]}, "suffix"),
        ({"a": [{"wildcard": "**"}]}, "two wildcards"),
        ({"a": [{"wildcard": "\\*"}]}, "escape"),
        ({"$or": [{"a": ["x"]}]}, "two or more"),
        ({"$or": [{"a": ["x"]}, {}]}, "two or more"),
    ],
)
def test_what_is_not_known_is_an_error_and_not_a_guess(pattern, message):
    with pytest.raises(ValueError, match=message):
        matches(pattern, {"a": "x"})
