"""`rescind redrive`: what waits in the two queues of failures, and to have it judged again."""

import json
import subprocess

import pytest
from lab.command import credentials, rescind
from lab.emulator import ACCOUNT, REGION
from lab.events import BILLING, attachment, iam_user
from lab.stack import DETACH_POLICY, GUARD_REMOVED, POLICY_ATTACHED, QUARANTINE_KEY, RESTORE_GUARD, Stack

EVENT = attachment(BILLING, user="polsen", actor=iam_user("mallory"))


def run(stack: Stack, *options: str) -> subprocess.CompletedProcess:
    return rescind("redrive", *options, env=credentials(stack.proxy.url))


def redrive(stack: Stack, *options: str, status: int = 0) -> list[dict]:
    """The messages as JSON."""
    ran = run(stack, "--json", *options)
    assert ran.returncode == status, ran.stderr
    return json.loads(ran.stdout)["messages"]


def only(stack: Stack, *options: str, status: int = 0) -> dict:
    (message,) = redrive(stack, *options, status=status)
    return message


def failed(stack: Stack, function: str = DETACH_POLICY, error: str = "Retryable.Throttled", event: object = EVENT, **record: object) -> str:
    """Lambda's record of an event that a function failed on three times."""
    context = {"requestId": "r", "functionArn": f"{stack.function_arn(function)}:$LATEST", "condition": "RetriesExhausted", "approximateInvokeCount": 3}
    payload = {"errorType": error, "errorMessage": "iam:DetachUserPolicy on user polsen failed"}
    body = {"version": "1.0", "timestamp": "2026-03-02T12:00:00.000Z", "requestContext": context, "requestPayload": event, "responsePayload": payload}
    return stack.send("FailedEvents", {**body, **record})


def undelivered(stack: Stack, rule: str = POLICY_ATTACHED, target: str | None = None, event: object = EVENT) -> str:
    """What EventBridge could not deliver."""
    arn = target or stack.function_arn(DETACH_POLICY)
    return stack.send("UndeliveredEvents", event, RULE_ARN=stack.rule_arn(rule), TARGET_ARN=arn, ERROR_CODE="NO_PERMISSIONS", ERROR_MESSAGE="no permission", RETRY_ATTEMPTS="185")


def moved(stack: Stack, event: object = EVENT, queue: str | None = None) -> str:
    """What SQS moved from the queue of a function that failed on it three times; the emulator does not say from where."""
    message = stack.send("FailedEvents", event)
    source = queue or stack.queue_arn("RestoreGuardDelay")

    def from_there(answer: str) -> str:
        found = json.loads(answer)
        for received in found.get("Messages", []):
            received["Attributes"] |= {"DeadLetterQueueSourceArn": source} if received["MessageId"] == message else {}
        return json.dumps(found)

    stack.proxy.edit("ReceiveMessage", from_there)
    return message


def invoked(stack: Stack) -> list[tuple[str, str, object]]:
    """What Lambda accepted: for whom, how, and the event."""
    calls = [call for call in stack.proxy.calls() if call.operation == "Invoke" and "payload" in call.parameters]
    return [(call.parameters["path"].split("/")[3], call.parameters["type"], json.loads(call.parameters["payload"])) for call in calls]


def writes(stack: Stack) -> set[str]:
    """Calls that could have changed something."""
    reads = ("Describe", "Get", "List", "ReceiveMessage", "ChangeMessageVisibilityBatch")
    return {call.operation for call in stack.proxy.calls() if not call.operation.startswith(reads)}


def test_nothing_waits(stack):
    ran = run(stack)
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "nothing waits\n", "")
    assert redrive(stack) == []


def test_what_waits_is_shown_and_why_and_for_how_long(stack):
    message = failed(stack)
    ran = run(stack)
    assert (ran.returncode, ran.stderr) == (0, "")
    first, function, call, error, verdict, *rest = ran.stdout.splitlines()
    assert first.startswith(f"{message} in FailedEvents, for ") and first.endswith(" s")
    assert function == "  function  detach-policy"
    assert call == f"  call      iam.amazonaws.com:AttachUserPolicy by {EVENT['detail']['userIdentity']['arn']} at {EVENT['detail']['eventTime']}, event {EVENT['detail']['eventID']}"
    assert error == '  error     Retryable.Throttled "iam:DetachUserPolicy on user polsen failed"'
    assert verdict == "  can be sent again"
    assert rest[0] == "1 message: 1 can be sent again, 0 sent, 0 kept"
    assert "nothing was changed" in rest[1] and "CloudTrail's event history has its id" in rest[1]
    assert "rescind-<function>-uninvited rings" in rest[2]


