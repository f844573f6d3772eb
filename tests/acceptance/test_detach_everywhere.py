"""A policy of which no version passes: it is detached from everybody who holds it, but for those whom no remedy touches."""

import json

import pytest
from lab.command import credentials, rescind
from lab.events import version_created
from lab.offence import ALLOW_ALL, ONLY_BAD_VERSIONS
from lab.rulebook import rulebook
from lab.world import ALLOW_READING, DETACH_EVERYWHERE, OWN_ROLES, RESTORE_POLICY_VERSION, Observation

# Both texts are forbidden, and say different things.
AGAIN = {**ALLOW_ALL, "Id": "again"}
ONLY_DETACHES = ONLY_BAD_VERSIONS.replace("restore-policy-version,", "")


@pytest.fixture
def receives(world, tmp_path):
    def receive(event, guardrails=ONLY_BAD_VERSIONS, **settings) -> Observation:
        return world.receives(event, **{"name": DETACH_EVERYWHERE, "guardrails": rulebook(tmp_path, guardrails), **settings})

    return receive


def without_a_good_version(world, holders) -> tuple[str, dict]:
    """A policy that these hold, and the event of its last version."""
    tools = world.policy("tools", ALLOW_ALL)
    for holder in holders:
        world.attach(tools, holder)
    return tools, version_created(tools, world.writes_version(tools, AGAIN), AGAIN)


def test_everybody_loses_it_page_after_page_and_gets_it_back(world, receives):
    holders = [*(world.user(f"user-{number}") for number in range(3)), world.group("developers"), world.role("build"), world.role("web")]
    tools, event = without_a_good_version(world, holders)
    world.aws.list_holders(per_page=2)
    seen = receives(event)
    assert (seen.outcome, seen.changed) == ("applied", {holder.no_longer_holds(tools) for holder in holders})
    assert len([call for call in seen.calls if call.operation == "ListEntitiesForPolicy"]) == 3
    assert "detached: policy tools from its holders" in seen.notice.text
    world.aws.forget()
    undone = rescind("undo", "-", "--yes", stdin=json.dumps(seen.case), env=credentials(world.account.url))
    assert undone.returncode == 0, undone.stderr
    listed = world.iam.list_entities_for_policy(PolicyArn=tools)
    names = {holder[f"{kind}Name"] for kind in ("User", "Group", "Role") for holder in listed[f"Policy{kind}s"]}
    assert names == {holder.name for holder in holders}


def test_if_another_version_passes_nobody_loses_anything(world, receives):
    tools = world.policy("tools", ALLOW_READING)
    world.attach(tools, world.user("polsen"))
    event = version_created(tools, world.writes_version(tools, ALLOW_ALL), ALLOW_ALL)
    seen = receives(event)
    assert (seen.outcome, seen.changed, seen.writes) == ("already-clean", set(), [])
    assert "version v1 passes the guardrails" in seen.notice.text
    restored = receives(event, name=RESTORE_POLICY_VERSION)
    assert restored.changed == world.default_moves(tools, v2=ALLOW_ALL, v1=ALLOW_READING)


def test_if_nobody_else_is_asked_to_make_that_version_the_default_a_person_learns_the_call(world, receives):
    tools = world.policy("tools", ALLOW_READING)
    world.attach(tools, world.user("polsen"))
    seen = receives(version_created(tools, world.writes_version(tools, ALLOW_ALL), ALLOW_ALL), ONLY_DETACHES)
    assert (seen.outcome, seen.changed, seen.writes) == ("unremediable", set(), [])
    assert f"aws iam set-default-policy-version --policy-arn {tools} --version-id v1" in seen.notice.text


def test_a_boundary_is_left_alone_and_counted(world, receives):
    polsen, bounded = world.user("polsen"), world.user("bounded")
    tools, event = without_a_good_version(world, [polsen])
    world.bound(bounded, tools)
    world.aws.say(
        "GetPolicy",
        f"<Policy><Arn>{tools}</Arn><PolicyName>tools</PolicyName><DefaultVersionId>v2</DefaultVersionId>"
        "<AttachmentCount>1</AttachmentCount><PermissionsBoundaryUsageCount>1</PermissionsBoundaryUsageCount></Policy>",
    )
    seen = receives(event)
    assert (seen.outcome, seen.changed) == ("applied", {polsen.no_longer_holds(tools)})
    assert "it stays the permissions boundary of 1 users or roles" in seen.notice.text


def test_protected_holders_keep_it_and_are_named(world, receives):
    polsen, keeper, operators = world.user("polsen"), world.user("keeper"), world.group("operators")
    world.join(keeper, operators)
    tools, event = without_a_good_version(world, [polsen, keeper, operators, world.role(OWN_ROLES[0])])
    seen = receives(event, BREAK_GLASS=keeper.arn)
    assert (seen.outcome, seen.changed) == ("applied", {polsen.no_longer_holds(tools)})
    for said in ("user keeper keeps it", "group operators keeps it", f"role {OWN_ROLES[0]} keeps it"):
        assert said in seen.notice.text


def test_if_all_are_protected_a_person_has_to_look(world, receives):
    keeper = world.user("keeper")
    _, event = without_a_good_version(world, [keeper])
    seen = receives(event, BREAK_GLASS=keeper.arn)
    assert (seen.outcome, seen.changed, seen.writes) == ("unremediable", set(), [])


def test_one_who_is_refused_keeps_no_other_from_losing_it(world, receives):
    polsen, build = world.user("polsen"), world.role("build")
    tools, event = without_a_good_version(world, [polsen, build])
    world.aws.deny("DetachUserPolicy")
    seen = receives(event)
    assert (seen.error.type, seen.changed) == ("Final.AccessDenied", {build.no_longer_holds(tools)})
    assert f"aws iam attach-role-policy --policy-arn {tools} --role-name build" in seen.notice.text


def test_a_try_that_was_cut_is_gone_on_with_and_the_case_holds_all_of_it(world, receives):
    holders = [world.user(f"user-{number}") for number in range(3)]
    tools, event = without_a_good_version(world, holders)
    world.aws.throttle("DetachUserPolicy")
    first = receives(event)
    assert (first.error.type, first.changed, first.notices) == ("Retryable.Throttled", set(), [])
    world.aws.forget()
    world.iam.detach_user_policy(UserName=holders[0].name, PolicyArn=tools)
    world.ledger.age()
    second = receives(event)
    assert (second.outcome, second.changed) == ("applied", {holder.no_longer_holds(tools) for holder in holders[1:]})
    assert len(second.case["outcomes"][0]["undo"]) == len(holders)


def test_more_than_a_hundred_holders_are_a_persons_decision(world, receives):
    holders = [world.user(f"user-{number:03}") for number in range(103)]
    tools, event = without_a_good_version(world, holders)
    seen = receives(event)
    assert (seen.outcome, len(seen.changed), len(seen.case["outcomes"][0]["undo"])) == ("applied", 100, 100)
    assert "ACT: 3 more hold it still" in seen.notice.text
    assert len(seen.case["outcomes"][0]["would"]) == 3


def test_the_shipped_rulebook_never_does_it(world, receives):
    vendor = world.policy("tools", ALLOW_ALL, path="/vendor/")
    world.attach(vendor, world.user("polsen"))
    seen = receives(version_created(vendor, world.writes_version(vendor, AGAIN), AGAIN), guardrails="")
    assert (seen.changed, seen.writes) == (set(), [])
