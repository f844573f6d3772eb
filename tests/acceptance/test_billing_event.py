"""The main job: somebody gives themselves the Billing policy, and it is taken back."""

import shlex

import pytest
from lab.events import BILLING, READ_ONLY, anew, attachment, but, iam_user, sample


def test_a_forbidden_attachment_is_taken_back_and_nothing_else_moves(world):
    polsen = world.user("polsen", holds=[BILLING, READ_ONLY], tags={"team": "web"})
    seen = world.receives(sample("attach-user-policy"))
    assert seen.outcome == "applied"
    assert seen.changed == {polsen.no_longer_holds(BILLING)}


@pytest.mark.parametrize("earlier", ["none", "one in this hour", "one in the hour before"])
def test_the_remedy_takes_exactly_two_calls_and_five_to_the_ledger(world, earlier):
    polsen = world.user("polsen", holds=[BILLING])
    if earlier != "none":
        world.receives(sample("attach-user-policy"))
        world.attach(BILLING, polsen)
    if earlier == "one in the hour before":
        world.ledger.an_hour_passes()
    seen = world.receives(anew(sample("attach-user-policy")))
    ledger = ["dynamodb:BatchGetItem", "dynamodb:UpdateItem", "dynamodb:PutItem"]
    assert [str(call) for call in seen.calls] == [*ledger, "iam:DetachUserPolicy", "dynamodb:UpdateItem", "sns:Publish", "dynamodb:PutItem"]
    assert seen.writes[0].parameters == {"UserName": "polsen", "PolicyArn": BILLING}


def test_the_case_tells_actor_change_decision_and_outcome(world):
    world.user("polsen", holds=[BILLING])
    case = world.receives(sample("attach-user-policy")).case
    assert case["version"] == 1
    assert (case["account"], case["region"], case["partition"], case["mode"]) == ("123456789012", "us-east-1", "aws", "enforce")
    assert case["latencyMs"] > 0
    actor = case["actor"]
    assert (actor["name"], actor["arn"]) == ("polsen", "arn:aws:iam::123456789012:user/polsen")
    assert (actor["sourceIp"], actor["mfa"], actor["invokedBy"]) == ("192.0.2.26", False, "signin.amazonaws.com")
    assert case["change"] == {"type": "PolicyAttached", "target": {"type": "user", "name": "polsen"}, "policyArn": BILLING}
    assert case["decision"]["verdict"] == "forbidden"
    assert case["decision"]["guardrails"][0]["id"] == "billing-is-for-finance"
    (outcome,) = case["outcomes"]
    assert (outcome["remedy"], outcome["outcome"]) == ("detach-policy", "applied")
    assert outcome["calls"] == [{"service": "iam", "operation": "DetachUserPolicy", "parameters": {"UserName": "polsen", "PolicyArn": BILLING}}]
    assert case["remedy"] == "detach-policy"
    assert "siblings" not in case and "would" not in outcome


def test_the_notice_tells_a_person_who_what_from_where_and_how_to_undo(world):
    world.user("polsen", holds=[BILLING])
    seen = world.receives(sample("attach-user-policy"))
    text = seen.notice.text
    for said in ("polsen", BILLING, "192.0.2.26", "billing-is-for-finance", seen.undo["command"], seen.case["id"]):
        assert said in text
    assert "without mfa" in text.lower()


def test_the_notice_reaches_programs_chats_and_filters_in_their_own_form(world):
    world.user("polsen", holds=[BILLING])
    seen = world.receives(sample("attach-user-policy"))
    notice = seen.notice
    assert notice.case == seen.case
    assert (notice.chat["version"], notice.chat["source"]) == ("1.0", "custom")
    assert "polsen" in str(notice.chat["content"])
    assert notice.attributes == {
        "severity": "high",
        "guardrail": "billing-is-for-finance",
        "outcome": "applied",
        "account": "123456789012",
        "change": "PolicyAttached",
    }
    assert len(notice.subject) <= 100
    assert notice.subject.isascii() and notice.subject.isprintable()


def test_the_undo_command_says_the_same_as_the_receipt(world):
    world.user("polsen", holds=[BILLING])
    undo = world.receives(sample("attach-user-policy")).undo
    program, service, operation, *options = shlex.split(undo["command"])
    assert (program, service, operation) == ("aws", "iam", "attach-user-policy")
    given = dict(zip(options[::2], options[1::2], strict=True))
    assert given == {"--user-name": undo["parameters"]["UserName"], "--policy-arn": undo["parameters"]["PolicyArn"]}


def test_two_events_in_the_wrong_order_end_in_the_same_state(world):
    polsen = world.user("polsen", holds=[BILLING])
    oneself = attachment(BILLING, user=polsen, actor=iam_user(polsen.name, polsen.id))
    earlier = but(oneself, eventTime="2026-01-01T00:00:00Z", eventID="earlier")
    later = but(oneself, eventTime="2026-01-01T00:00:05Z", eventID="later")
    assert world.receives(later).changed == {polsen.no_longer_holds(BILLING)}
    late = world.receives(earlier)
    assert (late.outcome, late.changed) == ("already-clean", set())


def test_a_change_that_breaks_no_guardrail_makes_no_case_and_no_call(world):
    developers = world.group("developers", holds=[READ_ONLY])
    seen = world.receives(attachment(READ_ONLY, group=developers))
    assert seen.cases == []
    assert (seen.calls, seen.notices, seen.changed) == ([], [], set())


def test_steps_are_logged_and_cases_counted(world):
    world.user("polsen", holds=[BILLING])
    seen = world.receives(sample("attach-user-policy"))
    assert all(line.startswith("{") for line in seen.invocation.logs), seen.invocation.logs
    metrics = [record for record in seen.invocation.records() if "_aws" in record]
    names = {metric["Name"] for record in metrics for block in record["_aws"]["CloudWatchMetrics"] for metric in block["Metrics"]}
    assert {"Cases", "Latency", "Events"} <= names
    assert {block["Namespace"] for record in metrics for block in record["_aws"]["CloudWatchMetrics"]} == {"Rescind"}
    counted = next(record for record in metrics if "Cases" in record)
    assert (counted["Guardrail"], counted["Severity"], counted["Outcome"]) == ("billing-is-for-finance", "high", "applied")


def test_no_credential_appears_in_a_log_a_case_or_a_notice(world):
    world.user("polsen", holds=[BILLING])
    seen = world.receives(sample("attach-user-policy"), AWS_LAMBDA_LOG_LEVEL="TRACE")
    for secret in ("a-secret-that-must-not-appear", "a-token-that-must-not-appear"):
        assert secret not in "\n".join(seen.invocation.logs)
        assert secret not in str(seen.case) + str(seen.notices)