def test_as_json_it_is_one_document(stack):
    message = undelivered(stack)
    document = json.loads(run(stack, "--json").stdout)
    (line,) = document.pop("messages")
    assert document == {"stack": "rescind", "sendable": 1, "sent": 0, "kept": 0, "more": False}
    assert line.pop("waitsSince").startswith("20")
    assert line == {
        "queue": "UndeliveredEvents",
        "id": message,
        "function": "detach-policy",
        "call": "iam.amazonaws.com:AttachUserPolicy",
        "actor": EVENT["detail"]["userIdentity"]["arn"],
        "time": EVENT["detail"]["eventTime"],
        "eventId": EVENT["detail"]["eventID"],
        "error": 'NO_PERMISSIONS "no permission"',
        "verdict": "sendable",
    }


def test_without_send_nothing_changes_and_what_was_looked_at_is_given_back_at_once(stack):
    for _ in range(12):
        failed(stack)
    undelivered(stack)
    for _ in range(2):
        assert [line["verdict"] for line in redrive(stack)] == ["sendable"] * 13
        assert (stack.waiting("FailedEvents"), stack.waiting("UndeliveredEvents")) == ((12, 0), (1, 0))
    assert writes(stack) == set()


def test_sent_events_reach_their_functions_and_leave_the_queues(stack):
    failed(stack, QUARANTINE_KEY)
    undelivered(stack)
    ran = run(stack, "--send")
    assert (ran.returncode, ran.stderr) == (0, "")
    assert "2 messages: 0 can be sent again, 2 sent, 0 kept" in ran.stdout and "uninvited rings" in ran.stdout
    assert sorted(invoked(stack), key=str) == sorted([(stack.function_arn(QUARANTINE_KEY), "Event", EVENT), (stack.function_arn(DETACH_POLICY), "Event", EVENT)], key=str)
    assert (stack.waiting("FailedEvents"), stack.waiting("UndeliveredEvents")) == ((0, 0), (0, 0))


def test_an_event_of_a_queue_that_feeds_a_function_goes_to_that_function(stack):
    moved(stack)
    undelivered(stack, GUARD_REMOVED, target=stack.queue_arn("RestoreGuardDelay"))
    assert [line["function"] for line in redrive(stack, "--send")] == ["restore-guard"] * 2
    assert invoked(stack) == [(stack.function_arn(RESTORE_GUARD), "Event", EVENT)] * 2


def test_a_tick_is_sent_like_any_event(stack):
    failed(stack, event={"source": "aws.events", "detail-type": "Scheduled Event", "account": ACCOUNT, "detail": {}})
    assert (only(stack, "--send")["call"], stack.waiting("FailedEvents")) == ('aws.events "Scheduled Event"', (0, 0))


@pytest.mark.parametrize("error", ["Final.Init", "Final.Rulebook", "Final.AccessDenied", "Final.Rejected", "Final.MalformedEvent"])
def test_what_would_fail_again_is_kept_unless_all_are_sent(stack, error):
    failed(stack, error=error)
    line = only(stack, "--send", status=1)
    assert (line["verdict"], invoked(stack), stack.waiting("FailedEvents")) == ("kept", [], (1, 0))
    assert line["why"].startswith("it would fail again: ") and line["error"].startswith(error)
    assert only(stack, "--send", "--all")["verdict"] == "sent"
    assert stack.waiting("FailedEvents") == (0, 0)


def test_all_makes_sense_only_with_send(stack):
    assert run(stack, "--all").returncode == 2


def test_an_event_that_waited_too_long_has_no_answer_and_is_sent(stack):
    context = {"functionArn": stack.function_arn(DETACH_POLICY), "condition": "EventAgeExceeded"}
    stack.send("FailedEvents", {"requestContext": context, "requestPayload": EVENT})
    line = only(stack, "--send")
    assert (line["verdict"], line["error"]) == ("sent", "EventAgeExceeded")


# What is never sent, whatever is asked for.

FOREIGN = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:another"


def in_failed(stack: Stack, body: object) -> None:
    stack.send("FailedEvents", body)


@pytest.mark.parametrize(
    ("arrives", "why"),
    [
        (lambda stack: in_failed(stack, "no JSON"), "unreadable: "),
        (lambda stack: in_failed(stack, EVENT), "unreadable: neither Lambda's record of a failure, nor moved here"),
        (lambda stack: failed(stack, event="text"), "unreadable: its event has no source"),
        (lambda stack: failed(stack, requestContext={"functionArn": FOREIGN}), f"foreign: {FOREIGN} is no function of the stack"),
        (lambda stack: failed(stack, requestContext={"functionArn": f"{stack.function_arn(DETACH_POLICY)}:7"}), "foreign: "),
        (lambda stack: failed(stack, event={**EVENT, "account": "210987654321"}), "foreign: its account is 210987654321"),
        (lambda stack: undelivered(stack, target=FOREIGN), f"foreign: {FOREIGN} is no function of the stack"),
        (lambda stack: undelivered(stack, event="no JSON"), "unreadable: its event is no JSON"),
        (lambda stack: stack.send("UndeliveredEvents", EVENT), "unreadable: it does not say which rule"),
        (lambda stack: stack.send("UndeliveredEvents", EVENT, RULE_ARN=f"arn:aws:events:{REGION}:{ACCOUNT}:rule/another", TARGET_ARN=stack.function_arn(DETACH_POLICY)), "foreign: the rule"),
        (lambda stack: moved(stack, queue=f"arn:aws:sqs:{REGION}:{ACCOUNT}:another"), "foreign: "),
    ],
    ids=["no JSON", "an event alone", "no event", "another function", "a version", "another account", "another target", "no JSON undelivered", "no rule", "another rule", "another queue"],
)  # fmt: skip
def test_what_is_not_the_stack_s_is_kept(stack, arrives, why):
    arrives(stack)
    line = only(stack, "--send", "--all", status=1)
    assert (line["verdict"], invoked(stack)) == ("kept", []) and line["why"].startswith(why)
    assert sum(waiting for waiting, _ in map(stack.waiting, ("FailedEvents", "UndeliveredEvents"))) == 1, "it can be taken again at once"


