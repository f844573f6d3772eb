"""Which events reach which function."""

import json
import re
import uuid

import boto3
import botocore.session
import pytest
from lab.events import scheduled

from .pattern import delivers
from .stack import ACCOUNT, ROOT

EVENTS = ROOT / "events"
CORPUS = ROOT.parent / "shared" / "corpus"

# Each function that takes calls by name, and those calls.
BY_NAME = {
    "delete-inline-policy": {"PutUserPolicy", "PutGroupPolicy", "PutRolePolicy", "AcquireRole"},
    "detach-policy": {"AttachUserPolicy", "AttachGroupPolicy", "AttachRolePolicy", "AcquireRole"},
    "remove-group-member": {"AddUserToGroup"},
    "restore-trust": {"CreateRole", "UpdateAssumeRolePolicy", "AcquireRole", "UpdateOpenIDConnectProvider"},
    "restore-policy-version": {"CreatePolicy", "CreatePolicyVersion", "SetDefaultPolicyVersion"},
    "detach-everywhere": {"CreatePolicyVersion", "SetDefaultPolicyVersion"},
    "remove-login": {"CreateLoginProfile", "UpdateLoginProfile", "DeactivateMFADevice", "EnableMFADevice", "DetachUserPolicy"},
    "restore-password-policy": {"UpdateAccountPasswordPolicy", "DeleteAccountPasswordPolicy"},
    "restore-guard": {
        *(f"Detach{kind}Policy" for kind in ("User", "Group", "Role")),
        *(f"Delete{kind}Policy" for kind in ("User", "Group", "Role")),
        *(f"{verb}{kind}PermissionsBoundary" for verb in ("Put", "Delete") for kind in ("User", "Role")),
        "RemoveUserFromGroup",
    },
}
# These take every write to IAM, and every finding about credentials.
QUARANTINES = ["quarantine-key", "quarantine-principal"]
# Everything that happens in IAM reaches these as well.
WATCHES = ["watch", "watch-tampering"]
EVERY_WRITE = [*QUARANTINES, *WATCHES]
# The services of which watch takes every change, and those of which watch-tampering takes everything, failures too.
WATCHED = ("organizations", "sso", "sso-directory", "identitystore", "rolesanywhere", "account")
TAMPERED = ("cloudtrail", "guardduty", "access-analyzer", "cloudformation")
TAMPERED_BY_NAME = ("config", "securityhub", "events", "lambda", "sns", "sqs", "kms", "logs", "monitoring", "dynamodb", "scheduler")
TAMPERING = ("Add", "BatchDisable", "CreateGrant", "Delete", "Disable", "Publish", "Purge", "Put", "Re", "S", "Un", "Update")
# Findings that are reported only reach the function that reports them.
REPORTED = {"aws.access-analyzer": ["quarantine-key"], "aws.securityhub": ["quarantine-key"]}
FINDERS = ("aws.health", "aws.guardduty")
READS = ("Describe", "Get", "List")
CHANGES = ("GetFederationToken", "GetSessionToken")
WORKLOADS = ("AssociateIamInstanceProfile", "ReplaceIamInstanceProfileAssociation")
CLUSTERS = ("CreateAccessEntry", "UpdateAccessEntry", "AssociateAccessPolicy")
# IAM's API as botocore knows it.
API = boto3.client("iam", region_name="us-east-1").meta.service_model.operation_names
# The call that botocore knows only since 1.44, which the emulator does not take yet.
NEWER = [] if "UpdateOpenIDConnectProvider" in API else ["UpdateOpenIDConnectProvider"]
WRITES = [*NEWER, *(call for call in API if not call.startswith(READS))]
SAMPLES = sorted(path.name for path in EVENTS.glob("*.json"))
# The function that a sample event is for, by the beginning of its name; besides the quarantines, which get them all.
SAMPLES_OF = {
    **dict.fromkeys(["add-role-to-instance-profile", "create-saml-provider", "create-something-new", "create-user", "tag-instance-profile"], []),
    **dict.fromkeys(["assume-ro", "console-login", "get-federation-token", "leave-organization", "run-instances-root"], ["watch"]),
    **dict.fromkeys(["delete-detector", "disable-rule", "put-event-selectors", "start-logging", "stop-logging", "unsubscribe"], ["watch-tampering"]),
    "acquire-role": ["delete-inline-policy", "detach-policy", "restore-trust"],
    "add-user-to-group": ["remove-group-member"],
    "attach-group-policy": ["detach-policy"],
    "attach-role-policy": ["detach-policy"],
    "attach-user-policy": ["detach-policy"],
    "access-analyzer": [],
    "create-access-key": [],
    "create-service-specific-credential": [],
    "create-login-profile": ["remove-login"],
    "create-policy.json": ["restore-policy-version"],
    "create-policy-version": ["detach-everywhere", "restore-policy-version"],
    "create-role": ["restore-trust"],
    "deactivate-mfa-device": ["remove-login"],
    "delete-account-password-policy": ["restore-password-policy"],
    "delete-role-permissions-boundary": ["restore-guard"],
    "delete-role-policy": ["restore-guard"],
    "detach-user-policy": ["remove-login", "restore-guard"],
    "enable-mfa-device": ["remove-login"],
    "guardduty-": [],
    "health-": [],
    "put-group-policy": ["delete-inline-policy"],
    "put-role-policy": ["delete-inline-policy"],
    "put-user-permissions-boundary": ["restore-guard"],
    "put-user-policy": ["delete-inline-policy"],
    "reset-service-specific-credential": [],
    "security-hub": [],
    "set-default-policy-version": ["detach-everywhere", "restore-policy-version"],
    "update-access-key": [],
    "update-assume-role-policy": ["restore-trust"],
    "update-account-password-policy": ["restore-password-policy"],
    "update-login-profile": ["remove-login"],
    "update-open-id-connect-provider": ["restore-trust"],
    "update-user": [],
    "upload-signing-certificate": [],
    "upload-ssh-public-key": [],
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


def reached(stack, event):
    """The functions that get an event, each as often as it gets it."""
    name = lambda function: stack.name(function).removeprefix("rescind-")  # noqa: E731
    inlets = {function: [function, *stack.queues_of(function)] for function in stack.functions()}
    names = {stack.arn(inlet): name(function) for function, its in inlets.items() for inlet in its}
    rules = stack.of_type("AWS::Events::Rule").values()
    return sorted(names[target["Arn"]] for rule in rules if delivers(rule, event) for target in rule["Targets"])


def expected(event):
    """The functions that should get an event, each once."""
    detail = event["detail"]
    is_recorded = event["detail-type"].endswith("via CloudTrail")
    if event["source"] == "aws.health" and not is_recorded:
        return QUARANTINES if detail.get("service") == "RISK" else []
    if event["source"] == "aws.guardduty" and not is_recorded:
        return QUARANTINES if "accessKeyDetails" in detail.get("resource", {}) else []
    if event["source"] == "aws.securityhub" and not is_recorded and not is_new_and_about_iam(event):
        return []
    if event["source"] in REPORTED and "via CloudTrail" not in event["detail-type"]:
        return REPORTED[event["source"]]
    call, identity = detail.get("eventName", ""), detail.get("userIdentity") or {}
    identity = identity if isinstance(identity, dict) else {}
    if not is_recorded:
        return []
    is_call = event["detail-type"] == "AWS API Call via CloudTrail"
    if is_call and call.startswith(READS) and call not in CHANGES:
        return []
    source, succeeded = event["source"].removeprefix("aws."), "errorCode" not in detail
    functions = set()
    if is_call and source == "iam" and succeeded and detail.get("eventSource") == "iam.amazonaws.com":
        functions |= {*[function for function, calls in BY_NAME.items() if call in calls], *EVERY_WRITE}
    by_name = {"ec2": WORKLOADS, "eks": CLUSTERS}.get(source, ())
    if source == "signin" or succeeded and (source in ("iam", *WATCHED) or call in by_name):
        functions.add("watch")
    if source == "sts" and succeeded and identity.get("type", "AWSService") != "AWSService":
        functions.add("watch")
    if identity.get("type") == "Root" and "invokedBy" not in identity:
        functions.add("watch")
    if is_call and (source in TAMPERED or source in TAMPERED_BY_NAME and call.startswith(TAMPERING)):
        functions.add("watch-tampering")
    return sorted(functions)


def is_new_and_about_iam(event):
    """Imported, and not sent by somebody's own custom action."""
    findings = event["detail"].get("findings", [])
    types = [resource["Type"] for finding in findings for resource in finding.get("Resources", [])]
    stands = any(finding.get("RecordState") == "ACTIVE" and finding.get("Workflow", {}).get("Status") == "NEW" for finding in findings)
    return event["detail-type"] == "Security Hub Findings - Imported" and stands and any(kind.startswith("AwsIam") for kind in types)


@pytest.mark.parametrize("name", SAMPLES)
def test_a_sample_event_reaches_its_function_and_the_quarantines_each_once(stack, name):
    wanted, = (functions for start, functions in SAMPLES_OF.items() if name.startswith(start))
    event = sample(name)
    is_finding = event["source"] in FINDERS and not event["detail-type"].endswith("via CloudTrail")
    always = EVERY_WRITE if event["source"] == "aws.iam" else REPORTED.get(event["source"], QUARANTINES if is_finding else [])
    wanted = sorted(wanted + always)
    assert reached(stack, sample(name)) == wanted
    assert expected(sample(name)) == wanted


@pytest.mark.parametrize("start", SAMPLES_OF)
def test_every_trigger_has_a_sample_event(start):
    assert any(name.startswith(start) for name in SAMPLES)


def test_the_home_region_of_every_partition_that_aws_has_is_deployable():
    partitions = botocore.session.get_session().get_data("partitions")["partitions"]
    # IAM is global: its events are in the region in which its requests are signed. Only China's is not the partition's implicit region.
    homes = {partition["outputs"]["implicitGlobalRegion"] for partition in partitions}
    assert set(home_regions()) == homes - {"cn-northwest-1"} | {"cn-north-1"}


def home_regions():
    text = (ROOT / "template.yaml").read_text(encoding="utf-8")
    return re.search(r"Fn::Contains:\s*- \[([^\]]+)\]", text).group(1).split(", ")


def test_every_function_has_a_sample_event(stack):
    assert {function for name in SAMPLES for function in reached(stack, sample(name))} == set(BY_NAME) | set(EVERY_WRITE)
    assert {stack.name(function) for function in stack.functions()} == {f"rescind-{name}" for name in [*BY_NAME, *EVERY_WRITE]}


@pytest.mark.parametrize("call", WRITES)
def test_a_write_to_iam_reaches_quarantines_watches_and_the_function_that_names_it(stack, call):
    event = altered("attach-user-policy.json", {"detail.eventName": call})
    assert reached(stack, event) == sorted([function for function, calls in BY_NAME.items() if call in calls] + EVERY_WRITE)


@pytest.mark.parametrize("call", ["SomethingThatAwsAddsTomorrow", "attachuserpolicy", "CREATEACCESSKEY"])
def test_a_write_that_nobody_knows_reaches_quarantines_and_watches(stack, call):
    assert reached(stack, altered("attach-user-policy.json", {"detail.eventName": call})) == EVERY_WRITE


@pytest.mark.parametrize("call", [call for call in API if call.startswith(READS)])
def test_a_call_that_only_reads_reaches_no_function(stack, call):
    assert reached(stack, altered("attach-user-policy.json", {"detail.eventName": call})) == []


def test_iam_has_both_kinds_of_calls():
    assert set().union(*BY_NAME.values()) < set(WRITES)
    assert len(WRITES) < len(API)


@pytest.mark.parametrize("parameters", [None, {"omitted": True}, {"status": "Inactive"}])
@pytest.mark.parametrize("name", [name for name in SAMPLES if sample(name)["source"] == "aws.iam"])
def test_the_parameters_of_a_call_decide_nothing(stack, name, parameters):
    assert reached(stack, altered(name, {"detail.requestParameters": parameters})) == reached(stack, sample(name))


@pytest.mark.parametrize("name", [name for name in SAMPLES if sample(name)["source"] == "aws.iam"])
@pytest.mark.parametrize("code", ["AccessDenied", "NoSuchEntityException", ""])
def test_a_call_to_iam_that_failed_reaches_no_function_but_root_s(stack, name, code):
    event = altered(name, {"detail.errorCode": code})
    assert reached(stack, event) == (["watch"] if event["detail"]["userIdentity"]["type"] == "Root" else [])


@pytest.mark.parametrize("name", SAMPLES)
@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("account", "999999999999"),
        ("source", "aws.s3"),
        ("source", "my.iam"),
        ("detail-type", "EC2 Instance State-change Notification"),
    ],
)
def test_an_event_from_elsewhere_reaches_no_function(stack, name, path, value):
    event = altered(name, {path: value})
    is_root_s = value == "aws.s3" and event["detail"].get("userIdentity", {}).get("type") == "Root"
    assert reached(stack, event) == (["watch"] if is_root_s else [])


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("health-credentials-exposed.json", {"detail.eventTypeCode": "AWS_EC2_INSTANCE_STORE_DRIVE_PERFORMANCE_DEGRADED"}),
        ("health-credentials-exposed.json", {"source": "aws.guardduty"}),
        ("health-credentials-exposed.json", {"detail-type": "AWS Health Abuse Event"}),
        ("guardduty-iam-user.json", {"detail.type": "Recon:EC2/Portscan", "detail.resource": {"resourceType": "Instance"}}),
        ("access-analyzer.json", {"detail.status": "ARCHIVED"}),
        ("access-analyzer.json", {"detail.accountId": "999999999999"}),
        ("security-hub.json", {"detail-type": "Security Hub Insight Results"}),
        ("guardduty-iam-user.json", {"source": "aws.health"}),
    ],
)
def test_an_event_about_something_else_reaches_no_function(stack, name, changes):
    assert reached(stack, altered(name, changes)) == []


