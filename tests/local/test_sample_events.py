"""Every sample event, through the application as it deploys: SAM's build, the layer in /opt, the runtime in a container."""

import json
from pathlib import Path

import pytest
from lab.emulator import changed
from lab.events import READ_ONLY, ROOT
from lab.world import Target, World

FUNCTION = "DetachPolicyFunction"
SAMPLES = sorted((ROOT / "events").glob("attach-*.json"))

EVENTS = ROOT / "events"
# What is not there to be acted on is told of; what breaks no guardrail makes no case.
OTHERS = {
    EVENTS / "create-access-key.json": ("QuarantineKeyFunction", ["observed"]),
    EVENTS / "update-access-key.json": ("QuarantineKeyFunction", ["observed"]),
    EVENTS / "health-credentials-exposed.json": ("QuarantineKeyFunction", ["unremediable"]),
    EVENTS / "guardduty-instance-credentials.json": ("QuarantineKeyFunction", ["observed"]),
    EVENTS / "delete-user-policy.json": ("QuarantinePrincipalFunction", ["observed"]),
}


def test_there_are_samples():
    assert SAMPLES and all(sample.exists() for sample in OTHERS)


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda path: path.stem)
def test_the_policy_is_gone_and_told_of(sample, sam, world):
    target, policy = who_now_holds_what(sample, world)
    before = world.account.snapshot()

    (case,) = sam.invoke(FUNCTION, sample, variables(world))["cases"]

    assert case["outcome"] == "applied"
    assert changed(before, world.account.snapshot()) == {target.no_longer_holds(policy)}
    (notice,) = world.inbox.take()
    assert notice.case == case


@pytest.mark.parametrize("sample", SAMPLES[:1], ids=lambda path: path.stem)
def test_a_stack_deployed_without_choosing_a_mode_only_observes(sample, sam, world):
    who_now_holds_what(sample, world)
    before = world.account.snapshot()

    (case,) = sam.invoke(FUNCTION, sample, variables(world, without="MODE"))["cases"]

    assert case["outcome"] == "observed"
    assert changed(before, world.account.snapshot()) == set()
    (notice,) = world.inbox.take()
    assert notice.case == case


@pytest.mark.parametrize("sample", OTHERS, ids=lambda path: path.stem)
def test_a_sample_reaches_the_function_that_owns_it_and_is_only_observed(sample, sam, world):
    function, outcomes = OTHERS[sample]
    before = world.account.snapshot()

    cases = sam.invoke(function, sample, variables(world, without="MODE"))["cases"]

    assert [case["outcome"] for case in cases] == outcomes
    assert changed(before, world.account.snapshot()) == set()
    assert [notice.case for notice in world.inbox.take()] == cases


def who_now_holds_what(sample: Path, world: World) -> tuple[Target, str]:
    """The account as the event left it: its target holds the policy, and one that nobody objects to."""
    parameters = json.loads(sample.read_text())["detail"]["requestParameters"]
    policy = parameters["policyArn"]
    ((kind, name),) = [(key.removesuffix("Name"), value) for key, value in parameters.items() if key.endswith("Name")]
    return getattr(world, kind)(name, holds=[policy, READ_ONLY]), policy


def variables(world: World, without: str = "") -> dict[str, str]:
    """What a deployed stack would fill in; everything else is the template's own."""
    deployed = ("MODE", "NOTICE_TOPIC_ARN", "ACCOUNT_ID", "OWN_ROLES", "BREAK_GLASS", "SEAL_KEY_ARN")
    return {name: value for name, value in world.environment().items() if name in deployed and name != without}
