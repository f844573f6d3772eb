"""Which events reach which function."""

import json
import uuid

import pytest

from .pattern import matches
from .stack import ACCOUNT, ROOT

EVENTS = ROOT / "events"
CORPUS = ROOT.parent / "shared" / "corpus"

# Each rule, and the sample events it must match.
OWNED = {
    "DetachPolicyFunctionPolicyAttached": {
        "attach-user-policy.json",
        "attach-group-policy.json",
        "attach-role-policy.json",
    },
    "QuarantineKeyFunctionCredentialActivated": {
        "create-access-key.json",
        "create-service-specific-credential.json",
        "update-access-key.json",
        "upload-signing-certificate.json",
        "upload-ssh-public-key.json",
    },
    "QuarantineKeyFunctionCredentialExposed": {"health-credentials-exposed.json"},
    "QuarantineKeyFunctionCredentialMisused": {"guardduty-iam-user.json", "guardduty-instance-credentials.json"},
    "QuarantineKeyFunctionRemedyRequested": set(),  # the sample for the other rule on requests, with another request, is tested below
    "QuarantinePrincipalFunctionQuarantineLifted": {"delete-user-policy.json"},
    "QuarantinePrincipalFunctionRemedyRequested": {"requested-quarantine.json"},
}
ATTACHES = {"AttachUserPolicy", "AttachGroupPolicy", "AttachRolePolicy"}
CREATES = {"CreateAccessKey", "UploadSSHPublicKey", "UploadSigningCertificate", "CreateServiceSpecificCredential"}
UPDATES = {"UpdateAccessKey", "UpdateSSHPublicKey", "UpdateSigningCertificate", "UpdateServiceSpecificCredential"}
LIFTS_INLINE = {"DeleteUserPolicy", "DeleteRolePolicy", "PutUserPolicy", "PutRolePolicy"}
LIFTS_ATTACHED = {"DetachUserPolicy", "DetachRolePolicy"}
QUARANTINE = {"policyName": "RescindQuarantine-1", "policyArn": f"arn:aws:iam::{ACCOUNT}:policy/rescind/RescindQuarantine-1"}


def activates(call, asked):
    return call in CREATES or (call in UPDATES and asked.get("status") == "Active")


def lifts(call, asked):
    inline = call in LIFTS_INLINE and asked.get("policyName", "").lower().startswith("rescindquarantine")
    return inline or (call in LIFTS_ATTACHED and ":policy/rescind/RescindQuarantine" in asked.get("policyArn", ""))


# Each rule on CloudTrail's records, and which calls it is about, by name and requestParameters, when they succeeded.
CALLS = {
    "DetachPolicyFunctionPolicyAttached": lambda call, _: call in ATTACHES,
    "QuarantineKeyFunctionCredentialActivated": activates,
    "QuarantinePrincipalFunctionQuarantineLifted": lifts,
}
# Each rule on findings, and which findings are about credentials.
FINDINGS = {
    "QuarantineKeyFunctionCredentialExposed": lambda event: event["source"] == "aws.health" and event["detail"].get("service") == "RISK",
    "QuarantineKeyFunctionCredentialMisused": lambda event: (
        event["source"] == "aws.guardduty" and event["detail"].get("resource", {}).get("resourceType") == "AccessKey"
    ),
}
# Each rule on what one function asks of another, and what it is.
REQUESTS = {
    "QuarantineKeyFunctionRemedyRequested": "quarantine-key",
    "QuarantinePrincipalFunctionRemedyRequested": "quarantine-principal",
}


def sample(name):
    return json.loads((EVENTS / name).read_text(encoding="utf-8"))


def altered(name, changes):
    """A sample event with other values at some paths: {"detail.eventName": "PutUserPolicy"}."""
    event = sample(name)
    for path, value in changes.items():
        *outer, last = path.split(".")
        node = event
        for key in outer:
            node = node[key]
        node[last] = value
    return event


def pattern_of(stack, rule):
    return stack.properties(rule)["EventPattern"]


def samples(*rules):
    return sorted({name for rule in rules or OWNED for name in OWNED[rule]})


def test_every_rule_of_the_stack_is_tested_here(stack):
    assert set(stack.of_type("AWS::Events::Rule")) == set(OWNED) == CALLS.keys() | FINDINGS.keys() | REQUESTS.keys()


