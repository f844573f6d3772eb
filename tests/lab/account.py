"""The whole of an account's IAM as a set of facts, and how to empty it.

A fact is one sentence, so that the difference between two snapshots reads as what happened:
`- user polsen holds arn:aws:iam::aws:policy/job-function/Billing`.
"""

import contextlib
import json
from collections.abc import Iterator
from urllib.parse import unquote

from botocore.handlers import json_decode_policies

# The emulator knows no permissions boundary of a user; the proxy keeps it in this tag.
BOUNDARY = "lab:boundary"
# The emulator gives the time at which it made the user as that of the login profile; the proxy takes it from this tag.
LOGIN = "lab:login"
# Where the emulator says the facts itself.
PAGE = "/lab/facts"
LOCAL = ["User", "Role", "Group", "LocalManagedPolicy"]  # AWS's own policies cannot change


def facts(iam) -> frozenset[str]:
    details = _details(iam)
    return frozenset(
        fact
        for source in (
            *(_user(iam, user) for user in details["UserDetailList"]),
            *(_group(group) for group in details["GroupDetailList"]),
            *(_role(iam, role) for role in details["RoleDetailList"]),
            *(_policy(iam, policy) for policy in details["Policies"]),
            _account(iam),
        )
        for fact in source
    )


def _details(iam) -> dict[str, list]:
    found = {"UserDetailList": [], "GroupDetailList": [], "RoleDetailList": [], "Policies": []}
    for page in iam.get_paginator("get_account_authorization_details").paginate(Filter=LOCAL):
        for kind, entries in found.items():
            entries += page[kind]
    return found


def _user(iam, user: dict) -> Iterator[str]:
    name = user["UserName"]
    who = f"user {name}"
    yield f"{who} has id {user['UserId']} and arn {user['Arn']}"
    yield from _grants(who, user.get("AttachedManagedPolicies"), user.get("UserPolicyList"))
    for group in user.get("GroupList", []):
        yield f"{who} is in group {group}"
    live = iam.get_user(UserName=name)["User"]
    yield from tags(who, live.get("Tags", []))
    yield from _boundary(who, live)
    for key in iam.list_access_keys(UserName=name)["AccessKeyMetadata"]:
        yield f"{who} has access key {key['AccessKeyId']}, {key['Status']}"
    for key in iam.list_ssh_public_keys(UserName=name)["SSHPublicKeys"]:
        yield f"{who} has SSH public key {key['SSHPublicKeyId']}, {key['Status']}"
    for certificate in iam.list_signing_certificates(UserName=name)["Certificates"]:
        yield f"{who} has signing certificate {certificate['CertificateId']}, {certificate['Status']}"
    for device in iam.list_mfa_devices(UserName=name)["MFADevices"]:
        yield f"{who} has MFA device {device['SerialNumber']}"
    with contextlib.suppress(iam.exceptions.NoSuchEntityException):
        iam.get_login_profile(UserName=name)
        yield f"{who} has a console password"


def _group(group: dict) -> Iterator[str]:
    who = f"group {group['GroupName']}"
    yield f"{who} has id {group['GroupId']} and arn {group['Arn']}"
    yield from _grants(who, group.get("AttachedManagedPolicies"), group.get("GroupPolicyList"))


def _role(iam, role: dict) -> Iterator[str]:
    who = f"role {role['RoleName']}"
    yield f"{who} has id {role['RoleId']} and arn {role['Arn']}"
    yield f"{who} trusts {_document(role['AssumeRolePolicyDocument'])}"
    yield from _grants(who, role.get("AttachedManagedPolicies"), role.get("RolePolicyList"))
    for profile in role.get("InstanceProfileList", []):
        yield f"{who} is in instance profile {profile['InstanceProfileName']}"
    live = iam.get_role(RoleName=role["RoleName"])["Role"]
    yield from tags(who, live.get("Tags", []))
    yield from _boundary(who, live)


def _policy(iam, policy: dict) -> Iterator[str]:
    which = f"policy {policy['Arn']}"
    yield f"{which} has id {iam.get_policy(PolicyArn=policy['Arn'])['Policy']['PolicyId']}"
    for version in policy["PolicyVersionList"]:
        default = ", the default," if version["IsDefaultVersion"] else ""
        yield f"{which} version {version['VersionId']}{default} is {_document(version['Document'])}"
    yield from tags(which, iam.list_policy_tags(PolicyArn=policy["Arn"])["Tags"])


def _account(iam) -> Iterator[str]:
    for alias in iam.list_account_aliases()["AccountAliases"]:
        yield f"account has alias {alias}"
    for device in iam.list_virtual_mfa_devices()["VirtualMFADevices"]:
        yield f"account has virtual MFA device {device['SerialNumber']}"
    yield from password_policy_of(iam)


def password_policy_of(iam) -> Iterator[str]:
    with contextlib.suppress(iam.exceptions.NoSuchEntityException):
        yield password_policy(iam.get_account_password_policy()["PasswordPolicy"])


def password_policy(rules: dict) -> str:
    """The fact that the account has this password policy, by IAM's answer."""
    return f"account has password policy {_document(rules)}"


def _grants(who: str, attached: list | None, inline: list | None) -> Iterator[str]:
    for policy in attached or []:
        yield f"{who} holds {policy['PolicyArn']}"
    for policy in inline or []:
        yield f"{who} has inline policy {policy['PolicyName']}: {_document(policy['PolicyDocument'])}"


