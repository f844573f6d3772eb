"""What every remedy owes, whichever function it belongs to: each obligation for each offence of `lab.offence`."""

import json

import pytest
from botocore import xform_name
from lab.command import credentials, rescind
from lab.events import anew, assumed_role, but, iam_user, late, scheduled, updated
from lab.offence import ADMINISTRATOR, CALLS, FINDINGS, OF_IDENTITIES, OF_KNOWN_USERS, OFFENCES, SAID_BY_PARAMETERS, Offence, undated
from lab.rulebook import EXEMPT_EVERYBODY, rulebook
from lab.world import DELETE_INLINE_POLICY, DETACH_EVERYWHERE, OWN_ROLES, QUARANTINE_KEY, QUARANTINE_PRINCIPAL, Observation, World

# The function's own time-out: past it Lambda kills the process, and nobody would learn why.
FUNCTION_SECONDS = 30


class Trial:
    """An offence that was committed in a world, and the function that has to answer it."""

    def __init__(self, world: World, offence: Offence, books):
        self.world, self.offence, self._books = world, offence, books
        self.event, self.facts = offence.commit(world)
        self.before = world.account.snapshot()

    def receives(self, event: dict | None = None, name: str = "", exemptions: str = "", severity: str = "", **settings) -> Observation:
        """The function, or the one of that name, receives the event, or another one."""
        guardrails = rulebook(self._books, self.offence.guardrails, exemptions, severity)
        settings = {"guardrails": guardrails, **self.offence.settings, **settings}
        return self.world.receives(event or self.event, name=name or self.offence.function, **settings)

    def give_back(self, seen: Observation) -> None:
        """Does what the receipts say; or what a person has to do, if no call gives it back."""
        for receipt in seen.undos:
            self.world.take_back(receipt)
        if self.offence.given_back_by:
            assert not seen.undos
            self.offence.given_back_by(self.world)

    def again(self, times: int = 1) -> dict:
        """The event of the same change, made once more, or so many times."""
        return updated(self.event, 120 * times) if self.offence.finding else anew(self.event)

    def is_applied(self, seen: Observation) -> bool:
        return (seen.outcome, undated(seen.changed)) == ("applied", self.facts)

    def is_told_as(self, outcome: str, seen: Observation) -> bool:
        """One case of that outcome, one notice of it, and nothing changed."""
        return (seen.outcome, seen.notice.case, seen.changed, seen.writes) == (outcome, seen.case, set(), [])

    @property
    def may_be_quiet(self) -> bool:
        """Another function reports what the record does not tell, or nobody can tell that a quarantine, or a denial, was lifted."""
        return self.offence.function in (QUARANTINE_PRINCIPAL, DETACH_EVERYWHERE) or self.offence.known_by_ledger

    def is_quiet(self, seen: Observation) -> bool:
        return (seen.cases, seen.notices, seen.changed, seen.writes) == ([], [], set(), [])


@pytest.fixture(scope="session")
def books(tmp_path_factory):
    """One folder for all rulebooks, so that the processes that run on them are used again."""
    return tmp_path_factory.mktemp("rulebooks")


@pytest.fixture(params=OFFENCES, ids=str)
def trial(request, world, books):
    return Trial(world, request.param, books)


def only(offences: list[Offence]):
    """The test runs for these offences alone."""
    return pytest.mark.parametrize("trial", offences, indirect=True, ids=str)


# What is done.


def test_it_is_taken_back_and_nothing_else_moves(trial):
    seen = trial.receives()
    assert trial.is_applied(seen)
    assert seen.notice.case == seen.case
    assert seen.case["remedy"] == trial.offence.function


def test_the_case_lists_the_calls_that_were_made(trial):
    seen = trial.receives()
    (outcome,) = seen.case["outcomes"]
    made = [{"service": call.service, "operation": call.operation, "parameters": call.parameters} for call in seen.writes]
    # The unique id says whom a call is about, and is no parameter of it.
    assert [{name: part for name, part in call.items() if name != "uniqueId"} for call in outcome["calls"]] == made
    assert [call["operation"] for call in made] == [trial.offence.write]