def test_what_a_schedule_sends_reaches_no_function_as_an_event(stack):
    assert reached(stack, scheduled()) == []


@pytest.mark.parametrize("code", ["AWS_RISK_CREDENTIALS_EXPOSED", "AWS_RISK_CREDENTIALS_EXPOSURE_SUSPECTED", "AWS_RISK_IAM_QUARANTINE"])
def test_every_risk_that_aws_health_reports_reaches_both_quarantines(stack, code):
    assert reached(stack, altered("health-credentials-exposed.json", {"detail.eventTypeCode": code})) == QUARANTINES


@pytest.mark.parametrize(
    ("kind", "functions"),
    [
        ("CredentialAccess:IAMUser/AnomalousBehavior", QUARANTINES),
        ("Policy:IAMUser/RootCredentialUsage", QUARANTINES),
        ("AttackSequence:IAM/CompromisedCredentials", QUARANTINES),
        ("AttackSequence:S3/CompromisedData", QUARANTINES),
        ("UnauthorizedAccess:EC2/SSHBruteForce", []),
        ("Stealth:S3/ServerAccessLoggingDisabled", []),
        ("IAMUser/AttackSequence", []),
    ],
)
def test_guarddutys_findings_reach_both_quarantines_by_their_type(stack, kind, functions):
    assert reached(stack, altered("guardduty-iam-user.json", {"detail.type": kind, "detail.resource": {}})) == functions


