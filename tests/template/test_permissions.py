"""What the roles may do, and may never do."""

from fnmatch import fnmatchcase

import pytest

from .stack import ACCOUNT, RUNTIME_CALLS, allowed_calls, statements, translate

FUNCTIONS = sorted(translate().functions())

# The calls to AWS that each function's code makes.
CALLS = {
    "DetachPolicyFunction": {
        "iam:DetachUserPolicy",
        "iam:DetachGroupPolicy",
        "iam:DetachRolePolicy",
        "iam:ListEntitiesForPolicy",
        "iam:GetUser",
        "iam:GetGroup",
        "iam:GetRole",
        "iam:ListGroupsForUser",
        "iam:GetPolicy",
        "iam:GetPolicyVersion",
        *(f"iam:{call}" for kind in ("User", "Group", "Role") for call in (f"ListAttached{kind}Policies", f"List{kind}Policies", f"Get{kind}Policy")),
        "kms:GenerateMac",
        "sns:Publish",
    },
    "QuarantineKeyFunction": {
        "iam:UpdateAccessKey",
        "iam:UpdateSSHPublicKey",
        "iam:UpdateSigningCertificate",
        "iam:UpdateServiceSpecificCredential",
        "iam:GetAccessKeyLastUsed",
        "iam:GetLoginProfile",
        "iam:ListAccessKeys",
        "iam:ListSSHPublicKeys",
        "iam:ListSigningCertificates",
        "iam:ListServiceSpecificCredentials",
        "iam:GetUser",
        "iam:GetRole",
        "iam:ListGroupsForUser",
        "iam:GetPolicy",
        "iam:GetPolicyVersion",
        *(f"iam:{call}" for kind in ("User", "Group") for call in (f"ListAttached{kind}Policies", f"List{kind}Policies")),
        "iam:GetUserPolicy",
        "iam:GetGroupPolicy",
        "kms:GenerateMac",
        "kms:VerifyMac",
        "sns:Publish",
    },
    "QuarantinePrincipalFunction": {
        "iam:PutUserPolicy",
        "iam:PutRolePolicy",
        "iam:CreatePolicy",
        "iam:AttachUserPolicy",
        "iam:AttachRolePolicy",
        "iam:GetUser",
        "iam:GetRole",
        "iam:GetUserPolicy",
        "iam:GetRolePolicy",
        "iam:ListGroupsForUser",
        "iam:GetAccessKeyLastUsed",
        "iam:GetPolicy",
        "iam:GetPolicyVersion",
        "iam:GetAccountAuthorizationDetails",
        "kms:VerifyMac",
        "sns:Publish",
    },
}
# The functions whose results Lambda puts on the bus, and so needs a permission for.
SENT_ON = {"DetachPolicyFunction", "QuarantineKeyFunction"}
# Calls that take no resource (Service Authorization Reference, IAM), so that they are allowed on every resource or not at all. This one
# only reads.
WITHOUT_A_RESOURCE = {"QuarantinePrincipalFunction": {"iam:GetAccountAuthorizationDetails"}}
# The IAM calls that change a role (Service Authorization Reference, IAM), the ones that make or use it for another service apart.
CHANGES_TO_A_ROLE = [
    "iam:AttachRolePolicy",
    "iam:CreateRole",
    "iam:DeleteRole",
    "iam:DeleteRolePermissionsBoundary",
    "iam:DeleteRolePolicy",
    "iam:DetachRolePolicy",
    "iam:PassRole",
    "iam:PutRolePermissionsBoundary",
    "iam:PutRolePolicy",
    "iam:TagRole",
    "iam:UntagRole",
    "iam:UpdateAssumeRolePolicy",
    "iam:UpdateRole",
    "iam:UpdateRoleDescription",
]


def listed(value):
    return value if isinstance(value, list) else [value]


def applying(stack, role, effect, action, resource):
    """The statements with this effect that cover the call, whatever their conditions."""
    return [
        s
        for s in statements(stack, role)
        if s["Effect"] == effect
        and any(fnmatchcase(action.lower(), a.lower()) for a in listed(s["Action"]))
        and any(fnmatchcase(resource, r) for r in listed(s["Resource"]))
    ]


def may(stack, role, action, resource):
    denied = [s for s in applying(stack, role, "Deny", action, resource) if "Condition" not in s]
    return bool(applying(stack, role, "Allow", action, resource)) and not denied


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_role_allows_exactly_the_calls_that_its_function_makes(stack, function):
    runtime = RUNTIME_CALLS if function in SENT_ON else RUNTIME_CALLS - {"events:PutEvents"}
    assert allowed_calls(stack, stack.role_of(function)) == CALLS[function] | runtime


@pytest.mark.parametrize("function", FUNCTIONS)
def test_every_function_has_a_role_of_its_own(stack, function):
    others = {stack.role_of(other) for other in FUNCTIONS if other != function}
    assert stack.role_of(function) not in others


