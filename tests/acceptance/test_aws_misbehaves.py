"""What comes of a remedy when AWS does not play along, beyond what the contract asks of every function: one function stands for all.

Each of these gets a process of its own: the client of one that was throttled holds later calls back, as it should.
"""

import pytest
from lab.events import BILLING, READ_ONLY, attachment, but, exposure, iam_user, sample
from lab.rulebook import rulebook
from lab.world import QUARANTINE_KEY

ADMINISTRATOR = "arn:aws:iam::aws:policy/AdministratorAccess"
ASKS_FOR_THE_PATH = """
@id("asks-for-the-path")
@description("Asks where a role stands")
@severity("low")
@remedy("detach-policy")
forbid (principal, action == Action::"AttachRolePolicy", resource) when { resource.path == "/" };
"""
# The function's own time-out: past it Lambda kills the process, and nobody would learn why.
FUNCTION_SECONDS = 30


def billing_event(world):
    """polsen has just given themselves the Billing policy."""
    polsen = world.user("polsen", holds=[BILLING])
    return polsen, attachment(BILLING, user=polsen, actor=iam_user(polsen.name, polsen.id))


def assert_is_taken_back_when_aws_recovers(world, event, polsen):
    """What Lambda does next: the same event again."""
    world.aws.forget()
    world.ledger.age()
    again = world.receives(event, fresh=True)
    assert (again.outcome, again.changed) == ("applied", {polsen.no_longer_holds(BILLING)})
    assert again.notice.case == again.case


def test_a_connection_cut_before_the_request_arrived_is_tried_again(world):
    polsen, event = billing_event(world)
    world.aws.cut_before("DetachUserPolicy", times=1)
    seen = world.receives(event, fresh=True)
    assert (seen.outcome, seen.changed) == ("applied", {polsen.no_longer_holds(BILLING)})


def test_an_endpoint_that_refuses_connections_is_an_error_that_lambda_retries(world):
    polsen, event = billing_event(world)
    with world.aws.down():
        seen = world.receives(event, fresh=True)
    assert (seen.error.type, seen.changed) == ("Retryable.Unreachable", set())
    assert seen.invocation.seconds < FUNCTION_SECONDS
    assert_is_taken_back_when_aws_recovers(world, event, polsen)


def test_an_answer_that_never_comes_is_not_waited_for(world):
    polsen, event = billing_event(world)
    world.aws.silence("DetachUserPolicy", times=1)
    seen = world.receives(event, fresh=True)
    assert (seen.outcome, seen.changed) == ("applied", {polsen.no_longer_holds(BILLING)})


def test_a_service_that_never_answers_is_an_error_before_lambda_s_own_time_out(world):
    polsen, event = billing_event(world)
    world.aws.silence("DetachUserPolicy")
    seen = world.receives(event, fresh=True)
    assert (seen.error.type, seen.changed) == ("Retryable.Unreachable", set())
    assert seen.invocation.seconds < FUNCTION_SECONDS
    assert_is_taken_back_when_aws_recovers(world, event, polsen)


@pytest.mark.parametrize(
    ("misbehaves", "error"),
    [
        (lambda aws: aws.throttle("Publish"), "Retryable.Throttled"),
        (lambda aws: aws.cut_before("Publish"), "Retryable.Unreachable"),
        (lambda aws: aws.deny("Publish"), "Final.AccessDenied"),
    ],
    ids=["throttling", "cut off", "denying"],
)
def test_however_a_notice_fails_the_retry_sends_it(world, misbehaves, error):
    polsen, event = billing_event(world)
    misbehaves(world.aws)
    seen = world.receives(event, fresh=True)
    assert seen.error.type == error
    assert (seen.notices, seen.changed) == ([], {polsen.no_longer_holds(BILLING)})
    world.aws.forget()
    world.ledger.age()
    again = world.receives(event, fresh=True)
    assert (again.outcome, again.changed) == ("applied", set())
    assert again.notice.case == again.case
    assert again.undo["command"] in again.notice.text, "the first try's receipt was never told"


def test_where_who_holds_the_policy_cannot_be_asked_nothing_is_assumed(world):
    intern = world.user("intern", holds=[BILLING])
    event = attachment(BILLING, user=intern)
    world.rename(intern, "innocent")
    world.aws.deny("ListEntitiesForPolicy")
    seen = world.receives(event, fresh=True)
    assert (seen.error.type, seen.changed) == ("Final.AccessDenied", set())
    assert seen.notice.case["outcome"] == "failed"


