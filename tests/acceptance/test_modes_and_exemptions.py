"""What is told but not taken back."""

from datetime import datetime, timedelta, timezone

import pytest
from lab.events import BILLING, READ_ONLY, assumed_role, attachment, but, iam_user
from lab.rulebook import exemption, rulebook

POLSEN = "arn:aws:iam::123456789012:user/polsen"


def test_a_guardrail_that_observes_does_nothing_even_in_a_stack_that_enforces(world):
    polsen = world.user("polsen", holds=[READ_ONLY])
    seen = world.receives(attachment(READ_ONLY, user=polsen))
    assert (seen.outcome, seen.changed) == ("observed", set())
    assert seen.case["decision"]["guardrails"][0]["id"] == "users-get-access-through-groups"
    assert seen.writes == []
    would = {"service": "iam", "operation": "DetachUserPolicy", "parameters": {"UserName": "polsen", "PolicyArn": READ_ONLY}}
    assert seen.case["outcomes"][0]["would"] == [would]


def test_an_exempted_actor_keeps_what_they_took_and_the_notice_names_the_exemption(world, tmp_path):
    polsen = world.user("polsen", holds=[BILLING])
    seen = world.receives(attachment(BILLING, user=polsen), guardrails=rulebook(tmp_path, exemptions=exemption(POLSEN)))
    assert (seen.outcome, seen.changed) == ("exempt", set())
    assert seen.operations == ["Publish"]
    exempted = seen.case["decision"]["exemption"]
    assert (exempted["id"], exempted["owner"], exempted["until"]) == ("an-exemption", "platform team", "2099-12-31")
    assert "an-exemption" in seen.notice.text


def test_an_exemption_past_its_end_no_longer_applies(world, tmp_path):
    polsen = world.user("polsen", holds=[BILLING])
    ended = rulebook(tmp_path, exemptions=exemption(POLSEN, until="2020-12-31"))
    seen = world.receives(attachment(BILLING, user=polsen), guardrails=ended)
    assert (seen.outcome, seen.changed) == ("applied", {polsen.no_longer_holds(BILLING)})


def test_an_exemption_that_ended_between_the_change_and_its_delivery_still_covers_it(world, tmp_path):
    polsen = world.user("polsen", holds=[BILLING])
    ended = rulebook(tmp_path, exemptions=exemption(POLSEN, until="2020-12-31"))
    seen = world.receives(but(attachment(BILLING, user=polsen), eventTime="2020-12-31T23:59:59Z"), guardrails=ended)
    assert (seen.outcome, seen.changed) == ("exempt", set())


def test_a_function_says_at_its_start_which_exemptions_end_soon(world, tmp_path):
    polsen = world.user("polsen", holds=[BILLING])
    until = datetime.now(timezone.utc).date() + timedelta(days=20)
    ending = rulebook(tmp_path, exemptions=exemption(POLSEN, until=str(until)))
    seen = world.receives(attachment(BILLING, user=polsen), guardrails=ending, fresh=True)
    said = [record for record in seen.invocation.records() if record.get("message") == "exemption ends"]
    assert [(record["exemption"], record["until"], record["days_left"]) for record in said] == [("an-exemption", str(until), 20)]
    assert [record["ExemptionDaysLeft"] for record in seen.invocation.records() if "ExemptionDaysLeft" in record] == [20]


def test_an_exemption_covers_its_own_actor_only(world, tmp_path):
    polsen = world.user("polsen", holds=[BILLING])
    others = rulebook(tmp_path, exemptions=exemption(f"{POLSEN}-2"))
    seen = world.receives(attachment(BILLING, user=polsen), guardrails=others)
    assert (seen.outcome, seen.changed) == ("applied", {polsen.no_longer_holds(BILLING)})


def test_whom_a_guardrail_lets_through_needs_no_exemption(world):
    developers = world.group("developers", holds=[BILLING])
    seen = world.receives(attachment(BILLING, group=developers, actor=assumed_role("FinanceAdmin", path="/finance/")))
    assert (seen.cases, seen.calls, seen.changed) == ([], [], set())


@pytest.mark.parametrize("path", ["/", "/x/finance/", "/x:role/finance/"])
def test_a_role_of_the_same_name_elsewhere_is_no_finance_admin(world, path):
    """Whoever can create a role chooses its name."""
    developers = world.group("developers", holds=[BILLING])
    seen = world.receives(attachment(BILLING, group=developers, actor=assumed_role("FinanceAdmin", path=path)))
    assert seen.changed == {developers.no_longer_holds(BILLING)}


def test_a_session_name_does_not_make_a_finance_admin(world):
    """The session's name is the caller's to choose; the role is not."""
    developers = world.group("developers", holds=[BILLING])
    seen = world.receives(attachment(BILLING, group=developers, actor=assumed_role("Intern", session="role/FinanceAdmin")))
    assert seen.changed == {developers.no_longer_holds(BILLING)}


FACTS = {
    "tags": 'resource.hasTag("team") && resource.getTag("team") == "payments"',
    "path": 'resource.path == "/payments/"',
}


@pytest.mark.parametrize("fact", FACTS)
def test_a_fact_about_the_target_is_read_where_a_guardrail_refers_to_it(world, tmp_path, fact):
    guardrail = f"""
@id("payments-are-separate")
@description("Payments are separate")
@severity("high")
@remedy("detach-policy")
forbid (principal, action == Action::"AttachRolePolicy", resource) when {{ {FACTS[fact]} }};
"""
    separate = rulebook(tmp_path, guardrail)
    inside = world.role("inside", holds=[READ_ONLY], path="/payments/", tags={"team": "payments"})
    outside = world.role("outside", holds=[READ_ONLY], path="/web/", tags={"team": "web"})
    seen = world.receives(attachment(READ_ONLY, role=inside), guardrails=separate)
    assert seen.changed == {inside.no_longer_holds(READ_ONLY)}
    assert seen.operations == ["GetRole", "DetachRolePolicy", "Publish"]
    assert world.receives(attachment(READ_ONLY, role=outside), guardrails=separate).cases == []


def test_a_target_s_groups_are_read_where_a_guardrail_refers_to_them(world, tmp_path):
    guardrail = """
@id("admins-keep-what-they-have")
@description("Admins keep what they have")
@severity("high")
@remedy("detach-policy")
forbid (principal, action == Action::"AttachUserPolicy", resource)
when { resource in Group::"arn:aws:iam::123456789012:group/admins" };
"""
    admins = world.group("admins")
    root = world.user("root-ish", holds=[READ_ONLY], groups=[admins])
    seen = world.receives(attachment(READ_ONLY, user=root, actor=iam_user("polsen")), guardrails=rulebook(tmp_path, guardrail))
    assert seen.changed == {root.no_longer_holds(READ_ONLY)}
    assert seen.operations == ["ListGroupsForUser", "DetachUserPolicy", "Publish"]