def test_the_same_event_twice_is_taken_back_and_reported_once(trial):
    first, second = trial.receives(), trial.receives()
    assert (first.outcome, second.case) == ("applied", first.case)
    looks_up = [*(["Query"] if trial.offence.known_by_ledger else []), "BatchGetItem"]
    assert (second.changed, second.notices, second.writes, second.ledger) == (set(), [], [], looks_up)


def test_the_same_event_again_after_the_ledger_has_forgotten_it_is_already_clean(trial):
    first = trial.receives()
    trial.world.ledger.forget()
    second = trial.receives()
    assert (first.outcome, second.outcome) == ("applied", "already-clean")
    assert second.changed == set()
    assert second.notice.case == second.case
    assert first.case["id"] == second.case["id"]


def test_an_event_that_is_hours_late_is_answered_like_any_other(trial):
    trial.world.aws.make_groups_old()
    assert trial.is_applied(trial.receives(late(trial.event)))


@pytest.mark.parametrize("how", ["by its receipts", "by rescind undo"])
def test_the_undo_receipt_restores_the_account_exactly(trial, how):
    seen = trial.receives()
    assert seen.changed
    if how == "by its receipts":
        trial.give_back(seen)
    elif trial.offence.given_back_by:
        undone = rescind("undo", "-", "--yes", stdin=json.dumps(seen.case), env=credentials(trial.world.account.url))
        assert (undone.returncode, "will do" in undone.stdout) == (1, False)
        assert undone.stderr.startswith("nothing was done: no call can give ")
        assert undone.stderr.removeprefix("nothing was done: ").strip() in seen.notice.text
        return
    else:
        undone = rescind("undo", "-", "--yes", stdin=json.dumps(seen.case), env=credentials(trial.world.account.url))
        assert (undone.returncode, undone.stderr) == (0, ""), undone.stdout
    assert trial.world.account.snapshot() == trial.before


# Reported, and not done.


def test_observing_lists_the_exact_calls_that_enforcing_makes(trial):
    observed = trial.receives(mode="observe")
    assert trial.is_told_as("observed", observed)
    (outcome,) = observed.case["outcomes"]
    assert not outcome.get("calls") and not outcome.get("undo")
    enforced = trial.receives()
    assert undated(outcome["would"]) == undated(enforced.case["outcomes"][0]["calls"])
    assert observed.case["id"] == enforced.case["id"]
    for call in outcome["would"]:
        words = {"true": "", "false": "no-"}
        options = {name: f"--{words[value]}{xform_name(name, '-')}" for name, value in call["parameters"].items() if value in words}
        assert all(options.get(name, value) in observed.notice.text for name, value in call["parameters"].items() if name != "PolicyDocument")
    trial.world.ledger.forget()
    afterwards = trial.receives(mode="observe")
    assert (afterwards.changed, afterwards.writes) == (set(), [])
    assert afterwards.outcome in ("observed", "already-clean")
    assert not afterwards.case["outcomes"][0].get("would"), "nothing is left to take back"


def test_only_the_function_that_reports_makes_a_case_of_an_exempt_change(trial):
    reporter = trial.receives(name=trial.offence.reporter, exemptions=EXEMPT_EVERYBODY)
    assert trial.is_told_as("exempt", reporter)
    assert "an-exemption" in reporter.notice.text
    if trial.offence.function != trial.offence.reporter:
        assert trial.is_quiet(trial.receives(exemptions=EXEMPT_EVERYBODY))


