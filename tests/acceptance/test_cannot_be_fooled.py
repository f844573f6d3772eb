"""Inputs that fooled it once, or could: each through the function whose remedy answers it."""

import json

import pytest
from lab.command import rescind
from lab.events import attachment, exposure, iam_call, misuse
from lab.offence import ADMINISTRATOR, DENY_EVERYTHING
from lab.world import QUARANTINE_KEY, QUARANTINE_PRINCIPAL

BOTH = (QUARANTINE_KEY, QUARANTINE_PRINCIPAL)


def allow_everything_if(**condition) -> dict:
    return {"Effect": "Allow", "Action": "*", "Resource": "*", **({"Condition": condition} if condition else {})}


def deny_everything_if(**condition) -> dict:
    return {**allow_everything_if(**condition), "Effect": "Deny"}


@pytest.mark.parametrize(
    "statements",
    [
        [allow_everything_if(Bool={"aws:SecureTransport": "true"})],
        [allow_everything_if(DateLessThan={"aws:CurrentTime": "2099-01-01T00:00:00Z"})],
        [allow_everything_if(StringEquals={"aws:PrincipalAccount": "123456789012"})],
        [allow_everything_if(ArnLike={"aws:PrincipalArn": "arn:aws:iam::123456789012:*"})],
        [allow_everything_if(), deny_everything_if(StringEquals={"aws:PrincipalArn": "arn:aws:iam::123456789012:user/nobody"})],
        [allow_everything_if(), deny_everything_if(DateGreaterThan={"aws:CurrentTime": "2099-01-01T00:00:00Z"})],
        [{"Effect": "Allow", "NotAction": "foo:bar", "Resource": "*"}],
        [{"Effect": "Allow", "Action": "*", "NotResource": "arn:aws:s3:::audit/*"}],
    ],
    ids=lambda statements: json.dumps(statements)[20:90],
)
def test_an_administrator_hidden_behind_what_limits_nothing_is_taken_back(world, statements):
    policy = world.policy("Harmless", {"Version": "2012-10-17", "Statement": statements})
    polsen = world.user("polsen", holds=[policy])
    seen = world.receives(attachment(policy, user=polsen))
    assert (seen.outcome, seen.changed) == ("applied", {polsen.no_longer_holds(policy)})


def test_a_deny_that_names_the_target_itself_is_reported_and_not_acted_on(world):
    denied = deny_everything_if(StringEquals={"aws:PrincipalArn": "arn:aws:iam::123456789012:user/polsen"})
    policy = world.policy("Mixed", {"Version": "2012-10-17", "Statement": [allow_everything_if(), denied]})
    seen = world.receives(attachment(policy, user=world.user("polsen", holds=[policy])))
    assert (seen.outcome, seen.changed) == ("observed", set())
    assert seen.case["decision"]["guardrails"][0]["id"] == "perhaps-an-administrator"


@pytest.mark.parametrize("name", BOTH)
def test_a_finding_about_somebody_whose_name_was_taken_contains_them_and_nobody_else(world, name):
    deploy = world.user("deploy")
    key = world.key(deploy)
    details = {"accessKeyId": key, "principalId": deploy.id, "userName": "deploy", "userType": "IAMUser"}
    renamed = world.rename(deploy, "deploy-old")
    world.key(world.user("deploy", holds=[ADMINISTRATOR]))
    responder = world.role("responder")
    seen = world.receives(misuse(details), name=name, BREAK_GLASS=responder.arn)
    wanted = renamed.no_longer_active(key) if name == QUARANTINE_KEY else {renamed.now_holds(DENY_EVERYTHING)}
    assert (seen.outcome, seen.changed) == ("applied", wanted)


@pytest.mark.parametrize("name", BOTH)
@pytest.mark.parametrize("type", ["Exfiltration:S3/AnomalousBehavior", "Discovery:Kubernetes/SuccessfulAnonymousAccess"])
def test_a_finding_about_something_else_that_names_a_key_is_about_the_key(world, name, type):
    polsen = world.user("polsen")
    details = {"accessKeyId": world.key(polsen), "principalId": polsen.id, "userName": "polsen", "userType": "IAMUser"}
    seen = world.receives(misuse(details, type=type), name=name, BREAK_GLASS=world.role("responder").arn)
    assert seen.changed, seen.notices
    assert all(case["change"]["target"]["name"] == "polsen" for case in seen.cases)


@pytest.mark.parametrize("name", BOTH)
def test_what_is_over_is_a_sample_or_is_about_the_account_changes_nothing(world, name):
    polsen = world.user("polsen")
    key = world.key(polsen)
    over = exposure(key)
    over["detail"]["statusCode"] = "closed"
    resolved = exposure(key)
    resolved["detail"]["affectedEntities"][0]["status"] = "RESOLVED"
    of_polsen = {"accessKeyId": key, "principalId": polsen.id, "userName": "polsen", "userType": "IAMUser"}
    archived = misuse(of_polsen, service={"serviceName": "guardduty", "count": 1, "archived": True})
    sample = misuse(of_polsen, service={"serviceName": "guardduty", "count": 1, "additionalInfo": {"sample": True}})
    account = exposure("AWS_ACCOUNT", code="AWS_RISK_ACCOUNT_CONSOLE_COMPROMISE")
    responder = world.role("responder")
    for event in (over, resolved, archived, sample, account):
        seen = world.receives(event, name=name, BREAK_GLASS=responder.arn)
        assert (seen.changed, seen.writes) == (set(), []), event
        if event is not account:
            assert {notice.attributes["severity"] for notice in seen.notices} <= {"low"}, event


def test_a_quarantine_detached_in_lower_case_is_put_back(world):
    deploy = world.user("deploy")
    world.ledger.contains(deploy, by="attached", policy=DENY_EVERYTHING)
    event = iam_call("DetachUserPolicy", {"userName": "deploy", "policyArn": DENY_EVERYTHING.lower()})
    seen = world.receives(event, name=QUARANTINE_PRINCIPAL, BREAK_GLASS=world.role("responder").arn)
    assert (seen.outcome, seen.changed) == ("applied", {deploy.now_holds(DENY_EVERYTHING)})


@pytest.mark.parametrize(
    "call, parameters, code",
    [
        ("AttachRolePolicy", None, "AccessDenied"),
        ("UpdateAccessKey", None, "AccessDenied"),
        ("CreateAccessKey", {"userName": "mallory"}, "LimitExceededException"),
    ],
)
def test_a_refused_call_that_says_nothing_is_no_case(call, parameters, code):
    event = iam_call(call, parameters, errorCode=code, errorMessage="denied")
    decided = rescind("decide", "-", stdin=json.dumps(event))
    assert decided.returncode == 0, decided.stderr
    assert decided.stdout.startswith("no case: AWS refused the call"), decided.stdout