def tags(who: str, listed: list[dict]) -> Iterator[str]:
    """What the tags of somebody say, those with which the proxy makes up for what the emulator lacks among them."""
    for tag in listed:
        if tag["Key"] == BOUNDARY:
            yield f"{who} is bounded by {tag['Value']}"
            continue
        if tag["Key"] == LOGIN:
            continue
        yield f"{who} has tag {tag['Key']}={tag['Value']}"


def _boundary(who: str, entity: dict) -> Iterator[str]:
    if boundary := entity.get("PermissionsBoundary"):
        yield f"{who} is bounded by {boundary['PermissionsBoundaryArn']}"


def _document(document) -> str:
    return document if isinstance(document, str) else json.dumps(document, sort_keys=True)


def inline_text(iam, kind: str, name: str, policy: str) -> str | None:
    """The text of an inline policy, byte for byte; `None` if there is none. The client decodes no document from here on."""
    iam.meta.events.unregister("after-call.iam", json_decode_policies)
    try:
        got = getattr(iam, f"get_{kind}_policy")(**{f"{kind.capitalize()}Name": name, "PolicyName": policy})
    except iam.exceptions.NoSuchEntityException:
        return None
    return unquote(got["PolicyDocument"])


def clear(iam, keep: frozenset[str] = frozenset()) -> None:
    """Deletes everything that `facts` tells of, as far as IAM lets it.

    Where some users, groups, roles and policies are to be kept, by their names, the account's password policy is kept as well.
    """
    details = _details(iam)
    for user in details["UserDetailList"]:
        if user["UserName"] not in keep:
            _clear_user(iam, user)
    for group in details["GroupDetailList"]:
        if group["GroupName"] not in keep:
            _clear_group(iam, group)
    for role in details["RoleDetailList"]:
        if role["RoleName"] not in keep:
            _clear_role(iam, role)
    for policy in details["Policies"]:
        if policy["Arn"].rsplit("/", 1)[-1] in keep:
            continue
        _clear_policy(iam, policy)
    for device in iam.list_virtual_mfa_devices()["VirtualMFADevices"]:
        iam.delete_virtual_mfa_device(SerialNumber=device["SerialNumber"])
    if not keep:
        with contextlib.suppress(iam.exceptions.NoSuchEntityException):
            iam.delete_account_password_policy()


def remove(iam, kind: str, name: str) -> None:
    """Deletes one user, group, role or policy with everything that belongs to it."""
    details = _details(iam)
    if kind == "policy":
        (policy,) = [policy for policy in details["Policies"] if policy["Arn"].rsplit("/", 1)[-1] == name]
        for holders in iam.get_paginator("list_entities_for_policy").paginate(PolicyArn=policy["Arn"]):
            for holder in ("User", "Group", "Role"):
                for entity in holders[f"Policy{holder}s"]:
                    getattr(iam, f"detach_{holder.lower()}_policy")(**{f"{holder}Name": entity[f"{holder}Name"], "PolicyArn": policy["Arn"]})
        _clear_policy(iam, policy)
        return
    clear_one = {"user": _clear_user, "group": _clear_group, "role": _clear_role}[kind]
    (entity,) = [entity for entity in details[f"{kind.capitalize()}DetailList"] if entity[f"{kind.capitalize()}Name"] == name]
    if kind == "group":
        for user in iam.get_group(GroupName=name)["Users"]:
            iam.remove_user_from_group(UserName=user["UserName"], GroupName=name)
    clear_one(iam, entity)


def _clear_policy(iam, policy: dict) -> None:
    for version in policy["PolicyVersionList"]:
        if not version["IsDefaultVersion"]:
            iam.delete_policy_version(PolicyArn=policy["Arn"], VersionId=version["VersionId"])
    iam.delete_policy(PolicyArn=policy["Arn"])


def _clear_user(iam, user: dict) -> None:
    name = user["UserName"]
    _clear_grants(iam, "user", {"UserName": name}, user.get("AttachedManagedPolicies"), user.get("UserPolicyList"))
    for group in user.get("GroupList", []):
        iam.remove_user_from_group(UserName=name, GroupName=group)
    for key in iam.list_access_keys(UserName=name)["AccessKeyMetadata"]:
        iam.delete_access_key(UserName=name, AccessKeyId=key["AccessKeyId"])
    for key in iam.list_ssh_public_keys(UserName=name)["SSHPublicKeys"]:
        iam.delete_ssh_public_key(UserName=name, SSHPublicKeyId=key["SSHPublicKeyId"])
    for certificate in iam.list_signing_certificates(UserName=name)["Certificates"]:
        iam.delete_signing_certificate(UserName=name, CertificateId=certificate["CertificateId"])
    with contextlib.suppress(iam.exceptions.NoSuchEntityException):
        iam.delete_login_profile(UserName=name)
    iam.delete_user(UserName=name)


def _clear_group(iam, group: dict) -> None:
    name = group["GroupName"]
    _clear_grants(iam, "group", {"GroupName": name}, group.get("AttachedManagedPolicies"), group.get("GroupPolicyList"))
    iam.delete_group(GroupName=name)


def _clear_role(iam, role: dict) -> None:
    name = role["RoleName"]
    _clear_grants(iam, "role", {"RoleName": name}, role.get("AttachedManagedPolicies"), role.get("RolePolicyList"))
    iam.delete_role(RoleName=name)


def _clear_grants(iam, kind: str, entity: dict, attached: list | None, inline: list | None) -> None:
    for policy in attached or []:
        getattr(iam, f"detach_{kind}_policy")(**entity, PolicyArn=policy["PolicyArn"])
    for policy in inline or []:
        getattr(iam, f"delete_{kind}_policy")(**entity, PolicyName=policy["PolicyName"])
