"""Users who join a group that they should not be in: judged by what the group's policies newly give them, and removed from it."""

import json

import pytest
from lab.command import credentials, rescind
from lab.events import BILLING, READ_ONLY, but, joined, sample
from lab.offence import ADMINISTRATOR, ALLOW_ALL
from lab.rulebook import rulebook
from lab.world import REMOVE_GROUP_MEMBER, Observation

ALL_BUT_IAM = {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}}
IAM = {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "iam:*", "Resource": "*"}}
PATH_TO_MORE = {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "iam:PutUserPolicy", "Resource": "*"}}
# 64 characters of a user's name and 128 of a group's, every one that IAM allows among them.
EVERY_CHARACTER = "aZ09+=,.@_-"
LONG_USER, LONG_GROUP = (EVERY_CHARACTER * 12)[:64], (EVERY_CHARACTER * 12)[:128]


def receives(world, event, **settings) -> Observation:
    return world.receives(event, name=REMOVE_GROUP_MEMBER, **settings)


def guardrail(condition: str) -> str:
    return f"""
@id("by-the-group")
@severity("high")
@remedy("remove-group-member")
forbid (principal, action == Action::"AddUserToGroup", resource)
when {{ {condition} }};
"""


def test_the_remedy_and_its_case_name_the_user_and_the_group(world):
    admins = world.group("admins", holds=[ADMINISTRATOR])
    polsen = world.user("polsen", groups=[admins])
    seen = receives(world, joined(polsen, admins))
    assert seen.changed == {polsen.no_longer_in("admins")}
    assert seen.case["change"] == {"type": "GroupJoined", "target": {"type": "user", "name": "polsen"}, "group": "admins"}
    (outcome,) = seen.case["outcomes"]
    assert outcome["calls"] == [{"service": "iam", "operation": "RemoveUserFromGroup", "parameters": {"UserName": "polsen", "GroupName": "admins"}}]
    assert seen.undo["command"] == "aws iam add-user-to-group --group-name admins --user-name polsen"
    assert seen.notice.attributes["change"] == "GroupJoined"
    for said in ("polsen", "admins", "no-administrator-by-group", seen.undo["command"]):
        assert said in seen.notice.text


@pytest.mark.parametrize("event", ["add-user-to-group"])
def test_the_sample_event_breaks_the_shipped_guardrail(world, event):
    event = sample(event)
    parameters = event["detail"]["requestParameters"]
    admins = world.group(parameters["groupName"], holds=[ADMINISTRATOR])
    user = world.user(parameters["userName"], groups=[admins])
    seen = receives(world, event)
    assert (seen.outcome, seen.changed) == ("applied", {user.no_longer_in(admins.name)})


def test_names_have_every_character_that_iam_allows_and_paths(world):
    group = world.group(LONG_GROUP, holds=[ADMINISTRATOR], path="/team/a/")
    user = world.user(LONG_USER, groups=[group], path="/people/+=,.@_-/")
    before = world.account.snapshot()
    seen = receives(world, joined(user, group))
    assert (seen.outcome, seen.changed) == ("applied", {user.no_longer_in(LONG_GROUP)})
    undone = rescind("undo", "-", "--yes", stdin=json.dumps(seen.case), env=credentials(world.account.url))
    assert (undone.returncode, undone.stderr) == (0, "")
    assert world.account.snapshot() == before


def test_other_members_and_other_groups_stay(world):
    admins, readers = world.group("admins", holds=[ADMINISTRATOR]), world.group("readers", holds=[READ_ONLY])
    world.user("ann", groups=[admins, readers])
    polsen = world.user("polsen", groups=[admins, readers])
    assert receives(world, joined(polsen, admins)).changed == {polsen.no_longer_in("admins")}


def test_a_group_without_policies_of_weight_is_left_alone(world):
    readers = world.group("readers", holds=[READ_ONLY])
    polsen = world.user("polsen", groups=[readers])
    seen = receives(world, joined(polsen, readers))
    assert (seen.cases, seen.notices, seen.changed) == ([], [], set())