@only(CALLS)
@pytest.mark.parametrize("code", ["AccessDenied", "LimitExceededException"])
def test_a_denied_call_is_not_a_change(trial, code):
    """Only the function that reports makes a case of it."""
    denied = but(trial.event, errorCode=code, errorMessage="no", responseElements=None)
    reporter = trial.receives(denied, name=trial.offence.reporter)
    of_a_new_key = trial.offence.function == QUARANTINE_KEY and trial.offence.complete_without_parameters
    if of_a_new_key or trial.offence.said_by_answer or not trial.offence.shows:
        # Which credential or role it would have been stands in the answer alone; what a boundary would have lifted, nowhere.
        assert trial.is_quiet(reporter)
    else:
        assert trial.is_told_as("attempted", reporter)
        assert reporter.notice.attributes["severity"] == "low"
    if trial.offence.function != trial.offence.reporter:
        assert trial.is_quiet(trial.receives(denied))


@only(CALLS)
def test_what_its_own_stack_does_is_answered_by_nobody(trial):
    for role in OWN_ROLES:
        seen = trial.receives(but(trial.event, userIdentity=assumed_role(role)))
        assert trial.is_quiet(seen)
        assert seen.calls == []


# What AWS does to it.


def test_a_remedy_that_aws_denies_is_told_to_people_and_to_lambda(trial):
    trial.world.aws.deny(trial.offence.write)
    seen = trial.receives(fresh=True)
    assert (seen.error.type, seen.changed) == ("Final.AccessDenied", set())
    assert trial.offence.write in seen.error.message
    assert (seen.notice.attributes["outcome"], seen.notice.case["outcome"]) == ("failed", "failed")


def test_throttling_that_passes_is_waited_out(trial):
    trial.world.aws.throttle(trial.offence.write, times=2)
    seen = trial.receives(fresh=True)
    assert trial.is_applied(seen)
    assert seen.operations.count(trial.offence.write) == 3


def assert_is_taken_back_when_aws_recovers(trial: Trial) -> None:
    """What Lambda does next, a minute later: the same event again."""
    trial.world.aws.forget()
    trial.world.ledger.age()
    again = trial.receives(fresh=True)
    assert trial.is_applied(again)
    assert again.notice.case == again.case


def test_throttling_that_does_not_pass_is_an_error_that_lambda_retries(trial):
    trial.world.aws.throttle(trial.offence.write)
    seen = trial.receives(fresh=True)
    assert (seen.error.type, seen.changed) == ("Retryable.Throttled", set())
    assert 1 < seen.operations.count(trial.offence.write) <= 4
    assert seen.invocation.seconds < FUNCTION_SECONDS
    assert_is_taken_back_when_aws_recovers(trial)


def test_a_failing_service_that_recovers_is_waited_out(trial):
    trial.world.aws.fail(trial.offence.write, times=1)
    assert trial.is_applied(trial.receives(fresh=True))


def test_a_service_that_keeps_failing_is_an_error_that_lambda_retries(trial):
    trial.world.aws.fail(trial.offence.write)
    seen = trial.receives(fresh=True)
    assert (seen.error.type, seen.changed) == ("Retryable.ServiceError", set())
    assert_is_taken_back_when_aws_recovers(trial)


def test_a_connection_cut_after_the_request_was_sent_leaves_the_remedy_done_once(trial):
    trial.world.aws.cut_after(trial.offence.write, times=1)
    seen = trial.receives(fresh=True)
    assert undated(seen.changed) == trial.facts
    assert seen.outcome in ("applied", "already-clean")
    assert seen.notice.case == seen.case


def test_a_notice_that_cannot_be_sent_is_an_error_and_the_retry_sends_it(trial):
    trial.world.aws.fail("Publish", 503)
    seen = trial.receives(fresh=True)
    assert (seen.error.type, seen.notices) == ("Retryable.ServiceError", [])
    assert undated(seen.changed) == trial.facts, "the remedy is not held up by the notice"
    trial.world.aws.forget()
    trial.world.ledger.age()
    again = trial.receives(fresh=True)
    assert (again.outcome, again.changed) == ("applied", set())
    assert again.notice.case == again.case
    assert again.case["id"] == seen.logged["id"]
    assert undo_commands(seen.logged) == undo_commands(again.case)


def undo_commands(case: dict) -> list[str]:
    (outcome,) = case["outcomes"]
    return [receipt["command"] for receipt in outcome.get("undo", [])]


