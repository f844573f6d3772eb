"""Calls that the roles may make, and calls that they may never make.

That a role allows exactly the calls of its function is proven elsewhere: by recording them (tests/acceptance/test_least_privilege.py).
"""

import json

import boto3
import pytest
from lab.world import WITHOUT_MFA

from .stack import ACCOUNT, STACK_ID, allowed_calls, applying, listed, logical_id, may, statements, translate

FUNCTIONS = sorted(translate().functions())
# IAM knows no resource for these calls (Service Authorization Reference, IAM), so each is allowed on every resource or not at all.
WITHOUT_A_RESOURCE = {
    "iam:GetAccountAuthorizationDetails",
    "iam:GetAccountPasswordPolicy",
    "iam:ListAccountAliases",
    "iam:UpdateAccountPasswordPolicy",
}
# Answers changes of the account itself, and reads no user, group, role or policy.
READS_NO_IDENTITY = {"RestorePasswordPolicyFunction", "WatchTamperingFunction"}
# The role that the schedule has, and the one that it tags.
OF_THE_HEARTBEAT = ["Canary", "HeartbeatRole"]
IAM = f"arn:aws:iam::{ACCOUNT}:"
OWN_ROLE = "role/rescind-DetachPolicyFunctionRole"
DENY_EVERYTHING = f"policy/rescind/RescindDenyEverything-{STACK_ID}"
DENIALS = [IAM + DENY_EVERYTHING, "arn:aws:iam::aws:policy/AWSDenyAll"]
ROLES_OF_AWS = ["role/aws-service-role/support.amazonaws.com/AWSServiceRoleForSupport", "role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_Admin_1"]


def changes_to_a_role():
    """The IAM calls that change a role: all that take a role's name and do not only read, as botocore knows them. An instance profile is
    another resource, and PassRole is a permission without a call."""
    model = boto3.client("iam", region_name="us-east-1").meta.service_model
    inputs = {name: model.operation_model(name).input_shape for name in model.operation_names}
    writes = [name for name, shape in inputs.items() if shape and "RoleName" in shape.members]
    writes = [name for name in writes if not name.startswith(("Get", "List")) and "InstanceProfile" not in name]
    assert len(writes) > 10
    return [f"iam:{name}" for name in [*writes, "PassRole"]]


def role_of(function):
    """The logical id of a function's role, by the name of the function's folder."""
    return f"{logical_id(function)}Role"


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_role_names_each_call_that_it_allows(stack, function):
    assert "sns:Publish" in allowed_calls(stack, stack.role_of(function))


@pytest.mark.parametrize("function", FUNCTIONS)
def test_every_function_has_a_role_of_its_own(stack, function):
    assert stack.role_of(function) == f"{function}Role"
    others = {stack.role_of(other) for other in FUNCTIONS if other != function}
    assert stack.role_of(function) not in others


def test_no_role_is_of_anything_but_a_function_or_the_heartbeat(stack):
    assert sorted(stack.of_type("AWS::IAM::Role")) == sorted([*OF_THE_HEARTBEAT, *(f"{function}Role" for function in FUNCTIONS)])


def test_the_heartbeat_tags_one_role_that_nobody_can_assume_and_does_nothing_else(stack):
    role, canary = stack.properties("HeartbeatRole"), stack.properties("Canary")
    assert [s for policy in role["Policies"] for s in policy["PolicyDocument"]["Statement"]] == [
        {"Effect": "Allow", "Action": "iam:TagRole", "Resource": stack.arn("Canary")}
    ]
    (statement,) = role["AssumeRolePolicyDocument"]["Statement"]
    assert (statement["Principal"], statement["Condition"]) == ({"Service": "scheduler.amazonaws.com"}, {"StringEquals": {"aws:SourceAccount": ACCOUNT}})
    assert canary["AssumeRolePolicyDocument"]["Statement"] == [{"Effect": "Deny", "Principal": "*", "Action": "sts:AssumeRole"}]
    assert "Policies" not in canary and "ManagedPolicyArns" not in canary
    schedule = stack.properties("Heartbeat")["Target"]
    assert schedule["RoleArn"] == stack.arn("HeartbeatRole") and schedule["Arn"].endswith(":aws-sdk:iam:tagRole")
    assert json.loads(schedule["Input"])["RoleName"] == stack.name("Canary")


