"""restore-guard: what it spares, how boundaries are compared, and that its events come through a queue."""

import json

import pytest
from lab.events import boundary_changed, detached, iam_user, inline_deleted, left, scheduled
from lab.offence import ALLOW_ALL, GUARDS, by_itself, the_guard
from lab.rulebook import GUARD, rulebook
from lab.world import RESTORE_GUARD

S3 = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}
READS_S3 = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:Get*", "Resource": "*"}]}


def on_condition(value: str) -> dict:
    return {"Version": "2012-10-17", "Statement": [{**S3["Statement"][0], "Condition": {"StringEquals": {"aws:PrincipalTag/team": value}}}]}


@pytest.fixture
def receives(world, tmp_path):
    """restore-guard receives an event."""
    guardrails = rulebook(tmp_path, GUARDS)
    return lambda event, **settings: world.receives(event, name=RESTORE_GUARD, guardrails=guardrails, **settings)


def queued(*events: dict) -> dict:
    """The events as a queue's messages."""
    return {"Records": [{"messageId": str(n), "eventSource": "aws:sqs", "body": json.dumps(event)} for n, event in enumerate(events)]}


def test_an_event_that_waited_in_the_queue_is_answered(world, receives):
    polsen, guard = world.user("polsen"), the_guard(world)
    seen = receives(queued(detached(guard, polsen, by_itself(polsen))))
    assert (seen.outcome, seen.changed) == ("applied", {polsen.now_holds(guard)})
    assert seen.notice.case == seen.case


def test_of_two_messages_one_that_cannot_be_read_holds_up_no_other(world, receives):
    polsen, guard = world.user("polsen"), the_guard(world)
    seen = receives(queued({"no": "event"}, detached(guard, polsen, by_itself(polsen))))
    assert seen.error.type.startswith("Final.")
    assert seen.changed == {polsen.now_holds(guard)}


@pytest.mark.parametrize("event", [scheduled(), {"Records": []}])
def test_what_is_no_message_is_none(receives, event):
    seen = receives(event)
    assert (seen.changed, seen.notices) == (set(), [])


def test_another_policy_that_is_detached_is_nobody_s_business(world, receives):
    polsen, other = world.user("polsen"), world.policy("Guard", GUARD)
    the_guard(world)
    seen = receives(detached(other, polsen, by_itself(polsen)))
    assert (seen.cases, seen.changed) == ([], set())


def test_whoever_tears_down_is_left_alone(world, receives):
    build, guard = world.role("build"), the_guard(world)
    event = detached(guard, build, by_itself(build))
    world.remove("role", "build")
    seen = receives(event)
    assert (seen.outcome, seen.changed, seen.writes) == ("already-clean", set(), [])
    assert "deleted" in seen.notice.text


def test_a_guard_that_somebody_restored_is_left_as_it_is(world, receives):
    polsen, guard = world.user("polsen"), the_guard(world)
    event = detached(guard, polsen, by_itself(polsen))
    world.attach(guard, polsen)
    seen = receives(event)
    assert (seen.outcome, seen.changed, seen.writes, seen.undos) == ("already-clean", set(), [], [])


def test_a_user_who_holds_it_through_a_group_has_not_lost_it(world, receives):
    guard = the_guard(world)
    polsen = world.user("polsen", groups=[world.group("guarded", holds=[guard])])
    seen = receives(detached(guard, polsen, by_itself(polsen)))
    assert (seen.outcome, seen.changed) == ("already-clean", set())
    assert "through group guarded" in seen.notice.text


def test_a_group_without_a_required_policy_can_be_left(world, receives):
    polsen = world.user("polsen")
    world.group("team")
    the_guard(world)
    seen = receives(left(polsen, "team", by_itself(polsen)))
    assert (seen.cases, seen.changed) == ([], set())


def test_a_required_policy_that_is_gone_is_told_to_a_person(world, receives):
    polsen = world.user("polsen")
    seen = receives(detached("arn:aws:iam::123456789012:policy/team/Guard", polsen, by_itself(polsen)))
    assert (seen.outcome, seen.changed) == ("unremediable", set())
    assert "is gone" in seen.notice.text


def test_another_text_under_the_name_of_an_inline_guard_is_replaced_and_kept(world, receives):
    polsen = world.user("polsen")
    event = inline_deleted(polsen, "guard", by_itself(polsen))
    world.writes_inline(polsen, S3, name="guard")
    before = world.account.snapshot()
    seen = receives(event)
    assert (seen.outcome, seen.changed) == ("applied", {polsen.no_longer_has("guard", S3), polsen.now_has("guard", GUARD)})
    assert "another text under that name" in seen.notice.text
    world.take_back(seen.undo)
    assert world.account.snapshot() == before


# Boundaries.


@pytest.mark.parametrize("kind", ["user", "role"])
def test_a_boundary_that_is_removed_comes_back(world, receives, kind):
    target, boundary = getattr(world, kind)("polsen"), world.policy("Boundary", S3)
    seen = receives(boundary_changed(target, actor=by_itself(target)))
    assert (seen.outcome, seen.changed) == ("applied", {target.is_bounded(boundary)})


@pytest.mark.parametrize("kind", ["user", "role"])
def test_a_looser_boundary_is_replaced(world, receives, kind):
    target, boundary, looser = getattr(world, kind)("polsen"), world.policy("Boundary", S3), world.policy("Looser", ALLOW_ALL)
    world.bound(target, looser)
    seen = receives(boundary_changed(target, looser, by_itself(target)))
    assert (seen.outcome, seen.changed) == ("applied", {target.no_longer_bounded(looser), target.is_bounded(boundary)})


def test_a_boundary_that_only_narrows_is_no_offence_whatever_its_name(world, receives):
    build, narrower = world.role("build"), world.policy("Looser", READS_S3)
    world.policy("Boundary", S3)
    world.bound(build, narrower)
    seen = receives(boundary_changed(build, narrower, by_itself(build)))
    assert (seen.cases, seen.changed) == ([], set())


def test_the_required_boundary_itself_is_no_offence_and_nothing_is_read(world, receives):
    build, boundary = world.role("build"), world.policy("Boundary", S3)
    seen = receives(boundary_changed(build, boundary, by_itself(build)))
    assert (seen.cases, seen.operations) == ([], [])


def test_a_boundary_that_cannot_be_compared_is_told_to_a_person(world, receives):
    build, other = world.role("build"), world.policy("Other", on_condition("a"))
    world.policy("Boundary", on_condition("b"))
    world.bound(build, other)
    seen = receives(boundary_changed(build, other, by_itself(build)))
    assert (seen.outcome, seen.changed, seen.writes) == ("unremediable", set(), [])
    assert "cannot prove" in seen.notice.text


def test_a_looser_boundary_that_was_narrowed_meanwhile_is_left_alone(world, receives):
    build, looser = world.role("build"), world.policy("Looser", ALLOW_ALL)
    narrower = world.policy("Narrower", READS_S3)
    world.policy("Boundary", S3)
    world.bound(build, narrower)
    seen = receives(boundary_changed(build, looser, by_itself(build)))
    assert (seen.outcome, seen.changed, seen.writes) == ("already-clean", set(), [])


def test_another_one_of_the_name_gets_no_guard(world, receives):
    """Its record gives no unique id, and whoever has the name now was made after the change."""
    guard = the_guard(world)
    event = detached(guard, world.user("polsen"), iam_user("mallory"), eventTime="2026-01-01T00:00:00Z")
    seen = receives(event)
    assert (seen.outcome, seen.changed) == ("unremediable", set())
    assert "made after the change" in seen.notice.text