# Killed, and in what order it does things.


def test_what_it_does_is_written_down_before_it_is_done_and_closed_after_it_is_reported(trial):
    seen = trial.receives()
    is_of_a_case = lambda call: call.parameters.get("Item", {}).get("sk", {}).get("S", "case#").startswith("case#")  # noqa: E731
    calls = [call.operation for call in seen.calls if call.operation in ("BatchGetItem", "PutItem", "Publish", trial.offence.write) and is_of_a_case(call)]
    assert calls == ["BatchGetItem", "PutItem", trial.offence.write, "Publish", "PutItem"]
    (stored,) = trial.world.ledger.cases()
    assert (stored["state"], stored["outcome"], stored["body"]["case"]) == ("closed", "applied", seen.case)
    assert stored["pk"] == f"{trial.offence.function}#{seen.case['id']}"


KILLED = ["before it is written down", "once it is written down", "before the remedy", "after the remedy", "after the notice"]


@pytest.mark.parametrize("when", KILLED)
def test_killed_between_any_two_calls_it_ends_as_if_it_had_not_been(trial, when):
    aws, kill = trial.world.aws, trial.world.kill
    {
        "before it is written down": lambda: aws.instead("PutItem", kill),
        "once it is written down": lambda: aws.afterwards("PutItem", kill),
        "before the remedy": lambda: aws.instead(trial.offence.write, kill),
        "after the remedy": lambda: aws.afterwards(trial.offence.write, kill),
        "after the notice": lambda: aws.afterwards("Publish", kill),
    }[when]()
    killed = trial.receives(fresh=True)
    assert killed.invocation.error is not None
    aws.forget()
    trial.world.ledger.age()
    again = trial.receives(fresh=True)
    assert again.outcome == "applied"
    assert undated(killed.changed | again.changed) == trial.facts
    assert again.notice.case == again.case, "at worst it is reported twice"
    assert trial.world.ledger.states == ["closed"]
    trial.give_back(again)
    assert trial.world.account.snapshot() == trial.before


def test_while_one_is_at_it_a_second_delivery_waits(trial):
    aws = trial.world.aws
    aws.instead(trial.offence.write, trial.world.kill)
    trial.receives(fresh=True)
    aws.forget()
    second = trial.receives(fresh=True)
    assert (second.error.type, second.changed, second.notices) == ("Retryable.Unsettled", set(), [])
    assert "another invocation has been at this event" in second.error.message


@pytest.mark.parametrize("how", ["gone", "cut"])
def test_without_its_ledger_it_goes_on_and_says_so_unless_it_would_destroy_an_only_copy(trial, how):
    aws, settings = trial.world.aws, {}
    for operation in ("BatchGetItem", "PutItem", "UpdateItem"):
        if how == "cut":
            aws.cut_before(operation)
    if how == "gone":
        settings = {"LEDGER_TABLE": "nowhere"}
    seen = trial.receives(fresh=True, **settings)
    if how == "gone" and trial.offence.known_by_ledger:
        # Only the ledger says whether Rescind had put it there.
        assert (seen.error.type, seen.changed, seen.notices) == ("Final.Rejected", set(), [])
        return
    if trial.offence.function == DELETE_INLINE_POLICY or trial.offence.only_copy:
        assert (seen.error.type, seen.changed, seen.notices) == ("Retryable.Unreachable", set(), [])
        assert "nothing else would" in seen.error.message
        return
    assert trial.is_applied(seen)
    assert "this case is not recorded" in seen.notice.text
    assert seen.undos or trial.offence.given_back_by


