"""A policy of which no version passes: it is detached from everybody who holds it, but for those whom no remedy touches."""

import json

import pytest
from lab.command import credentials, rescind
from lab.events import version_created
from lab.offence import ALLOW_ALL, ONLY_BAD_VERSIONS
from lab.proxy import user_id
from lab.rulebook import rulebook
from lab.world import ALLOW_READING, DENY_EVERYTHING, DETACH_EVERYWHERE, OWN_ROLES, RESTORE_POLICY_VERSION, Observation

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


def test_out_of_time_it_stops_before_lambda_kills_it_and_the_retry_does_the_rest(world, receives):
    holders = [world.user(f"user-{number}") for number in range(6)]
    tools, event = without_a_good_version(world, holders)
    before = world.account.snapshot()
    world.aws.dawdle("DetachUserPolicy", 2)
    first = receives(event, fresh=True, seconds=10)
    done = len(first.changed)
    assert (first.error.type, first.notices, world.ledger.states) == ("Retryable.Unfinished", [], ["begun"])
    assert f"detached from {done} holders, and there was no time for {len(holders) - done} more" in first.error.message
    assert 0 < done < len(holders) and first.invocation.seconds < 10
    world.aws.forget()
    world.ledger.age()
    second = receives(event, fresh=True)
    assert (second.outcome, world.ledger.states) == ("applied", ["closed"])
    assert first.changed | second.changed == {holder.no_longer_holds(tools) for holder in holders}
    detached = [call.parameters["UserName"] for call in [*first.writes, *second.writes]]
    assert sorted(detached) == [holder.name for holder in holders], "nobody twice"
    is_complete(world, second, holders, before)


@pytest.mark.parametrize("when", ["once the first is detached", "once the second is written down", "before the second is detached"])
def test_killed_between_two_holders_the_retry_does_the_rest_and_the_case_names_them_all(world, receives, when):
    holders = [world.user("polsen"), world.group("developers"), world.role("build")]
    tools, event = without_a_good_version(world, holders)
    before, aws = world.account.snapshot(), world.aws
    {
        "once the first is detached": lambda: aws.afterwards("DetachUserPolicy", world.kill),
        "once the second is written down": lambda: aws.meanwhile("DetachUserPolicy", lambda: aws.afterwards("PutItem", world.kill)),
        "before the second is detached": lambda: aws.instead("DetachGroupPolicy", world.kill),
    }[when]()
    killed = receives(event, fresh=True)
    assert (killed.invocation.error is None, killed.changed) == (False, {holders[0].no_longer_holds(tools)})
    aws.forget()
    world.ledger.age()
    again = receives(event, fresh=True)
    assert (again.outcome, world.ledger.states) == ("applied", ["closed"])
    assert again.changed == {holder.no_longer_holds(tools) for holder in holders[1:]}
    is_complete(world, again, holders, before)


def is_complete(world, seen, holders, before):
    """The case and its notice have every holder, and its undo gives back what they all lost."""
    (outcome,) = seen.case["outcomes"]
    for listed in (outcome["calls"], outcome["undo"]):
        assert {call["uniqueId"] for call in listed} == {holder.id for holder in holders}
        assert len(listed) == len(holders)
    for holder in holders:
        assert f"{holder.kind} {holder.name}" in seen.notice.text
    undone = rescind("undo", "-", "--yes", stdin=json.dumps(seen.case), env=credentials(world.account.url))
    assert (undone.returncode, undone.stderr) == (0, "")
    assert world.account.snapshot() == before


def test_if_a_person_repairs_the_policy_between_two_tries_the_others_keep_it_and_the_case_names_who_lost_it(world, receives):
    holders = [world.user("polsen"), world.group("developers"), world.role("build")]
    tools, event = without_a_good_version(world, holders)
    world.aws.instead("DetachGroupPolicy", world.kill)
    receives(event, fresh=True)
    world.aws.forget()
    world.ledger.age()
    world.writes_version(tools, ALLOW_READING)
    again = receives(event, fresh=True)
    assert (again.outcome, again.changed, again.writes) == ("applied", set(), [])
    assert [call["uniqueId"] for call in again.case["outcomes"][0]["undo"]] == [holders[0].id]
    assert "the others keep it: another version is the default now" in again.notice.text


def test_a_namesake_of_a_holder_who_was_deleted_since_keeps_the_policy(world, receives):
    polsen = world.user("polsen")
    tools, event = without_a_good_version(world, [polsen])
    world.remove("user", "polsen")
    world.attach(tools, world.user("polsen"))
    # IAM's listing lags: it still has the one who is gone.
    holder = f"<PolicyUsers><member><UserName>polsen</UserName><UserId>{polsen.id}</UserId></member></PolicyUsers>"
    world.aws.say("ListEntitiesForPolicy", f"{holder}<PolicyGroups/><PolicyRoles/><IsTruncated>false</IsTruncated>")
    seen = receives(event)
    assert (seen.outcome, seen.changed, seen.writes) == ("already-clean", set(), [])


