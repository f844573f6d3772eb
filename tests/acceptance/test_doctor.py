"""`rescind doctor`: what is wrong with a stack, one line for each thing, and what to do about it."""

import hashlib
import json
import shutil
import subprocess

import pytest
from lab.command import credentials, rescind
from lab.emulator import REGION
from lab.events import ROOT
from lab.stack import DETACH_POLICY, FUNCTIONS, IAM_CHANGED, POLICY_ATTACHED, QUARANTINE_KEY, STACK, TICK, Stack

GUARDRAILS = ROOT / "guardrails"
NO_DEAD_LETTERS = "events that it cannot deliver do not go to UndeliveredEvents"


def examine(stack: Stack, *options: object, status: int = 0) -> list[str]:
    """The lines that are not ok, without the one that counts; each names what to do."""
    ran = doctor(stack, *options)
    assert (ran.returncode, ran.stderr) == (status, ""), ran.stdout
    *lines, counts = ran.stdout.splitlines()
    bad = [line for line in lines if not line.startswith("ok       ")]
    assert counts.endswith(f"{sum(line.startswith('FAILED   ') for line in lines)} failed")
    assert all("; to do: " in line for line in bad)
    return bad


def doctor(stack: Stack, *options: object, region: str = REGION) -> subprocess.CompletedProcess:
    return rescind("doctor", *options, env=credentials(stack.proxy.url, region))


def failed(stack: Stack, *options: object) -> str:
    """The one line that something is wrong."""
    (line,) = examine(stack, *options, status=1)
    assert line.startswith("FAILED   ")
    return line.removeprefix("FAILED   ")


def warned(stack: Stack, *options: object) -> str:
    """The one line that something may be wrong."""
    (line,) = examine(stack, *options)
    assert line.startswith("warning  ")
    return line.removeprefix("warning  ")


def digest() -> str:
    """The rulebook's digest, made from its definition."""
    made = hashlib.sha256()
    for file in sorted([*GUARDRAILS.glob("*.cedar"), *GUARDRAILS.glob("*.json"), GUARDRAILS / "schema.cedarschema"]):
        text = file.read_bytes()
        made.update(file.name.encode() + b"\0" + str(len(text)).encode() + b"\0" + text)
    return made.hexdigest()


def test_a_stack_in_which_all_is_well(stack):
    assert examine(stack) == []
    ok = doctor(stack).stdout
    for line in (
        "stack: CREATE_COMPLETE, 18 parts",
        "trail: trail management-events logs every call that changes IAM",
        "rules: all 4 are enabled",
        "functions: all 3 are active",
        "mode: enforce",
        "queue RestoreGuardDelay: its function takes from it",
        "rights: no service control policy, boundary or denial keeps the 3 functions",
        "topic NoticeTopic: 1 confirmed subscription",
        "last event: a change to IAM arrived 3 h ago",
        "heartbeat metric: sent 5 h ago",
        "heartbeat: the last arrived 5 h ago, 40 s after its change",
        "stop: nobody has stopped anything",
        "queue UndeliveredEvents: empty",
        "queue FailedEvents: empty",
        "alarms: none of the 2 rings",
    ):
        assert f"ok       {line}" in ok
    assert ok.splitlines()[-1] == "15 ok, 0 warnings, 0 failed"


def test_it_changes_nothing(stack):
    doctor(stack)
    reads = ("BatchGet", "Describe", "Get", "List", "Query", "Simulate")
    assert {call.operation for call in stack.proxy.calls() if not call.operation.startswith(reads)} == set()


def test_as_json_it_is_one_document(stack):
    stack.aws["events"].disable_rule(Name=stack[POLICY_ATTACHED])
    ran = doctor(stack, "--json")
    document = json.loads(ran.stdout)
    assert ran.returncode == 1
    assert (document["stack"], document["ok"], document["warnings"], document["failed"]) == (STACK, 14, 0, 1)
    (bad,) = [check for check in document["checks"] if check["verdict"] != "ok"]
    assert bad["verdict"] == "failed" and "disabled" in bad["seen"] and "enable-rule" in bad["toDo"]
    assert {"what", "verdict", "seen"} == set(document["checks"][0])