@pytest.mark.parametrize("how", ["attached", "inline", "through another group"])
def test_who_was_an_administrator_already_is_not_made_one(world, how):
    admins = world.group("admins", holds=[ADMINISTRATOR])
    others = world.group("others")
    polsen = world.user("polsen", groups=[admins, others])
    if how == "attached":
        world.attach(ADMINISTRATOR, polsen)
    else:
        world.writes_inline(polsen if how == "inline" else others, ALLOW_ALL)
    seen = receives(world, joined(polsen, admins))
    assert (seen.cases, seen.changed) == ([], set())


@pytest.mark.parametrize("first_half", ["attached", "inline", "through another group"])
def test_the_second_harmless_half_is_what_makes_an_administrator(world, first_half):
    group = world.group("iam-only")
    world.writes_inline(group, IAM)
    others = world.group("others")
    polsen = world.user("polsen", groups=[group, others])
    if first_half == "attached":
        world.attach(world.policy("AllButIam", ALL_BUT_IAM), polsen)
    else:
        world.writes_inline(polsen if first_half == "inline" else others, ALL_BUT_IAM)
    seen = receives(world, joined(polsen, group))
    assert (seen.outcome, seen.changed) == ("applied", {polsen.no_longer_in("iam-only")})


def test_a_boundary_keeps_a_user_from_being_made_an_administrator(world):
    admins = world.group("admins", holds=[ADMINISTRATOR])
    polsen = world.user("polsen", groups=[admins])
    # The emulator knows no boundary of a user.
    boundary = f"<PermissionsBoundaryType>Policy</PermissionsBoundaryType><PermissionsBoundaryArn>{READ_ONLY}</PermissionsBoundaryArn>"
    identity = f"<Path>/</Path><UserName>polsen</UserName><UserId>{polsen.id}</UserId><Arn>{polsen.arn}</Arn><CreateDate>2026-01-01T00:00:00Z</CreateDate>"
    world.aws.say("GetUser", f"<User>{identity}<PermissionsBoundary>{boundary}</PermissionsBoundary></User>")
    assert receives(world, joined(polsen, admins)).cases == []


def test_a_path_to_more_access_is_observed(world):
    group = world.group("helpers")
    world.writes_inline(group, PATH_TO_MORE)
    polsen = world.user("polsen", groups=[group])
    seen = receives(world, joined(polsen, group))
    assert (seen.outcome, seen.changed, seen.writes) == ("observed", set(), [])
    assert seen.case["decision"]["guardrails"][0]["id"] == "no-path-to-administrator-by-group"
    assert [call["operation"] for call in seen.case["outcomes"][0]["would"]] == ["RemoveUserFromGroup"]


def test_a_user_who_was_in_the_group_before_the_call_is_removed_all_the_same(world):
    """AddUserToGroup succeeds for a member too, and its record does not say so: nobody can know. The undo is in the notice."""
    admins = world.group("admins", holds=[ADMINISTRATOR])
    polsen = world.user("polsen", groups=[admins])
    for _ in range(2):
        world.join(polsen, admins)
    seen = receives(world, joined(polsen, admins))
    assert (seen.outcome, seen.changed) == ("applied", {polsen.no_longer_in("admins")})
    assert seen.undo["command"] in seen.notice.text


def test_a_user_whom_somebody_removed_already_is_already_clean(world):
    admins = world.group("admins", holds=[ADMINISTRATOR])
    seen = receives(world, joined(world.user("polsen"), admins))
    assert (seen.outcome, seen.changed) == ("already-clean", set())
    assert seen.notice.case == seen.case


@pytest.mark.parametrize("gone", ["the group", "the user", "both"])
def test_what_is_gone_is_not_guessed_at(world, gone):
    admins = world.group("admins", holds=[ADMINISTRATOR])
    polsen = world.user("polsen", groups=[admins])
    event = joined(polsen, admins)
    if gone != "the group":
        world.remove("user", "polsen")
    if gone != "the user":
        world.remove("group", "admins")
    seen = receives(world, event)
    assert seen.changed == set()
    assert seen.outcome in ("already-clean", "unremediable")
    assert seen.notice.case == seen.case


