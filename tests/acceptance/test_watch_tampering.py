"""Each way to blind or silence Rescind: done to the emulated account, seen through both channels, and undone if it can be."""

import json

import pytest
from lab.emulator import ACCOUNT, REGION
from lab.events import anew, assumed_role, but, iam_call, iam_user, just_now, sample
from lab.world import DENY_EVERYTHING, OWN_ROLES, WATCH_TAMPERING

STACK = "rescind"
PARTS = {
    "Topic": {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": "rescind-NoticeTopic-1A2B"}},
    "Rule": {"Type": "AWS::Events::Rule", "Properties": {"Name": "rescind-Rule-1A2B", "EventPattern": {"source": ["aws.iam"]}, "State": "ENABLED"}},
    "Queue": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "rescind-FailedEvents-1A2B"}},
    "Key": {"Type": "AWS::KMS::Key", "Properties": {"KeyPolicy": {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "kms:*", "Resource": "*"}]}}},
    "Log": {"Type": "AWS::Logs::LogGroup", "Properties": {"LogGroupName": "/aws/lambda/rescind"}},
    "Table": {"Type": "AWS::DynamoDB::Table", "Properties": {"TableName": "rescind-Table-1A2B", "BillingMode": "PAY_PER_REQUEST", "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}], "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}]}},
}  # fmt: skip
TOPIC = f"arn:aws:sns:{REGION}:{ACCOUNT}:rescind-NoticeTopic-1A2B"
QUEUE = f"https://sqs.{REGION}.amazonaws.com/{ACCOUNT}/rescind-FailedEvents-1A2B"
MALLORY = iam_user("mallory")


@pytest.fixture
def stack(world):
    """A stack of Rescind's with one part of each kind, a trail, and a second topic with a subscriber of its own."""
    cloudformation = world.account.client("cloudformation")
    if STACK not in {s["StackName"] for s in cloudformation.describe_stacks()["Stacks"]}:
        cloudformation.create_stack(StackName=STACK, TemplateBody=json.dumps({"Resources": PARTS}))
        world.account.client("s3").create_bucket(Bucket="trail")
        world.account.client("cloudtrail").create_trail(Name="management-events", S3BucketName="trail")
    world.account.client("cloudtrail").start_logging(Name="management-events")
    world.account.client("events").enable_rule(Name="rescind-Rule-1A2B")
    world.aws.edit("ListStackResources", with_what_the_emulator_does_not_make)
    return cloudformation.describe_stacks(StackName=STACK)["Stacks"][0]["StackId"]


def with_what_the_emulator_does_not_make(answer: str) -> str:
    made = {"AWS::CloudWatch::Alarm": "rescind-watch", "AWS::IAM::ManagedPolicy": DENY_EVERYTHING, "AWS::Lambda::Function": "rescind-watch", "AWS::Lambda::LayerVersion": f"arn:aws:lambda:{REGION}:{ACCOUNT}:layer:rescind-guardrails:7"}
    members = (
        f"<member><ResourceStatus>CREATE_COMPLETE</ResourceStatus><LogicalResourceId>{kind[-5:]}</LogicalResourceId>"
        f"<PhysicalResourceId>{name}</PhysicalResourceId><ResourceType>{kind}</ResourceType></member>"
        for kind, name in made.items()
    )
    return answer.replace("</StackResourceSummaries>", f"{''.join(members)}</StackResourceSummaries>")


@pytest.fixture
def tampered(world, stack):
    def receives(event, **settings):
        return world.receives(event, name=WATCH_TAMPERING, **{"STACK_ID": stack, **settings})

    return receives


def call(service: str, name: str, parameters: dict | None, actor: dict = MALLORY, region: str = REGION, **record) -> dict:
    """That somebody called another service than IAM."""
    event = anew(but(sample("stop-logging"), eventSource=f"{service}.amazonaws.com", eventName=name, requestParameters=parameters,
                     userIdentity=actor, awsRegion=region, eventTime=just_now(), **record))  # fmt: skip
    return event | {"source": f"aws.{service}", "region": region}


def key_of(world) -> str:
    listed = world.account.client("cloudformation").list_stack_resources(StackName=STACK)["StackResourceSummaries"]
    return next(part["PhysicalResourceId"] for part in listed if part["ResourceType"] == "AWS::KMS::Key")


