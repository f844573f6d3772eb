"""What the contestants act on: one emulated account in which polsen gets the Billing policy again and again."""

import json

from lab.emulator import ACCOUNT, CREDENTIALS, REGION, Emulator
from lab.events import BILLING, READ_ONLY, ROOT, misuse, sample
from lab.ledger import Ledger
from lab.offence import ALLOW_ALL, of_session
from lab.processes import environment
from lab.proxy import Proxy
from lab.world import DENY_EVERYTHING, DENY_WITHOUT_MFA, TRUST
from runtime_api import Function, Spent

# A document of 6,144 characters, IAM's quota.
AS_LONG_AS_IAM_TAKES = {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::" + "b" * 6035}}
# The name that Custodian's policy publishes to.
TOPIC = "rescind-notices"


class Ground:
    """The account, and what is checked of it after every event: that the policy is gone, and exactly one notice has come."""

    def __init__(self):
        self._account = Emulator()
        self._proxy = Proxy(self._account.port)
        self._event = sample("attach-user-policy")
        self._topic = self._account.topic(TOPIC)
        self._ledger = Ledger(self._account)
        self._queue = self._account.queue_on(self._topic, "notices")
        self._account.iam.create_user(UserName="polsen")
        self._account.iam.attach_user_policy(UserName="polsen", PolicyArn=READ_ONLY)
        self._role("administrator")
        self._account.iam.put_role_policy(RoleName="administrator", PolicyName="all", PolicyDocument=json.dumps(ALLOW_ALL))

    def environment(self) -> dict[str, str]:
        """A function's environment. AWS is behind the proxy, which counts the calls, and keeps connections open as AWS does; the emulator does not."""
        return environment(
            MODE="enforce",
            NOTICE_TOPIC_ARN=self._topic,
            ACCOUNT_ID=ACCOUNT,
            OWN_ROLES="rescind-detach-policy",
            DENY_EVERYTHING_POLICY=DENY_EVERYTHING,
            DENY_WITHOUT_MFA_POLICY=DENY_WITHOUT_MFA,
            LEDGER_TABLE=self._ledger.table,
            LEDGER_DAYS="400",
            STORM_LIMIT="20",
            NOTICE_SEVERITY="low",
            GUARDRAILS_DIR=str(ROOT / "guardrails"),
            AWS_REGION=REGION,
            AWS_DEFAULT_REGION=REGION,
            AWS_ENDPOINT_URL=self._proxy.url,
            **{name.upper(): value for name, value in CREDENTIALS.items()},
        )

    def take_back(self, function: Function) -> Spent:
        """polsen attaches Billing for the first time, as far as the ledger knows; the function hears of it, and must have taken it back and told of it
        when it answers."""
        self._ledger.clear()
        self._account.iam.attach_user_policy(UserName="polsen", PolicyArn=BILLING)
        spent = self.hand_over(function)
        self._check()
        return spent

    def hand_over(self, function: Function) -> Spent:
        """The event alone, whatever the function does with it."""
        self._proxy.forget()
        return function.invoke(self._event)[1]

    def end_a_session(self, function: Function, policies: int) -> None:
        """A role's session is misused, in an account of so many policies and one administrator: the function finds that one, and ends the session."""
        role = f"web-{policies}"
        self._role(role)
        self._proxy.forget()
        self._proxy.list_policies(policies, AS_LONG_AS_IAM_TAKES)
        answer, _ = function.invoke(misuse(of_session(role)))
        if [case["outcome"] for case in answer["cases"]] != ["applied"]:
            raise RuntimeError(f"the session should be ended: {answer}")

    def calls(self) -> list[str]:
        """The AWS calls that the last event brought about."""
        return [str(call) for call in self._proxy.calls()]

    def _role(self, name: str) -> None:
        self._account.iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(TRUST))

    def _check(self) -> None:
        attached = self._account.iam.list_attached_user_policies(UserName="polsen")["AttachedPolicies"]
        held = {policy["PolicyArn"] for policy in attached}
        if held != {READ_ONLY}:
            raise RuntimeError(f"polsen should be left with {READ_ONLY}, and holds {held}")
        messages = self._account.sqs.receive_message(QueueUrl=self._queue, MaxNumberOfMessages=10).get("Messages", [])
        if len(messages) != 1:
            raise RuntimeError(f"one notice should have arrived, not {len(messages)}")
        self._account.sqs.delete_message(QueueUrl=self._queue, ReceiptHandle=messages[0]["ReceiptHandle"])

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._proxy.stop()
        self._account.stop()
