"""A change that somebody, or something, makes again and again."""

import pytest
from lab.command import credentials, rescind
from lab.events import BILLING, anew, assumed_role, attachment, but, iam_user
from lab.world import Observation, World


def attached(world: World, times: int, **record: object) -> list[Observation]:
    """Billing is attached to polsen so many times, and taken back each time."""
    polsen = world.user("polsen")
    event = but(attachment(BILLING, user=polsen, actor=iam_user("mallory")), **record)
    seen = []
    for _ in range(times):
        world.attach(BILLING, polsen)
        seen.append(world.receives(anew(event)))
    assert {each.outcome for each in seen} == {"applied"}
    return seen


@pytest.mark.parametrize(
    ("record", "says"),
    [
        ({"userAgent": "APN/1.0 HashiCorp/1.0 Terraform/1.9.5"}, "by its user agent, Terraform makes it"),
        ({"userIdentity": assumed_role("deployer")}, "role deployer makes it, with the user agent"),
        (
            {"userIdentity": {**iam_user("mallory"), "invokedBy": "cloudformation.amazonaws.com"}},
            "the AWS service cloudformation.amazonaws.com makes it",
        ),
    ],
    ids=["Terraform", "a role", "CloudFormation"],
)
def test_the_notice_says_what_keeps_making_the_change(world, record, says):
    *_, third = attached(world, 3, **record)
    (line,) = [line for line in third.notice.text.splitlines() if line.startswith("Contested")]
    assert says in line


def test_each_time_the_actor_is_named(world):
    attached(world, 2)
    polsen = "polsen"
    world.iam.attach_user_policy(UserName=polsen, PolicyArn=BILLING)
    third = world.receives(attachment(BILLING, user=polsen, actor=iam_user("ann")))
    assert "user/mallory (2), arn:aws:iam::123456789012:user/ann (1)" in third.notice.text


def test_a_retry_counts_once(world):
    polsen = world.user("polsen")
    for _ in range(2):
        world.attach(BILLING, polsen)
        event = attachment(BILLING, user=polsen, actor=iam_user("mallory"))
        world.aws.deny("Publish")
        world.receives(event, fresh=True)
        world.aws.forget()
        world.ledger.age()
        assert "contested" not in world.receives(event).case


def test_a_notice_that_was_due_and_could_not_be_sent_is_sent_by_the_retry(world):
    attached(world, 2)
    world.iam.attach_user_policy(UserName="polsen", PolicyArn=BILLING)
    event = attachment(BILLING, user="polsen", actor=iam_user("mallory"))
    world.aws.deny("Publish")
    assert world.receives(event, fresh=True).error.type == "Final.AccessDenied"
    world.aws.forget()
    world.ledger.age()
    assert "taken back 3 times" in world.receives(event).notice.text


def test_another_target_is_another_change(world):
    attached(world, 2)
    ann = world.user("ann", holds=[BILLING])
    assert "contested" not in world.receives(attachment(BILLING, user=ann, actor=iam_user("mallory"))).case


def test_what_cannot_be_counted_is_reported_like_any_other(world):
    attached(world, 3)
    world.iam.attach_user_policy(UserName="polsen", PolicyArn=BILLING)
    world.aws.deny("UpdateItem")
    seen = world.receives(attachment(BILLING, user="polsen", actor=iam_user("mallory")))
    assert (seen.outcome, len(seen.notices)) == ("applied", 1)


def test_years_of_trying_make_the_count_no_longer(world):
    attached(world, 1)
    (count,) = [item for item in world.ledger.items() if item["pk"].endswith("#taken")]
    for number in range(250):
        world.ledger.set(count, **{f"case rsc-{number:016x}": "2026-01-01T00:00:00.000Z arn:aws:iam::123456789012:user/mallory"})
    world.iam.attach_user_policy(UserName="polsen", PolicyArn=BILLING)
    seen = world.receives(attachment(BILLING, user="polsen", actor=iam_user("mallory")))
    assert "contested" not in seen.case, "those were long ago"
    (count,) = [item for item in world.ledger.items() if item["pk"].endswith("#taken")]
    assert len([name for name in count if name.startswith("case ")]) == 200


def test_a_change_that_was_taken_back_several_times_is_given_back_once(world):
    seen = attached(world, 3)
    first, last = seen[0].case["id"], seen[-1].case["id"]
    undone = rescind("undo", first, "--yes", env=credentials(world.account.url))
    assert (undone.returncode, undone.stderr) == (0, "")
    assert "was taken back 3 times in the last days: this gives it back once, for all of them" in undone.stdout
    again = rescind("undo", last, "--yes", env=credentials(world.account.url))
    assert (again.returncode, "already attached" in again.stderr) == (1, True)
