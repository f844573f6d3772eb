"""A stack of Rescind's in the emulated account: the parts that `rescind doctor` and `rescind redrive` look at, under the template's own logical ids."""

import json
import time
from datetime import datetime, timedelta, timezone

from lab.emulator import ACCOUNT, REGION, Emulator
from lab.proxy import Proxy

STACK = "rescind"
DETACH_POLICY = "DetachPolicyFunction"
QUARANTINE_KEY = "QuarantineKeyFunction"
RESTORE_GUARD = "RestoreGuardFunction"
FUNCTIONS = {DETACH_POLICY: "detach-policy", QUARANTINE_KEY: "quarantine-key", RESTORE_GUARD: "restore-guard"}
POLICY_ATTACHED, IAM_CHANGED, GUARD_REMOVED = "DetachPolicyFunctionPolicyAttached", "QuarantineKeyFunctionIamChanged", "RestoreGuardFunctionGuardRemoved"
ALARMS = {"NotTakenBack": "not-taken-back", "NoHeartbeat": "no-heartbeat"}
TICK = "DetachPolicyFunctionTick"
TRUST = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}]}
INLINE = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "iam:DetachUserPolicy", "Resource": f"arn:aws:iam::{ACCOUNT}:user/*"}]}


def arn(logical: str) -> dict:
    return {"Fn::GetAtt": [logical, "Arn"]}


def ref(logical: str) -> dict:
    return {"Ref": logical}


def _function(logical: str, name: str) -> dict:
    role = {"AssumeRolePolicyDocument": TRUST}
    properties = {
        "FunctionName": f"{STACK}-{name}", "Role": arn(f"{logical}Role"), "Runtime": "python3.13", "Handler": "bootstrap.run",
        "Code": {"ZipFile": "def run(event, context): pass"}, "Environment": {"Variables": {"MODE": "enforce"}},
    }  # fmt: skip
    return {f"{logical}Role": {"Type": "AWS::IAM::Role", "Properties": role}, logical: {"Type": "AWS::Lambda::Function", "Properties": properties}}


def _rule(target: dict, dead_letters: bool = True, **when: object) -> dict:
    kept = {"DeadLetterConfig": {"Arn": arn("UndeliveredEvents")}} if dead_letters else {}
    return {"Type": "AWS::Events::Rule", "Properties": {"State": "ENABLED", "Targets": [{"Id": "Target", "Arn": target, **kept}], **when}}


def template(alarm_topic: bool) -> dict:
    pattern = {"source": ["aws.iam"], "detail-type": ["AWS API Call via CloudTrail"]}
    resources: dict[str, dict] = {
        "NoticeTopic": {"Type": "AWS::SNS::Topic", "Properties": {}},
        **({"AlarmTopic": {"Type": "AWS::SNS::Topic", "Properties": {}}} if alarm_topic else {}),
        "UndeliveredEvents": {"Type": "AWS::SQS::Queue", "Properties": {}},
        "FailedEvents": {"Type": "AWS::SQS::Queue", "Properties": {}},
        "RestoreGuardDelay": {"Type": "AWS::SQS::Queue", "Properties": {"VisibilityTimeout": 360}},
        "Ledger": {
            "Type": "AWS::DynamoDB::Table",
            "Properties": {
                "BillingMode": "PAY_PER_REQUEST",
                "AttributeDefinitions": [{"AttributeName": name, "AttributeType": "S"} for name in ("pk", "sk")],
                "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
            },
        },
        POLICY_ATTACHED: _rule(arn(DETACH_POLICY), EventPattern=pattern),
        IAM_CHANGED: _rule(arn(QUARANTINE_KEY), EventPattern=pattern),
        GUARD_REMOVED: _rule(arn("RestoreGuardDelay"), EventPattern=pattern),
        TICK: _rule(arn(DETACH_POLICY), dead_letters=False, ScheduleExpression="rate(5 minutes)"),
        "RestoreGuardMapping": {
            "Type": "AWS::Lambda::EventSourceMapping",
            "Properties": {"FunctionName": ref(RESTORE_GUARD), "EventSourceArn": arn("RestoreGuardDelay"), "BatchSize": 1},
        },
    }
    for logical, name in FUNCTIONS.items():
        resources |= _function(logical, name)
    return {"AWSTemplateFormatVersion": "2010-09-09", "Resources": resources}