# What keeps it from looking at all.


def test_a_stack_that_is_not_there_is_status_2(stack):
    ran = doctor(stack, "--stack", "another")
    assert (ran.returncode, ran.stdout) == (2, "")
    assert "nothing was looked at: cloudformation:DescribeStacks of `another` failed" in ran.stderr


def test_without_credentials_or_the_right_to_read_the_stack_it_is_status_2(stack):
    assert rescind("doctor").returncode == 2
    stack.proxy.deny("DescribeStacks")
    assert doctor(stack).returncode == 2


def test_whichever_region_one_works_in_the_stack_is_at_home(stack):
    assert doctor(stack, region="eu-west-1").returncode == 0


@pytest.mark.parametrize(
    ("operation", "check", "permission"),
    [
        ("DescribeTrails", "trail", "cloudtrail:DescribeTrails"),
        ("DescribeRule", "rules", "events:DescribeRule"),
        ("ListTargetsByRule", "rules", "events:ListTargetsByRule"),
        ("GetFunctionConcurrency", "functions", "lambda:GetFunctionConcurrency"),
        ("GetEventSourceMapping", "queues that feed a function", "lambda:GetEventSourceMapping"),
        ("ListRolePolicies", "rights", "iam:ListRolePolicies"),
        ("GetRolePolicy", "rights", "iam:GetRolePolicy"),
        ("SimulatePrincipalPolicy", "rights", "iam:SimulatePrincipalPolicy"),
        ("ListSubscriptionsByTopic", "topic NoticeTopic", "sns:ListSubscriptionsByTopic"),
        ("Query", "heartbeat", "dynamodb:Query"),
        ("BatchGetItem", "stop", "dynamodb:BatchGetItem"),
        ("DescribeAlarms", "alarms", "cloudwatch:DescribeAlarms"),
    ],
)
def test_a_denied_call_is_a_warning_that_names_the_permission(stack, operation, check, permission):
    stack.proxy.deny(operation)
    denied = f"{check}: not looked at: AWS denies {permission}; to do: allow {permission} to whoever runs this, and run it again"
    assert f"warning  {denied}" in examine(stack)


# Each thing that can be wrong.


def test_a_deployment_that_did_not_go_through(stack):
    stack.proxy.edit("DescribeStacks", lambda answer: answer.replace("CREATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE"))
    assert warned(stack).startswith("stack: UPDATE_ROLLBACK_COMPLETE, 18 parts")


def test_no_trail(stack):
    stack.aws["cloudtrail"].delete_trail(Name="management-events")
    assert failed(stack).startswith("trail: no other trail reaches this region; to do: log management events")


def test_a_trail_that_is_stopped(stack):
    stack.aws["cloudtrail"].stop_logging(Name="management-events")
    assert failed(stack).startswith("trail: trail management-events is stopped; ")


@pytest.mark.parametrize(
    ("selectors", "says"),
    [
        ({"EventSelectors": [{"ReadWriteType": "ReadOnly", "IncludeManagementEvents": True}]}, "does not log management events that write"),
        ({"EventSelectors": [{"ReadWriteType": "All", "IncludeManagementEvents": False}]}, "does not log management events that write"),
        (
            {"AdvancedEventSelectors": [{"FieldSelectors": [{"Field": "eventCategory", "Equals": ["Data"]}]}]},
            "does not log management events that write",
        ),
    ],
    ids=["reads only", "data only", "advanced, data only"],
)
def test_a_trail_that_logs_no_writes(stack, selectors, says):
    stack.aws["cloudtrail"].put_event_selectors(TrailName="management-events", **selectors)
    assert failed(stack).startswith(f"trail: trail management-events {says}; ")


def test_a_trail_whose_selectors_let_only_some_calls_through(stack):
    fields = [{"Field": "eventCategory", "Equals": ["Management"]}, {"Field": "eventName", "NotEquals": ["AttachUserPolicy"]}]
    stack.aws["cloudtrail"].put_event_selectors(TrailName="management-events", AdvancedEventSelectors=[{"FieldSelectors": fields}])
    assert warned(stack).startswith("trail: trail management-events logs only some of the calls that change IAM: its selectors ask for eventName; ")


