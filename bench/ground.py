"""What the contestants act on: one emulated account in which polsen gets the Billing policy again and again."""

from lab.emulator import ACCOUNT, CREDENTIALS, REGION, Emulator
from lab.events import BILLING, READ_ONLY, ROOT, sample
from lab.processes import environment
from lab.proxy import Proxy
from runtime_api import Function, Spent

# The name that Custodian's policy publishes to.
TOPIC = "rescind-notices"


class Ground:
    """The account, and what is checked of it after every event: that the policy is gone, and exactly one notice has come."""

    def __init__(self):
        self._account = Emulator()
        self._proxy = Proxy(self._account.port)
        self._event = sample("attach-user-policy")
        self._topic = self._account.topic(TOPIC)
        self._queue = self._account.queue_on(self._topic, "notices")
        self._account.iam.create_user(UserName="polsen")
        self._account.iam.attach_user_policy(UserName="polsen", PolicyArn=READ_ONLY)

    def environment(self) -> dict[str, str]:
        """A function's environment. AWS is behind the proxy, which counts the calls, and keeps connections open as AWS does; the emulator does not."""
        return environment(
            MODE="enforce",
            NOTICE_TOPIC_ARN=self._topic,
            ACCOUNT_ID=ACCOUNT,
            OWN_ROLES="rescind-detach-policy",
            GUARDRAILS_DIR=str(ROOT / "guardrails"),
            AWS_REGION=REGION,
            AWS_DEFAULT_REGION=REGION,
            AWS_ENDPOINT_URL=self._proxy.url,
            **{name.upper(): value for name, value in CREDENTIALS.items()},
        )

    def take_back(self, function: Function) -> Spent:
        """polsen attaches Billing; the function hears of it, and must have taken it back and told of it when it answers."""
        self._account.iam.attach_user_policy(UserName="polsen", PolicyArn=BILLING)
        spent = self.hand_over(function)
        self._check()
        return spent

    def hand_over(self, function: Function) -> Spent:
        """The event alone, whatever the function does with it."""
        self._proxy.forget()
        return function.invoke(self._event)[1]

    def calls(self) -> list[str]:
        """The AWS calls that the last event brought about."""
        return [str(call) for call in self._proxy.calls()]

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
