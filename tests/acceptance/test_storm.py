"""The brake: past so many remedies of one guardrail in an hour, its further ones wait, and are judged again when the hour is over."""

import json
import subprocess
import sys
import threading
from datetime import datetime, timedelta, timezone

import pytest
from lab.binaries import RELEASE
from lab.command import credentials, rescind
from lab.emulator import changed
from lab.events import BILLING, ROOT, anew, attachment, but, iam_user, misuse, scheduled, updated
from lab.offence import ADMINISTRATOR, RESPONDER, of_session
from lab.rie import Rie
from lab.rulebook import rulebook
from lab.world import DETACH_POLICY, FUNCTIONS, QUARANTINE_PRINCIPAL, WATCH, Observation, World

GUARDRAIL = "billing-is-for-finance"
ONE = {"STORM_LIMIT": "1"}
NO_POLICY_FOR_STAFF = """
@id("staff-gets-billing-from-nobody")
@severity("high")
@remedy("detach-policy")
forbid (principal, action in Action::"attach-policy", resource is User)
when { resource.name like "staff-*" && context.policy.name == "Billing" };
"""
IT_IS_CRITICAL = """
@id("nobody-gets-billing-in-the-test-path")
@severity("critical")
@remedy("detach-policy")
forbid (principal, action in Action::"attach-policy", resource is User)
when { resource.path == "/critical/" };
"""


def billing(world: World, name: str, path: str = "/") -> dict:
    return attachment(BILLING, user=world.user(name, holds=[BILLING], path=path), actor=iam_user("mallory"))


def flooded(world: World, times: int, **settings) -> list[Observation]:
    return [world.receives(billing(world, f"user-{number}"), **settings) for number in range(times)]


def outcomes(seen: list[Observation]) -> list[str]:
    return [each.outcome for each in seen]


def moment(hours: float) -> str:
    return (datetime.now(timezone.utc) + timedelta(hours=hours)).strftime("%Y-%m-%dT%H:%M:%S.000Z")


# What is held, and what people hear of it.


def test_past_the_limit_one_notice_speaks_for_all(world):
    seen = flooded(world, 6, STORM_LIMIT="3")
    assert outcomes(seen) == ["applied"] * 3 + ["held"] * 3
    assert [len(each.notices) for each in seen] == [1, 1, 1, 1, 0, 0]
    page = seen[3].notice
    assert page.case == seen[3].case
    assert (page.attributes["severity"], page.attributes["outcome"]) == ("critical", "held")
    assert page.subject.startswith("[critical] Rescind: HELD: not yet taken back: policy Billing on user user-3")
    for said in (GUARDRAIL, "3 remedies within an hour", f"rescind stop --guardrail {GUARDRAIL} --reason", "judges each again", "--outcome held"):
        assert said in page.text
    assert "By hand    aws iam detach-user-policy" in page.text
    assert all(each.changed == set() and each.writes == [] for each in seen[3:])
    assert any("held: reported within the last hour" in str(record) for record in seen[4].invocation.records())


def test_what_is_held_is_taken_back_when_the_hour_is_over(world):
    seen = flooded(world, 3, **ONE)
    quiet = world.tick(**ONE)
    assert (quiet.cases, quiet.changed, quiet.notices) == ([], set(), []), "not before"
    world.ledger.an_hour_passes()
    tick = world.tick(**ONE)
    assert [case["outcome"] for case in tick.cases] == ["applied", "applied"], "they are not held again"
    assert {case["id"] for case in tick.cases} == {each.case["id"] for each in seen[1:]}
    assert tick.changed == {f"- user user-{number} holds {BILLING}" for number in (1, 2)}
    assert all("it waited until 20" in notice.text and "Undo" in notice.text for notice in tick.notices)
    assert world.ledger.of("held") == []
    assert world.ledger.states == ["closed"] * 3
    assert world.tick(**ONE).cases == []


def test_what_somebody_has_taken_back_by_hand_is_clean(world):
    flooded(world, 2, **ONE)
    world.iam.detach_user_policy(UserName="user-1", PolicyArn=BILLING)
    world.ledger.an_hour_passes()
    assert [case["outcome"] for case in world.tick(**ONE).cases] == ["already-clean"]