def test_a_trail_of_another_region_or_without_global_services(stack):
    stack.proxy.edit("DescribeTrails", lambda answer: answer.replace('"IsMultiRegionTrail": true', '"IsMultiRegionTrail": false').replace('"HomeRegion": "us-east-1"', '"HomeRegion": "eu-west-1"'))
    assert "trail management-events logs another region" in failed(stack)
    stack.proxy.forget_edits("DescribeTrails")
    stack.proxy.edit("DescribeTrails", lambda answer: answer.replace('"IncludeGlobalServiceEvents": true', '"IncludeGlobalServiceEvents": false'))
    assert "trail management-events leaves out global services" in failed(stack)


def test_one_good_trail_is_enough(stack):
    stack.aws["cloudtrail"].stop_logging(Name="management-events")
    stack.trail("another")
    assert examine(stack) == []


def test_the_organization_s_trail_is_enough_and_if_nobody_may_look_at_it_that_is_said(stack):
    stack.proxy.edit("DescribeTrails", lambda answer: answer.replace('"IsOrganizationTrail": false', '"IsOrganizationTrail": true'))
    assert "trail management-events, the organization's, logs every call" in doctor(stack).stdout
    stack.proxy.deny("GetTrailStatus")
    assert examine(stack) == [
        "warning  trail management-events: not looked at: AWS denies cloudtrail:GetTrailStatus; to do: allow cloudtrail:GetTrailStatus to whoever runs this, and run it again",
        *(line for line in examine(stack) if line.startswith("warning  trail: trail management-events could not be looked at: cloudtrail:GetTrailStatus of")),
    ]


def test_a_rule_that_is_gone(stack):
    stack.aws["events"].remove_targets(Rule=stack[POLICY_ATTACHED], Ids=["Target"])
    stack.aws["events"].delete_rule(Name=stack[POLICY_ATTACHED])
    assert failed(stack).startswith("rule DetachPolicyFunctionPolicyAttached-") and "events:DescribeRule of" in failed(stack)


@pytest.mark.parametrize("rule", [POLICY_ATTACHED, TICK])
def test_a_rule_that_is_disabled(stack, rule):
    stack.aws["events"].disable_rule(Name=stack[rule])
    assert failed(stack).startswith(f"rule {rule}-")
    assert f"it is disabled: its function gets no events; to do: `aws events enable-rule --name {stack[rule]}`" in failed(stack)


@pytest.mark.parametrize("rule", [POLICY_ATTACHED, TICK])
def test_a_rule_without_its_target(stack, rule):
    stack.aws["events"].remove_targets(Rule=stack[rule], Ids=["Target"])
    assert f"rule {rule}-" in failed(stack) and "it does not deliver to its function" in failed(stack)


def test_a_rule_that_delivers_to_another_function_of_the_stack(stack):
    kept = {"Arn": stack.queue_arn("UndeliveredEvents")}
    stack.aws["events"].put_targets(Rule=stack[POLICY_ATTACHED], Targets=[{"Id": "Target", "Arn": stack.function_arn(QUARANTINE_KEY), "DeadLetterConfig": kept}])
    assert "it does not deliver to its function" in failed(stack)


def test_a_rule_that_delivers_to_a_foreign_target_as_well(stack):
    foreign = f"arn:aws:lambda:{REGION}:210987654321:function:thief"
    stack.aws["events"].put_targets(Rule=stack[POLICY_ATTACHED], Targets=[{"Id": "Thief", "Arn": foreign}])
    assert f"it also delivers to {foreign}, which is no part of the stack" in failed(stack)


@pytest.mark.parametrize("config", [{}, {"DeadLetterConfig": {"Arn": f"arn:aws:sqs:{REGION}:123456789012:another"}}], ids=["none", "another"])
def test_a_rule_without_its_dead_letter_queue(stack, config):
    stack.aws["events"].put_targets(Rule=stack[POLICY_ATTACHED], Targets=[{"Id": "Target", "Arn": stack.function_arn(DETACH_POLICY), **config}])
    assert NO_DEAD_LETTERS in failed(stack)


