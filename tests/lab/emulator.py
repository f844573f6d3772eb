"""An AWS account on this machine: moto's server, a separate project's emulator, on a free loopback port."""

import http.client
import json
import subprocess
import sys
import tempfile
import urllib.request
from pathlib import Path

import boto3
from botocore.config import Config

from lab import account
from lab.processes import Child, environment, free_port, wait_for_port

ACCOUNT = "123456789012"
REGION = "us-east-1"
# What moto accepts as credentials is anything; what a log or a notice must never show is these.
CREDENTIALS = {"aws_access_key_id": "AKIAEXAMPLEEXAMPLE00", "aws_secret_access_key": "a-secret-that-must-not-appear", "aws_session_token": "a-token-that-must-not-appear"}
START_SECONDS = 30
SERVER = Path(__file__).with_name("emulated.py")


class Emulator:
    """Starts on construction; `stop()` or leaving a `with` ends it. One emulator is one account: `reset()` empties it."""

    def __init__(self, managed_policies: bool = True):
        """Without AWS's managed policies it starts and resets in a moment."""
        self._log = tempfile.TemporaryFile()
        for _ in range(3):  # a port that was free may be taken a moment later
            self.port = free_port()
            self._child = Child(
                [sys.executable, str(SERVER), "-H", "127.0.0.1", "-p", str(self.port)],
                env=environment(MOTO_IAM_LOAD_MANAGED_POLICIES=str(managed_policies).lower(), HOME=tempfile.gettempdir(), PYTHONDONTWRITEBYTECODE="1"),
                stdout=subprocess.DEVNULL,
                stderr=self._log,
            )
            if wait_for_port(self.port, self._child, START_SECONDS):
                break
            self._child.stop()
        else:
            self._log.seek(0)
            raise RuntimeError(f"the AWS emulator does not start:\n{self._log.read().decode(errors='replace')}")
        self.url = f"http://127.0.0.1:{self.port}"
        self.iam = self.client("iam")
        self.sns = self.client("sns")
        self.sqs = self.client("sqs")
        self.dynamodb = self.client("dynamodb")

    def client(self, service: str, url: str | None = None):
        """A boto3 client for this account, straight or through `url`; it never goes through a proxy of this machine's."""
        config = Config(proxies={}, retries={"total_max_attempts": 1}, connect_timeout=5, read_timeout=30)
        return boto3.client(service, endpoint_url=url or self.url, region_name=REGION, config=config, **CREDENTIALS)

    def reset(self) -> None:
        """Empties the account. Costs about a second: moto reads its 1,582 AWS-managed policies again."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        connection.request("POST", "/moto-api/reset")
        connection.getresponse().read()
        connection.close()

    def snapshot(self) -> frozenset[str]:
        """The whole of the account's IAM, one sentence a fact: two snapshots are equal exactly where nothing changed."""
        with urllib.request.urlopen(f"{self.url}{account.PAGE}?{ACCOUNT}", timeout=30) as page:
            own = json.load(page)
        # The emulator's memory has no words for it.
        return frozenset([*own, *account.password_policy_of(self.iam)])

    def topic(self, name: str) -> str:
        """The ARN of a topic with that name."""
        return self.sns.create_topic(Name=name)["TopicArn"]

    def ledger(self, name: str) -> str:
        """The name of a table with the keys that the template gives the ledger's."""
        def key(partition: str, sort: str) -> list[dict]:
            return [{"AttributeName": partition, "KeyType": "HASH"}, {"AttributeName": sort, "KeyType": "RANGE"}]

        self.dynamodb.create_table(
            TableName=name,
            BillingMode="PAY_PER_REQUEST",
            KeySchema=key("pk", "sk"),
            AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in ("pk", "sk", "function", "time", "correlation")],
            GlobalSecondaryIndexes=[
                {"IndexName": "ByTime", "KeySchema": key("function", "time"), "Projection": {"ProjectionType": "INCLUDE", "NonKeyAttributes": ["state", "at", "actor", "correlation", "guardrail", "outcome", "severity", "target"]}},
                {"IndexName": "ByActor", "KeySchema": key("correlation", "time"), "Projection": {"ProjectionType": "INCLUDE", "NonKeyAttributes": ["change"]}},
            ],
        )
        return name

    def queue_on(self, topic_arn: str, name: str) -> str:
        """The URL of a queue subscribed to the topic: what it receives is what SNS sent, not what was handed to SNS."""
        url = self.sqs.create_queue(QueueName=name)["QueueUrl"]
        self.sns.subscribe(TopicArn=topic_arn, Protocol="sqs", Endpoint=f"arn:aws:sqs:{REGION}:{ACCOUNT}:{name}")
        return url

    def stop(self) -> None:
        self._child.stop()
        self._log.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()


def changed(before: frozenset[str], after: frozenset[str]) -> set[str]:
    """What moved between two snapshots: `- fact` is gone, `+ fact` is new."""
    return {f"- {fact}" for fact in before - after} | {f"+ {fact}" for fact in after - before}