@pytest.mark.parametrize("function", FUNCTIONS)
def test_only_lambda_may_assume_a_function_role(stack, function):
    statement, = stack.properties(stack.role_of(function))["AssumeRolePolicyDocument"]["Statement"]
    assert statement == {"Effect": "Allow", "Action": ["sts:AssumeRole"], "Principal": {"Service": ["lambda.amazonaws.com"]}}


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_role_allows_a_call_on_every_resource_only_if_iam_knows_no_resource_for_it(stack, function):
    role = stack.role_of(function)
    assert [s for s in statements(stack, role) if s["Effect"] == "Allow" and "NotResource" in s] == []
    everywhere = {action for action in allowed_calls(stack, role) if may(stack, role, action, "arn:aws:any:thing:at:all")}
    assert everywhere == WITHOUT_A_RESOURCE & allowed_calls(stack, role)


@pytest.mark.parametrize("function", FUNCTIONS)
def test_no_function_may_change_a_role_of_its_own_stack_or_of_aws(stack, function):
    roles = [*map(stack.arn, stack.of_type("AWS::IAM::Role")), *(IAM + role for role in ROLES_OF_AWS)]
    for action in changes_to_a_role():
        for role in roles:
            denials = applying(stack, stack.role_of(function), "Deny", action, role)
            assert any("Condition" not in s for s in denials), f"{action} on {role}"


@pytest.mark.parametrize("function", FUNCTIONS)
def test_no_function_may_change_a_break_glass_principal(full_stack, function):
    for principal in ("user/ops/break-glass", "role/Emergency"):
        allowed = [action for action in allowed_calls(full_stack, full_stack.role_of(function)) if action.startswith("iam:")]
        reading = [action for action in allowed if action.split(":")[1].startswith(("Get", "List"))]
        for action in set(allowed) - set(reading) - {"iam:AddUserToGroup", "iam:RemoveUserFromGroup", "iam:CreatePolicy", "iam:SetDefaultPolicyVersion"}:
            denials = applying(full_stack, full_stack.role_of(function), "Deny", action, IAM + principal)
            assert any("Condition" not in s for s in denials), f"{action} on {principal}"


