"""The events that a function receives: CloudTrail records in their EventBridge envelopes."""

import copy
import json
import time
import uuid
from datetime import datetime, timedelta, timezone
from pathlib import Path
from urllib.parse import quote

from lab.emulator import ACCOUNT, REGION

ROOT = Path(__file__).resolve().parents[2]
BILLING = "arn:aws:iam::aws:policy/job-function/Billing"
READ_ONLY = "arn:aws:iam::aws:policy/ReadOnlyAccess"
QUARANTINE = "arn:aws:iam::aws:policy/AWSCompromisedKeyQuarantineV2"
# The detail-type by the record's eventType, as EventBridge words them.
DETAIL_TYPES = {
    "AwsApiCall": "AWS API Call via CloudTrail",
    "AwsConsoleSignIn": "AWS Console Sign In via CloudTrail",
    "AwsServiceEvent": "AWS Service Event via CloudTrail",
}


def sample(name: str) -> dict:
    """One of the project's own sample events."""
    return json.loads((ROOT / "events" / f"{name}.json").read_text())


def attachment(policy: str = BILLING, *, user=None, group=None, role=None, actor: dict | None = None, **record) -> dict:
    """Somebody attached a policy to a user, a group or a role; polsen did, from the console without MFA, where no actor is given.

    Further keywords replace members of the record: `errorCode="AccessDenied"`, `requestParameters=None`.
    """
    kind, name = next((kind, name) for kind, name in (("user", user), ("group", group), ("role", role)) if name is not None)
    return envelope({
        "eventVersion": "1.11",
        "userIdentity": actor or iam_user("polsen"),
        "eventTime": just_now(),
        "eventSource": "iam.amazonaws.com",
        "eventName": f"Attach{kind.capitalize()}Policy",
        "awsRegion": REGION,
        "sourceIPAddress": "192.0.2.26",
        "userAgent": "signin.amazonaws.com",
        "requestParameters": {f"{kind}Name": getattr(name, "name", name), "policyArn": policy},
        "responseElements": None,
        "requestID": str(uuid.uuid4()),
        "eventID": str(uuid.uuid4()),
        "readOnly": False,
        "eventType": "AwsApiCall",
        "managementEvent": True,
        "recipientAccountId": ACCOUNT,
        "eventCategory": "Management",
        **record,
    })  # fmt: skip


def iam_call(name: str, parameters: dict | None, actor: dict | None = None, response: dict | None = None, **record) -> dict:
    """A successful call to IAM, by polsen where no actor is given."""
    return attachment(user="polsen", actor=actor, eventName=name, requestParameters=parameters, responseElements=response, **record)


def key_created(key: str, user: str | None = None, actor: dict | None = None) -> dict:
    """An access key was created, for the named user or, without one, for who called."""
    made = {"accessKey": {"accessKeyId": key, "status": "Active", "userName": user or "polsen", "createDate": "Mar 2, 2026 10:00:00 AM"}}
    return iam_call("CreateAccessKey", {"userName": user} if user else None, actor, made)


def key_activated(key: str, user: str, status: str = "Active", actor: dict | None = None) -> dict:
    return iam_call("UpdateAccessKey", {"userName": user, "accessKeyId": key, "status": status}, actor)


def login_made(user, actor: dict | None = None, reset: bool = False) -> dict:
    """Somebody gave a user a console password."""
    name = getattr(user, "name", user)
    made = {"loginProfile": {"userName": name, "createDate": "Mar 2, 2026 10:00:00 AM", "passwordResetRequired": reset}}
    return iam_call("CreateLoginProfile", {"userName": name, "passwordResetRequired": reset}, actor, made)


def login_reset(user, actor: dict | None = None, **parameters: bool) -> dict:
    """Somebody reset a user's console password."""
    return iam_call("UpdateLoginProfile", {"userName": getattr(user, "name", user), **parameters}, actor)


def device_deactivated(user, actor: dict | None = None, serial: str = "arn:aws:iam::123456789012:mfa/phone") -> dict:
    """Somebody took an MFA device from a user."""
    return iam_call("DeactivateMFADevice", {"userName": getattr(user, "name", user), "serialNumber": serial}, actor)


def device_enabled(user, serial: str, actor: dict | None = None) -> dict:
    """A user has an MFA device now."""
    return iam_call("EnableMFADevice", {"userName": getattr(user, "name", user), "serialNumber": serial}, actor)


def password_policy_set(actor: dict | None = None, **rules: int | bool) -> dict:
    """Somebody set the account's password policy; the record holds what the call named, and nothing if it named nothing."""
    named = {name[0].lower() + name[1:]: value for name, value in rules.items()}
    return iam_call("UpdateAccountPasswordPolicy", named or None, actor)


def password_policy_deleted(actor: dict | None = None) -> dict:
    return iam_call("DeleteAccountPasswordPolicy", None, actor)


def joined(user, group, actor: dict | None = None) -> dict:
    """Somebody added a user to a group."""
    return iam_call("AddUserToGroup", {"groupName": getattr(group, "name", group), "userName": getattr(user, "name", user)}, actor)