def test_what_is_held_is_listed(world):
    _, held, _ = flooded(world, 3, **ONE)
    ran = rescind("cases", "--outcome", "held", env=credentials(world.account.url))
    lines = ran.stdout.splitlines()
    assert len(lines) == 2 and held.case["id"] in lines[1] and all(" held " in line and GUARDRAIL in line for line in lines)


def test_a_tick_is_no_event_in_the_metrics(world):
    flooded(world, 2, **ONE)
    world.ledger.an_hour_passes()
    tick = world.tick(**ONE)
    assert tick.cases
    assert not [record for record in tick.invocation.records() if "Events" in record or "Latency" in record]


# What counts.


def test_retries_and_duplicates_count_once(world):
    first = billing(world, "polsen")
    world.aws.deny("DetachUserPolicy")
    for _ in range(3):
        assert world.receives(first, fresh=True, STORM_LIMIT="2").error.type == "Final.AccessDenied"
        world.ledger.age()
    world.aws.forget()
    assert [world.receives(first, STORM_LIMIT="2").outcome for _ in range(2)] == ["applied", "applied"]
    second = billing(world, "ann")
    world.aws.fail("PutItem", times=3)
    world.receives(second, fresh=True, STORM_LIMIT="2")
    world.aws.forget()
    world.ledger.age()
    assert world.receives(second, STORM_LIMIT="2").outcome in ("applied", "already-clean")
    (count,) = world.ledger.of("storm")
    assert len(count["cases"]) == 2
    assert world.receives(billing(world, "eve"), STORM_LIMIT="2").outcome == "held"


def test_a_retry_that_was_counted_and_never_begun_goes_on(world):
    """Killed between the count and the first step, it has its place already."""
    event = billing(world, "polsen")
    world.aws.instead("PutItem", world.kill)
    world.receives(event, fresh=True, **ONE)
    world.aws.forget()
    assert world.receives(event, **ONE).outcome == "applied"


def test_updates_of_a_finding_count_each(world, tmp_path):
    world.role("web")
    world.role("responder")
    first = misuse(of_session("web"))
    settings = {"name": QUARANTINE_PRINCIPAL, "guardrails": rulebook(tmp_path, severity="high"), **RESPONDER}
    for event in (first, updated(first, 120)):
        world.receives(event, **settings)
    (count,) = world.ledger.of("storm")
    assert len(count["cases"]) == 2


def test_what_is_only_observed_or_not_forbidden_does_not_count(world):
    world.ledger.stop(**{GUARDRAIL: "a reason"})
    assert outcomes(flooded(world, 2, **ONE)) == ["observed"] * 2
    assert world.ledger.of("storm") == []


def test_each_guardrail_has_a_limit_of_its_own(world):
    assert outcomes(flooded(world, 2, **ONE)) == ["applied", "held"]
    own = world.user("own", holds=[ADMINISTRATOR])
    calm = world.receives(attachment(ADMINISTRATOR, user=own, actor=iam_user("mallory")), **ONE)
    assert calm.outcome == "applied"


def test_a_change_that_several_guardrails_forbid_waits_only_if_all_are_past_their_limits(world, tmp_path):
    settings = {"guardrails": rulebook(tmp_path, NO_POLICY_FOR_STAFF), **ONE}
    assert outcomes(flooded(world, 2, **settings)) == ["applied", "held"]
    staff = [world.receives(billing(world, f"staff-{number}"), **settings) for number in range(3)]
    assert outcomes(staff) == ["applied", "held", "held"]
    assert {count["sk"]: len(count["cases"]) for count in world.ledger.of("storm")} == {GUARDRAIL: 1, "staff-gets-billing-from-nobody": 1}


def test_a_critical_guardrail_that_only_a_fact_decides_is_never_held(world, tmp_path):
    settings = {"guardrails": rulebook(tmp_path, IT_IS_CRITICAL), **ONE}
    assert outcomes(flooded(world, 2, **settings)) == ["applied", "held"]
    assert world.receives(billing(world, "gravest", path="/critical/"), **settings).outcome == "applied"


def test_where_such_a_fact_cannot_be_read_nothing_is_held(world, tmp_path):
    settings = {"guardrails": rulebook(tmp_path, IT_IS_CRITICAL), **ONE}
    flooded(world, 2, **settings)
    event = billing(world, "gravest", path="/critical/")
    world.aws.deny("GetUser")
    seen = world.receives(event, fresh=True, **settings)
    assert (seen.outcome, seen.changed) == ("applied", {f"- user gravest holds {BILLING}"})