def test_a_holder_who_was_renamed_since_loses_it_under_the_new_name(world, receives):
    polsen = world.user("polsen")
    tools, event = without_a_good_version(world, [polsen])
    renamed = world.rename(polsen, "elsewhere")
    namesake = world.user("polsen")
    world.attach(tools, namesake)
    holder = f"<PolicyUsers><member><UserName>polsen</UserName><UserId>{polsen.id}</UserId></member></PolicyUsers>"
    world.aws.say("ListEntitiesForPolicy", f"{holder}<PolicyGroups/><PolicyRoles/><IsTruncated>false</IsTruncated>")
    seen = receives(event)
    assert (seen.outcome, seen.changed) == ("applied", {renamed.no_longer_holds(tools)})


def test_an_undo_leaves_out_who_is_gone_and_gives_nothing_to_a_namesake(world, receives):
    polsen, build = world.user("polsen"), world.role("build")
    tools, event = without_a_good_version(world, [polsen, build])
    seen = receives(event)
    world.remove("user", "polsen")
    world.user("polsen")
    undone = rescind("undo", "-", "--yes", stdin=json.dumps(seen.case), env=credentials(world.account.url))
    assert (undone.returncode, undone.stderr) == (0, "")
    assert f"user polsen with the unique id {polsen.id} is gone or renamed" in undone.stdout
    listed = world.iam.list_entities_for_policy(PolicyArn=tools)
    assert (listed["PolicyUsers"], [role["RoleName"] for role in listed["PolicyRoles"]]) == ([], ["build"])


def test_whoever_renames_a_break_glass_principal_does_not_strip_them(world, receives):
    keeper, member, operators, polsen = world.user("keeper"), world.user("member"), world.group("operators"), world.user("polsen")
    world.join(member, operators)
    tools, event = without_a_good_version(world, [keeper, operators, polsen])
    world.aws.spell_user_ids()
    listed = ",".join(f"{user.arn}={user_id(user.id)}" for user in (keeper, member))
    world.rename(keeper, "keeper-away")
    world.rename(member, "member-away")
    seen = receives(event, BREAK_GLASS=listed)
    assert (seen.outcome, seen.changed) == ("applied", {polsen.no_longer_holds(tools)})
    for said in ("user keeper-away keeps it", "group operators keeps it"):
        assert said in seen.notice.text


def test_whoever_spoils_the_policy_that_contains_users_frees_nobody(world, receives):
    contained = world.user("contained", holds=[DENY_EVERYTHING])
    version = world.writes_version(DENY_EVERYTHING, ALLOW_ALL)
    world.iam.delete_policy_version(PolicyArn=DENY_EVERYTHING, VersionId="v1")
    for arn in (DENY_EVERYTHING, DENY_EVERYTHING.lower()):
        seen = receives(version_created(arn, version, ALLOW_ALL))
        assert (seen.changed, seen.writes) == (set(), [])
    assert contained.name in str(world.iam.list_entities_for_policy(PolicyArn=DENY_EVERYTHING)["PolicyUsers"])


def test_if_the_only_administrators_would_lose_it_with_their_group_nobody_loses_it(world, receives):
    last, administrators, polsen = world.user("last"), world.group("administrators"), world.user("polsen")
    world.join(last, administrators)
    _, event = without_a_good_version(world, [administrators, polsen])
    gone = "arn:aws:iam::123456789012:user/gone"
    seen = receives(event, BREAK_GLASS=gone)
    assert (seen.outcome, seen.changed, seen.writes) == ("unremediable", set(), [])
    assert "could lock everybody out" in seen.notice.text


def test_more_than_a_hundred_holders_are_a_persons_decision(world, receives):
    holders = [world.user(f"user-{number:03}") for number in range(103)]
    tools, event = without_a_good_version(world, holders)
    seen = receives(event)
    assert (seen.outcome, len(seen.changed), len(seen.case["outcomes"][0]["undo"])) == ("applied", 100, 100)
    assert "ACT: 3 more hold it still" in seen.notice.text
    assert len(seen.case["outcomes"][0]["would"]) == 3


def without_its_good_version(world, *holders, path: str = "/") -> tuple[str, dict]:
    """A policy whose good version an attacker has deleted, and the event of the one that they made the default."""
    tools = world.policy("tools", ALLOW_READING, path=path)
    for holder in holders:
        world.attach(tools, holder)
    event = version_created(tools, world.writes_version(tools, ALLOW_ALL), ALLOW_ALL)
    world.iam.delete_policy_version(PolicyArn=tools, VersionId="v1")
    return tools, event


def test_that_good_versions_may_have_been_deleted_is_said(world, receives):
    polsen = world.user("polsen")
    tools, event = without_its_good_version(world, polsen)
    seen = receives(event)
    assert (seen.outcome, seen.changed) == ("applied", {polsen.no_longer_holds(tools)})
    assert "1 of its versions were deleted" in seen.notice.text and "DeletePolicyVersion" in seen.notice.text


@pytest.mark.parametrize("path", ["/", "/vendor/"])
def test_by_the_shipped_rulebook_whoever_deletes_the_good_versions_strips_nobody(world, path):
    _, event = without_its_good_version(world, world.user("polsen"), world.role("production"), path=path)
    seen = world.receives(event, name=DETACH_EVERYWHERE)
    assert (seen.changed, seen.writes) == (set(), [])
    assert [case["outcome"] for case in seen.cases] == (["observed"] if path == "/vendor/" else [])