@pytest.mark.parametrize("kind", ["Exfiltration:S3/AnomalousBehavior", "Discovery:Kubernetes/SuccessfulAnonymousAccess", "SomethingNew"])
def test_a_guardduty_finding_that_names_credentials_reaches_both_quarantines_whatever_its_type(stack, kind):
    assert reached(stack, altered("guardduty-iam-user.json", {"detail.type": kind})) == QUARANTINES


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("AwsAccountId", "999999999999"),
        ("RecordState", "ARCHIVED"),
        ("Workflow", {"Status": "RESOLVED"}),
        ("Resources", [{"Type": "AwsS3Bucket"}]),
    ],
)
def test_a_security_hub_finding_reaches_its_function_only_if_it_is_new_and_about_this_accounts_iam(stack, member, value):
    event = sample("security-hub.json")
    event["detail"]["findings"][0][member] = value
    assert reached(stack, event) == []


def test_detaching_a_quarantine_in_other_letters_reaches_both_quarantines(stack):
    arn = "arn:aws:iam::123456789012:policy/RESCIND/rescindDENYEVERYTHING-0"
    event = altered("detach-user-policy.json", {"detail.requestParameters.policyArn": arn})
    assert reached(stack, event) == sorted([*EVERY_WRITE, "remove-login", "restore-guard"])


