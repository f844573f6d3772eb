"""Notices that people can live with: what is alike is counted, what is mild waits for the daily digest, and what Rescind does is always said at once."""

import json
from datetime import date, datetime, timedelta, timezone

import pytest
from lab.command import credentials, rescind
from lab.emulator import ACCOUNT
from lab.events import BILLING, anew, assumed_role, attachment, but, iam_call, iam_user, sample, scheduled
from lab.rulebook import rulebook
from lab.world import DETACH_POLICY, WATCH, World

MEDIUM = {"NOTICE_SEVERITY": "medium"}
GUARDRAIL = "billing-is-for-finance"


def billing(world: World, name: str = "polsen", actor: str = "mallory") -> dict:
    """An attachment that the shipped rulebook forbids."""
    user = world.user(name, holds=[BILLING])
    return attachment(BILLING, user=user, actor=iam_user(actor))


def refused(event: dict) -> dict:
    return but(event, errorCode="AccessDenied", responseElements=None)


def daily(world: World, **settings):
    """A tick of the function that sends the digest."""
    return world.receives(scheduled(), name=WATCH, **{"DIGEST_HOUR": "0", **MEDIUM, **settings})


def digests(seen) -> list:
    return [notice for notice in seen.notices if notice.attributes["outcome"] == "digest"]


# What is alike.


def test_the_same_again_within_the_hour_is_counted(world):
    event = billing(world)
    seen = [world.receives(anew(event), mode="observe") for _ in range(4)]
    assert [len(each.notices) for each in seen] == [1, 0, 0, 0]
    assert len(world.ledger.cases()) == 4, "each is in the ledger all the same"
    assert any("others like it were reported" in str(record) for record in seen[1].invocation.records())


def test_an_hour_in_which_something_was_counted_is_closed_by_a_message(world):
    event = billing(world)
    first, *_ = [world.receives(anew(event), mode="observe") for _ in range(4)]
    assert world.tick(mode="observe").notices == [], "not before the hour is over"
    world.ledger.an_hour_passes()
    closing = world.tick(mode="observe").notice
    assert closing.subject.startswith("[high] Rescind: and 3 more like it: would be taken back: policy Billing on user polsen")
    assert closing.attributes == {**first.notice.attributes}
    for said in ("3 more like it in the hour from", GUARDRAIL, "user/mallory", first.case["id"], "rescind cases --since"):
        assert said in closing.text
    assert closing.case["repeated"]["times"] == 3
    assert world.tick(mode="observe").notices == []


def test_a_message_that_could_not_be_sent_is_sent_by_the_next_tick(world):
    event = billing(world)
    for _ in range(2):
        world.receives(anew(event), mode="observe")
    world.ledger.an_hour_passes()
    world.aws.deny("Publish")
    assert world.tick(mode="observe").error is not None
    world.aws.forget()
    assert "and 1 more like it" in world.tick(mode="observe").notice.subject


def test_the_next_one_after_the_hour_says_what_was_counted(world):
    event = billing(world)
    for _ in range(3):
        world.receives(anew(event), mode="observe")
    world.ledger.an_hour_passes()
    seen = world.receives(anew(event), mode="observe")
    assert "Before     2 more like it in the hour from" in seen.notice.text
    assert seen.case["repeated"]["times"] == 2
    assert world.tick(mode="observe").notices == [], "it is said once"


def test_after_five_changes_of_a_kind_the_others_are_counted_and_named(world):
    seen = [world.receives(billing(world, f"user-{number}"), mode="observe") for number in range(8)]
    assert [len(each.notices) for each in seen] == [1] * 5 + [0] * 3
    world.ledger.an_hour_passes()
    closing = world.tick(mode="observe").notice
    assert all(f"policy Billing on user user-{number}" in closing.text for number in (5, 6, 7))


def test_somebody_else_and_another_outcome_are_not_alike(world):
    event = billing(world)
    world.receives(event, mode="observe")
    by_another = but(anew(event), userIdentity=iam_user("eve", "AIDAEVEEXAMPLE000001"))
    assert len(world.receives(by_another, mode="observe").notices) == 1
    assert len(world.receives(refused(anew(event)), mode="observe").notices) == 1


def test_sessions_of_one_role_are_alike_whatever_they_are_called(world):
    """Whoever assumes a role chooses the name of the session."""
    event = billing(world)
    seen = [world.receives(but(anew(event), userIdentity=assumed_role("deploy", session)), mode="observe") for session in ("a", "b")]
    assert [len(each.notices) for each in seen] == [1, 0]


