"""The application as it deploys: SAM's build, the layer in /opt, the runtime in a container. Each function takes an offence back there, and two
functions judge every sample event that their rules deliver to them: each `sam local invoke` takes seconds, and the notices of all sample events are
snapshots of the crate `remedy`."""

import json

import pytest
from lab.binaries import RELEASE
from lab.emulator import changed
from lab.events import ROOT, sample, version_created
from lab.offence import ALLOW_ALL, OFFENCES, undated
from lab.world import DETACH_EVERYWHERE, DETACH_POLICY, FUNCTIONS, REMOVE_GROUP_MEMBER, WATCH, WATCH_TAMPERING, World
from template.pattern import delivers
from template.stack import logical_id, translate

# One of each function's, under the shipped rulebook: the layer holds no other, and enforces detach-everywhere nowhere.
OF_EACH = {offence.function: offence for offence in reversed(OFFENCES) if not offence.guardrails}
# Calls that lift a quarantine: the quarantines' own business, whoever else gets them.
OF_QUARANTINES = ("delete-role-policy", "detach-user-policy")
SAMPLES = sorted((ROOT / "events").glob("*.json"))
JUDGE_EVERY_SAMPLE = (DETACH_POLICY, REMOVE_GROUP_MEMBER)


def test_every_function_has_an_offence():
    assert sorted([*OF_EACH, DETACH_EVERYWHERE, WATCH, WATCH_TAMPERING]) == sorted(FUNCTIONS)


@pytest.mark.parametrize("function", FUNCTIONS)
def test_sam_packages_the_binary_that_every_other_test_runs(function, sam):
    assert sam.packaged(logical_id(function)).read_bytes() == (RELEASE / function).read_bytes()


@pytest.mark.parametrize("function", sorted(OF_EACH))
def test_each_function_takes_back_and_sends_a_notice(function, sam, world):
    offence = OF_EACH[function]
    event, facts = offence.commit(world)
    before = world.account.snapshot()

    (case,) = sam.invoke(logical_id(function), event, variables(world, **offence.settings))["cases"]

    assert case["outcome"] == "applied"
    assert undated(changed(before, world.account.snapshot())) == facts
    (notice,) = world.inbox.take()
    assert notice.case == case


def test_what_no_shipped_guardrail_enforces_is_only_observed(sam, world):
    vendor = world.policy("vendor", path="/vendor/")
    event = version_created(vendor, world.writes_version(vendor, ALLOW_ALL), ALLOW_ALL)
    before = world.account.snapshot()

    (case,) = sam.invoke(logical_id(DETACH_EVERYWHERE), event, variables(world))["cases"]

    assert (case["outcome"], case["mode"]) == ("observed", "enforce")
    assert changed(before, world.account.snapshot()) == set()
    (notice,) = world.inbox.take()
    assert notice.case == case


def test_what_nobody_takes_back_is_reported(sam, world):
    (case,) = sam.invoke(logical_id(WATCH), sample("create-saml-provider"), variables(world))["cases"]

    assert (case["outcome"], case["change"]["type"]) == ("observed", "Noticed")
    (notice,) = world.inbox.take()
    assert notice.case == case


def test_a_trail_that_was_stopped_is_started_again(sam, world):
    world.account.client("s3").create_bucket(Bucket="trail")
    trails = world.account.client("cloudtrail")
    trails.create_trail(Name="rescind-management-events", S3BucketName="trail")

    (case,) = sam.invoke(logical_id(WATCH_TAMPERING), sample("stop-logging"), variables(world))["cases"]

    assert (case["outcome"], trails.get_trail_status(Name="rescind-management-events")["IsLogging"]) == ("applied", True)
    assert world.inbox.take()[0].case == case


@pytest.mark.parametrize("function", JUDGE_EVERY_SAMPLE)
def test_a_stack_deployed_without_choosing_a_mode_only_observes(function, sam, world):
    offence = OF_EACH[function]
    event, _ = offence.commit(world)
    before = world.account.snapshot()

    (case,) = sam.invoke(logical_id(function), event, variables(world, without="MODE", **offence.settings))["cases"]

    assert case["outcome"] == "observed"
    assert changed(before, world.account.snapshot()) == set()
    (notice,) = world.inbox.take()
    assert notice.case == case


def delivered() -> list:
    """The samples that the rules deliver to those functions, each with its function."""
    stack = translate()
    functions = {stack.arn(logical_id(function)): function for function in JUDGE_EVERY_SAMPLE}
    return [
        pytest.param(sample, functions[target["Arn"]], id=sample.stem)
        for rule in stack.of_type("AWS::Events::Rule").values()
        for target in rule["Targets"]
        for sample in SAMPLES
        if target["Arn"] in functions and delivers(rule, json.loads(sample.read_text()))
    ]


@pytest.mark.parametrize(("sample", "function"), delivered())
def test_a_sample_is_judged_by_a_function_that_gets_it(sample, function, sam, world):
    event = json.loads(sample.read_text())
    if sample.stem == "add-user-to-group-lawful":
        # Its guardrails ask what the user can do, so the user and the group have to be there.
        parameters = event["detail"]["requestParameters"]
        world.user(parameters["userName"], groups=[world.group(parameters["groupName"])])
    before = world.account.snapshot()

    cases = sam.invoke(logical_id(function), event, variables(world, without="MODE"))["cases"]

    assert bool(cases) == ("lawful" not in sample.stem)
    assert changed(before, world.account.snapshot()) == set()
    # What is mild waits for the digest.
    assert [notice.case for notice in world.inbox.take()] == [case for case in cases if severity(case) != "low"]


def severity(case: dict) -> str:
    """The gravest of the guardrails that the case breaks, or may break."""
    decision = case["decision"]
    guardrails = [*decision.get("guardrails", []), *(decision.get("undecided") or {}).get("guardrails", [])]
    return max((guardrail["severity"] for guardrail in guardrails), key=["low", "medium", "high", "critical"].index)


def variables(world: World, without: str = "", **settings: str) -> dict[str, str]:
    """The variables that a deployed stack would fill in; everything else is the template's own."""
    deployed = ("MODE", "NOTICE_TOPIC_ARN", "ACCOUNT_ID", "OWN_ROLES", "BREAK_GLASS", "DENY_EVERYTHING_POLICY", "DENY_WITHOUT_MFA_POLICY", "LEDGER_TABLE")
    return {name: value for name, value in world.environment(**settings).items() if name in deployed and name != without}