@pytest.mark.parametrize("function", FUNCTIONS)
def test_only_lambda_may_assume_a_function_role(stack, function):
    trust = stack.properties(stack.role_of(function))["AssumeRolePolicyDocument"]["Statement"]
    assert trust == [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "lambda.amazonaws.com"}}]


@pytest.mark.parametrize("function", FUNCTIONS)
def test_no_role_allows_on_every_resource_what_takes_a_resource(stack, function):
    allows = [s for s in statements(stack, stack.role_of(function)) if s["Effect"] == "Allow"]
    assert [s for s in allows if "NotResource" in s] == []
    everywhere = {action for s in allows if "*" in listed(s["Resource"]) for action in listed(s["Action"])}
    assert everywhere == WITHOUT_A_RESOURCE.get(function, set())


@pytest.mark.parametrize("function", FUNCTIONS)
@pytest.mark.parametrize("action", CHANGES_TO_A_ROLE)
def test_no_function_may_change_a_role_of_its_own_stack(stack, function, action):
    for role in stack.of_type("AWS::IAM::Role"):
        denials = applying(stack, stack.role_of(function), "Deny", action, stack.arn(role))
        assert any("Condition" not in s for s in denials), f"{action} on {role}"


@pytest.mark.parametrize(
    ("action", "resource", "expected"),
    [
        ("iam:DetachUserPolicy", "user/polsen", True),
        ("iam:DetachUserPolicy", "user/finance/polsen", True),
        ("iam:DetachGroupPolicy", "group/staff", True),
        ("iam:DetachRolePolicy", "role/build", True),
        ("iam:DetachRolePolicy", "role/aws-service-role/support.amazonaws.com/AWSServiceRoleForSupport", False),
        ("iam:DetachRolePolicy", "role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_Admin_1", False),
        ("iam:DetachRolePolicy", "role/rescind-DetachPolicyRole", False),
        ("iam:AttachUserPolicy", "user/polsen", False),
        ("iam:DeleteUser", "user/polsen", False),
        ("iam:GetUser", "user/polsen", True),
        ("iam:GetRole", "role/rescind-DetachPolicyRole", True),
        ("iam:ListEntitiesForPolicy", "policy/own", True),
        ("iam:ListEntitiesForPolicy", "user/polsen", False),
    ],
)
def test_detach_policy_reaches_what_it_must_and_nothing_else(stack, action, resource, expected):
    assert may(stack, "DetachPolicyRole", action, f"arn:aws:iam::{ACCOUNT}:{resource}") is expected


@pytest.mark.parametrize(
    ("action", "resource", "expected"),
    [
        ("iam:UpdateAccessKey", "user/deploy", True),
        ("iam:UpdateSSHPublicKey", "user/ci/deploy", True),
        ("iam:UpdateSigningCertificate", "user/deploy", True),
        ("iam:UpdateServiceSpecificCredential", "user/deploy", True),
        ("iam:UpdateAccessKey", "role/build", False),
        ("iam:DeleteAccessKey", "user/deploy", False),
        ("iam:CreateAccessKey", "user/deploy", False),
        ("iam:UpdateLoginProfile", "user/deploy", False),
        ("iam:PutUserPolicy", "user/deploy", False),
        ("iam:ListAccessKeys", "user/deploy", True),
        ("iam:GetRole", "role/build", True),
        ("iam:GetRolePolicy", "role/build", False),
        ("iam:GetGroupPolicy", "group/staff", True),
        ("iam:GetPolicyVersion", "policy/own", True),
        ("iam:CreatePolicyVersion", "policy/own", False),
    ],
)
def test_quarantine_key_reaches_what_it_must_and_nothing_else(stack, action, resource, expected):
    assert may(stack, "QuarantineKeyRole", action, f"arn:aws:iam::{ACCOUNT}:{resource}") is expected