def test_every_sample_event_is_some_rules():
    assert samples() == sorted(path.name for path in EVENTS.glob("*.json"))


@pytest.mark.parametrize("rule", OWNED)
def test_a_rule_matches_exactly_the_sample_events_of_its_function(stack, rule):
    pattern = pattern_of(stack, rule)
    matched = {path.name for path in EVENTS.glob("*.json") if matches(pattern, sample(path.name))}
    assert matched == OWNED[rule]


@pytest.mark.parametrize("name", samples(*CALLS))
def test_a_call_that_aws_denied_reaches_no_function(stack, name):
    assert reached(stack, altered(name, {"detail.errorCode": "AccessDenied"})) == []


@pytest.mark.parametrize("name", samples())
@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("account", "999999999999"),
        ("source", "aws.sts"),
        ("source", "my.iam"),
        ("detail-type", "AWS Service Event via CloudTrail"),
    ],
)
def test_an_event_from_elsewhere_reaches_no_function(stack, name, path, value):
    assert reached(stack, altered(name, {path: value})) == []


@pytest.mark.parametrize("name", samples(*CALLS))
@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("detail.eventSource", "sts.amazonaws.com"),
        ("detail.eventName", "DetachUserPolicy"),
        ("detail.eventName", "attachuserpolicy"),
        ("detail.eventName", "createaccesskey"),
        ("detail.eventName", "DeleteAccessKey"),
        ("detail.eventName", "PutGroupPolicy"),
    ],
)
def test_another_call_reaches_no_function(stack, name, path, value):
    assert reached(stack, altered(name, {path: value})) == []


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("attach-user-policy.json", {"detail.eventName": "PutUserPolicy"}),
        ("update-access-key.json", {"detail.requestParameters.status": "Inactive"}),
        ("update-access-key.json", {"detail.requestParameters.status": "active"}),
        ("update-access-key.json", {"detail.requestParameters": None}),
        ("delete-user-policy.json", {"detail.requestParameters.policyName": "Quarantine"}),
        ("delete-user-policy.json", {"detail.requestParameters": None}),
        ("health-credentials-exposed.json", {"detail.eventTypeCode": "AWS_EC2_INSTANCE_STORE_DRIVE_PERFORMANCE_DEGRADED"}),
        ("health-credentials-exposed.json", {"source": "aws.guardduty"}),
        ("health-credentials-exposed.json", {"detail-type": "AWS Health Abuse Event"}),
        ("guardduty-iam-user.json", {"detail.type": "Recon:EC2/Portscan"}),
        ("guardduty-iam-user.json", {"source": "aws.health"}),
        ("requested-quarantine.json", {"detail-type": "Lambda Function Invocation Result - Failure"}),
        ("requested-quarantine.json", {"detail.responsePayload": {"cases": []}}),
        ("requested-quarantine.json", {"detail.responsePayload": {"cases": [{"requests": []}]}}),
        ("requested-quarantine.json", {"detail.responsePayload": {"cases": [{"requests": ["detach-policy"]}]}}),
        ("requested-quarantine.json", {"detail.responsePayload": {"requests": ["quarantine-principal"]}}),
    ],
)
def test_what_is_not_about_a_functions_business_reaches_none(stack, name, changes):
    assert reached(stack, altered(name, changes)) == []


@pytest.mark.parametrize("call", sorted(UPDATES))
def test_setting_any_credential_active_reaches_quarantine_key(stack, call):
    event = altered("update-access-key.json", {"detail.eventName": call})
    assert reached(stack, event) == ["QuarantineKeyFunctionCredentialActivated"]


@pytest.mark.parametrize("call", sorted(LIFTS_INLINE))
@pytest.mark.parametrize("policy", ["RescindQuarantine", "rescindquarantine", "RescindQuarantine-1772445600-s-pipeline"])
def test_changing_an_inline_quarantine_reaches_quarantine_principal(stack, call, policy):
    event = altered("delete-user-policy.json", {"detail.eventName": call, "detail.requestParameters.policyName": policy})
    assert reached(stack, event) == ["QuarantinePrincipalFunctionQuarantineLifted"]


