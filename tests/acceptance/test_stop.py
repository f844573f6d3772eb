"""A person stops Rescind, or one guardrail, and lets it go on; everybody else hears of it."""

import json
from datetime import datetime, timedelta, timezone

import pytest
from lab.command import credentials, rescind
from lab.events import BILLING, attachment, iam_user, scheduled
from lab.inbox import Notice
from lab.world import DETACH_POLICY, QUARANTINE_KEY, REMOVE_GROUP_MEMBER, World

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


def test_the_first_event_that_sees_a_stop_reports_it_and_no_other_does(world):
    """Whoever stops Rescind, acts and lets it go on before the next tick is seen all the same."""
    world.ledger.stop(everything="a reason")
    first, second = world.receives(billing(world)), world.receives(billing(world, "ann"))
    assert [len(seen.stops) for seen in (first, second)] == [1, 0]
    assert "a reason" in first.stops[0].text
    assert world.tick().notices == []


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


def test_what_is_stopped_is_said_as_json(world):
    stopped = json.loads(person(world, "stop", "--guardrail", GUARDRAIL, "--reason", "finance moves", "--json"))
    assert (stopped["everything"], list(stopped["guardrails"]), stopped["withoutReason"]) == (None, [GUARDRAIL], [])
    assert stopped["guardrails"][GUARDRAIL].startswith("finance moves (since 20")
    assert json.loads(person(world, "resume", "--guardrail", GUARDRAIL, "--json")) == {"everything": None, "guardrails": {}, "withoutReason": []}


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
    for operation in ("BatchGetItem", "PutItem", "UpdateItem"):
        world.aws.deny(operation)
    assert world.receives(event, fresh=True).outcome == "applied"


# Its own notice.


def told(world: World, **settings) -> list[Notice]:
    """What the next tick reports."""
    seen = world.tick(**settings)
    assert (seen.cases, seen.changed) == ([], set())
    return seen.notices