def test_a_function_that_is_gone(stack):
    stack.aws["lambda"].delete_function(FunctionName=stack[DETACH_POLICY])
    assert failed(stack).startswith("function detach-policy: lambda:GetFunctionConfiguration of rescind-detach-policy failed")


def test_a_function_that_is_not_active(stack):
    stack.proxy.edit("GetFunctionConfiguration", lambda answer: answer.replace('"State": "Active"', '"State": "Failed", "StateReason": "no key"') if "detach-policy" in answer else answer)
    assert failed(stack).startswith('function detach-policy: it is Failed: "no key"; ')


def test_a_function_that_may_not_run(stack):
    stack.aws["lambda"].put_function_concurrency(FunctionName=stack[DETACH_POLICY], ReservedConcurrentExecutions=0)
    assert failed(stack).startswith("function detach-policy: it may not run: its reserved concurrency is 0; to do: `aws lambda delete-function-concurrency")
    stack.aws["lambda"].put_function_concurrency(FunctionName=stack[DETACH_POLICY], ReservedConcurrentExecutions=5)
    assert examine(stack) == []


def test_a_function_that_runs_with_a_foreign_role(stack):
    stack.aws["iam"].create_role(RoleName="another", AssumeRolePolicyDocument="{}")
    stack.aws["lambda"].update_function_configuration(FunctionName=stack[DETACH_POLICY], Role="arn:aws:iam::123456789012:role/another")
    bad = examine(stack, status=1)
    assert "FAILED   function detach-policy: it runs with the role another, which is no part of the stack" in bad[0]


def test_the_mode_is_said_and_a_function_that_differs(stack):
    def becomes(mode: str, *functions: str) -> None:
        for function in functions:
            stack.aws["lambda"].update_function_configuration(FunctionName=stack[function], Environment={"Variables": {"MODE": mode}})

    becomes("observe", DETACH_POLICY)
    assert failed(stack).startswith("mode: functions differ: enforce, observe; ")
    becomes("observe", QUARANTINE_KEY, "RestoreGuardFunction")
    assert "ok       mode: observe: Rescind takes nothing back" in doctor(stack).stdout


def test_a_queue_that_feeds_a_function_no_more(stack):
    stack.aws["lambda"].update_event_source_mapping(UUID=stack["RestoreGuardMapping"], Enabled=False)
    assert failed(stack).startswith("queue RestoreGuardDelay: its function takes nothing from it: the mapping is Disabled; ")


ORGANIZATION = "<EvalDecision>implicitDeny</EvalDecision><OrganizationsDecisionDetail><AllowedByOrganizations>false</AllowedByOrganizations></OrganizationsDecisionDetail>"
BOUNDARY = "<EvalDecision>implicitDeny</EvalDecision><PermissionsBoundaryDecisionDetail><AllowedByPermissionsBoundary>false</AllowedByPermissionsBoundary></PermissionsBoundaryDecisionDetail>"
DENIAL = "<EvalDecision>explicitDeny</EvalDecision><MatchedStatements><member><SourcePolicyId>mallory</SourcePolicyId></member></MatchedStatements>"


@pytest.mark.parametrize(
    ("detail", "says"),
    [
        (ORGANIZATION, "a service control policy of the organization denies iam:DetachUserPolicy"),
        (BOUNDARY, "the permissions boundary does not allow iam:DetachUserPolicy"),
        (DENIAL, "the role's policy mallory denies iam:DetachUserPolicy"),
        ("<EvalDecision>implicitDeny</EvalDecision>", "no policy of the role allows iam:DetachUserPolicy"),
    ],
    ids=["service control policy", "boundary", "denial", "nothing"],
)
def test_what_keeps_a_role_from_its_calls_is_named(stack, detail, says):
    stack.proxy.would_deny("iam:DetachUserPolicy", detail)
    bad = examine(stack, status=1)
    names = ["detach-policy", "quarantine-key", "restore-guard"]
    assert sorted(bad) == [f"FAILED   rights of {name}: {says}; to do: let this role make these calls: its remedies fail without them" for name in names]


