"""A person stops Rescind, or one guardrail, and lets it go on."""

import pytest
from lab.command import credentials, rescind
from lab.events import BILLING, attachment, iam_user
from lab.world import World

GUARDRAIL = "billing-is-for-finance"


def person(world: World, *arguments: str, status: int = 0) -> str:
    """What the command says to somebody with credentials."""
    ran = rescind(*arguments, env=credentials(world.account.url))
    assert ran.returncode == status, ran.stderr
    return ran.stdout or ran.stderr


def billing(world: World, name: str = "polsen") -> dict:
    return attachment(BILLING, user=world.user(name, holds=[BILLING]), actor=iam_user("mallory"))


def test_everything_stops_within_the_next_event_and_goes_on_as_soon(world):
    assert "everything is stopped" in person(world, "stop", "--reason", "false alarms")
    seen = world.receives(billing(world))
    assert (seen.outcome, seen.changed) == ("observed", set())
    assert "false alarms (since 20" in seen.notice.text and "rescind resume" in seen.notice.text
    assert person(world, "resume") == "nothing is stopped\n"
    assert world.receives(billing(world, "ann")).outcome == "applied"


def test_one_guardrail_stops_and_the_others_go_on(world):
    assert f"guardrail {GUARDRAIL} is stopped" in person(world, "stop", "--guardrail", GUARDRAIL, "--reason", "finance moves")
    seen = world.receives(billing(world))
    assert (seen.outcome, seen.changed) == ("observed", set())
    assert 'a person has stopped this: "finance moves' in seen.notice.text
    admin = "arn:aws:iam::aws:policy/AdministratorAccess"
    ann = world.user("ann", holds=[admin])
    assert world.receives(attachment(admin, user=ann, actor=iam_user("mallory"))).outcome == "applied"
    assert person(world, "resume", "--guardrail", GUARDRAIL) == "nothing is stopped\n"
    assert world.receives(billing(world, "eve")).outcome == "applied"


@pytest.mark.parametrize("reason", ["", "  "])
def test_a_stop_needs_a_reason(world, reason):
    assert "needs a reason" in person(world, "stop", "--reason", reason, status=1)
    world.ledger.stop(everything=reason, **{GUARDRAIL: reason})
    seen = world.receives(billing(world))
    assert seen.outcome == "applied"
    assert any("a stop without a reason, which Rescind ignores" in str(record) for record in seen.invocation.records())
    assert "stop without a reason" in person(world, "resume", "--guardrail", "another")


def test_an_empty_guardrail_is_no_stop_of_everything(world):
    assert "a guardrail's id is expected" in person(world, "stop", "--guardrail", "", "--reason", "x", status=1)
    assert person(world, "resume") == "nothing is stopped\n"


def test_a_case_that_was_begun_waits_until_the_stop_is_over(world):
    event = billing(world)
    world.aws.instead("DetachUserPolicy", world.kill)
    world.receives(event, fresh=True)
    world.aws.forget()
    world.ledger.age()
    world.ledger.stop(everything="a reason")
    seen = world.receives(event, fresh=True)
    assert (seen.error.type, seen.changed, seen.notices) == ("Final.Rejected", set(), [])
    assert "a person has stopped Rescind" in seen.error.message
    world.ledger.stop()
    assert world.receives(event).outcome == "applied"


def test_a_stop_that_cannot_be_read_stops_nothing(world):
    """Whoever can break the ledger cannot stop Rescind with that."""
    world.ledger.stop(everything="a reason")
    event = billing(world)
    for operation in ("BatchGetItem", "GetItem", "PutItem", "UpdateItem"):
        world.aws.deny(operation)
    assert world.receives(event, fresh=True).outcome == "applied"
