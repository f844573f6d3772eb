"""Input that nobody should send. Each ends as a remedy, a notice, or an error that Lambda retries and queues: never as a silent success."""

import copy
import json

import pytest
from lab.events import BILLING, attachment, but, iam_user, sample
from lab.world import DETACH_POLICY, FUNCTIONS

BIDI = "\u202egnp.exe"
MEGABYTE = "A" * (1 << 20)
# What a terminal, a mail reader or a chat would act on.
LIVE = ["<!channel>", "<script>", "<https://evil.example|reset>", "\u202e", "\x1b["]


def without(event: dict, member: str) -> dict:
    changed = copy.deepcopy(event)
    del changed[member]
    return changed


def asking_for(**parameters) -> dict:
    """polsen's attachment of the Billing policy, with other request parameters."""
    return but(sample("attach-user-policy"), requestParameters={"userName": "polsen", "policyArn": BILLING, **parameters})


EVENT = sample("attach-user-policy")
NOT_JSON = {
    "not JSON": b"{not json",
    "nothing": b"",
    "not UTF-8": b'{"detail": "\xff\xfe"}',
}
MALFORMED = {
    "JSON of another kind": b"[1, 2, 3]",
    "null": b"null",
    "deeply nested": b"[" * 100_000 + b"]" * 100_000,
    "no detail": without(EVENT, "detail"),
    "detail null": EVENT | {"detail": None},
    "detail of another kind": EVENT | {"detail": "AttachUserPolicy"},
    "detail empty": EVENT | {"detail": {}},
    "no eventName": EVENT | {"detail": without(EVENT["detail"], "eventName")},
    "no eventTime": EVENT | {"detail": without(EVENT["detail"], "eventTime")},
    "an eventTime that is none": but(EVENT, eventTime="yesterday"),
    "a member twice": json.dumps(EVENT).replace('"eventName"', '"eventName": "DetachUserPolicy", "eventName"').encode(),
}
UNREADABLE_ATTACHMENT = {
    "no target": but(EVENT, requestParameters={"policyArn": BILLING}),
    "no policy": but(EVENT, requestParameters={"userName": "polsen"}),
    "parameters of another kind": but(EVENT, requestParameters=["polsen", BILLING]),
    "a target that is no name": asking_for(userName=""),
    "a target with a path": asking_for(userName="../polsen"),
    "a target with control characters": asking_for(userName="pol\x00sen\r\n\x1b[31m"),
    "a target with markup": asking_for(userName="<!channel><script>polsen"),
    "a target with a right-to-left override": asking_for(userName=f"pol{BIDI}"),
    "a target of another kind": asking_for(userName={"name": "polsen"}),
    "a target of a megabyte": asking_for(userName=MEGABYTE),
    "a policy that is no ARN": asking_for(policyArn="Billing"),
    "a policy that is another ARN": asking_for(policyArn="arn:aws:iam::123456789012:role/Billing"),
    "a policy with control characters": asking_for(policyArn=f"{BILLING}\n{BILLING}"),
    "a policy of a megabyte": asking_for(policyArn=BILLING + MEGABYTE),
    "a policy of another account": asking_for(policyArn="arn:aws:iam::999999999999:policy/Billing"),
    "a policy of another partition": asking_for(policyArn="arn:aws-cn:iam::aws:policy/job-function/Billing"),
}
FOREIGN = {
    "another account": EVENT | {"account": "999999999999"},
    "another account in the record": but(EVENT, recipientAccountId="999999999999"),
    "another source": EVENT | {"source": "com.example.forged"},
    "another AWS source": EVENT | {"source": "aws.health"},
    "another detail-type": EVENT | {"detail-type": "EC2 Instance State-change Notification"},
    "a caller of another partition": but(EVENT, userIdentity=iam_user("polsen", arn="arn:aws-us-gov:iam::123456789012:user/polsen")),
}


def refused(world, event: object, function: str = DETACH_POLICY) -> str:
    """The type of the error that an event is refused with, after making sure that nothing else came of it."""
    world.user("polsen", holds=[BILLING])
    seen = world.receives(event, name=function)
    assert seen.error is not None, f"a silent success: {seen.invocation.payload}"
    assert not seen.invocation.crashed, seen.invocation.logs
    assert (seen.calls, seen.notices, seen.changed) == ([], [], set())
    assert seen.error.message and len(seen.error.message) < 2000
    logged = "\n".join(seen.invocation.logs)
    assert len(logged) < 20_000
    assert not any(live in seen.error.message + logged for live in LIVE)
    return seen.error.type