class Stack:
    """A stack in which all is well: it has just been deployed, a trail feeds it, somebody reads its notices, and events arrive."""

    def __init__(self, account: Emulator, proxy: Proxy, alarm_topic: bool = False, quiet: bool = False):
        """A `quiet` one has neither events nor heartbeats."""
        self.proxy = proxy
        self._lacking: list[str] = []
        names = ("cloudformation", "cloudtrail", "cloudwatch", "events", "lambda", "s3", "sns", "sqs", "dynamodb", "iam")
        self.aws = {service: account.client(service) for service in names}
        self.aws["cloudformation"].create_stack(StackName=STACK, TemplateBody=json.dumps(template(alarm_topic=alarm_topic)), Capabilities=["CAPABILITY_IAM"])
        pages = self.aws["cloudformation"].get_paginator("list_stack_resources").paginate(StackName=STACK)
        self.parts = {part["LogicalResourceId"]: part["PhysicalResourceId"] for page in pages for part in page["StackResourceSummaries"]}
        # The emulator's CloudFormation writes no document that IAM would take.
        for function in FUNCTIONS:
            self.aws["iam"].put_role_policy(RoleName=self[f"{function}Role"], PolicyName="own", PolicyDocument=json.dumps(INLINE))
        self.trail()
        for topic in ("NoticeTopic", "AlarmTopic") if alarm_topic else ("NoticeTopic",):
            self.subscribe(topic)
        for alarm, name in ALARMS.items():
            self._make_alarm(alarm, name)
        proxy.edit("ListStackResources", self._listed)
        if not quiet:
            self.event_arrives(hours_ago=3)
            self.heart_beats(hours_ago=5)

    def __getitem__(self, logical: str) -> str:
        """The physical id of a part."""
        return self.parts[logical]

    def function_arn(self, logical: str) -> str:
        return f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{self[logical]}"

    def queue_arn(self, logical: str) -> str:
        return f"arn:aws:sqs:{REGION}:{ACCOUNT}:{self[logical].rsplit('/', 1)[-1]}"

    def rule_arn(self, logical: str) -> str:
        return f"arn:aws:events:{REGION}:{ACCOUNT}:rule/{self[logical]}"

    def trail(self, name: str = "management-events") -> str:
        self.aws["s3"].create_bucket(Bucket=name)
        self.aws["cloudtrail"].create_trail(Name=name, S3BucketName=name, IsMultiRegionTrail=True, IncludeGlobalServiceEvents=True)
        self.aws["cloudtrail"].start_logging(Name=name)
        return name

    def subscribe(self, topic: str, mail: str = "security@example.com") -> str:
        return self.aws["sns"].subscribe(TopicArn=self[topic], Protocol="email", Endpoint=mail)["SubscriptionArn"]

    def _make_alarm(self, logical: str, name: str) -> None:
        self.parts[logical] = f"{STACK}-{name}"
        self.aws["cloudwatch"].put_metric_alarm(
            AlarmName=self[logical], Namespace="Rescind", MetricName="Cases", Statistic="Sum", Period=60, EvaluationPeriods=1, Threshold=0,
            ComparisonOperator="GreaterThanThreshold", AlarmActions=[self["NoticeTopic"]],
        )  # fmt: skip
        self.alarm(logical, "OK")

    def _listed(self, answer: str) -> str:
        """The emulator's CloudFormation makes no alarms."""
        made = (
            f"<member><ResourceStatus>CREATE_COMPLETE</ResourceStatus><LogicalResourceId>{logical}</LogicalResourceId>"
            f"<PhysicalResourceId>{self[logical]}</PhysicalResourceId><ResourceType>AWS::CloudWatch::Alarm</ResourceType></member>"
            for logical in ALARMS
        )
        for logical in self._lacking:
            answer = answer.replace(f">{logical}<", ">Another<")
        return answer.replace("</StackResourceSummaries>", f"{''.join(made)}</StackResourceSummaries>")

    def alarm(self, logical: str, state: str) -> None:
        self.aws["cloudwatch"].set_alarm_state(AlarmName=self[logical], StateValue=state, StateReason="as the test says")

    def event_arrives(self, hours_ago: float) -> None:
        self._metric("AWS/Events", "TriggeredRules", hours_ago, RuleName=self[IAM_CHANGED])

    def heart_beats(self, hours_ago: float, rulebook: str | None = None) -> None:
        """The canary's change was made so long ago, and judged 40 seconds later."""
        self._metric("Rescind", "Heartbeat", hours_ago)
        seen = datetime.now(timezone.utc) - timedelta(hours=hours_ago)
        judged = {"rulebook": rulebook} if rulebook else {}
        self.writes_heartbeat(at=(seen - timedelta(seconds=40)).isoformat(), seen=seen.isoformat(), **judged)

    def writes_heartbeat(self, **attributes: str) -> None:
        """The last heartbeat, as the ledger has it."""
        item = {"pk": "watch#heartbeat", "sk": "heartbeat", **attributes}
        self.aws["dynamodb"].put_item(TableName=self["Ledger"], Item={name: {"S": value} for name, value in item.items()})

    def stop(self, everything: str | None = None, **guardrails: str) -> None:
        """What a person has stopped."""
        item = {"pk": {"S": "stop"}, "sk": {"S": "stop"}, "guardrails": {"M": {id: {"S": reason} for id, reason in guardrails.items()}}}
        if everything is not None:
            item["everything"] = {"S": everything}
        self.aws["dynamodb"].put_item(TableName=self["Ledger"], Item=item)

    def lacks(self, logical: str) -> None:
        """CloudFormation lists this part no more."""
        self._lacking.append(logical)

    def unsubscribe(self, topic: str) -> None:
        """Nobody is subscribed any more."""
        for subscription in self.aws["sns"].list_subscriptions_by_topic(TopicArn=self[topic])["Subscriptions"]:
            self.aws["sns"].unsubscribe(SubscriptionArn=subscription["SubscriptionArn"])

    def send(self, queue: str, body: object, **attributes: str) -> str:
        """A message in one of the queues, by its logical id; its id."""
        named = {name: {"DataType": "String", "StringValue": value} for name, value in attributes.items()}
        text = body if isinstance(body, str) else json.dumps(body)
        return self.aws["sqs"].send_message(QueueUrl=self[queue], MessageBody=text, MessageAttributes=named)["MessageId"]

    def waiting(self, queue: str) -> tuple[int, int]:
        """How many messages can be received, and how many are in somebody's hands."""
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        found = self.aws["sqs"].get_queue_attributes(QueueUrl=self[queue], AttributeNames=names)["Attributes"]
        return int(found[names[0]]), int(found[names[1]])

    def _metric(self, namespace: str, name: str, hours_ago: float, **dimensions: str) -> None:
        named = [{"Name": key, "Value": value} for key, value in dimensions.items()]
        data = {"MetricName": name, "Dimensions": named, "Value": 1, "Timestamp": datetime.fromtimestamp(time.time() - hours_ago * 3600, timezone.utc)}
        self.aws["cloudwatch"].put_metric_data(Namespace=namespace, MetricData=[data])