@pytest.mark.parametrize(
    ("function", "action", "resources"),
    [
        ("detach-policy", "iam:DetachUserPolicy", ["user/polsen", "user/finance/polsen"]),
        ("detach-policy", "iam:DetachGroupPolicy", ["group/staff"]),
        ("detach-policy", "iam:DetachRolePolicy", ["role/build"]),
        ("detach-policy", "iam:ListEntitiesForPolicy", ["policy/own"]),
        ("detach-policy", "iam:GetRolePolicy", ["role/build", OWN_ROLE]),
        ("delete-inline-policy", "iam:DeleteUserPolicy", ["user/polsen", "user/finance/polsen"]),
        ("delete-inline-policy", "iam:DeleteGroupPolicy", ["group/staff"]),
        ("delete-inline-policy", "iam:DeleteRolePolicy", ["role/build"]),
        ("delete-inline-policy", "iam:GetRolePolicy", ["role/build"]),
        ("remove-group-member", "iam:RemoveUserFromGroup", ["group/admins", "group/ops/admins"]),
        ("remove-group-member", "iam:GetGroup", ["group/admins"]),
        ("restore-trust", "iam:UpdateAssumeRolePolicy", ["role/web", "role/team/web"]),
        ("restore-trust", "iam:GetRole", ["role/web"]),
        ("restore-policy-version", "iam:SetDefaultPolicyVersion", ["policy/own", "policy/build/Tools", "policy/rescind/Tools"]),
        ("restore-policy-version", "iam:ListPolicyVersions", ["policy/own"]),
        ("restore-policy-version", "iam:ListEntitiesForPolicy", ["policy/own"]),
        ("restore-guard", "iam:AttachUserPolicy", ["user/polsen", "user/finance/polsen"]),
        ("restore-guard", "iam:AttachGroupPolicy", ["group/staff"]),
        ("restore-guard", "iam:AttachRolePolicy", ["role/build"]),
        ("restore-guard", "iam:PutRolePolicy", ["role/build"]),
        ("restore-guard", "iam:PutUserPermissionsBoundary", ["user/polsen"]),
        ("restore-guard", "iam:PutRolePermissionsBoundary", ["role/build"]),
        ("restore-guard", "iam:AddUserToGroup", ["group/denied"]),
        ("detach-everywhere", "iam:DetachUserPolicy", ["user/polsen", "user/finance/polsen"]),
        ("detach-everywhere", "iam:DetachGroupPolicy", ["group/staff"]),
        ("detach-everywhere", "iam:DetachRolePolicy", ["role/build"]),
        ("detach-everywhere", "iam:ListPolicyVersions", ["policy/own"]),
        ("detach-everywhere", "iam:ListEntitiesForPolicy", ["policy/own"]),
        ("remove-login", "iam:DeleteLoginProfile", ["user/polsen", "user/finance/polsen"]),
        ("remove-login", "iam:GetLoginProfile", ["user/polsen"]),
        ("remove-login", "iam:ListMFADevices", ["user/polsen"]),
        ("quarantine-key", "iam:UpdateAccessKey", ["user/deploy", "user/ci/deploy"]),
        ("quarantine-key", "iam:UpdateSSHPublicKey", ["user/deploy"]),
        ("quarantine-key", "iam:UpdateSigningCertificate", ["user/deploy"]),
        ("quarantine-key", "iam:UpdateServiceSpecificCredential", ["user/deploy"]),
        ("quarantine-key", "iam:ListAccessKeys", ["user/deploy"]),
        ("quarantine-key", "iam:GetRolePolicy", ["role/build"]),
        ("quarantine-principal", "iam:PutUserPermissionsBoundary", ["user/polsen", "user/finance/polsen"]),
        ("quarantine-principal", "iam:SetDefaultPolicyVersion", ["policy/rescind/RescindQuarantine-1772455454", DENY_EVERYTHING]),
        ("quarantine-principal", "iam:PutRolePolicy", ["role/web"]),
        ("quarantine-principal", "iam:CreatePolicy", ["policy/rescind/RescindQuarantine-1772455454"]),
        ("quarantine-principal", "iam:AttachUserPolicy", ["user/polsen"]),
        ("quarantine-principal", "iam:AttachRolePolicy", ["role/web"]),
        ("quarantine-principal", "iam:ListRolePolicies", ["role/web"]),
    ],
)
def test_a_function_reaches_its_targets(stack, function, action, resources):
    assert all(may(stack, role_of(function), action, IAM + resource) for resource in resources)
    assert not any(may(stack, role_of(function), action, resource) for resource in ["*", "arn:aws:iam::999999999999:user/polsen"])


