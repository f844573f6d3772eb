"""Whom and what a remedy touches, and whom it never does."""

import pytest
from lab.events import BILLING, QUARANTINE, READ_ONLY, attachment
from lab.rulebook import EVERYTHING, rulebook
from lab.world import ALLOW_READING, OWN_ROLES

ADMINISTRATOR = "arn:aws:iam::aws:policy/AdministratorAccess"


def test_a_customer_s_own_policy_is_taken_back_and_still_exists(world, tmp_path):
    own = world.policy("deploy", ALLOW_READING, path="/team/a/")
    polsen = world.user("polsen", holds=[own, READ_ONLY])
    seen = world.receives(attachment(own, user=polsen), guardrails=rulebook(tmp_path, EVERYTHING))
    assert (seen.outcome, seen.changed) == ("applied", {polsen.no_longer_holds(own)})


@pytest.mark.parametrize("name", OWN_ROLES)
def test_its_own_roles_are_never_touched(world, name):
    own = world.role(name, holds=[ADMINISTRATOR])
    seen = world.receives(attachment(ADMINISTRATOR, role=own))
    assert (seen.outcome, seen.changed) == ("unremediable", set())
    assert "DetachRolePolicy" not in seen.operations
    assert seen.notice.attributes["outcome"] == "unremediable"


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("AWSServiceRoleForSupport", "/aws-service-role/support.amazonaws.com/"),
        ("AWSReservedSSO_AdministratorAccess_0123456789abcdef", "/aws-reserved/sso.amazonaws.com/"),
        ("AWSReservedSSO_AdministratorAccess_0123456789abcdef", "/aws-reserved/sso.amazonaws.com/eu-west-1/"),
    ],
)
def test_aws_s_own_roles_are_never_touched(world, name, path):
    reserved = world.role(name, holds=[ADMINISTRATOR], path=path)
    seen = world.receives(attachment(ADMINISTRATOR, role=reserved))
    assert (seen.outcome, seen.changed) == ("unremediable", set())
    assert "DetachRolePolicy" not in seen.operations
    assert seen.notice.attributes["outcome"] == "unremediable"


@pytest.mark.parametrize("name", ["AWSServiceRoleForBackdoor", "AWSReservedSSO_Backdoor_0123456789abcdef"])
def test_a_role_that_only_calls_itself_like_aws_s_own_is_not_spared(world, name):
    backdoor = world.role(name, holds=[ADMINISTRATOR])
    seen = world.receives(attachment(ADMINISTRATOR, role=backdoor))
    assert (seen.outcome, seen.changed) == ("applied", {backdoor.no_longer_holds(ADMINISTRATOR)})


def test_a_role_that_iam_protects_is_unremediable_not_an_error(world):
    protected = world.role("Protected", holds=[ADMINISTRATOR])
    world.aws.refuse_as_unmodifiable("DetachRolePolicy")
    seen = world.receives(attachment(ADMINISTRATOR, role=protected))
    assert (seen.outcome, seen.changed) == ("unremediable", set())
    assert seen.notice.case == seen.case


def test_the_quarantine_of_a_leaked_key_is_never_taken_back(world, tmp_path):
    leaked = world.user("leaked", holds=[QUARANTINE])
    seen = world.receives(attachment(QUARANTINE, user=leaked), guardrails=rulebook(tmp_path, EVERYTHING))
    assert (seen.outcome, seen.changed) == ("unremediable", set())
    assert not [operation for operation in seen.operations if operation.startswith("Detach")]


def test_a_customer_s_policy_that_only_calls_itself_quarantine_is_not_spared(world, tmp_path):
    impostor = world.policy("AWSCompromisedKeyQuarantineV2")
    polsen = world.user("polsen", holds=[impostor])
    seen = world.receives(attachment(impostor, user=polsen), guardrails=rulebook(tmp_path, EVERYTHING))
    assert (seen.outcome, seen.changed) == ("applied", {polsen.no_longer_holds(impostor)})


def test_the_actor_is_not_the_target(world):
    polsen = world.user("polsen", holds=[BILLING])
    intern = world.user("intern", holds=[BILLING])
    seen = world.receives(attachment(BILLING, user=intern))
    assert seen.changed == {intern.no_longer_holds(BILLING)}
    assert (seen.case["actor"]["name"], seen.case["change"]["target"]["name"]) == (polsen.name, intern.name)