@only(CALLS)
def test_what_is_made_again_and_again_is_taken_back_each_time_and_reported_less_often(trial):
    """An attacker does not win by trying often, and a deployment that keeps making a change does not fill a mailbox."""

    def made_again() -> Observation:
        seen = trial.receives(anew(trial.event))
        assert trial.is_applied(seen)
        trial.give_back(seen)
        return seen

    seen = [made_again() for _ in range(5)]
    assert [len(each.notices) for each in seen] == [1, 1, 1, 0, 0]
    assert [each.case.get("contested", {}).get("times") for each in seen] == [None, None, 3, 4, 5]
    third = seen[2].notice
    assert third.attributes["severity"] == "critical" and "again and again" in third.subject
    assert "taken back 3 times within 24 hours" in third.text
    trial.world.ledger.reported(hours_ago=2)
    assert "taken back 6 times within 24 hours" in made_again().notice.text
    assert set(trial.world.ledger.states) == {"closed"}


def test_what_is_held_is_judged_again_when_the_hour_is_over(trial):
    """An attacker who floods a guardrail wins an hour, and no more."""
    past_the_limit = {"severity": "high", "STORM_LIMIT": "1"}
    first = trial.receives(**past_the_limit)
    assert trial.is_applied(first)
    trial.give_back(first)
    held = trial.receives(trial.again(), **past_the_limit)
    assert trial.is_told_as("held", held)
    assert held.notice.attributes["severity"] == "critical" and "HELD" in held.notice.subject and "By hand" in held.notice.text
    assert trial.receives(scheduled(), **past_the_limit).cases == []
    trial.world.ledger.an_hour_passes()
    tick = trial.receives(scheduled(), **past_the_limit)
    assert trial.is_applied(tick)
    assert tick.notice.case == tick.case
    assert (tick.case["id"], tick.case["held"]["limit"]) == (held.case["id"], 1)
    assert (trial.world.ledger.of("held"), set(trial.world.ledger.states)) == ([], {"closed"})


def test_what_a_critical_guardrail_forbids_is_never_held(trial):
    for event in (trial.event, trial.again(), trial.again(2)):
        seen = trial.receives(event, severity="critical", STORM_LIMIT="1")
        assert trial.is_applied(seen)
        trial.give_back(seen)


def test_what_a_person_has_stopped_is_only_observed(trial):
    trial.world.ledger.stop(everything="a reason")
    seen = trial.receives()
    assert trial.is_told_as("observed", seen)
    assert 'a person has stopped this: "a reason"' in seen.notice.text
    assert seen.case["outcomes"][0]["would"], "the notice says what it would have done"
    trial.world.ledger.stop(everything=None)
    assert trial.is_applied(trial.receives())


# What the event leaves out, and what has moved.

WITHOUT_PARAMETERS = {"null": None, "omitted": {"omitted": True}, "omitted, in full": {"omitted": "true", "originalSize": 104857, "reason": "too large"}}
MALFORMED_PARAMETERS = {"a list": ["polsen"], "text": "polsen", "none": {}}
FINDING_MEMBERS = ("affectedEntities", "resource", "eventTypeCode", "type", "severity", "service")


@only(SAID_BY_PARAMETERS)
@pytest.mark.parametrize("parameters", WITHOUT_PARAMETERS)
def test_where_the_record_does_not_tell_the_change_a_person_is_told(trial, parameters):
    seen = trial.receives(but(trial.event, requestParameters=WITHOUT_PARAMETERS[parameters]))
    if trial.offence.complete_without_parameters and parameters == "null":
        # It is about the caller, mallory: the key is found, or a person is notified, and nobody else is touched.
        assert seen.changed in (set(), trial.facts)
        return
    assert (seen.changed, seen.writes) == (set(), [])
    if seen.cases:
        assert trial.is_told_as("unremediable", seen)
        assert seen.case["decision"]["verdict"] == "unknown" and "change" not in seen.case
    else:
        assert trial.may_be_quiet


@only(SAID_BY_PARAMETERS)
@pytest.mark.parametrize("parameters", MALFORMED_PARAMETERS)
def test_malformed_parameters_are_told_to_a_person_and_nothing_is_changed(trial, parameters):
    seen = trial.receives(but(trial.event, requestParameters=MALFORMED_PARAMETERS[parameters]))
    if trial.offence.complete_without_parameters and parameters == "none":
        assert seen.changed in (set(), trial.facts)
        return
    assert_told_or_not_asked(trial, seen)