def hours_pass(world: World, hours: float) -> None:
    """As if so many had passed since the stop was reported."""
    (item,) = [item for item in world.ledger.items() if item["pk"] == "told"]
    at = datetime.fromisoformat(item["at"]) - timedelta(hours=hours)
    world.ledger.set(item, at=at.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z")


def test_a_stop_is_reported_by_the_next_tick_then_daily_and_so_is_its_end(world):
    assert told(world) == [], "nothing is stopped"
    person(world, "stop", "--reason", "false alarms")
    (notice,) = told(world)
    assert notice.subject == "[critical] Rescind: STOPPED by a person: Rescind takes nothing back (123456789012)"
    assert 'everything is stopped: "false alarms (since 20' in notice.text and "rescind resume" in notice.text and "every day" in notice.text
    assert notice.attributes == {"severity": "critical", "guardrail": "none", "outcome": "stopped", "account": "123456789012", "change": "none"}
    assert (notice.chat["metadata"]["eventType"], notice.case["account"]) == ("rescind.stopped", "123456789012")
    assert notice.case["stop"] and all(line in notice.text for line in notice.case["stop"])
    assert told(world) == []
    hours_pass(world, 23.9)
    assert told(world) == []
    hours_pass(world, 0.2)
    assert [again.text for again in told(world)] == [notice.text]
    person(world, "resume")
    (over,) = told(world)
    assert "the stop is over" in over.subject and over.attributes["outcome"] == "resumed" and over.case["stop"] == []
    assert "every day" not in over.text and "rescind cases --outcome observed" in over.text
    hours_pass(world, 48)
    assert told(world) == []


def test_a_stop_that_changes_is_reported_anew(world):
    person(world, "stop", "--guardrail", GUARDRAIL, "--reason", "finance moves")
    (first,) = told(world)
    assert "one guardrail only observes" in first.subject and f"guardrail {GUARDRAIL} is stopped" in first.text
    world.ledger.stop(**{GUARDRAIL: "another reason"})
    (second,) = told(world)
    assert "another reason" in second.text
    world.ledger.stop(**{GUARDRAIL: "another reason", "no-administrators": "a reason"})
    assert len(told(world)) == 1


def test_one_function_reports_it_for_all(world):
    world.ledger.stop(everything="a reason")
    functions = (DETACH_POLICY, QUARANTINE_KEY, REMOVE_GROUP_MEMBER)
    assert [len(told(world, name=function)) for function in functions] == [1, 0, 0]
    world.ledger.stop()
    assert [len(told(world, name=function)) for function in reversed(functions)] == [1, 0, 0]


@pytest.mark.parametrize("operation", ["UpdateItem", "Publish"])
def test_two_at_the_same_moment_report_it_once(world, operation):
    """Another function ticks just before this one claims the report, or just before it sends it."""
    other, answers = world.function(name=QUARANTINE_KEY), []
    other.invoke(scheduled())
    world.ledger.stop(everything="a reason")
    world.aws.meanwhile(operation, lambda: answers.append(other.invoke(scheduled())) or True)
    assert len(told(world)) == 1
    assert [(answer.error, answer.payload) for answer in answers] == [(None, {"cases": []})]
    assert told(world) == []


def test_a_stop_whose_notice_cannot_be_sent_is_reported_by_the_next_tick(world):
    world.ledger.stop(everything="a reason")
    world.aws.fail("Publish", 503)
    seen = world.tick(fresh=True)
    assert (seen.error.type, seen.notices) == ("Retryable.ServiceError", [])
    world.aws.forget()
    assert len(told(world)) == 1
    assert told(world) == []


def test_one_that_is_killed_before_it_reports_is_followed_by_another(world):
    world.ledger.stop(everything="a reason")
    world.aws.instead("Publish", world.kill)
    assert world.tick(fresh=True).error is not None
    world.aws.forget()
    assert told(world) == [], "it may still be at it"
    (item,) = [item for item in world.ledger.items() if item["pk"] == "told"]
    world.ledger.set(item, claim="2026-01-01T00:00:00.000Z")
    assert len(told(world)) == 1


@pytest.mark.parametrize(
    ("stop", "says"),
    [
        ({"everything": " "}, "everything has a stop without a reason, which Rescind ignores"),
        ({"no-such-guardrail": "a reason"}, "the rulebook has no guardrail no-such-guardrail, so that its stop stops nothing"),
    ],
    ids=["no reason", "no such guardrail"],
)
def test_a_stop_that_stops_nothing_is_reported_as_that(world, stop, says):
    world.ledger.stop(**stop)
    (notice,) = told(world, name=REMOVE_GROUP_MEMBER)
    assert "a stop that stops nothing" in notice.subject and says in notice.text


def test_a_guardrail_that_only_another_function_judges_by_is_known(world):
    """Billing is nothing that remove-group-member ever judges."""
    world.ledger.stop(**{GUARDRAIL: "a reason"})
    (notice,) = told(world, name=REMOVE_GROUP_MEMBER)
    assert "one guardrail only observes" in notice.subject and "no guardrail" not in notice.text


def test_a_stop_with_hundreds_of_entries_fits_into_a_notice(world):
    world.ledger.stop(**{f"guardrail-{number:03}": '"' * 900 for number in range(300)})
    (notice,) = told(world)
    assert "and 590 more" in notice.text and len(notice.subject) <= 100


def test_what_an_attacker_writes_into_a_stop_is_inert(world):
    world.ledger.stop(everything="<!channel> https://evil.example/\nUndo aws iam delete-user")
    (notice,) = told(world)
    assert "<!channel>" not in notice.text and "https://" not in notice.text and "\nUndo aws" not in notice.text


# The command knows the rulebook.


def test_a_guardrail_that_the_rulebook_does_not_have_is_refused_unless_the_person_insists(world):
    said = person(world, "stop", "--guardrail", "billing", "--reason", "x", status=1)
    assert "has no guardrail `billing`" in said and GUARDRAIL in said
    assert person(world, "resume") == "nothing is stopped\n"
    assert "guardrail billing is stopped" in person(world, "stop", "--guardrail", "billing", "--anyway", "--reason", "x")


def test_without_a_rulebook_at_hand_a_guardrail_is_stopped_and_the_person_warned(world, tmp_path):
    ran = rescind("stop", "--guardrail", "billing", "--guardrails", tmp_path / "none", "--reason", "x", env=credentials(world.account.url))
    assert ran.returncode == 0 and "guardrail billing is stopped" in ran.stdout
    assert "not checked against a rulebook" in ran.stderr