def test_what_is_taken_back_is_reported_each_time(world):
    seen = [world.receives(billing(world, f"user-{number}")) for number in range(7)]
    assert [(each.outcome, len(each.notices)) for each in seen] == [("applied", 1)] * 7


def test_a_notice_that_could_not_be_sent_is_sent_by_the_retry(world):
    event = billing(world)
    world.aws.deny("Publish")
    assert world.receives(event, mode="observe").error is not None
    world.aws.forget()
    assert len(world.receives(event, mode="observe").notices) == 1


@pytest.mark.parametrize("call", ["UpdateItem", "PutItem"])
def test_what_the_ledger_cannot_count_is_reported(world, call):
    event = billing(world)
    world.receives(anew(event), mode="observe")
    world.aws.deny(call)
    assert len(world.receives(anew(event), mode="observe").notices) == (1 if call == "UpdateItem" else 0)


def test_an_hour_that_a_wrong_clock_wrote_does_not_silence_anything(world):
    event = billing(world)
    world.receives(anew(event), mode="observe")
    for since in ("2099-01-01T00:00:00.000Z", "yesterday"):
        for item in world.ledger.of("repeats"):
            world.ledger.set(item, since=since)
        assert len(world.receives(anew(event), mode="observe").notices) == 1


# What is mild.


def test_what_is_less_severe_than_asked_for_waits_for_the_digest(world):
    seen = world.receives(refused(billing(world)), **MEDIUM)
    assert (seen.outcome, seen.notices, world.ledger.states) == ("attempted", [], ["closed"])
    assert len(world.receives(refused(anew(billing(world, "ann"))), NOTICE_SEVERITY="low").notices) == 1


def test_what_rescind_changes_never_waits(world):
    assert len(world.receives(billing(world), NOTICE_SEVERITY="critical").notices) == 1
    world.aws.deny("DetachUserPolicy")
    assert len(world.receives(billing(world, "ann"), fresh=True, NOTICE_SEVERITY="critical").notices) == 1


def test_what_the_ledger_does_not_hold_cannot_wait(world):
    world.aws.deny("PutItem")
    seen = world.receives(refused(billing(world)), mode="observe", **MEDIUM)
    assert (seen.outcome, len(seen.notices)) == ("attempted", 1)


# The digest.


def test_the_digest_says_what_had_no_notice_and_what_would_have_been_taken_back(world):
    for number in range(5):
        world.receives(refused(billing(world, f"user-{number}")), **MEDIUM)
    world.receives(billing(world, "ann"), mode="observe", **MEDIUM)
    world.receives(anew(sample("create-saml-provider")), name=WATCH, **MEDIUM)
    world.ledger.decided(minutes_ago=2)
    (digest,) = digests(daily(world))
    assert digest.subject == f"[low] Rescind: digest: 7 cases, 5 without a notice of their own ({ACCOUNT})"
    assert f"Refused    {GUARDRAIL} (low), 5 times, by arn:aws:iam::{ACCOUNT}:user/mallory: user user-0, user user-1, user user-2 and 2 more" in digest.text
    assert f"Observed   {GUARDRAIL} (high), once, by arn:aws:iam::{ACCOUNT}:user/mallory: user ann" in digest.text
    assert "Noticed    worth-a-look-today (high), once" in digest.text
    assert "give what is right an exemption" in digest.text and "rescind cases --since 20" in digest.text
    assert digest.attributes["severity"] == "low" and digest.case["digest"]["cases"][0]["guardrail"] == GUARDRAIL


def test_there_is_one_digest_a_day_and_none_about_nothing(world):
    assert daily(world).notices == [], "nothing has happened"
    yesterday(world)
    world.receives(refused(billing(world)), **MEDIUM)
    world.ledger.decided(minutes_ago=2)
    assert len(digests(daily(world))) == 1
    assert daily(world).notices == []


def test_a_digest_says_nothing_twice(world):
    world.receives(refused(billing(world)), **MEDIUM)
    world.ledger.decided(minutes_ago=2)
    assert len(digests(daily(world))) == 1
    yesterday(world, hours=0)
    assert daily(world).notices == []


def test_before_its_hour_there_is_no_digest(world):
    if (hour := datetime.now(timezone.utc).hour) == 23:
        pytest.skip("no hour of this day is left")
    world.receives(refused(billing(world)), **MEDIUM)
    world.ledger.decided(minutes_ago=2)
    assert daily(world, DIGEST_HOUR=str(hour + 1)).notices == []


def test_a_digest_that_could_not_be_sent_is_sent_by_the_next_tick(world):
    world.receives(refused(billing(world)), **MEDIUM)
    world.ledger.decided(minutes_ago=2)
    world.aws.deny("Publish")
    assert daily(world).error is not None
    world.aws.forget()
    assert len(digests(daily(world))) == 1