@pytest.mark.parametrize(
    ("function", "action", "resources"),
    [
        ("detach-policy", "iam:DetachRolePolicy", [OWN_ROLE, *ROLES_OF_AWS]),
        ("detach-policy", "iam:AttachUserPolicy", ["user/polsen"]),
        ("detach-policy", "iam:DeleteUserPolicy", ["user/polsen"]),
        ("detach-policy", "iam:DeleteUser", ["user/polsen"]),
        ("detach-policy", "iam:ListEntitiesForPolicy", ["user/polsen"]),
        ("delete-inline-policy", "iam:DeleteRolePolicy", [OWN_ROLE, *ROLES_OF_AWS]),
        ("delete-inline-policy", "iam:PutUserPolicy", ["user/polsen"]),
        ("delete-inline-policy", "iam:DetachUserPolicy", ["user/polsen"]),
        ("delete-inline-policy", "iam:DeletePolicy", ["policy/own"]),
        ("remove-group-member", "iam:RemoveUserFromGroup", ["user/polsen"]),
        ("remove-group-member", "iam:AddUserToGroup", ["group/admins"]),
        ("remove-group-member", "iam:DeleteGroup", ["group/admins"]),
        ("restore-trust", "iam:UpdateAssumeRolePolicy", [OWN_ROLE, *ROLES_OF_AWS]),
        ("restore-trust", "iam:UpdateAssumeRolePolicy", ["user/polsen"]),
        ("restore-trust", "iam:CreateRole", ["role/web"]),
        ("restore-trust", "iam:PutRolePolicy", ["role/web"]),
        ("restore-policy-version", "iam:SetDefaultPolicyVersion", [DENY_EVERYTHING, "policy/rescind/RescindQuarantine-1772455454"]),
        ("restore-policy-version", "iam:CreatePolicyVersion", ["policy/own"]),
        ("restore-policy-version", "iam:DeletePolicyVersion", ["policy/own"]),
        ("restore-policy-version", "iam:DetachUserPolicy", ["user/polsen"]),
        ("restore-guard", "iam:PutRolePolicy", [OWN_ROLE, *ROLES_OF_AWS]),
        ("restore-guard", "iam:AttachRolePolicy", [OWN_ROLE, *ROLES_OF_AWS]),
        ("restore-guard", "iam:PutRolePermissionsBoundary", [OWN_ROLE, *ROLES_OF_AWS]),
        ("restore-guard", "iam:DetachUserPolicy", ["user/polsen"]),
        ("restore-guard", "iam:DeleteRolePermissionsBoundary", ["role/build"]),
        ("restore-guard", "iam:RemoveUserFromGroup", ["group/denied"]),
        ("restore-guard", "iam:CreatePolicyVersion", ["policy/own"]),
        ("detach-everywhere", "iam:DetachRolePolicy", [OWN_ROLE, *ROLES_OF_AWS]),
        ("detach-everywhere", "iam:AttachUserPolicy", ["user/polsen"]),
        ("detach-everywhere", "iam:SetDefaultPolicyVersion", ["policy/own"]),
        ("detach-everywhere", "iam:DeleteUserPermissionsBoundary", ["user/polsen"]),
        ("remove-login", "iam:CreateLoginProfile", ["user/polsen"]),
        ("remove-login", "iam:UpdateLoginProfile", ["user/polsen"]),
        ("remove-login", "iam:DeleteUser", ["user/polsen"]),
        ("quarantine-key", "iam:UpdateAccessKey", ["role/build"]),
        ("quarantine-key", "iam:DeleteAccessKey", ["user/deploy"]),
        ("quarantine-key", "iam:CreateAccessKey", ["user/deploy"]),
        ("quarantine-key", "iam:UpdateLoginProfile", ["user/deploy"]),
        ("quarantine-key", "iam:PutUserPolicy", ["user/deploy"]),
        ("quarantine-principal", "iam:PutRolePolicy", [OWN_ROLE, *ROLES_OF_AWS]),
        ("quarantine-principal", "iam:AttachRolePolicy", [OWN_ROLE, *ROLES_OF_AWS]),
        ("quarantine-principal", "iam:PutGroupPolicy", ["group/staff"]),
        ("quarantine-principal", "iam:AttachGroupPolicy", ["group/staff"]),
        ("quarantine-principal", "iam:PutUserPolicy", ["user/polsen"]),
        ("quarantine-principal", "iam:PutRolePermissionsBoundary", ["role/web"]),
        ("quarantine-principal", "iam:CreatePolicy", ["policy/RescindQuarantine-1", DENY_EVERYTHING]),
        ("quarantine-principal", "iam:CreatePolicyVersion", ["policy/rescind/RescindQuarantine-1", DENY_EVERYTHING]),
        ("quarantine-principal", "iam:SetDefaultPolicyVersion", ["policy/own"]),
        ("quarantine-principal", "iam:DeletePolicy", ["policy/rescind/RescindQuarantine-1", DENY_EVERYTHING]),
        ("quarantine-principal", "iam:DeleteUserPolicy", ["user/polsen"]),
        ("quarantine-principal", "iam:DetachUserPolicy", ["user/polsen"]),
        ("quarantine-principal", "iam:UpdateAssumeRolePolicy", ["role/web"]),
    ],
)
def test_a_function_reaches_nothing_else(stack, function, action, resources):
    assert not any(may(stack, role_of(function), action, IAM + resource) for resource in resources)