def test_a_simulated_call_says_who_calls_from_where(stack):
    doctor(stack)
    asked = [call.parameters for call in stack.proxy.calls() if call.operation == "SimulatePrincipalPolicy"]
    assert {each["PolicySourceArn"] for each in asked} == {f"arn:aws:iam::123456789012:role/{stack[f'{function}Role']}" for function in FUNCTIONS}
    for each in asked:
        context = {each[f"ContextEntries.member.{n}.ContextKeyName"]: each[f"ContextEntries.member.{n}.ContextKeyValues.member.1"] for n in range(1, 8)}
        assert (context["aws:PrincipalArn"], context["aws:RequestedRegion"]) == (each["PolicySourceArn"], REGION)
        assert each["ResourceArns.member.1"] == "arn:aws:iam::123456789012:user/example"


def test_a_role_that_is_gone(stack):
    stack.aws["iam"].delete_role_policy(RoleName=stack[f"{DETACH_POLICY}Role"], PolicyName="own")
    stack.aws["iam"].delete_role(RoleName=stack[f"{DETACH_POLICY}Role"])
    assert failed(stack).startswith("rights of detach-policy: iam:ListRolePolicies of role")


def test_a_role_without_rights_of_its_own(stack):
    stack.aws["iam"].delete_role_policy(RoleName=stack[f"{DETACH_POLICY}Role"], PolicyName="own")
    assert warned(stack).startswith("rights of detach-policy: its role has no inline policy that allows a call; ")


TWO_TOPICS = pytest.mark.parametrize("stack", [{"alarm_topic": True}], indirect=True)
QUIET = pytest.mark.parametrize("stack", [{"quiet": True}], indirect=True)


@TWO_TOPICS
def test_a_second_topic_is_looked_at_if_the_stack_has_one(stack):
    assert examine(stack) == []
    stack.unsubscribe("AlarmTopic")
    assert failed(stack).startswith("topic AlarmTopic: nobody is subscribed, so nobody receives anything; ")


def test_a_topic_that_nobody_reads(stack):
    stack.unsubscribe("NoticeTopic")
    assert failed(stack).startswith("topic NoticeTopic: nobody is subscribed, so nobody receives anything; ")


def test_a_subscription_that_nobody_confirmed_is_named(stack):
    stack.unsubscribe("NoticeTopic")
    pending = stack.subscribe("NoticeTopic", mail="ann@example.com")
    stack.proxy.edit("ListSubscriptionsByTopic", lambda answer: answer.replace(pending, "PendingConfirmation"))
    assert failed(stack).startswith("topic NoticeTopic: nobody has confirmed a subscription: email ann@example.com; to do: click the link")
    stack.subscribe("NoticeTopic", mail="bob@example.com")
    assert warned(stack).startswith("topic NoticeTopic: 1 confirmed, and not confirmed: email ann@example.com; ")


def test_a_topic_that_is_gone(stack):
    stack.aws["sns"].delete_topic(TopicArn=stack["NoticeTopic"])
    stack.proxy.find_nothing("ListSubscriptionsByTopic")
    assert failed(stack).startswith("topic NoticeTopic: sns:ListSubscriptionsByTopic of")


@QUIET
def test_no_event_for_long(stack):
    stack.heart_beats(hours_ago=5)
    assert failed(stack).startswith("last event: no change to IAM has arrived in the last 14 days; to do: create an IAM group")
    stack.event_arrives(hours_ago=24 * 8)
    assert failed(stack).startswith("last event: no change to IAM has arrived since 20")


@QUIET
def test_a_heartbeat_that_is_late(stack):
    stack.event_arrives(hours_ago=3)
    stack.heart_beats(hours_ago=30)
    assert [line.partition(";")[0] for line in examine(stack, status=1)] == [
        "FAILED   heartbeat metric: sent 30 h ago, and one is due each day",
        "FAILED   heartbeat: the last arrived 30 h ago, and one is due each day",
    ]


@QUIET
def test_a_stack_without_a_heartbeat(stack):
    stack.event_arrives(hours_ago=3)
    assert [line.partition(";")[0] for line in examine(stack)] == [
        "warning  heartbeat metric: none in the last 14 days",
        "warning  heartbeat: the ledger has none",
    ]