def is_logging(world) -> bool:
    return world.account.client("cloudtrail").get_trail_status(Name="management-events")["IsLogging"]


def is_enabled(world) -> bool:
    return world.account.client("events").describe_rule(Name="rescind-Rule-1A2B")["State"] == "ENABLED"


# Rescind's own parts.

WAYS = [
    ("events", "DisableRule", {"name": "rescind-Rule-1A2B"}),
    ("events", "DeleteRule", {"name": "rescind-Rule-1A2B", "force": True}),
    ("events", "PutTargets", {"rule": "rescind-Rule-1A2B", "targets": [{"id": "x", "arn": "arn:aws:lambda:us-east-1:1:function:x"}]}),
    ("events", "RemoveTargets", {"rule": f"arn:aws:events:{REGION}:{ACCOUNT}:rule/rescind-Rule-1A2B", "ids": ["x"]}),
    ("lambda", "UpdateFunctionCode20150331v2", {"functionName": "rescind-watch"}),
    ("lambda", "UpdateFunctionConfiguration20150331v2", {"functionName": f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:rescind-watch", "environment": {}}),
    ("lambda", "PutFunctionConcurrency20171031", {"functionName": "rescind-watch", "reservedConcurrentExecutions": 0}),
    ("lambda", "RemovePermission20150331v2", {"functionName": "rescind-watch", "statementId": "x"}),
    ("lambda", "AddPermission20150331v2", {"functionName": "rescind-watch", "principal": "999999999999", "action": "lambda:InvokeFunction"}),
    ("lambda", "DeleteFunction20150331", {"functionName": "rescind-watch"}),
    ("lambda", "DeleteLayerVersion20181031", {"layerName": "rescind-guardrails", "versionNumber": 7}),
    ("sns", "Unsubscribe", {"subscriptionArn": f"{TOPIC}:0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9"}),
    ("sns", "SetTopicAttributes", {"topicArn": TOPIC, "attributeName": "KmsMasterKeyId", "attributeValue": ""}),
    ("sns", "SetSubscriptionAttributes", {"subscriptionArn": f"{TOPIC}:0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9", "attributeName": "FilterPolicy"}),
    ("sns", "DeleteTopic", {"topicArn": TOPIC}),
    ("sqs", "DeleteQueue", {"queueUrl": QUEUE}),
    ("sqs", "PurgeQueue", {"queueUrl": QUEUE}),
    ("kms", "DisableKey", {"keyId": "KEY"}),
    ("kms", "ScheduleKeyDeletion", {"keyId": "KEY", "pendingWindowInDays": 7}),
    ("kms", "PutKeyPolicy", {"keyId": "KEY", "policyName": "default", "policy": "{}"}),
    ("logs", "DeleteLogGroup", {"logGroupName": "/aws/lambda/rescind"}),
    ("logs", "PutRetentionPolicy", {"logGroupName": "/aws/lambda/rescind", "retentionInDays": 1}),
    ("monitoring", "DeleteAlarms", {"alarmNames": ["other", "rescind-watch"]}),
    ("monitoring", "DisableAlarmActions", {"alarmNames": ["rescind-watch"]}),
    ("monitoring", "SetAlarmState", {"alarmName": "rescind-watch", "stateValue": "OK", "stateReason": "x"}),
    ("dynamodb", "DeleteTable", {"tableName": "rescind-Table-1A2B"}),
    ("dynamodb", "PutResourcePolicy", {"resourceArn": f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/rescind-Table-1A2B", "policy": "{}"}),
    ("cloudformation", "DeleteStack", {"stackName": STACK}),
    ("cloudformation", "SetStackPolicy", {"stackName": STACK}),
]


@pytest.mark.parametrize(("service", "name", "parameters"), WAYS, ids=lambda value: value if isinstance(value, str) else "")
def test_whatever_is_done_to_a_part_of_rescind_is_critical(world, tampered, service, name, parameters):
    parameters = {key: key_of(world) if value == "KEY" else value for key, value in parameters.items()}
    seen = tampered(call(service, name, parameters))
    assert seen.notice.attributes["severity"] == "critical"
    assert "mallory" in seen.notice.text


@pytest.mark.parametrize(("service", "name", "parameters"), WAYS, ids=lambda value: value if isinstance(value, str) else "")
def test_the_same_done_to_a_part_of_somebody_else_is_silent(world, tampered, service, name, parameters):
    other = json.loads(json.dumps(parameters).replace("rescind", "other").replace("KEY", "0a1b2c3d-0000-0000-0000-a4b5c6d7e8f9"))
    assert tampered(call(service, name, other)).cases == []


def test_a_namesake_in_another_region_is_no_part_of_rescind(tampered):
    assert tampered(call("events", "DisableRule", {"name": "rescind-Rule-1A2B"}, region="eu-west-1")).cases == []


def test_a_call_that_aws_refused_is_an_attempt(tampered):
    seen = tampered(call("events", "DisableRule", {"name": "rescind-Rule-1A2B"}, errorCode="AccessDenied"))
    assert (seen.outcome, seen.notice.attributes["severity"]) == ("attempted", "low")


def test_what_cloudformation_does_to_a_part_is_reported_as_a_deployment(tampered):
    deployer = {**assumed_role("deployer"), "invokedBy": "cloudformation.amazonaws.com"}
    seen = tampered(call("sns", "SetTopicAttributes", {"topicArn": TOPIC, "attributeName": "DisplayName"}, deployer))
    assert seen.notice.attributes["severity"] == "low"


@pytest.mark.parametrize("name", ["DetachRolePolicy", "UpdateAssumeRolePolicy", "PutRolePermissionsBoundary", "SomethingThatAwsAddsTomorrow"])
def test_whatever_is_done_to_a_role_of_rescind_is_critical(tampered, name):
    seen = tampered(iam_call(name, {"roleName": OWN_ROLES[0].upper(), "policyArn": "arn:aws:iam::aws:policy/ReadOnlyAccess"}))
    assert seen.notice.attributes["severity"] == "critical"


@pytest.mark.parametrize("actor", [MALLORY, assumed_role(OWN_ROLES[0])], ids=["somebody", "rescind"])
def test_a_user_who_is_contained_by_a_policy_of_rescind_changes_nothing_of_it(tampered, actor):
    assert tampered(iam_call("AttachUserPolicy", {"userName": "polsen", "policyArn": DENY_EVERYTHING}, actor)).cases == []


def test_another_version_of_a_policy_of_rescind_is_critical_unless_rescind_itself_restores_it(tampered):
    parameters = {"policyArn": DENY_EVERYTHING, "versionId": "v2"}
    assert tampered(iam_call("SetDefaultPolicyVersion", parameters)).notice.attributes["severity"] == "critical"
    assert tampered(iam_call("SetDefaultPolicyVersion", parameters, assumed_role(OWN_ROLES[0]))).cases == []


def test_the_heartbeat_is_no_tampering(tampered):
    beat = iam_call("TagRole", {"roleName": OWN_ROLES[0]}, assumed_role("heartbeat"))
    assert tampered(beat, HEARTBEAT_ROLE="heartbeat").cases == []
    assert tampered(beat).notice.attributes["severity"] == "critical"


def test_what_is_done_to_other_roles_is_silent(tampered):
    assert tampered(iam_call("DetachRolePolicy", {"roleName": "other", "policyArn": "arn:aws:iam::aws:policy/ReadOnlyAccess"})).cases == []


def test_an_intruder_with_a_function_s_own_credentials_is_seen(tampered):
    seen = tampered(call("events", "DisableRule", {"name": "rescind-Rule-1A2B"}, assumed_role(OWN_ROLES[0])))
    assert seen.notice.attributes["severity"] == "critical"


def test_a_stack_that_cannot_be_listed_is_an_error_and_not_silence(world, tampered):
    world.aws.forget()
    world.aws.deny("ListStackResources")
    seen = tampered(call("sns", "DeleteTopic", {"topicArn": TOPIC}), fresh=True)
    assert seen.error.type == "Final.AccessDenied"


# What is switched on again.


def test_a_rule_of_rescind_that_was_disabled_is_enabled_again(world, tampered):
    world.account.client("events").disable_rule(Name="rescind-Rule-1A2B")
    seen = tampered(call("events", "DisableRule", {"name": "rescind-Rule-1A2B"}))
    assert (seen.outcome, is_enabled(world)) == ("applied", True)
    assert seen.notice.subject.startswith("[critical] Rescind: switched on again")


def test_a_trail_that_was_stopped_is_started_again(world, tampered):
    world.account.client("cloudtrail").stop_logging(Name="management-events")
    seen = tampered(call("cloudtrail", "StopLogging", {"name": "management-events"}))
    assert (seen.outcome, is_logging(world)) == ("applied", True)
    assert "find out who switched it off" in seen.notice.text


def test_the_same_event_twice_is_answered_once(world, tampered):
    world.account.client("cloudtrail").stop_logging(Name="management-events")
    event = call("cloudtrail", "StopLogging", {"name": "management-events"})
    first, second = tampered(event), tampered(event)
    assert (first.outcome, second.case, second.notices) == ("applied", first.case, [])


def test_a_trail_that_somebody_has_started_meanwhile_is_on_already(tampered):
    assert tampered(call("cloudtrail", "StopLogging", {"name": "management-events"})).outcome == "already-clean"


def test_observing_switches_nothing_on_and_says_what_would_be_done(world, tampered):
    world.account.client("cloudtrail").stop_logging(Name="management-events")
    seen = tampered(call("cloudtrail", "StopLogging", {"name": "management-events"}), mode="observe")
    assert (seen.outcome, is_logging(world)) == ("observed", False)
    assert "aws cloudtrail start-logging --name management-events" in seen.notice.text


def test_a_trail_that_the_account_cannot_change_is_a_failure_that_people_hear_of(world, tampered):
    world.account.client("cloudtrail").stop_logging(Name="management-events")
    world.aws.deny("StartLogging")
    seen = tampered(call("cloudtrail", "StopLogging", {"name": "management-events"}), fresh=True)
    assert (seen.error.type, seen.logged["outcome"]) == ("Final.AccessDenied", "failed")
    assert "StartLogging" in seen.notice.text


def test_throttling_is_outlasted(world, tampered):
    world.account.client("cloudtrail").stop_logging(Name="management-events")
    world.aws.throttle("StartLogging", times=1)
    assert tampered(call("cloudtrail", "StopLogging", {"name": "management-events"}), fresh=True).outcome == "applied"


def test_a_trail_that_is_gone_is_for_a_person(tampered):
    assert tampered(call("cloudtrail", "StopLogging", {"name": "no-such-trail"})).outcome == "unremediable"


def test_a_trail_that_records_other_events_is_reported_with_what_it_records_now(tampered):
    selectors = [{"readWriteType": "ReadOnly", "includeManagementEvents": False}]
    seen = tampered(call("cloudtrail", "PutEventSelectors", {"trailName": "management-events", "eventSelectors": selectors}))
    assert "includeManagementEvents: false" in seen.notice.text


@pytest.mark.parametrize(
    ("service", "name", "severity"),
    [
        ("cloudtrail", "DeleteTrail", "critical"),
        ("config", "StopConfigurationRecorder", "high"),
        ("guardduty", "DeleteDetector", "high"),
        ("guardduty", "CreateFilter", "high"),
        ("securityhub", "DisableSecurityHub", "high"),
        ("access-analyzer", "DeleteAnalyzer", "high"),
    ],
)
def test_whatever_is_done_to_a_sensor_is_reported(tampered, service, name, severity):
    assert tampered(call(service, name, {"name": "x"})).notice.attributes["severity"] == severity


def test_ordinary_triage_is_silent(tampered):
    assert tampered(call("securityhub", "BatchUpdateFindings", {"workflow": {"status": "RESOLVED"}})).cases == []


# Two channels.


def test_a_notice_goes_through_both_channels_and_one_of_them_is_enough(world, tampered):
    second = world.account.topic("rescind-alarms")
    queue = world.account.queue_on(second, "alarms")
    gone = f"arn:aws:sns:{REGION}:{ACCOUNT}:gone"

    def arrived() -> int:
        return len(world.account.sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages", []))

    event = call("sns", "DeleteTopic", {"topicArn": TOPIC})
    for first, other, here, there in [(world.topic, second, 1, 1), (gone, second, 0, 1), (world.topic, gone, 1, 0)]:
        # What is alike is counted within the hour.
        world.ledger.clear()
        seen = tampered(anew(event), NOTICE_TOPIC_ARN=first, SECOND_TOPIC_ARN=other)
        assert (seen.error, len(seen.notices), arrived()) == (None, here, there)
    world.ledger.clear()
    assert tampered(anew(event), NOTICE_TOPIC_ARN=gone, SECOND_TOPIC_ARN=gone).error is not None
