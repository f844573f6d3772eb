"""Other regions send Rescind what is recorded there, and nothing else."""

import json

import pytest
import yaml

from .pattern import delivers
from .stack import ACCOUNT, ROOT

EVENTS = ROOT / "events"


class Loader(yaml.SafeLoader):
    """CloudFormation's short forms, as the names that they stand for."""


Loader.add_multi_constructor("!", lambda loader, suffix, node: ACCOUNT if suffix == "Ref" else loader.construct_scalar(node) if isinstance(node, yaml.ScalarNode) else loader.construct_sequence(node))


@pytest.fixture(scope="module")
def rule():
    template = yaml.load((ROOT / "regions.yaml").read_text(encoding="utf-8"), Loader)  # noqa: S506 - a SafeLoader
    return template["Resources"]["Forwarded"]["Properties"]


def sample(name):
    return json.loads((EVENTS / f"{name}.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", ["console-login", "console-login-failed", "assume-role", "assume-role-lawful", "stop-logging", "delete-detector", "run-instances-root", "get-federation-token"])
def test_what_is_recorded_in_its_own_region_is_sent_home(rule, name):
    assert delivers(rule, sample(name))


@pytest.mark.parametrize("name", ["attach-user-policy", "unsubscribe", "disable-rule", "guardduty-iam-user", "leave-organization"])
def test_what_arrives_in_the_home_region_anyway_or_concerns_nobody_is_not(rule, name):
    assert not delivers(rule, sample(name))


def test_sessions_that_aws_services_start_are_not_sent(rule):
    event = sample("assume-role")
    event["detail"]["userIdentity"] = {"type": "AWSService", "invokedBy": "ec2.amazonaws.com"}
    assert not delivers(rule, event)


def test_the_pattern_fits_into_eventbridges_limit(rule):
    assert len(json.dumps(rule["EventPattern"], separators=(",", ":"))) <= 2048