@pytest.mark.parametrize(("name", "member"), [("guardduty-iam-user.json", "accountId"), ("health-credentials-exposed.json", "affectedAccount")])
def test_a_finding_about_another_account_of_the_organization_reaches_no_function(stack, name, member):
    event = sample(name)
    assert reached(stack, event) != []
    event["detail"][member] = "999999999999"
    assert reached(stack, event) == []


def test_a_health_event_that_names_no_account_is_about_this_one(stack):
    event = sample("health-credentials-exposed.json")
    del event["detail"]["affectedAccount"]
    assert reached(stack, event) == QUARANTINES


def test_a_third_party_event_reaches_exactly_its_functions(stack):
    functions = set()
    for where, event in third_party():
        assert reached(stack, event) == expected(event), where
        functions |= set(reached(stack, event))
    assert functions == {"detach-everywhere", "detach-policy", "remove-login", "restore-password-policy", "restore-policy-version", "restore-trust", *EVERY_WRITE}, "the corpus has no such events any more: the test proves less"


# Nearly all third-party records of IAM calls are of attempts that AWS denied: here as if they had succeeded.
def test_a_third_party_attempt_would_reach_exactly_its_functions_had_it_succeeded(stack):
    functions = set()
    for where, event in third_party():
        event = event | {"detail": {name: value for name, value in event["detail"].items() if name != "errorCode"}}
        assert reached(stack, event) == expected(event), where
        functions |= set(reached(stack, event))
    assert functions == set(BY_NAME) | set(EVERY_WRITE), "the corpus has no such events any more: the test proves less"