@pytest.mark.parametrize("call", sorted(LIFTS_ATTACHED))
@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        ("policy/rescind/RescindQuarantine", ["QuarantinePrincipalFunctionQuarantineLifted"]),
        ("policy/rescind/RescindQuarantine-1772445600", ["QuarantinePrincipalFunctionQuarantineLifted"]),
        ("policy/RescindQuarantine", []),
        ("policy/rescind/Other", []),
    ],
)
def test_detaching_a_quarantine_that_is_a_policy_of_its_own_reaches_quarantine_principal(stack, call, policy, expected):
    arn = f"arn:aws:iam::{ACCOUNT}:{policy}"
    event = altered("delete-user-policy.json", {"detail.eventName": call, "detail.requestParameters": {"policyArn": arn}})
    assert reached(stack, event) == expected


@pytest.mark.parametrize("code", ["AWS_RISK_CREDENTIALS_EXPOSED", "AWS_RISK_CREDENTIALS_EXPOSURE_SUSPECTED", "AWS_RISK_IAM_QUARANTINE"])
def test_every_risk_that_aws_health_sees_reaches_quarantine_key(stack, code):
    event = altered("health-credentials-exposed.json", {"detail.eventTypeCode": code})
    assert reached(stack, event) == ["QuarantineKeyFunctionCredentialExposed"]


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("CredentialAccess:IAMUser/AnomalousBehavior", ["QuarantineKeyFunctionCredentialMisused"]),
        ("Policy:IAMUser/RootCredentialUsage", ["QuarantineKeyFunctionCredentialMisused"]),
        ("AttackSequence:IAM/CompromisedCredentials", ["QuarantineKeyFunctionCredentialMisused"]),
        ("AttackSequence:S3/CompromisedData", ["QuarantineKeyFunctionCredentialMisused"]),
        ("UnauthorizedAccess:EC2/SSHBruteForce", []),
        ("Stealth:S3/ServerAccessLoggingDisabled", []),
        ("IAMUser/AttackSequence", []),
    ],
)
def test_what_guardduty_finds_about_credentials_reaches_quarantine_key(stack, kind, expected):
    assert reached(stack, altered("guardduty-iam-user.json", {"detail.type": kind})) == expected


@pytest.mark.parametrize("rule", REQUESTS)
@pytest.mark.parametrize("asking", ["detach-policy", "quarantine-key"])
def test_a_request_reaches_the_function_that_it_names(stack, rule, asking):
    cases = [{"requests": []}, {}, {"requests": ["something-else", REQUESTS[rule]]}]
    assert reached(stack, request(asking, cases)) == [rule]


def test_two_requests_reach_both_functions(stack):
    assert reached(stack, request("detach-policy", [{"requests": list(REQUESTS.values())}])) == list(REQUESTS)


@pytest.mark.parametrize("asking", ["quarantine-principal", "detach-policy-2", "detach"])
def test_a_request_of_any_other_function_reaches_none(stack, asking):
    assert reached(stack, request(asking, [{"requests": list(REQUESTS.values())}])) == []


def request(asking, cases):
    arn = f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:rescind-{asking}:$LATEST"
    return altered("requested-quarantine.json", {"detail.requestContext.functionArn": arn, "detail.responsePayload": {"cases": cases}})


@pytest.mark.parametrize("rule", ["DetachPolicyFunctionPolicyAttached", "QuarantineKeyFunctionCredentialActivated"])
def test_of_third_party_records_a_rule_matches_exactly_the_successful_calls_of_its_function(stack, rule):
    assert_matches_exactly(pattern_of(stack, rule), third_party(), lambda event: succeeded(event["detail"], CALLS[rule]))


# Third-party records of these calls are nearly all of attempts that AWS denied: taken here as if they had succeeded, with these parameters.
@pytest.mark.parametrize(
    ("rule", "asked", "calls"),
    [
        ("QuarantineKeyFunctionCredentialActivated", {"status": "Active"}, {"CreateAccessKey", "UpdateAccessKey"}),
        ("QuarantineKeyFunctionCredentialActivated", {"status": "Inactive"}, {"CreateAccessKey"}),
        ("QuarantinePrincipalFunctionQuarantineLifted", QUARANTINE, LIFTS_INLINE | LIFTS_ATTACHED),
    ],
)
def test_of_third_party_attempts_a_rule_would_match_exactly_those_calls_had_they_succeeded(stack, rule, asked, calls):
    events = [(where, had_it_succeeded(event, asked)) for where, event in third_party()]
    assert_matches_exactly(pattern_of(stack, rule), events, lambda event: succeeded(event["detail"], CALLS[rule]))
    assert {event["detail"]["eventName"] for _, event in events if succeeded(event["detail"], CALLS[rule])} == calls