def test_only_the_function_that_has_an_hour_sends_a_digest(world):
    world.receives(refused(billing(world)), **MEDIUM)
    world.ledger.decided(minutes_ago=2)
    assert world.tick(**MEDIUM).notices == []


def test_the_digest_says_that_rescind_is_stopped_and_which_exemptions_end(world, tmp_path):
    soon = (date.today() + timedelta(days=20)).isoformat()
    exemption = f'\n@id("an-exemption")\n@owner("Ann Example")\n@reason("a reason")\n@until("{soon}")\npermit (principal == User::"AIDAEXAMPLEEXAMPLE00", action, resource);\n'
    world.ledger.stop(everything="an exercise")
    (digest,) = digests(daily(world, guardrails=rulebook(tmp_path, exemptions=exemption)))
    assert "Stopped" in digest.text and "an exercise" in digest.text
    assert f"Exemption  an-exemption ends on {soon}; Ann Example owns it" in digest.text


def test_the_digest_names_guardrails_that_are_broken_daily_and_those_that_never_are(world):
    then = datetime.now(timezone.utc) - timedelta(days=1)
    world.ledger.put(pk="watch#digest", sk="last", at=then.strftime("%Y-%m-%dT%H:%M:%S.000Z"), first=(then - timedelta(days=8)).date().isoformat(),
                     broken=json.dumps({GUARDRAIL: 0b111111, "gone-from-the-rulebook": 1}))  # fmt: skip
    world.receives(refused(billing(world)), **MEDIUM)
    world.ledger.decided(minutes_ago=2)
    (digest,) = digests(daily(world))
    assert f"Daily      broken on each of the last 7 days: {GUARDRAIL}" in digest.text
    assert "guardrails were not broken in 10 days: " in digest.text
    assert GUARDRAIL not in digest.case["digest"]["neverBroken"] and len(digest.case["digest"]["neverBroken"]) > 50


def test_what_is_taken_back_again_and_again_is_in_the_digest(world):
    user = world.user("polsen", holds=[BILLING])
    for _ in range(3):
        world.attach(BILLING, user)
        world.receives(anew(attachment(BILLING, user=user, actor=iam_user("mallory"))), **MEDIUM)
    world.ledger.decided(minutes_ago=2)
    (digest,) = digests(daily(world))
    assert f"Again      {GUARDRAIL} on user polsen, taken back 3 times" in digest.text


# Who it is about.


def test_a_notice_names_the_account_by_its_alias(world):
    world.iam.create_account_alias(AccountAlias="example-production")
    try:
        assert world.receives(scheduled(), name=WATCH).error is None
        seen = world.receives(billing(world), fresh=True)
    finally:
        world.iam.delete_account_alias(AccountAlias="example-production")
    assert f"Account    {ACCOUNT} (example-production), us-east-1" in seen.notice.text
    assert seen.case["accountAlias"] == "example-production"


def test_the_alias_is_read_once_a_day(world):
    assert "ListAccountAliases" in world.receives(scheduled(), name=WATCH).operations
    assert "ListAccountAliases" not in world.receives(scheduled(), name=WATCH).operations


def test_a_notice_links_to_its_target(world):
    seen = world.receives(billing(world))
    assert "Console    https://us-east-1.console.aws.amazon.com/iam/home?region=us-east-1#/users/details/polsen\n" in seen.notice.text


def test_what_has_no_page_links_to_its_record(world):
    event = iam_call("CreateAccountAlias", {"accountAlias": "other"})
    seen = world.receives(event, name=WATCH)
    where = "https://us-east-1.console.aws.amazon.com/cloudtrailv2/home?region=us-east-1#/events?EventId="
    assert f"Console    {where}{event['detail']['eventID']}\n" in seen.notice.text


def test_the_command_lists_what_had_no_notice(world):
    world.receives(refused(billing(world)), name=DETACH_POLICY, **MEDIUM)
    assert "attempted" in rescind("cases", "--outcome", "attempted", env=credentials(world.account.url)).stdout


def yesterday(world: World, hours: int = 24) -> None:
    """As if the last digest had been sent so long ago, or on the day before."""
    for item in world.ledger.of("digest"):
        at = datetime.now(timezone.utc) - timedelta(hours=hours) if hours else datetime.now(timezone.utc).replace(hour=0, minute=0) - timedelta(seconds=1)
        world.ledger.set(item, at=at.strftime("%Y-%m-%dT%H:%M:%S.000Z"))