def test_restore_password_policy_sets_the_policy_and_nothing_else(stack):
    role = role_of("restore-password-policy")
    iam = {call for call in allowed_calls(stack, role) if call.startswith("iam:")}
    assert iam == {"iam:GetAccountPasswordPolicy", "iam:UpdateAccountPasswordPolicy"}
    others = {function for function in FUNCTIONS if may(stack, stack.role_of(function), "iam:UpdateAccountPasswordPolicy", "*")}
    assert others == {"RestorePasswordPolicyFunction"}


@pytest.mark.parametrize("function", sorted(set(FUNCTIONS) - READS_NO_IDENTITY))
@pytest.mark.parametrize(
    ("action", "resource"),
    [
        ("iam:GetUser", "user/polsen"),
        ("iam:ListGroupsForUser", "user/polsen"),
        ("iam:GetUserPolicy", "user/finance/polsen"),
        ("iam:GetGroupPolicy", "group/staff"),
        ("iam:ListAttachedGroupPolicies", "group/staff"),
        ("iam:GetPolicyVersion", "policy/own"),
    ],
)
def test_every_function_reads_users_groups_and_policies(stack, function, action, resource):
    assert may(stack, stack.role_of(function), action, IAM + resource)


@pytest.mark.parametrize("function", sorted(set(FUNCTIONS) - READS_NO_IDENTITY))
def test_every_function_reads_the_policies_of_aws(stack, function):
    assert may(stack, stack.role_of(function), "iam:GetPolicyVersion", "arn:aws:iam::aws:policy/job-function/Billing")


def test_policies_of_aws_can_be_asked_for_their_holders(stack):
    assert may(stack, role_of("detach-policy"), "iam:ListEntitiesForPolicy", "arn:aws:iam::aws:policy/job-function/Billing")


@pytest.mark.parametrize(
    ("action", "resource", "condition"),
    [
        ("iam:AttachUserPolicy", "user/polsen", {"ArnEquals": {"iam:PolicyARN": DENIALS}}),
        ("iam:PutUserPermissionsBoundary", "user/polsen", {"StringEquals": {"iam:PermissionsBoundary": DENIALS}}),
        ("iam:AttachRolePolicy", "role/web", {"ArnLike": {"iam:PolicyARN": f"{IAM}policy/rescind/RescindQuarantine-*"}}),
    ],
)
def test_quarantine_principal_attaches_nothing_but_denials(stack, action, resource, condition):
    statement, = applying(stack, role_of("quarantine-principal"), "Allow", action, IAM + resource)
    assert statement["Condition"] == condition


def test_the_policy_that_contains_users_outlives_the_stack_and_is_no_other_stack_s(stack):
    policy = stack.resources["DenyEverythingPolicy"]
    assert (policy["DeletionPolicy"], policy["UpdateReplacePolicy"]) == ("Retain", "Retain")
    assert f"{IAM}policy{policy['Properties']['Path']}{policy['Properties']['ManagedPolicyName']}" == IAM + DENY_EVERYTHING
    (statement,) = policy["Properties"]["PolicyDocument"]["Statement"]
    assert statement == {"Sid": "Quarantine", "Effect": "Deny", "Action": "*", "Resource": "*"}