def test_a_pattern_fits_into_eventbridges_limit(stack):
    for name, rule in stack.rules().items():
        pattern = json.dumps(rule["EventPattern"], separators=(",", ":"))
        assert len(pattern) <= 2048, f"{name}: an event pattern has at most 2,048 characters (EventBridge quotas)"


def test_a_rule_is_enabled_on_the_bus_that_aws_events_arrive_on(stack):
    for rule in stack.of_type("AWS::Events::Rule").values():
        # In the template itself: another state would deliver read-only events as well.
        assert rule["State"] == "ENABLED"
        assert "EventBusName" not in rule


def third_party():
    """Every third-party record, as EventBridge would deliver it to this account."""
    if not CORPUS.is_dir():
        pytest.skip(f"NOT TESTED against third-party events: there is no {CORPUS}")
    for path in sorted(CORPUS.glob("*/records.ndjson")):
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            record = json.loads(line)
            event = record if "detail-type" in record else wrapped(record)
            yield f"{path.parent.name}:{number}", about_this_account(event | {"detail": event.get("detail") or {}})


def about_this_account(event):
    """The account in the envelope, and inside a finding, whose author gave it another number."""
    detail = event["detail"] | ({"accountId": ACCOUNT} if "accountId" in event["detail"] else {})
    return event | {"account": ACCOUNT, "detail": detail}


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