def left(user, group, actor: dict | None = None) -> dict:
    """Somebody removed a user from a group."""
    return {**joined(user, group, actor), "detail": {**joined(user, group, actor)["detail"], "eventName": "RemoveUserFromGroup"}}


def detached(policy: str, target, actor: dict | None = None, **record) -> dict:
    """Somebody detached a policy from a user, group or role."""
    return iam_call(f"Detach{target.kind.capitalize()}Policy", {f"{target.kind}Name": target.name, "policyArn": policy}, actor, **record)


def inline_deleted(target, name: str, actor: dict | None = None, **record) -> dict:
    """Somebody deleted an inline policy of a user, group or role."""
    return iam_call(f"Delete{target.kind.capitalize()}Policy", {f"{target.kind}Name": target.name, "policyName": name}, actor, **record)


def boundary_changed(target, policy: str | None = None, actor: dict | None = None) -> dict:
    """Somebody set the permissions boundary of a user or role, or removed it."""
    boundary = {"permissionsBoundary": policy} if policy else {}
    return iam_call(f"{'Put' if policy else 'Delete'}{target.kind.capitalize()}PermissionsBoundary", {f"{target.kind}Name": target.name, **boundary}, actor)


def a_second_later() -> str:
    """The next whole second, when it has come: whatever was made before is older, whatever is made now is not."""
    now = datetime.now(timezone.utc)
    time.sleep(1 - now.microsecond / 1_000_000)
    return datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def put_inline(target, document: dict | str, name: str = "inline", actor: dict | None = None) -> dict:
    """Somebody wrote an inline policy of a user, group or role; a document that is a string is recorded as it stands."""
    text = document if isinstance(document, str) else json.dumps(document)
    return iam_call(f"Put{target.kind.capitalize()}Policy", {f"{target.kind}Name": target.name, "policyName": name, "policyDocument": text}, actor)


def trust_updated(role, document: str, actor: dict | None = None) -> dict:
    """Somebody replaced a role's trust policy."""
    return iam_call("UpdateAssumeRolePolicy", {"roleName": role.name, "policyDocument": document}, actor)


def role_created(role, document: str, actor: dict | None = None, id: str | None = None) -> dict:
    """Somebody created a role."""
    made = {"role": {"roleName": role.name, "roleId": id or role.id, "arn": role.arn}}
    return iam_call("CreateRole", {"roleName": role.name, "assumeRolePolicyDocument": document}, actor, made)


def role_acquired(role, document: str, made: datetime | None = None, actor: dict | None = None, **record) -> dict:
    """Somebody made a role from a template, or, if it was made before, was only told of it."""
    made = (made or datetime.now(timezone.utc)).strftime("%b %d, %Y, %I:%M:%S %p")
    answer = {"roleName": role.name, "roleId": role.id, "arn": role.arn, "createDate": made, "assumeRolePolicyDocument": quote(document)}
    template = {"templateArn": f"arn:aws:iam::{ACCOUNT}:role-template/{role.name}", "replacementValues": {}}
    return iam_call("AcquireRole", template, actor, {"role": answer}, **record)


def version_created(policy: str, version: str, document: dict, default: bool = True, actor: dict | None = None, **record) -> dict:
    """Somebody wrote a new version of a customer-managed policy."""
    made = {"policyVersion": {"versionId": version, "isDefaultVersion": default, "createDate": "Mar 2, 2026, 10:00:00 AM"}}
    parameters = {"policyArn": policy, "policyDocument": json.dumps(document), "setAsDefault": default}
    return iam_call("CreatePolicyVersion", parameters, actor, made, **record)


def default_set(policy: str, version: str, actor: dict | None = None, **record) -> dict:
    """Somebody made a version of a customer-managed policy the default."""
    return iam_call("SetDefaultPolicyVersion", {"policyArn": policy, "versionId": version}, actor, **record)


def exposure(*entities: str, code: str = "AWS_RISK_CREDENTIALS_EXPOSED", **envelope_members) -> dict:
    """AWS Health tells of a risk to these entities."""
    detail = {
        "eventArn": f"arn:aws:health:{REGION}::event/RISK/{code}/{uuid.uuid4()}",
        "service": "RISK",
        "eventTypeCode": code,
        "eventTypeCategory": "issue",
        "startTime": "Mon, 2 Mar 2026 12:05:40 GMT",
        "eventDescription": [{"language": "en_US", "latestDescription": "A description."}],
        "affectedEntities": [{"entityValue": entity} for entity in entities],
    }
    return delivered("aws.health", "AWS Health Event", list(entities), detail, **envelope_members)