def test_the_policy_that_asks_for_mfa_says_what_the_functions_look_for_and_remove_login_moves_no_other(stack):
    policy = stack.resources["DenyWithoutMfaPolicy"]
    assert (policy["DeletionPolicy"], policy["UpdateReplacePolicy"]) == ("Retain", "Retain")
    assert policy["Properties"]["PolicyDocument"] == WITHOUT_MFA
    arn = f"{IAM}policy/rescind/RescindDenyWithoutMfa-{STACK_ID}"
    assert arn == f"{IAM}policy{policy['Properties']['Path']}{policy['Properties']['ManagedPolicyName']}"
    for action in ("iam:AttachUserPolicy", "iam:DetachUserPolicy"):
        (statement,) = applying(stack, role_of("remove-login"), "Allow", action, IAM + "user/polsen")
        assert statement["Condition"] == {"ArnEquals": {"iam:PolicyARN": arn}}


@pytest.mark.parametrize("function", FUNCTIONS)
@pytest.mark.parametrize("kind", ["User", "Group", "Role"])
def test_no_function_detaches_a_quarantine_of_aws(stack, function, kind):
    denials = applying(stack, stack.role_of(function), "Deny", f"iam:Detach{kind}Policy", f"{IAM}{kind.lower()}/polsen")
    condition = {"ArnLike": {"iam:PolicyARN": ["arn:aws:iam::aws:policy/AWSCompromisedKeyQuarantine*", IAM + DENY_EVERYTHING]}}
    assert [denial["Condition"] for denial in denials].count(condition) == 1


@pytest.mark.parametrize("kind", ["User", "Group", "Role"])
def test_detach_everywhere_detaches_no_policy_of_rescind_s(stack, kind):
    denials = applying(stack, role_of("detach-everywhere"), "Deny", f"iam:Detach{kind}Policy", f"{IAM}{kind.lower()}/polsen")
    assert {"ArnLike": {"iam:PolicyARN": f"{IAM}policy/rescind/Rescind*"}} in [denial["Condition"] for denial in denials]


def test_only_remove_login_takes_the_denial_without_mfa_off(stack):
    (denial,) = [denial for denial in applying(stack, role_of("detach-policy"), "Deny", "iam:DetachUserPolicy", IAM + "user/polsen") if "ArnEquals" in denial["Condition"]]
    assert denial["Condition"] == {"ArnEquals": {"iam:PolicyARN": f"{IAM}policy/rescind/RescindDenyWithoutMfa-{STACK_ID}"}}
    may_detach = {function for function in FUNCTIONS if applying(stack, stack.role_of(function), "Allow", "iam:DetachUserPolicy", IAM + "user/polsen")}
    assert may_detach == {"DetachPolicyFunction", "DetachEverywhereFunction", "RemoveLoginFunction"}