@pytest.mark.parametrize(
    ("action", "resource", "expected"),
    [
        ("iam:PutUserPolicy", "user/polsen", True),
        ("iam:PutUserPolicy", "user/finance/polsen", True),
        ("iam:PutRolePolicy", "role/web", True),
        ("iam:PutRolePolicy", "role/rescind-DetachPolicyRole", False),
        ("iam:PutRolePolicy", "role/rescind-QuarantineKeyRole", False),
        ("iam:PutRolePolicy", "role/rescind-QuarantinePrincipalRole", False),
        ("iam:PutRolePolicy", "role/aws-service-role/support.amazonaws.com/AWSServiceRoleForSupport", False),
        ("iam:PutRolePolicy", "role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_Admin_1", False),
        ("iam:PutGroupPolicy", "group/staff", False),
        ("iam:CreatePolicy", "policy/rescind/RescindQuarantine", True),
        ("iam:CreatePolicy", "policy/RescindQuarantine", False),
        ("iam:CreatePolicyVersion", "policy/rescind/RescindQuarantine", False),
        ("iam:DeletePolicy", "policy/rescind/RescindQuarantine", False),
        ("iam:AttachUserPolicy", "user/polsen", True),
        ("iam:AttachRolePolicy", "role/web", True),
        ("iam:AttachRolePolicy", "role/rescind-DetachPolicyRole", False),
        ("iam:AttachGroupPolicy", "group/staff", False),
        ("iam:DeleteUserPolicy", "user/polsen", False),
        ("iam:DetachUserPolicy", "user/polsen", False),
        ("iam:UpdateAssumeRolePolicy", "role/web", False),
        ("iam:GetUserPolicy", "user/polsen", True),
        ("iam:ListRolePolicies", "role/web", False),
        ("iam:GetPolicyVersion", "policy/rescind/RescindQuarantine", True),
        ("iam:GetPolicyVersion", "policy/own", False),
    ],
)
def test_quarantine_principal_reaches_what_it_must_and_nothing_else(stack, action, resource, expected):
    assert may(stack, "QuarantinePrincipalRole", action, f"arn:aws:iam::{ACCOUNT}:{resource}") is expected


@pytest.mark.parametrize(("action", "resource"), [("iam:AttachUserPolicy", "user/polsen"), ("iam:AttachRolePolicy", "role/web")])
def test_quarantine_principal_attaches_nothing_but_its_own_denials(stack, action, resource):
    statement, = applying(stack, "QuarantinePrincipalRole", "Allow", action, f"arn:aws:iam::{ACCOUNT}:{resource}")
    assert statement["Condition"] == {"ArnLike": {"iam:PolicyARN": f"arn:aws:iam::{ACCOUNT}:policy/rescind/RescindQuarantine*"}}


def test_policies_that_aws_keeps_can_be_asked_who_holds_them(stack):
    assert may(stack, "DetachPolicyRole", "iam:ListEntitiesForPolicy", "arn:aws:iam::aws:policy/job-function/Billing")


@pytest.mark.parametrize(
    ("role", "action"),
    [
        ("DetachPolicyRole", "iam:DetachUserPolicy"),
        ("QuarantineKeyRole", "iam:UpdateAccessKey"),
        ("QuarantinePrincipalRole", "iam:PutUserPolicy"),
    ],
)
def test_another_account_is_out_of_reach(stack, role, action):
    assert not may(stack, role, action, "arn:aws:iam::999999999999:user/polsen")


def test_no_function_takes_off_the_policy_that_aws_quarantines_a_leaked_key_with(stack):
    for function in FUNCTIONS:
        denials = applying(stack, stack.role_of(function), "Deny", "iam:DetachUserPolicy", f"arn:aws:iam::{ACCOUNT}:user/polsen")
        quarantine = "arn:aws:iam::aws:policy/AWSCompromisedKeyQuarantine*"
        assert [s["Condition"] for s in denials] == [{"ArnLike": {"iam:PolicyARN": quarantine}}]


@pytest.mark.parametrize("function", FUNCTIONS)
def test_outside_iam_a_function_reaches_only_its_own_log_and_what_the_stack_shares(stack, function):
    reach = {}
    for statement in statements(stack, stack.role_of(function)):
        for action in listed(statement["Action"]):
            if statement["Effect"] == "Allow" and not action.startswith("iam:"):
                reach[action] = (statement["Resource"], statement.get("Condition"))
    group = stack.properties(function)["LoggingConfig"]["LogGroup"]
    log = f"arn:aws:logs:us-east-1:{ACCOUNT}:log-group:{group}:*"
    key = (stack.arn("NoticeKey"), {"StringEquals": {"kms:ViaService": "sns.us-east-1.amazonaws.com"}})
    seals = {call: (stack.arn("SealKey"), None) for call in CALLS[function] if call.endswith("Mac")}
    bus = {"events:PutEvents": (f"arn:aws:events:us-east-1:{ACCOUNT}:event-bus/default", None)} if function in SENT_ON else {}
    assert reach == seals | bus | {
        "logs:CreateLogStream": (log, None),
        "logs:PutLogEvents": (log, None),
        "sns:Publish": (stack.identities["NoticeTopic"]["Ref"], None),
        "kms:GenerateDataKey": key,
        "kms:Decrypt": key,
        "sqs:SendMessage": (stack.arn("FailedEvents"), None),
    }


def test_a_permissions_boundary_is_set_on_every_role_when_asked_for(stack, full_stack):
    boundaries = {p.get("PermissionsBoundary") for p in full_stack.of_type("AWS::IAM::Role").values()}
    assert boundaries == {"arn:aws:iam::123456789012:policy/boundary"}
    assert not any("PermissionsBoundary" in p for p in stack.of_type("AWS::IAM::Role").values())