def misuse(details: dict, severity: float = 8, type: str = "UnauthorizedAccess:IAMUser/MaliciousIPCaller.Custom", **detail) -> dict:
    """GuardDuty finds that somebody misuses credentials; `details` are its accessKeyDetails."""
    detail = {
        "schemaVersion": "2.0",
        "accountId": ACCOUNT,
        "region": REGION,
        "partition": "aws",
        "id": uuid.uuid4().hex,
        "type": type,
        "resource": {"resourceType": "AccessKey", "accessKeyDetails": details},
        "service": {"serviceName": "guardduty", "count": 1},
        "severity": severity,
        **detail,
    }
    return delivered("aws.guardduty", "GuardDuty Finding", [], detail)


def delivered(source: str, detail_type: str, resources: list[str], detail: dict, /, **members) -> dict:
    """An event as EventBridge delivers it just now; further keywords replace members of the envelope."""
    return {
        "version": "0",
        "id": str(uuid.uuid4()),
        "detail-type": detail_type,
        "source": source,
        "account": ACCOUNT,
        "time": just_now(),
        "region": REGION,
        "resources": resources,
        "detail": detail,
        **members,
    }


def scheduled(**members) -> dict:
    """EventBridge starts a function because its time has come."""
    return delivered("aws.events", "Scheduled Event", [f"arn:aws:events:{REGION}:{ACCOUNT}:rule/rescind-DetachPolicyFunctionTick"], {}, **members)


def just_now() -> str:
    """Whole seconds, as CloudTrail has them; rounded up, so that what a test made before is older in the emulator's finer clock too."""
    return (datetime.now(timezone.utc) + timedelta(seconds=1)).strftime("%Y-%m-%dT%H:%M:%SZ")


def iam_user(name: str, principal_id: str | None = None, **identity) -> dict:
    """A `userIdentity` of an IAM user; without an id it is as old records have it: no principalId."""
    known = {"principalId": principal_id} if principal_id else {}
    attributes = {"mfaAuthenticated": "false", "creationDate": "2017-11-07T21:18:20Z"}
    return {
        "type": "IAMUser",
        **known,
        "arn": f"arn:aws:iam::{ACCOUNT}:user/{name}",
        "accountId": ACCOUNT,
        "userName": name,
        "sessionContext": {"attributes": attributes},
        "invokedBy": "signin.amazonaws.com",
        **identity,
    }


def assumed_role(role: str, session: str = "someone", path: str = "/", id: str = "AROAEXAMPLEEXAMPLE00") -> dict:
    """A `userIdentity` of a session of a role."""
    return {
        "type": "AssumedRole",
        "principalId": f"{id}:{session}",
        "arn": f"arn:aws:sts::{ACCOUNT}:assumed-role/{role}/{session}",
        "accountId": ACCOUNT,
        "accessKeyId": "ASIAEXAMPLEEXAMPLE00",
        "sessionContext": {
            "sessionIssuer": {
                "type": "Role",
                "principalId": id,
                "arn": f"arn:aws:iam::{ACCOUNT}:role{path}{role}",
                "accountId": ACCOUNT,
                "userName": role,
            },
            "attributes": {"mfaAuthenticated": "true", "creationDate": "2017-11-07T21:18:20Z"},
        },
    }


def envelope(record: dict) -> dict:
    """A raw CloudTrail record as EventBridge would deliver it."""
    event_type = record.get("eventType", "AwsApiCall")
    source = "signin" if event_type == "AwsConsoleSignIn" else record.get("eventSource", "unknown").split(".")[0]
    seen = {"account": record.get("recipientAccountId") or ACCOUNT, "time": record.get("eventTime"), "region": record.get("awsRegion") or REGION}
    return delivered(f"aws.{source}", DETAIL_TYPES.get(event_type, DETAIL_TYPES["AwsApiCall"]), [], record, **seen)


def late(event: dict, hours: int = 5) -> dict:
    """The same event, delivered that many hours after it happened."""
    then = (datetime.now(timezone.utc) - timedelta(hours=hours)).strftime("%Y-%m-%dT%H:%M:%SZ")
    return {**but(event, **({"eventTime": then} if "eventTime" in event["detail"] else {})), "time": then}


def updated(event: dict, seconds: int = 60) -> dict:
    """The same finding, updated so much later."""
    then = (datetime.now(timezone.utc) + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")
    return {**event, "id": str(uuid.uuid4()), "time": then}


def anew(event: dict) -> dict:
    """The same call, made once more."""
    return but({**event, "id": str(uuid.uuid4())}, **({"eventID": str(uuid.uuid4())} if "eventID" in event["detail"] else {}))


def but(event: dict, **record) -> dict:
    """The same event with members of its record replaced."""
    changed = copy.deepcopy(event)
    changed["detail"].update(record)
    return changed


def corpus() -> list[tuple[str, dict]]:
    """Records that nobody here wrote, from the folder beside the repository; none where it is absent."""
    found = []
    for path in sorted((ROOT.parent / "shared" / "corpus").glob("*/records.ndjson")):
        for number, line in enumerate(path.read_text().splitlines(), 1):
            record = json.loads(line)
            event = record if "detail-type" in record or "detail" in record else envelope(record)
            found.append((f"{path.parent.name}:{number}", event))
    return found