@pytest.mark.parametrize("function", FUNCTIONS)
def test_outside_iam_a_function_reaches_only_the_log_and_the_parts_that_the_stack_shares(stack, function):
    reach = {}
    for statement in statements(stack, stack.role_of(function)):
        for action in listed(statement["Action"]):
            if statement["Effect"] == "Allow" and not action.startswith(("iam:", "logs:")):
                reach.setdefault(action, []).append((statement["Resource"], statement.get("Condition")))
    key = (stack.arn("NoticeKey"), {"StringEquals": {"kms:ViaService": "sns.us-east-1.amazonaws.com"}})
    name = stack.name(function).removeprefix("rescind-")
    assert {"Key": "rescind-function", "Value": name} in stack.resources[stack.role_of(function)]["Properties"]["Tags"]
    its_cases = {"ForAllValues:StringLike": {"dynamodb:LeadingKeys": ["${aws:PrincipalTag/rescind-function}#*", "stop", "told"]}}
    of_tampering = {
        "cloudformation:ListStackResources": [(f"arn:aws:cloudformation:us-east-1:{ACCOUNT}:stack/rescind/{STACK_ID}", None)],
        **{f"cloudtrail:{call}": [("arn:aws:cloudtrail:*:*:trail/*", None)] for call in ("GetTrailStatus", "StartLogging")},
        **{f"events:{call}": [(f"arn:aws:events:us-east-1:{ACCOUNT}:rule/rescind-*", None)] for call in ("DescribeRule", "EnableRule")},
    }
    second = [(stack.identities["AlarmTopic"]["Ref"], None)] if name == "watch-tampering" else []
    counted = [(stack.arn("Ledger") + "/index/ByTime", None)] if name == "watch" else []
    what_it_held = {"ForAllValues:StringEquals": {"dynamodb:LeadingKeys": ["${aws:PrincipalTag/rescind-function}#held"]}}
    assert reach == {
        **{f"dynamodb:{call}Item": [(stack.arn("Ledger"), its_cases)] for call in ("BatchGet", "Put", "Update")},
        "dynamodb:Query": [*counted, (stack.arn("Ledger"), its_cases), (stack.arn("Ledger") + "/index/ByActor", None)],
        "dynamodb:DeleteItem": [(stack.arn("Ledger"), what_it_held)],
        "sns:Publish": second + [(stack.identities["NoticeTopic"]["Ref"], None)],
        **(of_tampering if name == "watch-tampering" else {}),
        "kms:GenerateDataKey": [key],
        "kms:Decrypt": [key],
        "sqs:SendMessage": [(stack.arn("FailedEvents"), None)],
        **{f"sqs:{call}": [(stack.arn(queue), None)] for queue in stack.queues_of(function) for call in ("ReceiveMessage", "DeleteMessage", "GetQueueAttributes")},
    }


@pytest.mark.parametrize("function", FUNCTIONS)
@pytest.mark.parametrize("action", ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"])
def test_a_function_writes_to_the_stacks_log_and_to_no_other(stack, function, action):
    role = stack.role_of(function)
    groups = f"arn:aws:logs:us-east-1:{ACCOUNT}:log-group:"
    assert may(stack, role, action, f"{groups}/aws/lambda/rescind:log-stream:2026/03/02/rescind-detach-policy[$LATEST]0")
    assert not any(may(stack, role, action, groups + other) for other in ["/aws/lambda/rescind-2:log-stream:x", "/aws/lambda/other:*", "cloudtrail:*"])


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_roles_policies_fit_into_iams_limits_even_if_the_stacks_name_is_long(long_stack, function):
    # The names of its roles are then longer than IAM's 64 characters, so CloudFormation's suffix is included.
    for policy in long_stack.of_type("AWS::IAM::ManagedPolicy").values():
        text = json.dumps(policy["PolicyDocument"], separators=(",", ":"))
        assert len(text) <= 6144, "a managed policy has at most 6,144 characters (IAM quotas)"
    inline = long_stack.properties(long_stack.role_of(function))["Policies"]
    assert sum(len(json.dumps(p["PolicyDocument"], separators=(",", ":"))) for p in inline) <= 10240, "a role's inline policies (IAM quotas)"


def test_a_permissions_boundary_is_set_on_every_role_if_one_is_given(stack, full_stack):
    boundaries = [p.get("PermissionsBoundary") for p in full_stack.of_type("AWS::IAM::Role").values()]
    assert boundaries == ["arn:aws:iam::123456789012:policy/boundary"] * (len(FUNCTIONS) + len(OF_THE_HEARTBEAT))
    assert not any("PermissionsBoundary" in p for p in stack.of_type("AWS::IAM::Role").values())


def test_no_role_and_no_policy_has_a_fixed_name(stack):
    assert not any("RoleName" in role for role in stack.of_type("AWS::IAM::Role").values())
    named = [policy["ManagedPolicyName"] for policy in stack.of_type("AWS::IAM::ManagedPolicy").values() if "ManagedPolicyName" in policy]
    assert all(name.endswith(STACK_ID) for name in named), "a later stack of the same name makes its own"
