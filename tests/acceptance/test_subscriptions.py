"""The filter policies of the guide, put on subscriptions that receive real notices."""

import json
import re

import pytest
from lab.events import BILLING, READ_ONLY, ROOT, attachment, iam_user, scheduled
from lab.rulebook import exemption, rulebook
from lab.world import WATCH

ADMINISTRATOR = "arn:aws:iam::aws:policy/AdministratorAccess"
GUIDE = (ROOT / "docs" / "guide.md").read_text()
# What each policy says of itself, and the policy.
POLICIES = dict(re.findall(r"^(.+):\n\n```json\n(\{.+\})\n```$", GUIDE, re.MULTILINE))
CRITICAL = "Only critical notices, for the person on call"
TAKEN_BACK = "Only changes that were taken back, for the team that looks after the affected users and roles"
FOR_A_PERSON = "Only notices that need a person"
NO_DIGEST = "Everything but the daily digest, for a chat that is for incidents"
NOT_QUIET = "No low notices, and none about a change that was only observed, for a chat"


@pytest.fixture
def received(world, tmp_path):
    """The severities and outcomes of the notices that each policy's subscriber received, and of all that were sent."""
    sqs, queues = world.account.sqs, {}
    for number, (title, policy) in enumerate(POLICIES.items()):
        queues[title] = world.account.queue_on(world.topic, f"filtered-{number}")
        listed = world.account.sns.list_subscriptions_by_topic(TopicArn=world.topic)["Subscriptions"]
        subscription, = (s["SubscriptionArn"] for s in listed if s["Endpoint"].endswith(f"filtered-{number}"))
        world.account.sns.set_subscription_attributes(SubscriptionArn=subscription, AttributeName="FilterPolicy", AttributeValue=policy)
    mallory = iam_user("mallory")
    polsen = world.user("polsen", holds=[ADMINISTRATOR, BILLING, READ_ONLY])
    sent = [
        world.receives(attachment(ADMINISTRATOR, user=polsen, actor=mallory)),
        world.receives(attachment(BILLING, user=polsen, actor=mallory)),
        world.receives(attachment(READ_ONLY, user=polsen, actor=mallory)),
        world.receives(attachment(BILLING, user=polsen), guardrails=rulebook(tmp_path, exemptions=exemption("arn:aws:iam::123456789012:user/polsen"))),
    ]
    world.aws.deny("DetachUserPolicy")
    world.attach(BILLING, polsen)
    sent.append(world.receives(attachment(BILLING, user=polsen, actor=mallory), fresh=True))
    world.aws.forget()
    world.ledger.stop(everything="a drill")
    sent.append(world.tick())
    world.ledger.decided(minutes_ago=2)
    sent.append(world.receives(scheduled(), name=WATCH, DIGEST_HOUR="0"))
    found = {"all": sorted((n.attributes["severity"], n.attributes["outcome"]) for seen in sent for n in [*seen.notices])}
    for title, queue in queues.items():
        found[title] = []
        while messages := sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages"):
            for message in messages:
                attributes = json.loads(message["Body"])["MessageAttributes"]
                found[title].append((attributes["severity"]["Value"], attributes["outcome"]["Value"]))
                sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
        found[title].sort()
        sqs.delete_queue(QueueUrl=queue)
    for subscription in world.account.sns.list_subscriptions_by_topic(TopicArn=world.topic)["Subscriptions"]:
        if "filtered-" in subscription["Endpoint"]:
            world.account.sns.unsubscribe(SubscriptionArn=subscription["SubscriptionArn"])
    return found


def test_a_filter_policy_of_the_guide_lets_through_what_it_says(received):
    everything = received.pop("all")
    assert everything == [("critical", "applied"), ("critical", "stopped"), ("high", "applied"), ("high", "exempt"), ("high", "failed"), ("low", "digest"), ("low", "observed")]
    assert received == {
        CRITICAL: [("critical", "applied"), ("critical", "stopped")],
        TAKEN_BACK: [("critical", "applied"), ("high", "applied")],
        FOR_A_PERSON: [("high", "failed")],
        NOT_QUIET: [notice for notice in everything if notice not in (("low", "observed"), ("low", "digest"))],
        NO_DIGEST: [notice for notice in everything if notice != ("low", "digest")],
    }


def test_the_guide_names_every_attribute_of_a_notice_and_no_other(world):
    seen = world.receives(attachment(BILLING, user=world.user("polsen", holds=[BILLING]), actor=iam_user("mallory")))
    table = GUIDE.split("| attribute | values |")[1].split("\n\n")[0]
    assert set(re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE)) == seen.notice.attributes.keys()


def test_the_guide_names_every_outcome_and_severity(world):
    def names(*path: str) -> set[str]:
        return set(re.findall(r'Self::\w+ => "([a-z-]+)"', ROOT.joinpath("shared", "policy", "src", *path).read_text()))

    table = GUIDE.split("| attribute | values |")[1].split("\n\n")[0]
    rows = {name: set(re.findall(r"`([a-z-]+)`", values)) for name, values in re.findall(r"^\| `(\w+)` \| (.+) \|$", table, re.MULTILINE)}
    assert rows["outcome"] == names("case", "outcome.rs") | {"stopped", "resumed", "digest"}
    assert rows["severity"] == names("severity.rs") | {"none"}