@pytest.mark.parametrize("function", FUNCTIONS)
@pytest.mark.parametrize("what", NOT_JSON)
def test_what_is_not_json_is_refused_by_the_lambda_runtime_itself(world, what, function):
    assert refused(world, NOT_JSON[what], function).endswith("DeserializeError")


@pytest.mark.parametrize("function", FUNCTIONS)
@pytest.mark.parametrize("what", MALFORMED)
def test_a_malformed_event_is_a_clear_and_final_error(world, what, function):
    assert refused(world, MALFORMED[what], function) == "Final.MalformedEvent"


def test_an_actor_that_cannot_be_is_a_clear_and_final_error(world):
    assert refused(world, but(EVENT, userIdentity=iam_user("polsen", MEGABYTE))) == "Final.MalformedEvent"


@pytest.mark.parametrize("what", UNREADABLE_ATTACHMENT)
def test_parameters_of_an_accepted_call_that_cannot_be_read_are_reported_to_a_person(world, what):
    world.user("polsen", holds=[BILLING])
    seen = world.receives(UNREADABLE_ATTACHMENT[what])
    assert (seen.outcome, seen.changed, seen.operations) == ("unremediable", set(), ["Publish"])
    assert len(seen.notice.text) < 10_000
    assert not any(live in seen.notice.text for live in LIVE)


@pytest.mark.parametrize("what", UNREADABLE_ATTACHMENT)
def test_parameters_of_a_refused_call_that_cannot_be_read_make_no_notice(world, what):
    world.user("polsen", holds=[BILLING])
    seen = world.receives(but(UNREADABLE_ATTACHMENT[what], errorCode="ValidationError"))
    assert (seen.cases, seen.changed, seen.notices) == ([], set(), [])


@pytest.mark.parametrize("function", FUNCTIONS)
@pytest.mark.parametrize("what", FOREIGN)
def test_an_event_that_is_not_this_account_s_is_refused(world, what, function):
    assert refused(world, FOREIGN[what], function) == "Final.ForeignEvent"


def test_a_denied_call_without_parameters_is_not_a_change_either(world):
    world.user("polsen", holds=[BILLING])
    seen = world.receives(but(EVENT, errorCode="AccessDenied", requestParameters=None))
    assert seen.changed == set()
    assert not any(operation.startswith("Detach") for operation in seen.operations)


def test_booleans_as_text_mean_what_they_say(world):
    polsen = world.user("polsen", holds=[BILLING])
    event = but(attachment(BILLING, user=polsen), readOnly="false", managementEvent="true")
    event["detail"]["userIdentity"]["sessionContext"]["attributes"]["mfaAuthenticated"] = "true"
    seen = world.receives(event)
    assert (seen.outcome, seen.case["actor"]["mfa"]) == ("applied", True)


@pytest.mark.parametrize("member", ["userAgent", "sourceIPAddress", "errorMessage", "anythingNew"])
def test_a_field_of_a_megabyte_does_not_hinder_the_remedy_nor_flood_anybody(world, member):
    polsen = world.user("polsen", holds=[BILLING])
    seen = world.receives(but(attachment(BILLING, user=polsen), **{member: MEGABYTE}))
    assert (seen.outcome, seen.changed) == ("applied", {polsen.no_longer_holds(BILLING)})
    assert len(str(seen.notice)) < 30_000
    assert sum(map(len, seen.invocation.logs)) < 30_000


def test_what_an_attacker_wrote_is_inert_in_every_form_of_the_notice(world):
    polsen = world.user("polsen", holds=[BILLING])
    hostile = "".join(LIVE) + "https://evil.example `x` *bold* \r\nSubject: forged\x00"
    event = but(attachment(BILLING, user=polsen), userAgent=hostile, sourceIPAddress=hostile)
    event["detail"]["userIdentity"]["invokedBy"] = hostile
    seen = world.receives(event)
    assert seen.changed == {polsen.no_longer_holds(BILLING)}
    shown = seen.notice.subject + seen.notice.text + json.dumps(seen.notice.chat, ensure_ascii=False)
    assert not [live for live in [*LIVE, "https://evil", "`x`", "*bold*", "\r", "\x00"] if live in shown]
    assert "\nSubject: forged" not in shown


@pytest.mark.parametrize("identity", [{}, {"type": "SomethingNew"}, {"type": "Root", "arn": "arn:aws:iam::123456789012:root"}, None])
def test_an_actor_that_is_not_told_does_not_hinder_the_remedy(world, identity):
    polsen = world.user("polsen", holds=[BILLING])
    event = but(attachment(BILLING, user=polsen), userIdentity=identity)
    if identity is None:
        del event["detail"]["userIdentity"]
    seen = world.receives(event)
    assert (seen.outcome, seen.changed) == ("applied", {polsen.no_longer_holds(BILLING)})