def test_no_third_party_record_is_of_a_quarantine_that_was_lifted(stack):
    pattern = pattern_of(stack, "QuarantinePrincipalFunctionQuarantineLifted")
    assert [where for where, event in third_party() if matches(pattern, event)] == []


@pytest.mark.parametrize("rule", FINDINGS)
def test_of_third_party_findings_a_rule_matches_exactly_those_about_credentials(stack, rule):
    events = [(where, about_this_account(event)) for where, event in third_party()]
    assert_matches_exactly(pattern_of(stack, rule), events, FINDINGS[rule])


@pytest.mark.parametrize(("name", "member"), [("guardduty-iam-user.json", "accountId"), ("health-credentials-exposed.json", "affectedAccount")])
def test_a_finding_about_another_account_of_the_organization_reaches_no_function(stack, name, member):
    event = sample(name)
    assert reached(stack, event) != []
    event["detail"][member] = "999999999999"
    assert reached(stack, event) == []


def about_this_account(event):
    """The account inside the finding too, which its author gave another number than the envelope's."""
    return event | {"detail": event["detail"] | ({"accountId": ACCOUNT} if "accountId" in event["detail"] else {})}


@pytest.mark.parametrize("rule", OWNED)
def test_a_pattern_fits_into_what_eventbridge_takes(stack, rule):
    pattern = json.dumps(pattern_of(stack, rule), separators=(",", ":"))
    assert len(pattern) <= 2048, "an event pattern has at most 2,048 characters (EventBridge quotas)"


@pytest.mark.parametrize("rule", OWNED)
def test_a_rule_is_enabled_on_the_bus_that_aws_events_arrive_on(stack, rule):
    properties = stack.properties(rule)
    assert properties.get("State", "ENABLED") == "ENABLED"
    assert "EventBusName" not in properties


def reached(stack, event):
    return [rule for rule in stack.of_type("AWS::Events::Rule") if matches(pattern_of(stack, rule), event)]


def succeeded(record, about):
    """Whether a record is of a call to IAM that a rule is about (one of `CALLS`), and that AWS let through."""
    ours = record.get("eventSource") == "iam.amazonaws.com" and about(record.get("eventName"), record.get("requestParameters") or {})
    return ours and "errorCode" not in record


def had_it_succeeded(event, asked):
    detail = {name: value for name, value in event["detail"].items() if name != "errorCode"}
    return event | {"detail": detail | {"requestParameters": asked}}


def assert_matches_exactly(pattern, events, expectation):
    expected = [where for where, event in events if expectation(event)]
    assert expected, "the corpus holds no such event any more: the test proves nothing"
    assert [where for where, event in events if matches(pattern, event)] == expected


def third_party():
    if not CORPUS.is_dir():
        pytest.skip(f"NOT TESTED against third-party events: there is no {CORPUS}")
    return list(corpus())


def corpus():
    """Every third-party record, as EventBridge would deliver it to this account."""
    for path in sorted(CORPUS.glob("*/records.ndjson")):
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            record = json.loads(line)
            event = record if "detail-type" in record else wrapped(record)
            yield f"{path.parent.name}:{number}", event | {"account": ACCOUNT, "detail": event.get("detail") or {}}


def wrapped(record):
    kinds = {
        "AwsConsoleSignIn": "AWS Console Sign In via CloudTrail",
        "AwsServiceEvent": "AWS Service Event via CloudTrail",
    }
    return {
        "version": "0",
        "id": str(uuid.uuid4()),
        "detail-type": kinds.get(record.get("eventType"), "AWS API Call via CloudTrail"),
        "source": "aws." + record.get("eventSource", "").split(".")[0],
        "time": record.get("eventTime"),
        "region": record.get("awsRegion"),
        "resources": [],
        "detail": record,
    }
