"""The ledger when AWS, or a person with a console, does something unexpected to it."""

import json
import time

import pytest
from lab.events import BILLING, attachment, iam_user, misuse, put_inline, updated
from lab.offence import ALLOW_ALL, of_session
from lab.rulebook import rulebook
from lab.world import DELETE_INLINE_POLICY, QUARANTINE_PRINCIPAL, World

NO_INLINE_POLICIES = """
@id("no-inline-policies")
@severity("low")
@remedy("delete-inline-policy")
forbid (principal, action in Action::"put-policy", resource);
"""


def billing(world: World) -> dict:
    return attachment(BILLING, user=world.user("polsen", holds=[BILLING]), actor=iam_user("mallory"))


def raw(world: World) -> list[dict]:
    """The items that are cases, their bodies unread."""
    return [item for item in world.ledger.items() if item["sk"].startswith("case#")]


def left_begun(world: World) -> tuple[dict, dict]:
    """An event whose function was killed before its remedy, and the item that it left."""
    event = billing(world)
    world.aws.instead("DetachUserPolicy", world.kill)
    world.receives(event, fresh=True)
    world.aws.forget()
    (stored,) = raw(world)
    return event, stored


@pytest.mark.parametrize("misbehaves", ["deny", "fail"])
def test_a_ledger_that_refuses_or_fails_holds_nothing_up(world, misbehaves):
    event = billing(world)
    for operation in ("BatchGetItem", "PutItem", "UpdateItem"):
        getattr(world.aws, misbehaves)(operation)
    seen = world.receives(event, fresh=True)
    assert seen.outcome == "applied"
    assert "this case is not recorded: keep this message" in seen.notice.text


def test_a_ledger_that_is_silent_is_waited_for_three_seconds_and_no_longer(world):
    event = billing(world)
    world.aws.silence("BatchGetItem")
    seen = world.receives(event, fresh=True)
    assert seen.outcome == "applied"
    # Once in init, and once for the event.
    assert seen.invocation.seconds < 9


def test_a_ledger_that_is_asked_too_often_is_waited_for(world):
    event = billing(world)
    world.aws.throttle("PutItem", times=1)
    seen = world.receives(event, fresh=True)
    assert (seen.outcome, seen.notice.case.get("unrecorded")) == ("applied", None)


def test_a_ledger_that_goes_on_being_asked_too_often_is_an_error_that_lambda_retries(world):
    event = billing(world)
    world.aws.throttle("PutItem")
    seen = world.receives(event, fresh=True)
    assert (seen.error.type, seen.changed, seen.notices) == ("Retryable.Throttled", set(), [])


@pytest.mark.parametrize("edit", [{"body": "{"}, {"body": '{"case": {"version": 99}}'}, {"state": "closed", "body": "none"}], ids=str)
def test_an_item_that_cannot_be_read_is_left_as_it_is_and_said(world, edit):
    event, stored = left_begun(world)
    world.ledger.set(stored, **edit)
    seen = world.receives(event, fresh=True)
    assert seen.outcome == "applied"
    assert "this case is not recorded" in seen.notice.text and "cannot be read" in seen.notice.text
    (left,) = raw(world)
    assert left["body"] == edit["body"]


def test_a_retry_does_not_decide_again(world, tmp_path):
    event, _ = left_begun(world)
    world.ledger.age()
    # By now nothing forbids it any more.
    exempt = """
    @id("polsen-may") @owner("security") @reason("decided since") @until("2099-01-01")
    permit (principal, action, resource);
    """
    seen = world.receives(event, fresh=True, guardrails=rulebook(tmp_path, exemptions=exempt))
    assert seen.outcome == "applied"


def test_what_was_not_taken_back_is_decided_again_when_a_person_sends_the_event_again(world):
    event = billing(world)
    alone = {"BREAK_GLASS": "arn:aws:iam::123456789012:user/polsen"}
    assert world.receives(event, **alone).outcome == "unremediable"
    duplicate = world.receives(event)
    assert (duplicate.outcome, duplicate.notices) == ("unremediable", []), "a duplicate comes at once"
    world.ledger.age()
    assert world.receives(event).outcome == "applied"
    assert world.ledger.states == ["closed"]


def test_observing_is_recorded_and_keeps_nobody_from_enforcing(world):
    event = billing(world)
    world.receives(attachment(BILLING, user=world.user("somebody")), mode="observe")
    seen = world.receives(event, mode="observe")
    assert (seen.outcome, seen.ledger, len(seen.calls)) == ("observed", ["UpdateItem", "PutItem"], 4)
    assert world.receives(event).outcome == "applied"


def test_each_update_of_a_finding_is_a_case_of_its_own_under_one_id(world):
    world.role("web")
    responder = {"BREAK_GLASS": world.role("responder").arn}
    first = misuse(of_session("web"))
    for event in (first, updated(first, 120)):
        time.sleep(1.1)  # a quarantine is named by the second
        assert world.receives(event, name=QUARANTINE_PRINCIPAL, **responder).outcome == "applied"
    keys = [(case["pk"], case["sk"]) for case in world.ledger.cases()]
    assert len({pk for pk, _ in keys}) == 1 and len(set(keys)) == 2


def test_a_case_that_is_too_long_for_one_item_is_kept_whole(world, tmp_path):
    web = world.role("web")
    text = json.dumps({**ALLOW_ALL, "Id": "é" * 60_000}, ensure_ascii=False)
    world.writes_inline(web, text)
    guardrails = rulebook(tmp_path, NO_INLINE_POLICIES)
    seen = world.receives(put_inline(web, text), name=DELETE_INLINE_POLICY, guardrails=guardrails)
    assert seen.outcome == "applied"
    parts = [item for item in world.ledger.items() if item["sk"].startswith("part ")]
    assert len(parts) > 2 and all(len(part["body"].encode()) < 400_000 for part in parts)
    again = world.receives(put_inline(web, text), name=DELETE_INLINE_POLICY, guardrails=guardrails)
    assert again.error is None


def test_no_secret_is_in_the_ledger(world):
    world.receives(billing(world))
    assert "must-not-appear" not in json.dumps(world.ledger.items())