# Hours, by their stored times.


def count_of(world: World) -> dict:
    (count,) = world.ledger.of("storm")
    return count


def test_an_hour_ends_by_its_stored_time_and_not_by_expiry(world):
    flooded(world, 2, **ONE)
    world.ledger.set(count_of(world), since=moment(-0.9))
    assert world.receives(billing(world, "early"), **ONE).outcome == "held"
    world.ledger.set(count_of(world), since=moment(-1.01))
    late = world.receives(billing(world, "late"), **ONE)
    assert (late.outcome, len(late.notices)) == ("applied", 1)
    again = world.receives(billing(world, "later"), **ONE)
    assert (again.outcome, len(again.notices)) == ("held", 1), "a new hour has a notice of its own"


@pytest.mark.parametrize(("since", "outcome"), [(0.5, "held"), (3, "applied"), (600_000, "applied"), ("nonsense", "applied"), ("", "applied")])
def test_a_clock_that_is_wrong_holds_nothing_for_longer_than_an_hour(world, since, outcome):
    flooded(world, 1, **ONE)
    world.ledger.set(count_of(world), since=since if isinstance(since, str) else moment(since))
    seen = world.receives(billing(world, "polsen"), **ONE)
    assert seen.outcome == outcome
    if outcome == "held":
        assert seen.case["held"]["until"] <= moment(1.001)


def test_a_duplicate_changes_nothing_while_its_case_waits(world):
    flooded(world, 1, **ONE)
    event = billing(world, "polsen")
    first = world.receives(event, **ONE)
    for minutes in (0, 5):
        world.ledger.age(minutes)
        again = world.receives(event, **ONE)
        assert (again.case, again.notices, again.changed) == (first.case, [], set())
    assert len(world.ledger.of("held")) == 1


def test_a_case_waits_once_even_if_its_event_comes_again_in_another_storm(world):
    flooded(world, 1, **ONE)
    event = billing(world, "polsen")
    assert world.receives(event, **ONE).outcome == "held"
    world.ledger.an_hour_passes()
    assert world.receives(billing(world, "ann"), **ONE).outcome == "applied", "the next hour is used up as well"
    assert world.receives(event, **ONE).outcome == "applied"
    assert [case["outcome"] for case in world.tick(**ONE).cases] == ["applied"]


def test_nor_after_it_was_only_observed(world):
    flooded(world, 1, **ONE)
    event = billing(world, "polsen")
    assert world.receives(event, **ONE).outcome == "held"
    world.ledger.an_hour_passes()
    world.ledger.stop(everything="a reason")
    assert world.tick(**ONE).outcome == "observed"
    world.ledger.stop()
    world.ledger.age()
    assert world.receives(billing(world, "ann"), **ONE).outcome == "applied", "the next hour is used up as well"
    assert world.receives(event, **ONE).outcome == "applied"


# At the same moment.