def test_where_a_role_cannot_be_told_from_aws_s_own_nothing_is_assumed(world):
    backdoor = world.role("AWSServiceRoleForBackdoor", holds=[ADMINISTRATOR])
    world.aws.deny("GetRole")
    seen = world.receives(attachment(ADMINISTRATOR, role=backdoor), fresh=True)
    assert (seen.error.type, seen.changed) == ("Final.AccessDenied", set())


def test_where_a_fact_cannot_be_read_nothing_is_assumed(world, tmp_path):
    build = world.role("Build", holds=[READ_ONLY])
    asks = rulebook(tmp_path, ASKS_FOR_THE_PATH)
    world.aws.fail("GetRole", 500)
    seen = world.receives(attachment(READ_ONLY, role=build), fresh=True, guardrails=asks)
    assert (seen.error.type, seen.changed) == ("Retryable.ServiceError", set())
    world.aws.forget()
    assert world.receives(attachment(READ_ONLY, role=build), guardrails=asks).changed == {build.no_longer_holds(READ_ONLY)}


def test_where_a_fact_is_gone_with_its_target_a_person_is_told(world, tmp_path):
    seen = world.receives(attachment(READ_ONLY, role="gone"), guardrails=rulebook(tmp_path, ASKS_FOR_THE_PATH))
    assert (seen.case["decision"]["verdict"], seen.outcome, seen.changed) == ("unknown", "unremediable", set())
    assert seen.notice.case == seen.case


# What takes too long.

ASKS_WHAT_THE_USER_CAN_DO = """
@id("asks-what-the-user-can-do")
@description("Asks everything that the user holds")
@severity("critical")
@remedy("detach-policy")
forbid (principal, action == Action::"AttachUserPolicy", resource) when { context.after.grants.admin };
"""
EVERYTHING_THAT_A_USER_HOLDS = ("ListAttachedUserPolicies", "ListUserPolicies", "ListGroupsForUser")


def test_a_rule_on_everything_that_the_target_can_do_is_cut_short_and_a_rule_on_the_name_acts_all_the_same(world, tmp_path):
    polsen, event = billing_event(world)
    for operation in EVERYTHING_THAT_A_USER_HOLDS:
        world.aws.dawdle(operation, 2.5)
    seen = world.receives(event, fresh=True, seconds=10, guardrails=rulebook(tmp_path, ASKS_WHAT_THE_USER_CAN_DO))
    assert (seen.outcome, seen.changed) == ("applied", {polsen.no_longer_holds(BILLING)})
    undecided = seen.case["decision"]["undecided"]
    assert "asks-what-the-user-can-do" in [guardrail["id"] for guardrail in undecided["guardrails"]]
    assert "not enough time" in undecided["reason"] and "not enough time" in seen.notice.text
    assert seen.operations.index("DetachUserPolicy") < seen.operations.index("ListAttachedUserPolicies")


def test_a_report_that_takes_too_long_is_cut_short_and_the_notice_is_sent(world):
    deploy = world.user("deploy", holds=[BILLING])
    key = world.key(deploy)
    for operation in EVERYTHING_THAT_A_USER_HOLDS:
        world.aws.dawdle(operation, 2.9)
    seen = world.receives(exposure(key), fresh=True, seconds=10, name=QUARANTINE_KEY)
    assert (seen.outcome, seen.changed) == ("applied", deploy.no_longer_active(key))
    (outcome,) = seen.case["outcomes"]
    assert "not enough time" in outcome["report"]["unread"][0]
    assert seen.invocation.seconds < 10


def test_a_topic_that_is_gone_is_an_error(world):
    polsen, event = billing_event(world)
    seen = world.receives(event, fresh=True, NOTICE_TOPIC_ARN=f"{world.topic}-gone")
    assert (seen.error.type, seen.changed) == ("Final.Rejected", {polsen.no_longer_holds(BILLING)})
    assert "sns:Publish" in seen.error.message


def test_where_a_notice_is_all_there_is_its_failure_is_an_error_too(world):
    world.user("polsen", holds=[BILLING])
    world.aws.fail("Publish", 500)
    seen = world.receives(but(sample("attach-user-policy"), errorCode="AccessDenied"), fresh=True)
    assert (seen.error.type, seen.changed) == ("Retryable.ServiceError", set())


def test_the_function_serves_on_after_an_error(world):
    polsen, event = billing_event(world)
    world.aws.deny("DetachUserPolicy", times=1)
    assert world.receives(event).error.type == "Final.AccessDenied"
    world.ledger.age()
    seen = world.receives(event)
    assert (seen.outcome, seen.changed) == ("applied", {polsen.no_longer_holds(BILLING)})