def test_a_function_that_is_gone(stack):
    failed(stack)
    stack.aws["lambda"].delete_function(FunctionName=stack[DETACH_POLICY])
    line = only(stack, "--send", status=1)
    assert (line["verdict"], line["why"]) == ("kept", "the function detach-policy is gone")
    assert stack.waiting("FailedEvents") == (1, 0)


def test_if_one_is_kept_the_others_are_sent(stack):
    failed(stack, error="Final.Init")
    failed(stack)
    in_failed(stack, "x")
    ran = run(stack, "--send")
    assert (ran.returncode, ran.stderr) == (1, "2 messages left in a queue\n")
    assert "3 messages: 0 can be sent again, 1 sent, 2 kept" in ran.stdout
    assert stack.waiting("FailedEvents") == (2, 0)


def test_a_call_that_lambda_refuses_keeps_the_message(stack):
    failed(stack)
    stack.proxy.deny("Invoke")
    line = only(stack, "--send", status=1)
    assert line["verdict"] == "kept" and line["why"].startswith("lambda:InvokeFunction of detach-policy failed: AccessDenied")
    assert stack.waiting("FailedEvents") == (1, 0)


def test_a_message_that_cannot_be_deleted_is_said_to_be_there_still(stack):
    failed(stack)
    stack.proxy.deny("DeleteMessage")
    line = only(stack, "--send", status=1)
    assert line["verdict"] == "sent" and line["why"].startswith("it is still in its queue: sqs:DeleteMessage from")
    assert len(invoked(stack)) == 1


def test_a_queue_that_may_not_be_read_leaves_nothing_hidden_in_the_other(stack):
    failed(stack)
    undelivered(stack)
    stack.proxy.deny_for("ReceiveMessage", stack["FailedEvents"])
    ran = run(stack)
    assert ran.returncode == 1 and "sqs:ReceiveMessage from" in ran.stderr
    assert "in UndeliveredEvents" in ran.stdout
    assert (stack.waiting("FailedEvents"), stack.waiting("UndeliveredEvents")) == ((1, 0), (1, 0))


def test_if_nobody_may_ask_which_function_a_queue_feeds_its_events_are_kept(stack):
    moved(stack)
    stack.proxy.deny("GetEventSourceMapping")
    assert "lambda:GetEventSourceMapping" in only(stack, "--send", status=1)["why"]
    failed(stack)
    assert sorted(line["verdict"] for line in redrive(stack, "--send", status=1)) == ["kept", "sent"]


def test_a_stack_that_is_not_there(stack):
    ran = run(stack, "--stack", "another")
    assert ran.returncode == 1 and "cloudformation:DescribeStacks of `another` failed" in ran.stderr


def test_what_a_message_says_is_inert_and_short(stack):
    hostile = "<!channel> https://evil.example/ " + "\u202e\n" + "x" * 50_000
    event = json.loads(json.dumps(EVENT))
    event["detail"] |= {"eventName": hostile, "eventTime": hostile, "eventID": hostile}
    event["detail"]["userIdentity"]["arn"] = hostile
    failed(stack, event=event, responsePayload={"errorType": hostile, "errorMessage": hostile})
    failed(stack, requestContext={"functionArn": hostile}, event={**event, "account": hostile})
    for said in (run(stack).stdout, json.dumps(redrive(stack), ensure_ascii=False)):
        assert len(said) < 12_000 and not any(live in said for live in ("<!channel>", "https://", "\u202e"))
    assert all(line.startswith(("  ", "2 messages", "nothing was changed", "the alarm")) or " in FailedEvents, for " in line for line in run(stack).stdout.splitlines())


def test_many_messages_are_each_sent_once(stack):
    for _ in range(25):
        failed(stack)
        failed(stack, error="Final.Init")
    ran = run(stack, "--send")
    assert "50 messages: 0 can be sent again, 25 sent, 25 kept" in ran.stdout
    assert (len(invoked(stack)), stack.waiting("FailedEvents")) == (25, (25, 0))
