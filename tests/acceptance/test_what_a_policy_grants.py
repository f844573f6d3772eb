"""Policies are judged by what they grant, whatever they are called; and a target by what it can do as a whole."""

import pytest
from lab.events import READ_ONLY, attachment
from lab.rulebook import rulebook

EVERYTHING = {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}
ALL_BUT_IAM = {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}}
IAM = {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "iam:*", "Resource": "*"}}
ONLY_WITH_MFA = {
    "Version": "2012-10-17",
    "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": {"Bool": {"aws:MultiFactorAuthPresent": "true"}}},
}
MAKES_AN_ADMINISTRATOR = """
@id("makes-an-administrator")
@severity("critical")
@remedy("detach-policy")
forbid (principal, action in Action::"attach-policy", resource)
when { context.after.grants.admin && !context.before.grants.admin };
"""


def test_a_policy_called_read_only_that_is_not_is_detached(world):
    policy = world.policy("ReadOnly", EVERYTHING)
    polsen = world.user("polsen", holds=[policy])
    seen = world.receives(attachment(policy, user=polsen))
    assert seen.outcome == "applied"
    assert seen.changed == {polsen.no_longer_holds(policy)}
    assert seen.case["decision"]["guardrails"][0]["id"] == "no-administrator-by-another-name"


def test_a_policy_of_one_s_own_costs_two_calls_to_read(world):
    policy = world.policy("ReadOnly", EVERYTHING)
    seen = world.receives(attachment(policy, user=world.user("polsen", holds=[policy])))
    assert seen.operations == ["GetPolicy", "GetPolicyVersion", "DetachUserPolicy", "Publish"]


def test_a_policy_that_only_reads_is_left_alone(world):
    policy = world.policy("AdministratorLookalike")
    seen = world.receives(attachment(policy, group=world.group("readers", holds=[policy])))
    assert (seen.cases, seen.changed, seen.notices) == ([], set(), [])


def test_what_depends_on_a_condition_is_reported_and_not_taken_back(world):
    policy = world.policy("WithMfa", ONLY_WITH_MFA)
    seen = world.receives(attachment(policy, role=world.role("operator", holds=[policy])))
    assert seen.changed == set()
    assert [guardrail["id"] for guardrail in seen.case["decision"]["guardrails"]] == ["perhaps-an-administrator"]


def test_a_policy_that_is_gone_before_it_is_read_is_told_to_a_person(world):
    policy = world.policy("Gone", EVERYTHING)
    polsen = world.user("polsen")
    world.iam.delete_policy(PolicyArn=policy)
    seen = world.receives(attachment(policy, user=polsen))
    assert (seen.outcome, seen.changed, seen.writes) == ("unremediable", set(), [])
    assert seen.notice.attributes["severity"] == "critical", "not that of the mild guardrail which the record alone decides"
    assert "no longer there" in seen.notice.text


@pytest.mark.parametrize("first_half", ["attached", "inline", "through a group"])
def test_the_second_harmless_half_is_detached(world, tmp_path, first_half):
    everything_else, second = world.policy("AllButIam", ALL_BUT_IAM), world.policy("Iam", IAM)
    team = world.group("team")
    polsen = world.user("polsen", groups=[team])
    if first_half == "attached":
        world.attach(everything_else, polsen)
    elif first_half == "inline":
        world.writes_inline(polsen, ALL_BUT_IAM)
    else:
        world.writes_inline(team, ALL_BUT_IAM)
    world.attach(second, polsen)
    seen = world.receives(attachment(second, user=polsen), guardrails=rulebook(tmp_path, MAKES_AN_ADMINISTRATOR))
    assert seen.outcome == "applied"
    assert seen.changed == {polsen.no_longer_holds(second)}


def test_who_was_an_administrator_already_is_not_made_one(world, tmp_path):
    world.attach(world.policy("Everything", EVERYTHING), polsen := world.user("polsen"))
    world.attach(READ_ONLY, polsen)
    seen = world.receives(attachment(READ_ONLY, user=polsen), guardrails=rulebook(tmp_path, MAKES_AN_ADMINISTRATOR))
    assert seen.changed == set()
    assert "makes-an-administrator" not in str(seen.cases)


def test_a_boundary_keeps_a_target_from_being_an_administrator(world, tmp_path):
    policy = world.policy("Everything", EVERYTHING)
    role = world.role("bounded", holds=[policy])
    world.iam.put_role_permissions_boundary(RoleName=role.name, PermissionsBoundary=READ_ONLY)
    seen = world.receives(attachment(policy, role=role), guardrails=rulebook(tmp_path, MAKES_AN_ADMINISTRATOR))
    assert "makes-an-administrator" not in str(seen.cases)