def test_eight_at_the_same_moment_never_pass_the_limit(world):
    events = [billing(world, f"user-{number}") for number in range(8)]
    env = world.environment(STORM_LIMIT="3")
    functions = [Rie(RELEASE / DETACH_POLICY, env) for _ in events]
    try:
        for function in functions:
            function.invoke(scheduled())  # init is over, so that they begin together
        world.inbox.take()
        before, answers, ready = world.account.snapshot(), {}, threading.Barrier(len(events))

        def invoke(number: int) -> None:
            ready.wait()
            answers[number] = functions[number].invoke(events[number])

        threads = [threading.Thread(target=invoke, args=(number,)) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        for function in functions:
            function.stop()
    assert [answer.error for answer in answers.values()] == [None] * 8
    assert sorted(answer.payload["cases"][0]["outcome"] for answer in answers.values()) == ["applied"] * 3 + ["held"] * 5
    assert len(changed(before, world.account.snapshot())) == 3
    assert sorted(notice.attributes["outcome"] for notice in world.inbox.take()) == ["applied"] * 3 + ["held"]
    assert len(world.ledger.of("held")) == 5


# When something fails.


@pytest.mark.parametrize("when", ["before it is stored", "between storing and reporting", "between reporting and closing"])
def test_killed_in_between_nothing_that_waits_is_lost(world, when):
    flooded(world, 1, **ONE)
    event = billing(world, "polsen")
    {
        "before it is stored": lambda: world.aws.instead("PutItem", world.kill),
        "between storing and reporting": lambda: world.aws.afterwards("PutItem", world.kill),
        "between reporting and closing": lambda: world.aws.afterwards("Publish", world.kill),
    }[when]()
    assert world.receives(event, fresh=True, **ONE).error is not None
    world.aws.forget()
    if when != "before it is stored":
        assert len(world.ledger.of("held")) == 1
    retried = world.receives(event, fresh=True, **ONE)
    assert (retried.outcome, len(retried.notices)) == ("held", 1)
    assert len(world.ledger.of("held")) == 1
    world.ledger.an_hour_passes()
    assert [case["outcome"] for case in world.tick(**ONE).cases] == ["applied"]


def test_if_lambda_never_tries_again_the_tick_does(world):
    flooded(world, 1, **ONE)
    world.aws.afterwards("PutItem", world.kill)
    world.receives(billing(world, "polsen"), fresh=True, **ONE)
    world.aws.forget()
    world.ledger.an_hour_passes()
    tick = world.tick(**ONE)
    assert ([case["outcome"] for case in tick.cases], world.ledger.of("held")) == (["applied"], [])


def test_a_page_that_cannot_be_sent_is_sent_by_the_retry(world):
    flooded(world, 1, **ONE)
    event = billing(world, "polsen")
    world.aws.fail("Publish", 503)
    assert world.receives(event, fresh=True, **ONE).error.type == "Retryable.ServiceError"
    world.aws.forget()
    assert world.receives(billing(world, "ann"), **ONE).notices == [], "the notice is polsen's to send"
    assert world.receives(event, **ONE).notice.attributes["outcome"] == "held"


@pytest.mark.parametrize("misbehaves", ["deny", "fail"])
def test_without_its_ledger_nothing_is_held(world, misbehaves):
    flooded(world, 1, **ONE)
    event = billing(world, "polsen")
    for operation in ("BatchGetItem", "PutItem", "UpdateItem"):
        getattr(world.aws, misbehaves)(operation)
    assert world.receives(event, fresh=True, **ONE).outcome == "applied"


@pytest.mark.parametrize("operation", ["UpdateItem", "PutItem"])
def test_what_cannot_be_counted_or_stored_is_not_held(world, operation):
    flooded(world, 0 if operation == "UpdateItem" else 1, **ONE)
    event = billing(world, "polsen")
    world.aws.deny(operation)
    assert world.receives(event, fresh=True, **ONE).outcome == "applied"


def test_a_ledger_that_is_asked_too_often_is_an_error_that_lambda_retries(world):
    event = billing(world, "polsen")
    world.aws.throttle("UpdateItem")
    seen = world.receives(event, fresh=True)
    assert (seen.error.type, seen.changed, seen.notices) == ("Retryable.Throttled", set(), [])


def test_what_a_tick_cannot_finish_stays_for_the_next_and_fails_this_one(world):
    flooded(world, 3, **ONE)
    world.ledger.an_hour_passes()
    world.aws.throttle("DetachUserPolicy", times=4)
    tick = world.tick(fresh=True, **ONE)
    assert tick.error.type == "Retryable.Throttled"
    assert len(world.ledger.of("held")) == 1, "the others went on"
    world.aws.forget()
    world.ledger.age()
    again = world.tick(fresh=True, **ONE)
    assert ([case["outcome"] for case in again.cases], world.ledger.of("held")) == (["applied"], [])


def test_a_remedy_that_aws_refuses_for_good_is_reported_once(world):
    flooded(world, 2, **ONE)
    world.ledger.an_hour_passes()
    world.aws.deny("DetachUserPolicy")
    tick = world.tick(fresh=True, **ONE)
    assert [case["outcome"] for case in tick.cases] == ["failed"]
    assert "By hand" in tick.notice.text and "does not try this again" in tick.notice.text
    assert world.ledger.of("held") == []


def test_a_tick_leaves_the_rest_to_the_next_when_its_time_is_short(world):
    flooded(world, 4, **ONE)
    world.ledger.an_hour_passes()
    world.aws.dawdle("DetachUserPolicy", 2.5)
    first = world.tick(fresh=True, seconds=9, **ONE)
    done = [case["outcome"] for case in first.cases]
    left = len(world.ledger.of("held"))
    assert done == ["applied"] * (3 - left) and 0 < left < 3
    world.aws.forget()
    assert [case["outcome"] for case in world.tick(**ONE).cases] == ["applied"] * left


def test_more_than_a_page_of_them_are_judged_and_what_cannot_be_read_is_reported_once(world):
    flooded(world, 1, **ONE)
    event = billing(world, "polsen")
    world.receives(event, **ONE)
    (held,) = world.ledger.of("held")
    for number in range(24):
        again = {**held, "sk": f"{moment(-2)}#rsc-{number:016x}#2026-01-01T00:00:00.000Z", "event": json.dumps(event) if number % 2 else "{"}
        world.account.dynamodb.put_item(TableName=world.ledger.table, Item={name: {"N" if name == "expires" else "S": value} for name, value in again.items()})
    world.ledger.an_hour_passes()
    tick = world.tick(**ONE)
    assert tick.error.type == "Final.MalformedEvent"
    assert tick.changed == {f"- user polsen holds {BILLING}"}
    assert world.ledger.of("held") == [] and world.tick(**ONE).error is None


# Stopped, observed, or no longer forbidden in the meantime.


@pytest.mark.parametrize("stop", [{"everything": "a reason"}, {GUARDRAIL: "a reason"}], ids=["everything", "the guardrail"])
def test_what_is_stopped_while_it_waits_is_only_observed(world, stop):
    flooded(world, 2, **ONE)
    world.ledger.an_hour_passes()
    world.ledger.stop(**stop)
    tick = world.tick(**ONE)
    assert ([case["outcome"] for case in tick.cases], tick.changed, world.ledger.of("held")) == (["observed"], set(), [])
    assert any('a person has stopped this: "a reason"' in notice.text for notice in tick.notices)


def test_in_a_stack_that_only_observes_a_tick_observes(world):
    flooded(world, 2, **ONE)
    world.ledger.an_hour_passes()
    tick = world.tick("observe", **ONE)
    assert ([case["outcome"] for case in tick.cases], tick.changed, world.ledger.of("held")) == (["observed"], set(), [])


def test_what_is_exempt_since_is_left_alone(world, tmp_path):
    flooded(world, 2, **ONE)
    world.ledger.an_hour_passes()
    exempt = '@id("all-may") @owner("security") @reason("decided since") @until("2099-01-01")\npermit (principal, action, resource);'
    tick = world.tick(guardrails=rulebook(tmp_path, exemptions=exempt), **ONE)
    assert ([case["outcome"] for case in tick.cases], tick.changed) == (["exempt"], set())


# What starts a tick.


@pytest.mark.parametrize("function", FUNCTIONS)
def test_every_function_ticks_and_has_nothing_to_do(world, function):
    tick = world.tick(name=function)
    assert (tick.cases, tick.notices, tick.changed) == ([], [], set())
    # One of them knows the account.
    assert tick.operations == (["ListAccountAliases"] if function == WATCH else [])
    assert tick.ledger == ["BatchGetItem", "Query", *(["PutItem"] if function == WATCH else []), "Query"]


def test_a_tick_of_another_account_is_refused(world):
    assert world.receives(scheduled(account="999999999999")).error.type == "Final.ForeignEvent"


@pytest.mark.parametrize("members", [{"source": "my.events"}, {"detail-type": "AWS API Call via CloudTrail"}])
def test_what_only_looks_like_a_tick_is_none(world, members):
    seen = world.receives({**scheduled(), **members})
    assert seen.error.type.startswith("Final.") and seen.calls == []


def test_a_record_does_not_become_a_tick_by_what_stands_in_it(world):
    event = but(billing(world, "polsen"), userAgent='"source": "aws.events", "detail-type": "Scheduled Event"')
    assert world.receives(anew(event)).outcome == "applied"


# Everything at once.


def test_in_a_storm_of_mixed_events_nothing_is_lost_and_notices_are_few():
    """A small one; `make storm` makes one of 10,000. It checks the account, the ledger and the notices itself."""
    command = [sys.executable, str(ROOT / "bench" / "storm.py"), "--events", "120", "--users", "24"]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert ran.returncode == 0, ran.stderr[-3000:]
    figures = json.loads(ran.stdout)
    assert figures["cases by outcome"]["held"] > 0 and figures["notices at once"] < figures["cases in the ledger"]