def test_a_heartbeat_that_cannot_be_read(stack):
    stack.writes_heartbeat(at="yesterday")
    assert failed(stack).startswith("heartbeat: reading item watch#heartbeat failed: the item does not say when")


def test_the_rulebook_of_the_stack_is_compared_with_the_one_at_hand(stack, tmp_path):
    stack.heart_beats(hours_ago=5, rulebook=digest())
    assert examine(stack, "--guardrails", GUARDRAILS) == []
    assert f"ok       rulebook: the stack judges by the one in {GUARDRAILS}, {digest()}" in doctor(stack, "--guardrails", GUARDRAILS).stdout
    assert f"ok       rulebook: the stack judges by {digest()}" in doctor(stack).stdout
    another = shutil.copytree(GUARDRAILS, tmp_path / "rules")
    (another / "billing.cedar").write_text((another / "billing.cedar").read_text() + "\n")
    assert failed(stack, "--guardrails", another).startswith(f"rulebook: the stack judged its last heartbeat by {digest()}, and the one in {another} is ")


def test_a_heartbeat_that_says_no_rulebook_and_a_folder_that_has_none(stack, tmp_path):
    assert warned(stack, "--guardrails", GUARDRAILS).startswith("rulebook: no heartbeat says by which rulebook the stack judges; ")
    assert failed(stack, "--guardrails", tmp_path).startswith("rulebook: the rulebook in")


def test_a_stop(stack):
    stack.stop(everything="a reason")
    assert failed(stack).startswith('stop: everything is stopped: "a reason"; to do: `rescind resume` ends it')
    stack.stop(billing="another")
    assert failed(stack).startswith('stop: guardrail billing is stopped: "another"; ')
    stack.stop(everything=" ")
    assert warned(stack).startswith("stop: everything has a stop without a reason, which Rescind ignores; ")


@pytest.mark.parametrize("queue", ["UndeliveredEvents", "FailedEvents"])
def test_events_that_wait(stack, queue):
    stack.send(queue, "x")
    assert failed(stack).startswith(f"queue {queue}: 1 event waits, 0 of them in somebody's hands; to do: `rescind redrive --stack rescind`")
    stack.aws["sqs"].receive_message(QueueUrl=stack[queue], VisibilityTimeout=60)
    assert "1 of them in somebody's hands" in failed(stack)


def test_a_queue_that_is_gone(stack):
    stack.aws["sqs"].delete_queue(QueueUrl=stack["FailedEvents"])
    assert failed(stack).startswith("queue FailedEvents: sqs:GetQueueAttributes of")


def test_alarms_that_ring_or_cannot(stack):
    stack.alarm("NotTakenBack", "ALARM")
    assert failed(stack).startswith('alarm not-taken-back: it rings: "as the test says"; to do: docs/operations.md')
    stack.alarm("NotTakenBack", "INSUFFICIENT_DATA")
    assert warned(stack).startswith("alarm not-taken-back: CloudWatch has too little data to judge")
    stack.alarm("NotTakenBack", "OK")
    stack.aws["cloudwatch"].disable_alarm_actions(AlarmNames=[stack["NoHeartbeat"]])
    assert failed(stack).startswith("alarm no-heartbeat: its actions are disabled, so nobody hears it; ")
    stack.aws["cloudwatch"].delete_alarms(AlarmNames=[stack["NoHeartbeat"]])
    assert failed(stack).startswith("alarm no-heartbeat: it is gone; ")


@pytest.mark.parametrize(
    ("part", "says"),
    [
        ("Ledger", "ledger: the stack has none"),
        ("NoticeTopic", "topic NoticeTopic: the stack has none"),
        ("FailedEvents", "queue FailedEvents: the stack has none: events that fail are lost"),
        (IAM_CHANGED, f"last event: the stack has no rule {IAM_CHANGED}"),
    ],
)
def test_a_part_that_the_stack_lacks(stack, part, says):
    stack.lacks(part)
    assert f"FAILED   {says}" in "\n".join(examine(stack, status=1))


def test_what_others_write_is_inert(stack):
    stack.stop(everything="<!channel> https://evil.example/\nok       all is well")
    line = failed(stack)
    assert "<!channel>" not in line and "https://" not in line and "\n" not in line