@only(SAID_BY_PARAMETERS)
def test_each_malformed_parameter_is_told_to_a_person_and_nothing_is_changed(trial):
    parameters = trial.event["detail"]["requestParameters"] or {}
    # Whatever status is not `Inactive` is taken for active.
    for name in parameters.keys() - {"status"}:
        for bad in ("", "../x", "a\x00b\r\n\x1b[31m", "<!channel>", {"name": "x"}, "A" * (1 << 20)):
            trial.world.ledger.clear()
            seen = trial.receives(but(trial.event, requestParameters={**parameters, name: bad}))
            assert_told_or_not_asked(trial, seen)


def assert_told_or_not_asked(trial: Trial, seen: Observation) -> None:
    """IAM accepted the call, so that a person has to know; whether it is a quarantine that was lifted, nobody can tell."""
    assert (seen.error, seen.changed, seen.writes, seen.invocation.crashed) == (None, set(), [], False)
    if seen.cases or not trial.may_be_quiet:
        assert trial.is_told_as("unremediable", seen)


@only(FINDINGS)
def test_a_finding_that_lacks_a_member_changes_nothing_or_is_answered_all_the_same(trial):
    for member in FINDING_MEMBERS:
        for bad in (None, {}, [], "x", 7):
            if member in trial.event["detail"]:
                trial.world.ledger.clear()
                seen = trial.receives(but(trial.event, **{member: bad}))
                assert undated(seen.changed) in (set(), trial.facts)
                assert seen.error is None or seen.error.type.startswith("Final.")
                assert not seen.invocation.crashed


@only(OF_IDENTITIES)
def test_a_target_that_is_gone_is_said_to_be(trial):
    trial.world.remove(*trial.offence.target)
    seen = trial.receives()
    assert seen.changed == set()
    if not trial.offence.shows:
        assert seen.cases == []
        return
    if trial.offence.function != trial.offence.reporter and not seen.cases:
        # Nobody knows any more whom the finding is about: one function reports that.
        seen = trial.receives(name=trial.offence.reporter)
    assert seen.outcome in ("already-clean", "unremediable")
    assert seen.notice.case == seen.case


# Names move and are given again; ids do not.


@only([offence for offence in OF_IDENTITIES if offence.function != QUARANTINE_PRINCIPAL or offence.known_by == "id"])
def test_another_target_of_the_same_name_is_left_alone(trial):
    kind, name = trial.offence.target
    trial.world.remove(kind, name)
    getattr(trial.world, kind)(name)
    seen = trial.receives()
    assert seen.changed == set()
    if not trial.offence.shows or (trial.offence.known_by == "arn" and not seen.cases):
        # Only IAM says what a version says, and the one that it has now is harmless.
        assert (seen.cases, seen.notices) == ([], [])
        return
    assert seen.outcome in ("already-clean", "unremediable")
    assert seen.notice.case == seen.case


@only(OF_KNOWN_USERS)
@pytest.mark.parametrize("name_is", ["given up", "taken by somebody else"])
def test_one_renamed_in_between_is_found_and_whoever_has_the_name_now_is_left_alone(trial, name_is):
    elsewhere = renamed(trial)
    if name_is == "taken by somebody else":
        trial.world.user(trial.offence.target[1])
    seen = trial.receives()
    assert (seen.outcome, undated(seen.changed)) == ("applied", elsewhere)
    assert ("has been renamed" in seen.notice.text) is (trial.offence.target[1] in seen.case["change"]["target"].values() or "actor" in trial.offence.what)
    undone = rescind("undo", "-", "--yes", stdin=json.dumps(seen.case), env=credentials(trial.world.account.url))
    assert (undone.returncode, undone.stderr) == (0, ""), undone.stdout


@only(OF_KNOWN_USERS)
def test_one_renamed_while_the_remedy_runs_is_found(trial):
    found = set()
    trial.world.aws.meanwhile(trial.offence.write, lambda: found.update(renamed(trial)))
    seen = trial.receives(fresh=True)
    assert seen.outcome == "applied"
    now = undated(set(trial.world.account.snapshot()))
    for fact in found:
        assert (fact[2:] in now) is (fact[0] == "+")