@pytest.mark.parametrize("unread", ["ListAttachedGroupPolicies", "ListGroupPolicies", "GetGroupPolicy", "GetPolicy", "GetPolicyVersion"])
@pytest.mark.parametrize("how", ["denied", "failing"])
def test_a_group_whose_policies_cannot_be_read_keeps_its_member_and_it_is_an_error(world, unread, how):
    admins = world.group("admins", holds=[world.policy("Admin", ALLOW_ALL)])
    world.writes_inline(admins, ALLOW_ALL)
    polsen = world.user("polsen", groups=[admins])
    event = joined(polsen, admins)
    if how == "denied":
        world.aws.deny(unread)
    else:
        world.aws.fail(unread)
    seen = receives(world, event, fresh=True)
    assert (seen.error.type, seen.changed) == ("Final.AccessDenied" if how == "denied" else "Retryable.ServiceError", set())
    assert unread in seen.error.message
    world.aws.forget()
    assert receives(world, event).changed == {polsen.no_longer_in("admins")}


def test_a_group_with_a_document_that_cannot_be_understood_is_told_to_a_person(world):
    admins = world.group("admins")
    world.writes_inline(admins, ALLOW_ALL)
    polsen = world.user("polsen", groups=[admins])
    world.aws.say("GetGroupPolicy", "<GroupName>admins</GroupName><PolicyName>inline</PolicyName><PolicyDocument>%7B%22Statement%22%3A7%7D</PolicyDocument>")
    seen = receives(world, joined(polsen, admins))
    assert (seen.outcome, seen.case["decision"]["verdict"], seen.changed) == ("unremediable", "unknown", set())
    assert seen.notice.case == seen.case


CONDITIONS = {
    "its name": 'context.group.name == "billing-people"',
    "its path": 'context.group.path == "/team/a/"',
    "its ARN": 'context.group.arn == "arn:aws:iam::123456789012:group/team/a/billing-people"',
    "what it allows": 'context.group.allows.contains("aws-portal:ModifyBilling")',
    "what it may grant": "context.group.mayGrant.admin",
    "the user's path": 'resource.path == "/people/"',
}


@pytest.mark.parametrize("asked", CONDITIONS)
def test_a_guardrail_can_ask_for_the_group(world, tmp_path, asked):
    group = world.group("billing-people", holds=[BILLING], path="/team/a/")
    if asked == "what it may grant":
        world.writes_inline(group, {**ALLOW_ALL, "Statement": [{**ALLOW_ALL["Statement"][0], "Condition": {"Bool": {"aws:MultiFactorAuthPresent": "true"}}}]})
    polsen = world.user("polsen", groups=[group], path="/people/")
    seen = receives(world, joined(polsen, group), guardrails=rulebook(tmp_path, guardrail(CONDITIONS[asked])))
    assert (seen.outcome, seen.changed) == ("applied", {polsen.no_longer_in("billing-people")})
    other = world.group("others", holds=[READ_ONLY])
    if asked != "the user's path":
        world.join(polsen, other)
        assert receives(world, joined(polsen, other), guardrails=rulebook(tmp_path, guardrail(CONDITIONS[asked]))).cases == []


def test_what_the_record_tells_alone_costs_no_read(world, tmp_path):
    group = world.group("billing-people", holds=[BILLING])
    polsen = world.user("polsen", groups=[group])
    only_the_name = tmp_path / "only-the-name"
    only_the_name.mkdir()
    folder = rulebook(tmp_path, guardrail('context.group.name == "billing-people"'))
    # Without the shipped guardrails about groups, which read what the group grants.
    (folder / "grants.cedar").unlink()
    seen = receives(world, joined(polsen, group), guardrails=folder)
    assert seen.operations == ["RemoveUserFromGroup", "Publish"]


def test_a_user_named_in_other_letters_is_the_same_user(world):
    """IAM finds users and groups whichever way their names are capitalised; the emulator does not, so nothing is found there."""
    admins = world.group("admins", holds=[ADMINISTRATOR])
    polsen = world.user("polsen", groups=[admins])
    event = but(joined(polsen, admins), requestParameters={"groupName": "Admins", "userName": "Polsen"})
    seen = receives(world, event)
    assert seen.changed == set()
    assert seen.outcome in ("already-clean", "unremediable")
