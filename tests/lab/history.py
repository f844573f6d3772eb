"""An account's history: calls that are made in the emulator, and the records of them that CloudTrail would write."""

import json
import random
from datetime import datetime, timedelta, timezone

from botocore.exceptions import ClientError
from botocore.parsers import ResponseParserError

from lab.emulator import ACCOUNT, Emulator
from lab.events import anew, iam_user, sample

ADMIN = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
READ = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}]}
TRUST = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}]}
BEGIN = datetime(2026, 3, 2, 12, tzinfo=timezone.utc)


def camel(value):
    """As CloudTrail writes what boto3 takes and gives."""
    if isinstance(value, dict):
        return {key[:1].lower() + key[1:]: camel(inner) for key, inner in value.items() if key != "ResponseMetadata"}
    if isinstance(value, list):
        return [camel(inner) for inner in value]
    return value if isinstance(value, (str, bool, int)) or value is None else str(value)


def record(call: str, parameters: dict, response: dict | None = None, time: datetime = BEGIN, **members) -> dict:
    template = anew(sample("attach-user-policy"))["detail"]
    return {
        **template,
        "eventName": call,
        "eventTime": time.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "userIdentity": iam_user("mallory", "AIDAMALLORYEXAMPLE01"),
        "requestParameters": camel(parameters),
        "responseElements": camel(response) or None,
        "recipientAccountId": ACCOUNT,
        **members,
    }


class History:
    """An account in the emulator, and the records of every call that was made in it."""

    def __init__(self, account: Emulator, begin: datetime = BEGIN, happened=lambda record: None):
        self.iam, self.time, self.records, self.happened = account.iam, begin, [], happened

    def call(self, name: str, **parameters) -> dict | None:
        method = "".join("_" + letter.lower() if letter.isupper() else letter for letter in name).lstrip("_").replace("m_f_a_", "mfa_")
        try:
            response, refused = getattr(self.iam, method)(**parameters), {}
        except ClientError as error:
            response, refused = None, {"errorCode": error.response["Error"]["Code"]}
        except ResponseParserError:  # the emulator's own failure, which changes nothing
            response, refused = None, {"errorCode": "ServiceFailure"}
        self.records.append(record(name, parameters, response, self.time, **refused))
        self.happened(self.records[-1])
        self.time += timedelta(seconds=random.Random(len(self.records)).randrange(2))
        return response


def walk(history: History, seed: int, steps: int) -> None:
    """Random calls, of which many are refused: the names are few."""
    chance = random.Random(seed)
    arns: list[str] = []
    user, group, role, policy = (lambda kind=kind: f"{kind}-{chance.randrange(3)}" for kind in ("user", "group", "role", "policy"))
    arn = lambda: chance.choice(arns or [f"arn:aws:iam::{ACCOUNT}:policy/none"])  # noqa: E731
    text = lambda: json.dumps(chance.choice([ADMIN, READ]))  # noqa: E731
    path = lambda: chance.choice(["/", "/team/"])  # noqa: E731
    calls = {
        "CreateUser": lambda: {"UserName": user(), "Path": path()},
        "CreateGroup": lambda: {"GroupName": group()},
        "CreateRole": lambda: {"RoleName": role(), "AssumeRolePolicyDocument": json.dumps(TRUST), "Tags": [{"Key": "of", "Value": "a"}]},  # the emulator mixes up the tags of renamed users
        "CreatePolicy": lambda: {"PolicyName": policy(), "PolicyDocument": text()},
        "CreatePolicyVersion": lambda: {"PolicyArn": arn(), "PolicyDocument": text(), "SetAsDefault": chance.random() < 0.5},
        "SetDefaultPolicyVersion": lambda: {"PolicyArn": arn(), "VersionId": f"v{chance.randrange(1, 4)}"},
        "DeletePolicyVersion": lambda: {"PolicyArn": arn(), "VersionId": f"v{chance.randrange(1, 4)}"},
        "AttachUserPolicy": lambda: {"UserName": user(), "PolicyArn": arn()},
        "AttachGroupPolicy": lambda: {"GroupName": group(), "PolicyArn": arn()},
        "AttachRolePolicy": lambda: {"RoleName": role(), "PolicyArn": arn()},
        "DetachUserPolicy": lambda: {"UserName": user(), "PolicyArn": arn()},
        "DetachGroupPolicy": lambda: {"GroupName": group(), "PolicyArn": arn()},
        "DetachRolePolicy": lambda: {"RoleName": role(), "PolicyArn": arn()},
        "PutUserPolicy": lambda: {"UserName": user(), "PolicyName": policy(), "PolicyDocument": text()},
        "PutGroupPolicy": lambda: {"GroupName": group(), "PolicyName": policy(), "PolicyDocument": text()},
        "PutRolePolicy": lambda: {"RoleName": role(), "PolicyName": policy(), "PolicyDocument": text()},
        "DeleteUserPolicy": lambda: {"UserName": user(), "PolicyName": policy()},
        "DeleteGroupPolicy": lambda: {"GroupName": group(), "PolicyName": policy()},
        "DeleteRolePolicy": lambda: {"RoleName": role(), "PolicyName": policy()},
        "PutUserPermissionsBoundary": lambda: {"UserName": user(), "PermissionsBoundary": arn()},
        "DeleteUserPermissionsBoundary": lambda: {"UserName": user()},
        "PutRolePermissionsBoundary": lambda: {"RoleName": role(), "PermissionsBoundary": arn()},
        "DeleteRolePermissionsBoundary": lambda: {"RoleName": role()},
        "AddUserToGroup": lambda: {"UserName": user(), "GroupName": group()},
        "RemoveUserFromGroup": lambda: {"UserName": user(), "GroupName": group()},
        "UpdateAssumeRolePolicy": lambda: {"RoleName": role(), "PolicyDocument": json.dumps(TRUST | {"Id": str(chance.randrange(9))})},
        "UpdateUser": lambda: {"UserName": user(), "NewUserName": user()},
        "UpdateGroup": lambda: {"GroupName": group(), "NewGroupName": group()},
        "TagRole": lambda: {"RoleName": role(), "Tags": [{"Key": "team", "Value": chance.choice("xy")}]},
        "UntagRole": lambda: {"RoleName": role(), "TagKeys": [chance.choice(["of", "team"])]},
        "DeleteUser": lambda: {"UserName": user()},
        "DeleteGroup": lambda: {"GroupName": group()},
        "DeleteRole": lambda: {"RoleName": role()},
        "DeletePolicy": lambda: {"PolicyArn": arn()},
    }
    for call in ["CreateUser", "CreateGroup", "CreateRole", "CreatePolicy"] * 3 + chance.choices(list(calls), k=steps):
        made = history.call(call, **calls[call]())
        if call == "CreatePolicy" and made:
            arns.append(made["Policy"]["Arn"])