def renamed(trial: Trial) -> set[str]:
    """The offence's target has another name now: the facts that its remedy changes are about that one."""
    name = trial.offence.target[1]
    trial.world.iam.update_user(UserName=name, NewUserName="elsewhere")
    trial.world.aws.tell_whose_key_it_is("elsewhere")
    return {fact.replace(f"user {name} ", "user elsewhere ") for fact in trial.facts}


@only([offence for offence in OFFENCES if offence.known_by == "name" and offence.target[0] == "user"])
def test_one_who_is_known_by_name_alone_and_renamed_is_told_to_a_person(trial):
    renamed(trial)
    seen = trial.receives()
    assert (seen.outcome, seen.notice.case, seen.changed) == ("unremediable", seen.case, set())


def test_the_notice_says_where_only_a_name_is_known(trial):
    says = "without a unique id, so this is whoever" in trial.receives().notice.text
    assert says is (trial.offence.known_by == "name")


# IAM's answers contradict each other for some seconds after a change.


def test_a_call_that_does_not_find_what_iam_lists_is_made_again(trial):
    trial.world.aws.find_nothing(trial.offence.write, times=1)
    assert trial.is_applied(trial.receives(fresh=True))


def test_what_iam_lists_and_never_finds_is_an_error_that_lambda_retries(trial):
    trial.world.aws.find_nothing(trial.offence.write)
    seen = trial.receives(fresh=True)
    assert (seen.error.type, seen.changed, seen.notices) == ("Retryable.Unsettled", set(), [])
    assert_is_taken_back_when_aws_recovers(trial)


# Whoever could give back what was taken.


@only(OF_IDENTITIES)
def test_a_break_glass_principal_is_never_touched(trial):
    kind, name = trial.offence.holder or trial.offence.target
    if kind in ("group", "policy"):
        responder = trial.world.user("responder", groups=[name] if kind == "group" else [])
        if kind == "policy":
            trial.world.attach(trial.offence.arn, responder)
        arn = "arn:aws:iam::123456789012:user/responder"
    else:
        arn = f"arn:aws:iam::123456789012:{kind}/{name}"
    event, with_another_id = trial.event, f"{arn}=A{'IDA' if ':user/' in arn else 'ROA'}EXAMPLEEXAMPLE01"
    is_the_actor = trial.offence.what in ("the actor of an attachment", "a key's quarantine lifted by its user")
    if trial.offence in CALLS and not is_the_actor:
        event = but(event, userIdentity=iam_user("mallory"))
    # Whoever is on the list may do anything; one that was made anew may not.
    for listed in (with_another_id,) if is_the_actor else (arn, with_another_id):
        before = trial.world.account.snapshot()
        trial.world.ledger.age()
        seen = trial.receives(event, BREAK_GLASS=listed)
        assert seen.writes == []
        assert trial.world.account.snapshot() == before
        assert (seen.outcome, seen.notice.case) == ("unremediable", seen.case)
        assert "break-glass" in seen.notice.text and "By hand" not in seen.notice.text


@only([offence for offence in OF_IDENTITIES if offence.target[0] != "group"])
def test_nothing_is_taken_from_the_last_who_could_give_it_back(trial):
    """The list names a principal that does not exist, or one of another account."""
    for arn in ("arn:aws:iam::123456789012:role/nobody", "arn:aws:iam::999999999999:role/responder"):
        trial.world.ledger.age()
        seen = trial.receives(BREAK_GLASS=arn)
        assert trial.is_told_as("unremediable", seen)
        assert "nobody else could give it back" in seen.notice.text
    trial.world.role("somebody", holds=[ADMINISTRATOR])
    trial.world.ledger.age()
    assert trial.is_applied(trial.receives(BREAK_GLASS="arn:aws:iam::123456789012:role/nobody"))
